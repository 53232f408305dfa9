package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/web/guard"
)

const panicValue = "the customer wrote KOOP 10 " + apptest.PIN

// loud is a network that panics once with what a customer wrote.
type loud struct {
	topup.Network
	done *atomic.Bool
}

// Credit implements topup.Network.
func (l loud) Credit(ctx context.Context, c topup.Credit) topup.Result {
	if !l.done.Swap(true) {
		panic(panicValue)
	}
	return l.Network.Credit(ctx, c)
}

// Wherever the program panics, the log tells where, and nothing of the panic's value; and it goes on.
func TestAPanicsValueIsNeverLogged(t *testing.T) {
	var at atomic.Pointer[string] // the point that panics
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, nil, Wiring{
		Clock: clock, network: func(n topup.Network) topup.Network { return loud{n, new(atomic.Bool)} },
		reached: func(point string) {
			if p := at.Load(); p != nil && *p == point {
				panic(panicValue)
			}
		},
	})
	r.customer(apptest.Number)
	panics := func(point string) { at.Store(&point) }
	logged := func(what, where string) {
		t.Helper()
		apptest.Await(t, what, func() bool { return strings.Contains(r.log.String(), where) }, nil)
		if log := r.log.String(); strings.Contains(log, "the customer wrote") || strings.Contains(log, "KOOP") {
			t.Errorf("%s: the panic's value is logged: %s", what, log)
		}
	}

	panics("begin")
	if answer, status := r.text(apptest.Number, "HELP"); status != http.StatusInternalServerError || strings.Contains(answer, apptest.PIN) {
		t.Errorf("a turn that panics is answered %d %q", status, answer)
	}
	logged("a turn", "webhook panicked")
	form := url.Values{"number": {apptest.Number}, "brand": {"demo"}, "kind": {"sms"}, "text": {"HELP"}}
	response, err := http.PostForm(r.server.URL+"/phone/messages", form)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusInternalServerError {
		t.Errorf("the phone is answered %d", response.StatusCode)
	}
	logged("a handler", "request panicked")

	panics("none")
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "working on")
	logged("a provider's call", "order left to its lease")

	panics("begin")
	apptest.Await(t, "news", func() bool { return strings.Contains(r.log.String(), "job=news") }, func() {
		clock.Skip(time.Minute)
		time.Sleep(100 * time.Millisecond) // what the minute woke is done before the next, or leases lapse for ever
	})
	logged("a worker", "due work")
	panics("none")
	r.wants(apptest.Number, "HELP", "Top up: KOOP 10")
}

func TestAHandlerThatPanicsIsAnswered500(t *testing.T) {
	log := &harness.LogBuffer{}
	mux := http.NewServeMux()
	mux.HandleFunc("/early", func(http.ResponseWriter, *http.Request) { panic(panicValue) })
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half an answer")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		panic(panicValue)
	})
	mux.HandleFunc("/aborts", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := httptest.NewUnstartedServer(guard.WithoutPanics(mux, slog.New(slog.NewTextHandler(log, nil))))
	server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(log, nil), slog.LevelError)
	server.Start()
	defer server.Close()
	get := func(path string) (string, error) {
		response, err := http.Get(server.URL + path)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return response.Status + " " + string(body), err
	}
	if answer, err := get("/early"); err != nil || answer != "500 Internal Server Error something went wrong\n" {
		t.Errorf("answered %q, %v", answer, err)
	}
	if answer, err := get("/late"); err == nil || answer != "200 OK half an answer" {
		t.Errorf("an answer that had begun is not cut off: %q, %v", answer, err)
	}
	before := strings.Count(log.String(), "panicked")
	if answer, err := get("/aborts"); err == nil {
		t.Errorf("an aborted request is answered %q", answer)
	}
	if text := log.String(); before != 2 || strings.Count(text, "panicked") != before || !strings.Contains(text, "panics_test.go") ||
		strings.Contains(text, "wrote") {
		t.Errorf("log: %s", text)
	}
}

func TestAWorkerThatPanicsBeginsAgain(t *testing.T) {
	log := &harness.LogBuffer{}
	times := 0
	prepaid.KeepGoing(t.Context(), apptest.NewSkipClock(), slog.New(slog.NewTextHandler(log, nil)), "test", func() {
		if times++; times < 3 {
			panic(panicValue)
		}
	})
	if text := log.String(); times != 3 || strings.Count(text, "worker panicked") != 2 || strings.Contains(text, "wrote") {
		t.Errorf("worked %d times; log: %s", times, text)
	}
}
