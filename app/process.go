package app

import (
	"cmp"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// cachedByGo is a folder in which "go run" keeps a program that it has built.
var cachedByGo = regexp.MustCompile(`^[0-9a-f]{64}-d$`)

// CalledAs is how the program is called again: what the hints begin with. arg is os.Args[0].
func CalledAs(arg string) string {
	if cachedByGo.MatchString(filepath.Base(filepath.Dir(arg))) || strings.Contains(arg, "go-build") {
		return "go run ./cmd/pulsa"
	}
	return cmp.Or(arg, "pulsa")
}

// IgnoreHangup has SIGHUP logged, which would end the program, until end is called.
func IgnoreHangup(log *slog.Logger) (end func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			log.Warn("SIGHUP is ignored: new settings are read at a start")
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}
