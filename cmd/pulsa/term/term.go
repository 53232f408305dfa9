// Package term is the terminal's side of the commands: tables in three formats, progress bars and questions. It knows no
// rule of the business.
package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	xterm "golang.org/x/term"
)

// Env is what a command is run with.
type Env struct {
	Getenv         func(string) string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// isTerminal reports whether w is a terminal that understands control sequences.
func (e Env) isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && xterm.IsTerminal(int(f.Fd())) && e.Getenv("TERM") != "dumb"
}

// columns is the width of the terminal that w writes to, or 0 if w is not a terminal.
func (e Env) columns(w io.Writer) int {
	if !e.isTerminal(w) {
		return 0
	}
	columns, _, err := xterm.GetSize(int(w.(*os.File).Fd()))
	if err != nil || columns < 1 {
		return 80
	}
	return columns
}

// colours reports whether Stdout shows colours. It honours NO_COLOR.
func (e Env) colours() bool { return e.isTerminal(e.Stdout) && e.Getenv("NO_COLOR") == "" }

// Confirm asks the question on Stdout and returns an error unless the reply is "yes".
func (e Env) Confirm(ctx context.Context, question string) error {
	fmt.Fprintf(e.Stdout, "%s Type yes to go on: ", question)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	select {
	case <-ctx.Done():
		fmt.Fprintln(e.Stdout)
		return errors.New("interrupted: nothing was changed")
	case answer := <-e.lines(ctx):
		if strings.ToLower(strings.TrimSpace(answer)) != "yes" {
			fmt.Fprintln(e.Stdout)
			return errors.New("nothing was changed; scripts say --yes")
		}
		return nil
	}
}

// Stamp formats a time for people and programs, in UTC. The zero time is "".
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
