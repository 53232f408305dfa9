package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pulsa/payments"
	"pulsa/payments/paymentstest"
	"pulsa/prepaid"
	sim "pulsa/sim/gateway"
	"pulsa/topup"
)

var shared = prepaid.NewSecret("known to both")

// remote is a gateway behind its face, and a client of it, each with an HTTP server.
func remote(t *testing.T) (*gateway, *sim.Client) {
	t.Helper()
	g := newGateway(t, func(c *sim.Config) {
		c.Clock, c.Patience = prepaid.SystemClock{}, 50*time.Millisecond
	})
	client := &sim.Client{Secret: shared, Log: slog.New(slog.DiscardHandler)}
	hook := httptest.NewServer(client.Webhook(g.take))
	t.Cleanup(hook.Close)
	face, mux := &sim.Face{Gateway: g.Gateway, Secret: shared, Webhook: hook.URL}, http.NewServeMux()
	g.Connect(face.Tell)
	face.Routes(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	client.BaseURL = server.URL
	return g, client
}

func TestGatewayInAnotherProcessKeepsTheContract(t *testing.T) {
	paymentstest.Run(t, func(t *testing.T) paymentstest.Provider {
		g, client := remote(t)
		p := provider(t, g)
		p.Gateway, p.Wait, p.Now = client, nil, nil
		return p
	})
}

func TestWhatIsNoAnswerIsUnknown(t *testing.T) {
	g, client := remote(t)
	for _, phrase := range []string{"times out", "answers garbage"} {
		g.set(phrase)
		if r := client.Charge(t.Context(), request(phrase, number)); r.Outcome != topup.Unknown {
			t.Errorf("%s: got %+v", phrase, r)
		}
	}
	if n := len(g.Charged(sim.Filter{})); n != 1 || client.LookUp(t.Context(), payments.OpCharge, "answers garbage").Outcome != topup.Done {
		t.Errorf("garbage: charged %d times", n)
	}
	g.set("times out")
	if _, err := client.StartSetup(t.Context(), payments.SetupRequest{Reference: "setup", Brand: demo()}); err == nil {
		t.Error("a page that nobody opened")
	}
	stranger := &sim.Client{BaseURL: client.BaseURL, Secret: prepaid.NewSecret("a guess"), Log: client.Log}
	g.set("approves")
	if r := stranger.Charge(t.Context(), request("stranger", number)); r.Outcome != topup.Unknown || len(g.Charged(sim.Filter{Reference: "stranger"})) != 0 {
		t.Errorf("a stranger: got %+v", r)
	}
	real := demo()
	real.Test = false
	r := request("real", number)
	r.Brand = real
	if got := client.Charge(t.Context(), r); got.Outcome != topup.Refused {
		t.Errorf("a real brand: got %+v", got)
	}
	gone := &sim.Client{BaseURL: "http://127.0.0.1:1", Secret: shared, Log: client.Log}
	if got := gone.Refund(t.Context(), "ref", prepaid.Money{}); got.Outcome != topup.Unknown {
		t.Errorf("nobody there: got %+v", got)
	}
}

func TestNewsIsTakenOnlyIfItIsSigned(t *testing.T) {
	told := 0
	refuses := errors.New("store down")
	var answer error
	client := &sim.Client{Secret: shared, Log: slog.New(slog.DiscardHandler)}
	hook := httptest.NewServer(client.Webhook(func(context.Context, payments.Event) error { told++; return answer }))
	t.Cleanup(hook.Close)
	var signature string
	echo := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		signature = r.Header.Get("X-Pulsa-Sim-Signature")
	}))
	t.Cleanup(echo.Close)
	if err := (&sim.Face{Secret: shared, Webhook: echo.URL}).Tell(t.Context(), payments.Event{Charge: "ref"}); err != nil {
		t.Fatal(err)
	}
	const body = `{"charge":"ref"}`
	for name, test := range map[string]struct {
		body, signature string
		status, told    int
		answer          error
	}{
		"signed":       {body, signature, http.StatusOK, 1, nil},
		"not taken":    {body, signature, http.StatusServiceUnavailable, 1, refuses},
		"changed":      {`{"charge":"oth"}`, signature, http.StatusForbidden, 0, nil},
		"unsigned":     {body, "", http.StatusForbidden, 0, nil},
		"no signature": {body, "hello", http.StatusForbidden, 0, nil},
		"too long":     {strings.Repeat(" ", 65<<10), signature, http.StatusRequestEntityTooLarge, 0, nil},
	} {
		told, answer = 0, test.answer
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, hook.URL, bytes.NewReader([]byte(test.body)))
		r.Header.Set("X-Pulsa-Sim-Signature", test.signature)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if response.StatusCode != test.status || told != test.told {
			t.Errorf("%s: answered %d, told %d times", name, response.StatusCode, told)
		}
	}
	silent := &sim.Client{Log: client.Log}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Pulsa-Sim-Signature", signature)
	silent.Webhook(func(context.Context, payments.Event) error { told++; return nil }).ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("without a secret: answered %d", w.Code)
	}
}
