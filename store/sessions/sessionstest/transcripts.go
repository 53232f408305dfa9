package sessionstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/conversation"
)

// drainAll drains once in batches of n and returns what was handed over.
func (s *scene) drainAll(n int) []conversation.Transcript {
	s.Helper()
	var got []conversation.Transcript
	saved, err := s.store.DrainTranscripts(s.Context(), n, func(_ context.Context, batch []conversation.Transcript) error {
		if len(batch) == 0 || len(batch) > n {
			s.Errorf("a batch of %d, want 1 to %d", len(batch), n)
		}
		got = append(got, batch...)
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
	if saved != len(got) {
		s.Fatalf("saved %d, but handed over %d", saved, len(got))
	}
	return got
}

// talk lets several senders have turns and returns the entries by sender.
func (s *scene) talk(senders, turns int) map[string][]conversation.Transcript {
	s.Helper()
	want := make(map[string][]conversation.Transcript)
	for turn := range turns {
		for i := range senders {
			s.sender = fmt.Sprintf("demo/fake/tel:+3160000%04d", i)
			s.pass(time.Microsecond)
			message := fmt.Sprint("m", turn)
			s.turn(message)
			want[s.sender] = append(want[s.sender], conversation.Transcript{
				Sender: s.sender, MessageID: message, At: s.now, Entry: s.commitOf(message, "", 0).Transcript,
			})
		}
	}
	return want
}

func bySender(entries []conversation.Transcript) map[string][]conversation.Transcript {
	got := make(map[string][]conversation.Transcript)
	for _, entry := range entries {
		got[entry.Sender] = append(got[entry.Sender], entry)
	}
	return got
}

var errDown = errors.New("database is down")

var transcripts = map[string]func(*scene){
	"a drain hands over every entry once, in each sender's order": func(s *scene) {
		for _, n := range []int{1, 7, 1000} {
			want := s.talk(9, 5)
			if diff := cmp.Diff(want, bySender(s.drainAll(n))); diff != "" {
				s.Fatalf("in batches of %d (-want +got):\n%s", n, diff)
			}
			if again := s.drainAll(n); len(again) != 0 {
				s.Fatalf("handed over again: %v", again)
			}
			s.forget()
		}
	},
	"what could not be saved is handed over again at once": func(s *scene) {
		want := s.talk(5, 2)
		calls := 0
		saved, err := s.store.DrainTranscripts(s.Context(), 4, func(_ context.Context, batch []conversation.Transcript) error {
			if calls++; calls == 2 {
				return errDown
			}
			for _, entry := range batch {
				want[entry.Sender] = want[entry.Sender][1:]
			}
			return nil
		})
		if !errors.Is(err, errDown) || saved == 0 || saved > 4 {
			s.Fatalf("saved %d, error %v; want 1 to 4 and %v", saved, err, errDown)
		}
		for sender, left := range want {
			if len(left) == 0 {
				delete(want, sender)
			}
		}
		if diff := cmp.Diff(want, bySender(s.drainAll(100))); diff != "" {
			s.Fatalf("(-want +got):\n%s", diff)
		}
	},
	"an entry is any bytes, an empty one is not kept": func(s *scene) {
		for i, entry := range [][]byte{{0, 255, '\r', '\n', 0}, nil, []byte("{}")} {
			s.begin(fmt.Sprint(i), "a", conversation.Yours)
			c := s.commitOf(fmt.Sprint(i), "a", int64(i))
			c.Transcript = entry
			s.send(c, conversation.Stored)
		}
		got := s.drainAll(10)
		if len(got) != 2 {
			s.Fatalf("%d entries, want 2", len(got))
		}
		s.equal("entry", got[0].Entry, []byte{0, 255, '\r', '\n', 0})
		s.equal("entry", got[1].Entry, []byte("{}"))
	},
	"an empty store has nothing to drain": func(s *scene) {
		if got := s.drainAll(10); len(got) != 0 {
			s.Fatal(got)
		}
	},
	"several drains beside the turns miss nothing": func(s *scene) {
		const senders, turns = 8, 10
		var mu sync.Mutex
		got := make(map[string]bool)
		drain := func() {
			_, err := s.store.DrainTranscripts(s.Context(), 3, func(_ context.Context, batch []conversation.Transcript) error {
				mu.Lock()
				defer mu.Unlock()
				for _, entry := range batch {
					got[entry.Sender+" "+entry.MessageID] = true
				}
				return nil
			})
			if err != nil {
				s.Error(err)
			}
		}
		var over atomic.Bool
		var drains sync.WaitGroup
		for range 3 {
			drains.Go(func() {
				for !over.Load() {
					drain()
				}
			})
		}
		s.talk(senders, turns)
		over.Store(true)
		drains.Wait()
		drain()
		if len(got) != senders*turns {
			s.Fatalf("%d entries came, want %d", len(got), senders*turns)
		}
	},
}
