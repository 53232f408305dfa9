package channeltest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

const page = "<html><body><h1>502 Bad Gateway</h1></body></html>"

func message(h Harness) channels.Outbound {
	return channels.Outbound{ID: "bcdfghjklm", Brand: "demo", Channel: "line", Address: h.Customer, MessageID: "7001",
		Text: "Ready: “EUR 10”", Can: channels.Capabilities{Kind: channels.SMS}, CreatedAt: noon}
}

func answering(a Answer) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range a.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(a.Status)
		_, _ = w.Write([]byte(a.Body))
	}
}

func hangUp(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// sendTo sends one message to a provider that answers so, and checks that an error hides what it must.
func sendTo(t *testing.T, h Harness, ctx context.Context, providerURL string) (string, *channels.SendError) {
	t.Helper()
	ref, err := h.New(prepaid.SystemClock{}).Send(ctx, h.Channel(providerURL), message(h))
	if err == nil {
		return ref, nil
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e)} {
			for _, secret := range h.Hidden {
				if strings.Contains(text, secret) {
					t.Errorf("the error shows %q: %s", secret, text)
				}
			}
		}
	}
	var failure *channels.SendError
	if !errors.As(err, &failure) {
		t.Fatalf("not a SendError: %v", err)
	}
	return ref, failure
}

func runSend(t *testing.T, h Harness) {
	p := h.Provider
	t.Run("an accepted message has a reference", func(t *testing.T) {
		server := httptest.NewServer(answering(p.Accepts))
		defer server.Close()
		if ref, err := sendTo(t, h, t.Context(), server.URL); err != nil || ref != p.Reference {
			t.Errorf("%q, %v", ref, err)
		}
	})
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   channels.Failure
	}{
		{"too many requests", answering(p.Throttles), channels.Throttled},
		{"blocked by the customer", answering(p.Blocked), channels.RecipientOut},
		{"wrong credentials", answering(p.Unauthorised), channels.Misconfigured},
		{"a message that is refused", answering(p.Refuses), channels.RefusedFor},
		{"a page of a broken server", answering(Answer{Status: 500, Body: page}), channels.UnknownIfSent},
		{"a page of a proxy", answering(Answer{Status: 502, Body: page}), channels.UnknownIfSent},
		{"success that can't be read", answering(Answer{Status: 200, Body: page}), channels.UnknownIfSent},
		{"success without a reference", answering(Answer{Status: 200, Body: "{}"}), channels.UnknownIfSent},
		{"an endless answer", answering(Answer{Status: 200, Body: strings.Repeat(" ", 2<<20)}), channels.UnknownIfSent},
		{"the provider hangs up", hangUp, channels.UnknownIfSent},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.answer)
			defer server.Close()
			_, failure := sendTo(t, h, t.Context(), server.URL)
			if failure == nil || failure.Class != test.want || failure.Code == "" {
				t.Fatalf("%+v, want %s", failure, test.want)
			}
			if failure.Class == channels.Throttled && failure.After <= 0 {
				t.Error("the provider's time is lost")
			}
		})
	}
	t.Run("a deadline is honoured", func(t *testing.T) { slowly(t, h) })
	t.Run("no connection: nothing was sent", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		_ = listener.Close()
		if _, failure := sendTo(t, h, t.Context(), "http://"+address); failure == nil || failure.Class != channels.Retryable {
			t.Errorf("%+v", failure)
		}
	})
	t.Run("a redirect is not followed", func(t *testing.T) {
		var followed atomic.Bool
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
		defer elsewhere.Close()
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
		defer server.Close()
		if _, failure := sendTo(t, h, t.Context(), server.URL); failure == nil || followed.Load() {
			t.Errorf("%+v, followed: %v", failure, followed.Load())
		}
	})
	t.Run("failures leave no connections behind", func(t *testing.T) { frugally(t, h) })
}

func slowly(t *testing.T, h Harness) {
	release := make(chan struct{})
	var asked atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Store(true)
		<-release
	}))
	defer server.Close()
	defer close(release)
	start := time.Now()
	var failure *channels.SendError
	for within := 100 * time.Millisecond; !asked.Load(); within *= 2 { // unless it has not even begun in that time
		ctx, cancel := context.WithTimeout(t.Context(), within)
		_, failure = sendTo(t, h, ctx, server.URL)
		cancel()
	}
	if failure == nil || failure.Class != channels.UnknownIfSent {
		t.Errorf("%+v", failure)
	}
	if took := time.Since(start); took > time.Minute { // the server never answers
		t.Errorf("took %s", took)
	}
}

func frugally(t *testing.T, h Harness) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(answering(Answer{Status: 503, Body: strings.Repeat("x", 100_000)}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	a, c := h.New(prepaid.SystemClock{}), h.Channel(server.URL)
	for range 20 {
		if _, err := a.Send(t.Context(), c, message(h)); err == nil {
			t.Fatal("sent")
		}
	}
	if n := opened.Load(); n > 3 {
		t.Errorf("20 failures opened %d connections", n)
	}
}
