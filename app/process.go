package app

import (
	"cmp"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// cachedByGo is a folder in which "go run" keeps a program that it has built.
var cachedByGo = regexp.MustCompile(`^[0-9a-f]{64}-d$`)

// calledAs is the command that runs the program again; hints begin with it. arg is os.Args[0].
func calledAs(arg string) string {
	if cachedByGo.MatchString(filepath.Base(filepath.Dir(arg))) || strings.Contains(arg, "go-build") {
		return "go run ./cmd/pulsa"
	}
	return cmp.Or(arg, "pulsa")
}

// OSUser names the operating system's user, by name or number: who does what a command does.
func OSUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

// Hangups are the SIGHUPs that the program gets. None of them ends it, until End is called.
type Hangups struct{ signals chan os.Signal }

// CatchHangups begins to catch SIGHUP.
func CatchHangups() Hangups {
	h := Hangups{make(chan os.Signal, 1)}
	signal.Notify(h.signals, syscall.SIGHUP)
	return h
}

// Each calls do for each SIGHUP, one after the other, and for one that came before. Call it once.
func (h Hangups) Each(do func()) {
	go func() {
		for range h.signals {
			do()
		}
	}()
}

// End lets SIGHUP end the program again.
func (h Hangups) End() {
	signal.Stop(h.signals)
	close(h.signals)
}

// IgnoreHangup logs SIGHUP instead of letting it end the program, until end is called.
func IgnoreHangup(log *slog.Logger) (end func()) {
	h := CatchHangups()
	h.Each(func() { log.Warn("SIGHUP is ignored: only pulsa serve reads credentials again") })
	return h.End
}
