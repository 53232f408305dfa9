package reloadly_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

func TestTokenIsFetchedOnceForMany(t *testing.T) {
	s := newStage(t, nil)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { s.client.LookUp(t.Context(), fmt.Sprint(i)) })
	}
	all.Wait()
	if s.count(token) != 1 {
		t.Errorf("fetched %d times", s.count(token))
	}
}

func TestTokenIsRenewedBeforeItExpiresAndKeptIfThatFails(t *testing.T) {
	clock := prepaid.NewVirtualClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	s := newStage(t, func(c *reloadly.Config) { c.Clock = virtual{clock} })
	use := func(after time.Duration) string {
		t.Helper()
		clock.AdvanceTo(clock.Now().Add(after))
		if _, err := s.client.Balance(t.Context()); err != nil {
			t.Error(err)
		}
		return s.bearers[len(s.bearers)-1]
	}
	if got := use(0); got != "Bearer token-1" {
		t.Errorf("at first: %s", got)
	}
	if got := use(54 * time.Minute); got != "Bearer token-1" {
		t.Errorf("after 54 min of 60: %s", got)
	}
	if got := use(90 * time.Second); got != "Bearer token-2" {
		t.Errorf("after 55.5 min of 60: %s", got)
	}
	s.set(token, answer{status: 500})
	if got := use(56 * time.Minute); got != "Bearer token-2" {
		t.Errorf("not renewed: %s", got)
	}
	clock.AdvanceTo(clock.Now().Add(5 * time.Minute))
	if _, err := s.client.Balance(t.Context()); err == nil {
		t.Error("an expired token was used")
	}
}

// virtual is a clock whose pauses take no time.
type virtual struct{ *prepaid.VirtualClock }

func (virtual) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestRefusedTokenIsRenewedOnceAndTheTopupSentAgainForNothingRan(t *testing.T) {
	expired := refusal(401, "TOKEN_EXPIRED")
	s := newStage(t, nil).set(post, expired, ok(delivered))
	s.want(s.buy(), topup.Done, "")
	if s.count(token) != 2 || s.count(post) != 2 || !slices.Contains(s.bearers, "Bearer token-2") {
		t.Errorf("%d tokens, %d top-ups, %q", s.count(token), s.count(post), s.bearers)
	}
	s = newStage(t, nil).set(post, expired)
	s.want(s.buy(), topup.Passing, "TOKEN_EXPIRED")
	if s.count(token) != 2 || s.count(post) != 2 {
		t.Errorf("refused twice: %d tokens, %d top-ups", s.count(token), s.count(post))
	}
}

func TestTokenRequestIsAsReloadlyWantsIt(t *testing.T) {
	var got string
	s := newStage(t, nil)
	s.seen = func(call, body string) {
		if call == token {
			got = body
		}
	}
	if m, err := s.client.Balance(t.Context()); err != nil || m != (prepaid.Money{Minor: 50500, Currency: "USD"}) {
		t.Errorf("balance %s, %v", m, err)
	}
	if want := `{"client_id":"id","client_secret":"client-secret","grant_type":"client_credentials","audience":"https://topups-sandbox.reloadly.com"}`; got != want {
		t.Errorf("asked %s", got)
	}
	for _, answer := range []answer{ok(`{}`), ok(`{"access_token":"x","expires_in":0}`), ok("<html>")} {
		s := newStage(t, nil).set(token, answer)
		if _, err := s.client.Balance(t.Context()); err == nil || strings.Contains(err.Error(), "client-secret") {
			t.Errorf("%s: got %v", answer.body, err)
		}
	}
}
