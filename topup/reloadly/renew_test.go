package reloadly_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/prepaid"
	"pulsa/topup/reloadly"
)

func TestOtherCredentialsAreTakenWhileRunning(t *testing.T) {
	s := newStage(t, nil)
	var asked []string
	s.seen = func(call, body string) {
		if call == token {
			asked = append(asked, body)
		}
	}
	use := func() string {
		t.Helper()
		if _, err := s.client.Balance(t.Context()); err != nil {
			t.Error(err)
		}
		return s.bearers[len(s.bearers)-1]
	}
	const stamp = "1763726400000"
	hook := s.client.Webhook(nil)
	news := func(secret string) int {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{}`))
		r.Header.Set("X-Reloadly-Signature", reloadly.Sign(prepaid.NewSecret(secret), []byte(`{}`), stamp))
		r.Header.Set("X-Reloadly-Request-Timestamp", stamp)
		answer := httptest.NewRecorder()
		hook.ServeHTTP(answer, r)
		return answer.Code
	}
	use()
	to := reloadly.Credentials{ClientID: "id", ClientSecret: prepaid.NewSecret("next-secret"), WebhookSecret: prepaid.NewSecret("next-hook")}
	s.client.Renew(to)
	if got := use(); got != "Bearer token-2" || !strings.Contains(asked[1], "next-secret") {
		t.Errorf("used %s, asked with %q", got, asked)
	}
	if old, anew := news("webhook-secret"), news("next-hook"); old != http.StatusForbidden || anew != http.StatusOK {
		t.Errorf("news signed with the old secret: %d, with the new: %d", old, anew)
	}
	s.client.Renew(to) // the same
	if got := use(); got != "Bearer token-2" || len(asked) != 2 {
		t.Errorf("used %s after %d tokens", got, len(asked))
	}
	s.set(token, answer{status: http.StatusUnauthorized})
	to.ClientSecret = prepaid.NewSecret("mistyped")
	s.client.Renew(to)
	if got := use(); got != "Bearer token-2" {
		t.Errorf("with wrong credentials: %s; the token is good for longer", got)
	}
}
