package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
)

// open asks the server for a path without being forwarded.
func (r *running) open(path string, header ...string) (*http.Response, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.server.URL+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response, string(body)
}

// registers walks through a registration, and returns the text that has the link.
func (r *running) registers(number string) string {
	r.t.Helper()
	r.wants(number, "REGISTER", "mobile number")
	r.wants(number, number, "once more")
	r.wants(number, number, "PIN")
	r.wants(number, apptest.PIN, "once more")
	r.wants(number, apptest.PIN, "How do you want to pay")
	answer, _ := r.text(number, "2")
	return answer
}

func TestWhoRegistersFollowsAShortLink(t *testing.T) {
	r := runDemo(t, nil, nil)
	answer := r.registers(apptest.Number)
	if strings.Contains(answer, "/sim/") {
		t.Errorf("the gateway's own address is said: %s", answer)
	}
	link := apptest.Link(t, answer)
	page := apptest.Behind(t, r.server, answer)
	response, err := http.PostForm(page, url.Values{"action": {"complete"}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	r.hears("you are registered")
	if response, body := r.open(link); response.StatusCode != http.StatusGone || !strings.Contains(body, "Your way to pay is set up.") {
		t.Errorf("once it is done, the link is answered %s %s", response.Status, body)
	}
}

func TestAnOrdersLinkIsOneUntilItIsConfirmed(t *testing.T) {
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, nil, Wiring{Clock: clock})
	const number = "+31612349004" // the simulated gateway asks it to authenticate
	r.customer(number)
	answer, _ := r.text(number, "KOOP 10 "+apptest.PIN)
	if again, _ := r.text(number, "STATUS"); apptest.Link(t, again) != apptest.Link(t, answer) {
		t.Errorf("%q and %q have two links", answer, again)
	}
	page := apptest.Behind(t, r.server, answer)
	if !strings.Contains(page, "/sim/confirm/") {
		t.Errorf("it leads to %s", page)
	}
	clock.Skip(30 * time.Minute)
	if response, body := r.open(apptest.Link(t, answer)); response.StatusCode != http.StatusGone || !strings.Contains(body, "Text us STATUS") {
		t.Errorf("after half an hour: %s %s", response.Status, body)
	}
}

func TestALinkIsMaskedInTranscriptsAndInNoLog(t *testing.T) {
	r := runDemo(t, nil, nil)
	answer := r.registers(apptest.Number)
	token := strings.TrimPrefix(apptest.Link(t, answer), payments.LinkPath)
	r.open(payments.LinkPath + token)
	var kept []string
	apptest.Await(t, "the transcript is kept", func() bool {
		kept = nil
		if err := r.DB.Writer().SelectContext(t.Context(), &kept, `SELECT CAST(entry AS TEXT) FROM transcripts`); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(strings.Join(kept, "\n"), payments.LinkPath+"****")
	}, nil)
	if text := strings.Join(kept, "\n"); strings.Contains(text, token) {
		t.Errorf("the token is in a transcript: %s", text)
	}
	if strings.Contains(r.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// noLinks is a store that can't keep links.
type noLinks struct{ payments.LinkStore }

// SaveLink implements payments.LinkStore.
func (noLinks) SaveLink(context.Context, payments.Link) (prepaid.Secret, error) {
	return prepaid.Secret{}, errors.New("disk is full")
}

func TestNobodyIsLeftWithoutALink(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.Links.Store = noLinks{r.DB.Links}
	if answer := r.registers(apptest.Number); !strings.Contains(answer, "/sim/pay/") {
		t.Errorf("%q has no address of the gateway's", answer)
	}
	const number = "+31612349004"
	r.customer(number)
	if answer, _ := r.text(number, "KOOP 10 "+apptest.PIN); !strings.Contains(answer, "/sim/confirm/") {
		t.Errorf("%q has no address of the gateway's", answer)
	}
	if !strings.Contains(r.log.String(), "disk is full") {
		t.Error("the log does not say why")
	}
}

func TestMissesAreCountedByTheAddressThatOurProxyNames(t *testing.T) {
	clock := apptest.NewStillClock()
	r := runWired(t, nil, func(c *config.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }, Wiring{Clock: clock})
	link := apptest.Link(t, r.registers(apptest.Number))
	for i := range 21 {
		response, _ := r.open("/p/zzzzzzzzzzzz", "X-Forwarded-For", "203.0.113.1, 198.51.100.7")
		if want := map[bool]int{true: http.StatusNotFound, false: http.StatusTooManyRequests}[i < 20]; response.StatusCode != want {
			t.Fatalf("the %d. miss: %s", i+1, response.Status)
		}
	}
	for from, want := range map[string]int{"198.51.100.7": http.StatusTooManyRequests, "203.0.113.1, 198.51.100.7": http.StatusTooManyRequests,
		"198.51.100.7, 203.0.113.1": http.StatusSeeOther, "203.0.113.1": http.StatusSeeOther} {
		if response, _ := r.open(link, "X-Forwarded-For", from); response.StatusCode != want {
			t.Errorf("forwarded for %s: %s, want %d", from, response.Status, want)
		}
	}
	clock.Skip(10 * time.Minute)
	if response, _ := r.open(link, "X-Forwarded-For", "198.51.100.7"); response.StatusCode != http.StatusSeeOther {
		t.Errorf("ten minutes later: %s", response.Status)
	}
}

func TestMissesAreForgottenWithinTheHour(t *testing.T) {
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, nil, Wiring{Clock: clock})
	r.open("/p/zzzzzzzzzzzz")
	rows := func() (n int) {
		if err := r.DB.Writer().GetContext(t.Context(), &n, `SELECT COUNT(*) FROM short_link_misses`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if rows() != 1 {
		t.Fatal("no miss was counted")
	}
	apptest.Await(t, "the miss is forgotten", func() bool { return rows() == 0 }, func() { clock.Skip(forgetEvery) })
}

func TestDoctorWarnsOfAProxyThatIsNotNamed(t *testing.T) {
	named := []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32")}
	for _, test := range []struct {
		public string
		named  []netip.Prefix
		want   int
	}{{"https://topup.example", nil, 1}, {"https://topup.example", named, 0}, {"http://127.0.0.1:8080", nil, 0}} {
		findings := examineProxies(config.Config{PublicURL: test.public, TrustedProxies: test.named})
		if len(findings) != test.want || test.want == 1 && (findings[0].Level != operators.LevelWarn || !strings.Contains(findings[0].Do, "trusted_proxies")) {
			t.Errorf("%s with %v: %+v", test.public, test.named, findings)
		}
	}
}

func TestSourcesOfAChannelAreReadBehindAProxy(t *testing.T) {
	r := runDemo(t, map[string]string{"USSD_TOKEN": apptest.USSDToken}, func(c *config.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		for i, line := range c.Brands[0].Channels {
			if line.Type == "ussd" {
				c.Brands[0].Channels[i].Settings = map[string]string{"sources": "198.51.100.0/24"}
			}
		}
	})
	form := url.Values{"sessionId": {"s"}, "serviceCode": {"*123#"}, "phoneNumber": {apptest.Number}, "networkCode": {"20404"}, "text": {""}}
	for from, want := range map[string]int{"198.51.100.7": 200, "203.0.113.1": 403, "198.51.100.7, 203.0.113.1": 403, "": 403} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.server.URL+"/webhooks/demo/ussd?token="+apptest.USSDToken, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if from != "" {
			request.Header.Set("X-Forwarded-For", from)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("forwarded for %q: %s, want %d", from, response.Status, want)
		}
	}
}
