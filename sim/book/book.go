// Package book is the book that a simulator keeps of what it has done: an append-only file of JSON
// lines, each on disk before the simulator answers, so that the book survives kill -9 and can be held
// against our own SQL.
package book

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// ErrInUse says that another process has the book open: a simulator has it in mind too, and two would differ.
var ErrInUse = errors.New("another process is using it: talk to that one (--server), or choose another folder (--data)")

// Book appends lines of one type. Safe for concurrent use within one process; a second one is refused.
type Book[L any] struct {
	mu   sync.Mutex
	file *os.File // nil: the book is kept nowhere
	size int64    // of the lines known to be whole
}

// Open opens or creates the book at path, creating its folder, and calls each with every line that it
// holds, oldest first. A torn last line was never answered for, and is cut off; a broken line elsewhere
// is an error. An empty path makes a book that forgets: the simulator's memory is then all there is.
func Open[L any](path string, each func(L)) (*Book[L], error) {
	if path == "" {
		return &Book[L]{}, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	if err := lock(file); err != nil {
		return nil, errors.Join(fmt.Errorf("open book %s: %w", path, err), file.Close())
	}
	b := &Book[L]{file: file}
	if err := b.read(each); err != nil {
		return nil, errors.Join(fmt.Errorf("read book %s: %w", path, err), file.Close())
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("open book: %w", err), file.Close())
	}
	return b, nil
}

func (b *Book[L]) read(each func(L)) error {
	lines := bufio.NewReader(b.file)
	for number := 1; ; number++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return b.cut()
		}
		if err != nil {
			return err
		}
		var line L
		if err := json.Unmarshal(text, &line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		b.size += int64(len(text))
		each(line)
	}
}

// Append writes one line and returns when it is on disk. After an error the line is not in the book.
func (b *Book[L]) Append(line L) error {
	if b.file == nil {
		return nil
	}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("append to book: %w", err)
	}
	text = append(text, '\n')
	b.mu.Lock()
	defer b.mu.Unlock()
	_, err = b.file.Write(text)
	if err == nil {
		err = b.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("append to book: %w", errors.Join(err, b.cut()))
	}
	b.size += int64(len(text))
	return nil
}

// cut drops what follows the last whole line, and goes on writing there.
func (b *Book[L]) cut() error {
	if err := b.file.Truncate(b.size); err != nil {
		return err
	}
	_, err := b.file.Seek(b.size, io.SeekStart)
	return err
}

// Close closes the file.
func (b *Book[L]) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

// syncFolder makes a new file's name as durable as its lines.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
