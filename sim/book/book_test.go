package book_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	simbook "pulsa/sim/book"
)

type entry struct{ Name string }

func open(t *testing.T, path string) (*simbook.Book[entry], []string) {
	t.Helper()
	var names []string
	b, err := simbook.Open(path, func(e entry) { names = append(names, e.Name) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b, names
}

// shut is the end of the process that had the book, in order or not: nothing is written then.
func shut(t *testing.T, b *simbook.Book[entry]) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, b *simbook.Book[entry], names ...string) {
	t.Helper()
	for _, name := range names {
		if err := b.Append(entry{name}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReopenedBookHoldsEveryLineInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "book.jsonl")
	b, _ := open(t, path)
	add(t, b, "one", "two")
	shut(t, b)
	b, got := open(t, path)
	add(t, b, "three")
	if diff := cmp.Diff([]string{"one", "two"}, got); diff != "" {
		t.Error(diff)
	}
	shut(t, b)
	if _, got = open(t, path); !cmp.Equal([]string{"one", "two", "three"}, got) {
		t.Errorf("got %v", got)
	}
}

func TestTornLastLineIsCutOff(t *testing.T) {
	for _, torn := range []string{`{"Name":"th`, `{"Name":"three"}`, "{", "\x00\x00"} {
		path := filepath.Join(t.TempDir(), "book.jsonl")
		b, _ := open(t, path)
		add(t, b, "one", "two")
		appendText(t, path, torn)
		shut(t, b)
		b, got := open(t, path)
		add(t, b, "four")
		if !cmp.Equal([]string{"one", "two"}, got) {
			t.Errorf("%q: got %v", torn, got)
		}
		shut(t, b)
		if _, got = open(t, path); !cmp.Equal([]string{"one", "two", "four"}, got) {
			t.Errorf("%q: after appending got %v", torn, got)
		}
	}
}

func TestBrokenLineInTheMiddleIsAnErrorWithItsNumber(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.jsonl")
	appendText(t, path, "{\"Name\":\"one\"}\n{broken\n{\"Name\":\"three\"}\n")
	_, err := simbook.Open(path, func(entry) {})
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentAppendsStayWholeLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.jsonl")
	b, _ := open(t, path)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			if err := b.Append(entry{strings.Repeat("x", 3000)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	shut(t, b)
	if _, got := open(t, path); len(got) != 64 {
		t.Errorf("got %d lines", len(got))
	}
}

func TestFailedAppendLeavesTheBookReadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.jsonl")
	b, _ := open(t, path)
	add(t, b, "one")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Append(entry{"two"}); err == nil {
		t.Error("appending to a closed file reported success")
	}
	if _, got := open(t, path); !cmp.Equal([]string{"one"}, got) {
		t.Errorf("got %v", got)
	}
}

func TestBookWithoutPathKeepsNothing(t *testing.T) {
	b, _ := open(t, "")
	add(t, b, "one")
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestABookIsOpenOnlyOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	first, err := simbook.Open(path, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := simbook.Open(path, func(string) {}); !errors.Is(err, simbook.ErrInUse) {
		t.Errorf("a second opening: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := simbook.Open(path, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
