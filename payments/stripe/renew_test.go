package stripe_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stripe/stripe-go/v85/webhook"

	"pulsa/payments/stripe"
	"pulsa/prepaid"
)

func TestOtherCredentialsAreTakenWhileRunning(t *testing.T) {
	var mu sync.Mutex
	var keys []string
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		_, _ = w.Write([]byte(`{"object":"balance","livemode":false}`))
	}))
	defer answers.Close()
	w := newWorld(t, func(c *stripe.Config) { c.BaseURL = answers.URL })
	signedWith := func(secret string) int {
		body := event("charge.pending", object{"id": "ch_1", "object": "charge"})
		p := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: w.clock.Now()})
		return w.postAs(http.MethodPost, body, p.Header)
	}
	probe := func() {
		t.Helper()
		if _, err := w.Probe(t.Context()); err != nil {
			t.Error(err)
		}
	}
	probe()
	var both sync.WaitGroup // for the race detector
	both.Go(probe)
	take, err := w.Renew(stripe.Credentials{Key: prepaid.NewSecret("sk_test_next"), WebhookSecrets: []prepaid.Secret{prepaid.NewSecret("whsec_next")}})
	if err != nil {
		t.Fatal(err)
	}
	if status := signedWith(hookSecret); status != http.StatusOK {
		t.Errorf("before they are taken: %d", status)
	}
	take()
	both.Wait()
	probe()
	if !slices.Contains(keys, testKey) || keys[len(keys)-1] != "sk_test_next" {
		t.Errorf("asked with %q", keys)
	}
	if old, anew := signedWith(hookSecret), signedWith("whsec_next"); old == http.StatusOK || anew != http.StatusOK {
		t.Errorf("news signed with the old secret: %d, with the new: %d", old, anew)
	}
	for _, key := range []string{"", "sk_test_a b", "sk_live_abc"} {
		if _, err := w.Renew(stripe.Credentials{Key: prepaid.NewSecret(key)}); err == nil || len(key) > 8 && strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", key, err)
		}
	}
	probe()
	if keys[len(keys)-1] != "sk_test_next" {
		t.Errorf("a refused key was used: %q", keys)
	}
}
