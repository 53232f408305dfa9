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

// Operator names the operator for the record: given, else $PULSA_OPERATOR, else the operating system's user, by name or number.
func Operator(given string, getenv func(string) string) string {
	if name := cmp.Or(strings.TrimSpace(given), getenv("PULSA_OPERATOR")); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

// IgnoreHangup logs SIGHUP instead of letting it end the program, until end is called.
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
