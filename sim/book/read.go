package book

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Read calls each with every line of the book at path, oldest first, and leaves the book as it is, even if
// another process is writing into it: a last line that is not whole yet is left out. It returns a book that
// forgets what is appended. A book that is not there is empty.
func Read[L any](path string, each func(L)) (*Book[L], error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Book[L]{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read book: %w", err)
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for number := 1; ; number++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return &Book[L]{}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read book %s: %w", path, err)
		}
		var line L
		if err := json.Unmarshal(text, &line); err != nil {
			return nil, fmt.Errorf("read book %s: line %d: %w", path, number, err)
		}
		each(line)
	}
}
