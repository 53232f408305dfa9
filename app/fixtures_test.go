package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
)

// running is the whole demo program with a real server in front.
type running struct {
	*Program
	t      *testing.T
	server *httptest.Server
	log    *harness.LogBuffer
	sent   int
}

// runDemo starts the demo, its configuration changed by change, and work going on behind it.
func runDemo(t *testing.T, env map[string]string, change func(*config.Config)) *running {
	t.Helper()
	return runWired(t, env, change, Wiring{Clock: apptest.NewSkipClock()})
}

// runWired is runDemo with a clock, and whatever else is wired otherwise.
func runWired(t *testing.T, env map[string]string, change func(*config.Config), w Wiring) *running {
	t.Helper()
	c := apptest.Demo(t, env)
	if change != nil {
		change(&c)
	}
	log := &harness.LogBuffer{}
	w.Log, w.Volatile = slog.New(slog.NewTextHandler(log, nil)), true
	p, err := Wire(t.Context(), c, w)
	if err != nil {
		t.Fatal(err)
	}
	return &running{Program: p, t: t, server: apptest.Serve(t, p, p.Topups.Drain), log: log}
}

// customer registers one who pays by bank card.
func (r *running) customer(number string) {
	r.t.Helper()
	apptest.Register(r.t, r.Program.Program, r.completeSetup, number)
}

// text sends a message and returns the answer and the status.
func (r *running) text(number, text string) (string, int) {
	r.sent++
	return r.post(map[string]any{"id": fmt.Sprintf("m%d", r.sent), "from": number, "text": text})
}

func (r *running) post(message map[string]any) (string, int) {
	r.t.Helper()
	return apptest.Post(r.t, r.server.URL, message)
}

// wants sends a text and checks that the answer holds a word.
func (r *running) wants(number, text, word string) {
	r.t.Helper()
	if answer, status := r.text(number, text); status != http.StatusOK || !strings.Contains(answer, word) {
		r.t.Errorf("%q is answered %d %q, want %q in it", text, status, answer, word)
	}
}

// put pushes news, as late news is pushed.
func (r *running) put(brand, channel string, to prepaid.Address, text string) {
	r.t.Helper()
	apptest.Push(r.t, r.Program.Program, brand, channel, to, text)
}

// hears waits for late news by SMS.
func (r *running) hears(word string) string {
	r.t.Helper()
	return r.hearsAt("tel:"+apptest.Number, word)
}

func (r *running) hearsAt(address prepaid.Address, word string) string {
	r.t.Helper()
	return apptest.Hear(r.t, r.Program.Program, address, word)
}

// awaitSent waits until no pushed message waits or is on its way.
func (r *running) awaitSent() {
	r.t.Helper()
	apptest.Await(r.t, "all that was pushed has an end", func() bool {
		next, err := r.DB.Outbox.NextOutbound(r.t.Context())
		return err == nil && next.IsZero()
	}, nil)
}
