package reloadly_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/prepaid"
	"pulsa/topup/reloadly"
)

func TestWebhookHintsAtWhatIsSignedAndNothingElse(t *testing.T) {
	const stamp = "1763726400000"
	secret := prepaid.NewSecret("webhook-secret")
	flat := `{"type":"airtime_transaction.status","data":{"status":"SUCCESSFUL","customIdentifier":"REF"}}`
	nested := `{"type":"airtime_transaction.status","data":{"transaction":{"status":"REFUNDED","customIdentifier":"REF"}}}`
	sign := func(body string) string { return reloadly.Sign(secret, []byte(body), stamp) }
	tests := map[string]struct {
		method, body, signature, stamp string
		failing                        bool
		status                         int
		hint                           string
	}{
		"flat":                 {"POST", flat, sign(flat), stamp, false, 200, "REF"},
		"nested":               {"POST", nested, sign(nested), stamp, false, 200, "REF"},
		"upper case":           {"POST", flat, strings.ToUpper(sign(flat)), stamp, false, 200, "REF"},
		"no reference":         {"POST", `{"data":{}}`, sign(`{"data":{}}`), stamp, false, 200, ""},
		"store down":           {"POST", flat, sign(flat), stamp, true, 503, "REF"},
		"another's body":       {"POST", nested, sign(flat), stamp, false, 403, ""},
		"another time":         {"POST", flat, sign(flat), "1763726400001", false, 403, ""},
		"no time":              {"POST", flat, reloadly.Sign(secret, []byte(flat), ""), "", false, 403, ""},
		"no signature":         {"POST", flat, "", stamp, false, 403, ""},
		"no hex":               {"POST", flat, "zz", stamp, false, 403, ""},
		"a dot for the colon":  {"POST", flat, reloadly.Sign(secret, []byte(flat+"."+stamp), ""), stamp, false, 403, ""},
		"signed, but no JSON":  {"POST", "data", sign("data"), stamp, false, 400, ""},
		"signed, but too long": {"POST", strings.Repeat(" ", 70_000), sign(strings.Repeat(" ", 70_000)), stamp, false, 413, ""},
		"signed, but a list":   {"POST", `[]`, sign(`[]`), stamp, false, 400, ""},
		"not posted":           {"GET", "", sign(""), stamp, false, 405, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			hinted := ""
			server := httptest.NewServer(newStage(t, nil).client.Webhook(func(_ context.Context, reference string) error {
				hinted = reference
				if test.failing {
					return errors.New("store is down")
				}
				return nil
			}))
			defer server.Close()
			request, _ := http.NewRequestWithContext(t.Context(), test.method, server.URL, strings.NewReader(test.body))
			request.Header.Set("X-Reloadly-Signature", test.signature)
			request.Header.Set("X-Reloadly-Request-Timestamp", test.stamp)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			if response.StatusCode != test.status || hinted != test.hint || len(text) != 0 {
				t.Errorf("%s, hinted at %q, said %q", response.Status, hinted, text)
			}
		})
	}
}

func TestWithoutASecretEveryWebhookIsRefused(t *testing.T) {
	server := httptest.NewServer(newStage(t, func(c *reloadly.Config) { c.WebhookSecret = prepaid.Secret{} }).client.Webhook(
		func(context.Context, string) error { t.Error("hinted"); return nil }))
	defer server.Close()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("{}"))
	request.Header.Set("X-Reloadly-Signature", reloadly.Sign(prepaid.Secret{}, []byte("{}"), "1"))
	request.Header.Set("X-Reloadly-Request-Timestamp", "1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Error(response.Status)
	}
}
