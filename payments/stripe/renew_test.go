package stripe_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"pulsa/payments/stripe"
	"pulsa/payments/stripe/stripetest"
	"pulsa/prepaid"
)

func TestOtherCredentialsAreTakenWhileRunning(t *testing.T) {
	w := newWorld(t, nil)
	w.server.LetIn(stripetest.Key, "sk_test_next")
	signedWith := func(secret string) int {
		body := w.event("charge.pending", object{"id": "ch_1", "object": "charge"})
		return w.postAs(http.MethodPost, body, stripetest.Signature(body, w.clock.Now(), secret))
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
	if first, last := w.server.Requests()[0].By, w.last().By; first != stripetest.Key || last != "sk_test_next" {
		t.Errorf("asked with %q, then with %q", first, last)
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
	if key := w.last().By; key != "sk_test_next" {
		t.Errorf("a refused key was used: %q", key)
	}
}
