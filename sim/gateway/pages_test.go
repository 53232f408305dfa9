package gateway_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/payments"
	"pulsa/prepaid"
	sim "pulsa/sim/gateway"
	"pulsa/topup"
)

// serve returns a gateway whose pages are served.
func serve(t *testing.T) *gateway {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g := newGateway(t, func(c *sim.Config) { c.BaseURL = server.URL })
	g.Routes(mux)
	return g
}

// get and click answer as the browser sees it, redirects followed.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	return read(t, r, err)
}

func click(t *testing.T, page, action string) (int, string) {
	t.Helper()
	r, err := http.PostForm(page, url.Values{"action": {action}})
	return read(t, r, err)
}

func read(t *testing.T, r *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func wantPage(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(body, part) {
			t.Errorf("page lacks %q:\n%s", part, body)
		}
	}
}

func TestSetupPageShowsWhatItIsForInTheSetupsLanguage(t *testing.T) {
	g := serve(t)
	code, body := get(t, startSetupIn(t, g, "english", "en", payments.Card).URL)
	if code != http.StatusOK || strings.Contains(body, string(number)) || strings.Contains(body, "<script") {
		t.Errorf("%d:\n%s", code, body)
	}
	wantPage(t, body, `<html lang="en">`, "SIMULATED PAYMENT PAGE", "Demo &lt;Mobile&gt;", "&#43;316****5678",
		"Credit or debit card", ">Complete<", ">Abandon<", "prefers-color-scheme: dark", "width=device-width")
	_, body = get(t, startSetupIn(t, g, "dutch", "nl", payments.SEPA).URL)
	wantPage(t, body, `<html lang="nl">`, "SIMULATED PAYMENT PAGE", "SEPA-incasso", ">Voltooien<", ">Afbreken<")
}

func TestCompletingGivesATokenOnceAndASecondClickIsHarmless(t *testing.T) {
	displays := map[payments.Method]string{payments.SEPA: "NL** **** 4300", payments.Card: "Visa **** 4242",
		payments.PayPal: "PayPal j***@example.com"}
	for method, display := range displays {
		g := serve(t)
		page := startSetupIn(t, g, "setup", "en", method)
		for _, action := range []string{"complete", "complete", "abandon"} {
			code, body := click(t, page.URL, action)
			if code != http.StatusOK || strings.Contains(body, "<button") {
				t.Errorf("%s: %d:\n%s", method, code, body)
			}
			wantPage(t, body, "Done: your payment method is set up")
		}
		if len(g.told) != 1 {
			t.Fatalf("%s: told %d times", method, len(g.told))
		}
		e := g.told[0]
		if !strings.HasPrefix(e.Token.Reveal(), "sim_") {
			t.Errorf("%s: token %q", method, e.Token.Reveal())
		}
		e.Token = prepaid.Secret{}
		want := payments.Event{Setup: "setup", Ended: payments.SetupCompleted, Display: display}
		if diff := cmp.Diff(want, e, cmp.AllowUnexported(prepaid.Secret{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAbandoningIsFinal(t *testing.T) {
	g := serve(t)
	page := startSetup(t, g, "setup")
	_, body := click(t, page.URL, "abandon")
	wantPage(t, body, "Done: you abandoned")
	_, body = click(t, page.URL, "complete")
	wantPage(t, body, "Done: you abandoned")
	if len(g.told) != 1 || g.told[0].Ended != payments.SetupAbandoned {
		t.Errorf("told %+v", g.told)
	}
	if err := g.CompleteSetup(t.Context(), number); !errors.Is(err, sim.ErrNoSetup) {
		t.Errorf("completed what was abandoned: %v", err)
	}
}

func TestClickCountsThoughTheNewsIsNotTaken(t *testing.T) {
	g := serve(t)
	page := startSetup(t, g, "setup")
	g.deaf = errors.New("store down")
	_, body := click(t, page.URL, "complete")
	wantPage(t, body, "Done: your payment method is set up")
	g.deaf = nil
	if err := g.Redeliver(t.Context()); err != nil || len(g.told) != 1 || g.told[0].Ended != payments.SetupCompleted {
		t.Errorf("%v, told %+v", err, g.told)
	}
}

func TestConfirmPageCapturesOrDeclinesTheCharge(t *testing.T) {
	tests := []struct {
		action, says string
		found        topup.Outcome
		charged      int
	}{
		{"complete", "Done: the payment is confirmed", topup.Done, 1},
		{"abandon", "Done: the payment was not made", topup.Refused, 0},
	}
	for _, test := range tests {
		g := serve(t)
		r, _ := g.charge("ref", number[:7]+"9004")
		_, body := get(t, r.ActionURL)
		wantPage(t, body, "SIMULATED PAYMENT PAGE", "EUR 10.00", "SEPA direct debit", ">Complete<")
		for _, action := range []string{test.action, "complete", "abandon"} {
			_, body = click(t, r.ActionURL, action)
			wantPage(t, body, test.says)
		}
		if found, n := g.lookUp(payments.OpCharge, "ref"), len(g.Charged(sim.Filter{})); found != test.found || n != test.charged {
			t.Errorf("%s: found %s, charged %d times", test.action, found, n)
		}
		if diff := cmp.Diff([]payments.Event{{Charge: "ref"}}, g.told, cmp.AllowUnexported(prepaid.Secret{})); diff != "" {
			t.Errorf("%s: %s", test.action, diff)
		}
	}
}

func TestCancelledChargeNoLongerWaitsOnItsPage(t *testing.T) {
	g := serve(t)
	r, _ := g.charge("ref", number[:7]+"9004")
	g.Cancel(t.Context(), "ref")
	_, body := click(t, r.ActionURL, "complete")
	wantPage(t, body, "no longer waits")
	if n := len(g.Charged(sim.Filter{})); n != 0 {
		t.Errorf("charged %d times", n)
	}
}

func TestPagesThatDoNotExistAreNotFound(t *testing.T) {
	g := serve(t)
	page := startSetup(t, g, "setup")
	base := page.URL[:strings.Index(page.URL, "/sim/")]
	for _, path := range []string{"/sim/pay/guess", "/sim/confirm/guess", "/sim/confirm/" + page.URL[strings.LastIndex(page.URL, "/")+1:]} {
		for _, visit := range []func() (int, string){
			func() (int, string) { return get(t, base+path) },
			func() (int, string) { return click(t, base+path, "complete") },
		} {
			if code, body := visit(); code != http.StatusNotFound || !strings.Contains(body, "SIMULATED") {
				t.Errorf("%s: %d:\n%s", path, code, body)
			}
		}
	}
	if code, _ := click(t, page.URL, "steal"); code != http.StatusBadRequest {
		t.Errorf("unknown button: %d", code)
	}
}

func TestOtherSitesCannotClick(t *testing.T) {
	g := serve(t)
	page := startSetup(t, g, "setup")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page.URL, strings.NewReader("action=complete"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := http.DefaultClient.Do(r)
	if code, _ := read(t, answer, err); code != http.StatusForbidden || len(g.told) != 0 {
		t.Errorf("%d, told %v", code, g.told)
	}
}

func TestPolicyAllowsThePagesOwnStyleAndNothingElse(t *testing.T) {
	g := serve(t)
	r, err := http.Get(startSetup(t, g, "setup").URL)
	_, body := read(t, r, err)
	_, style, _ := strings.Cut(body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	policy := r.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
}

func TestThePageOfAnAbandonedSetupSaysSoAndCompletesNothing(t *testing.T) {
	g := serve(t)
	told := 0
	g.Connect(func(context.Context, payments.Event) error {
		told++
		return nil
	})
	for language, says := range map[string]string{"en": "This page is over", "nl": "Deze pagina is voorbij"} {
		brand := *demo()
		p, err := g.StartSetup(t.Context(), payments.SetupRequest{Reference: language, Brand: &brand, Customer: "kunde",
			MSISDN: "31612345678", Method: payments.Card, Language: language})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // once more changes nothing
			if err := g.CloseSetup(t.Context(), payments.Setup{ID: prepaid.SetupID(language)}); err != nil {
				t.Fatal(err)
			}
		}
		code, body := get(t, p.URL)
		if wantPage(t, body, says); code != http.StatusOK || strings.Contains(body, "<button") {
			t.Errorf("%s: %d, with buttons still: %s", language, code, body)
		}
		for _, action := range []string{"complete", "abandon"} { // a tab that shows the buttons still
			_, body = click(t, p.URL, action)
			wantPage(t, body, says)
		}
	}
	if told != 0 {
		t.Errorf("told %d times", told)
	}
	if err := g.CloseSetup(t.Context(), payments.Setup{ID: "none"}); !errors.Is(err, sim.ErrNoSetup) {
		t.Errorf("a setup that is none: %v", err)
	}
}
