package main

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"

	"pulsa/app"
	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
)

// running is the demo behind a real server, beside which commands run.
type running struct {
	*app.Program
	t      *testing.T
	server *httptest.Server
	sent   int
}

// runDemo starts the demo, and work going on behind it.
func runDemo(t *testing.T) *running {
	t.Helper()
	return runWired(t, nil, nil, apptest.NewSkipClock())
}

// runWired is runDemo in an environment and with a clock, its configuration changed by change if that is not nil.
func runWired(t *testing.T, env map[string]string, change func(*config.Config), clock prepaid.Clock) *running {
	t.Helper()
	c := apptest.Demo(t, env)
	if change != nil {
		change(&c)
	}
	p, err := app.Wire(t.Context(), c, app.Wiring{Clock: clock, Log: slog.New(slog.NewTextHandler(&harness.LogBuffer{}, nil)), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	return &running{Program: p, t: t, server: apptest.Serve(t, p, p.Topups.Drain)}
}

// text sends a message and returns the answer and the status.
func (r *running) text(number, text string) (string, int) {
	r.t.Helper()
	r.sent++
	return apptest.Post(r.t, r.server.URL, map[string]any{"id": fmt.Sprintf("m%d", r.sent), "from": number, "text": text})
}
