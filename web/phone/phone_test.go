package phone_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/prepaid"
	"pulsa/web/phone"
)

const number = "+31612345678"

// handset is a phone page over a program that the test plays.
type handset struct {
	*httptest.Server
	t      testing.TB
	box    *channeltest.Outbox
	lines  []channels.Channel
	got    []channels.Inbound
	answer func(in channels.Inbound) ([]channels.Outbound, error)
}

func brand(name string, test bool) *prepaid.Brand {
	return &prepaid.Brand{
		Name: name, Title: "Demo <Mobile>", Test: test, Country: "NL", Currency: "EUR", Languages: []string{"en", "nl"},
		Amounts: prepaid.AmountRange{Min: prepaid.Money{Minor: 1000, Currency: "EUR"}},
	}
}

func newPhone(t testing.TB) *handset {
	t.Helper()
	p := &handset{t: t, box: &channeltest.Outbox{}, lines: []channels.Channel{
		{Brand: brand("real", false), Name: "fake", Type: "fake"},
		{Brand: brand("demo", true), Name: "fake", Type: "fake"},
		{Brand: brand("other", true), Name: "trial", Type: "fake"},
	}}
	p.answer = func(in channels.Inbound) ([]channels.Outbound, error) {
		return []channels.Outbound{{Text: "You said: " + in.Text, Address: in.Address}}, nil
	}
	mux := http.NewServeMux()
	phone.New(phone.Config{
		Lines: func(context.Context) []channels.Channel { return p.lines },
		Turn: func(_ context.Context, _ channels.Channel, in channels.Inbound) ([]channels.Outbound, error) {
			p.got = append(p.got, in)
			return p.answer(in)
		},
		Outbox: p.box, Command: "go run ./cmd/pulsa", Flags: "--data elsewhere", Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler),
		Words: func(_, language string) phone.Words {
			return phone.Words{Language: "language " + language, TopUp: "KOOP", Redeem: "REDEEM", Status: "STATUS", Help: "HELP"}
		},
		Event: func(_ context.Context, _, link, news string) string {
			if strings.Contains(link, "/p/") && strings.Contains(news, "registered") {
				return "customer completes payment setup"
			}
			return ""
		},
	}).Routes(mux)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	p.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return p
}

func (p *handset) do(method, path string, form url.Values, header ...string) (*http.Response, string) {
	p.t.Helper()
	r, err := http.NewRequest(method, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := p.Client().Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp, string(body)
}

func who(kind string, more ...string) url.Values {
	form := url.Values{"brand": {"demo"}, "kind": {kind}, "number": {number}, "language": {"nl"}, "price": {"0.075"}}
	for i := 0; i < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	return form
}

func (p *handset) send(kind string, more ...string) (*http.Response, string) {
	p.t.Helper()
	return p.do("POST", "/phone/messages", who(kind, more...))
}

func contains(t testing.TB, body string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(body, w) {
			t.Errorf("%q is missing in:\n%s", w, body)
		}
	}
}

func lacks(t testing.TB, body string, unwanted ...string) {
	t.Helper()
	for _, u := range unwanted {
		if strings.Contains(body, u) {
			t.Errorf("%q is in:\n%s", u, body)
		}
	}
}

func TestANewcomerGetsANumberOfTheFirstTestBrand(t *testing.T) {
	p := newPhone(t)
	resp, _ := p.do("GET", "/", nil)
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		t.Fatal(resp.Status, err)
	}
	query := to.Query()
	if _, err := prepaid.ParseMSISDN(query.Get("number"), "NL"); err != nil || query.Get("brand") != "demo" || query.Get("kind") != "sms" {
		t.Error(to, err)
	}
	resp, body := p.do("GET", to.String(), nil)
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	contains(t, body, "Demo &lt;Mobile&gt;", query.Get("number")[1:], "language nl", `value="other"`, "--amount 10")
	lacks(t, body, "<Mobile>", `value="real"`, "<script>", " style=", "javascript:", " onclick", "hx-on")
}

func TestPagesMayRunNothingButTheirOwn(t *testing.T) {
	p := newPhone(t)
	for _, path := range []string{"/?number=%2B31612345678", "/?number=1", "/phone/phone.js", "/"} {
		resp, _ := p.do("GET", path, nil)
		csp := resp.Header.Get("Content-Security-Policy")
		contains(t, csp, "default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'")
		lacks(t, csp, "unsafe")
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Error(path, "may be sniffed")
		}
	}
}

func TestOnlyTestBrandsAreOffered(t *testing.T) {
	p := newPhone(t)
	for path, want := range map[string]int{
		"/?brand=real&number=%2B31612345678":           404,
		"/?brand=none&number=%2B31612345678":           404,
		"/?brand=demo&number=%2B31612345678":           200,
		"/phone/news?brand=real&number=%2B31612345678": 400,
		"/phone/none.js":                               404,
		"/elsewhere":                                   404,
	} {
		if resp, _ := p.do("GET", path, nil); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	form := who("sms", "text", "KOOP")
	form.Set("brand", "real")
	for _, path := range []string{"/phone/messages", "/phone/story"} {
		if resp, _ := p.do("POST", path, form); resp.StatusCode != 400 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if len(p.got) > 0 {
		t.Error("a brand that is not marked test got a message")
	}
	p.lines = nil
	if resp, _ := p.do("GET", "/", nil); resp.StatusCode != 404 {
		t.Error("a phone without a line:", resp.Status)
	}
}

func TestBadSettingsAreSaidBesideTheForm(t *testing.T) {
	p := newPhone(t)
	for query, want := range map[string]string{
		"number=abc%3Cb%3E":                 "write the number in full",
		"number=%2B31612345678&kind=pigeon": "choose SMS, Telegram, WhatsApp or USSD",
		"number=%2B31612345678&price=-1":    "write the price as a number",
		"number=%2B31612345678&price=1e9":   "write the price as a number",
		"number=%2B31612345678&price=.":     "write the price as a number",
	} {
		resp, body := p.do("GET", "/?"+query, nil)
		if resp.StatusCode != 400 {
			t.Errorf("%s: %s", query, resp.Status)
		}
		contains(t, body, want, `role="alert"`)
		lacks(t, body, "<b>")
	}
	contains(t, second(p.do("GET", "/?number=31612345678", nil)), "&#43;31612345678")
}

func second(_ *http.Response, body string) string { return body }

func TestAssetsKeepForeverUnderTheirVersion(t *testing.T) {
	p := newPhone(t)
	_, page := p.do("GET", "/?number=%2B31612345678", nil)
	for name, kind := range map[string]string{"ui.css": "text/css", "phone.css": "text/css", "phone.js": "text/javascript", "htmx.min.js": "text/javascript", "icon.svg": "image/svg+xml"} {
		_, after, found := strings.Cut(page, `"/phone/`+name)
		version, _, _ := strings.Cut(after, `"`)
		resp, body := p.do("GET", "/phone/"+name+version, nil)
		if !found || body == "" || !strings.HasPrefix(resp.Header.Get("Content-Type"), kind) || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Error(name, version, resp.Status, resp.Header)
		}
		again, _ := p.do("GET", "/phone/"+name, nil, "If-None-Match", resp.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || strings.Contains(again.Header.Get("Cache-Control"), "immutable") {
			t.Error(name, again.Status, again.Header)
		}
	}
}

func TestAForeignPageSendsNothing(t *testing.T) {
	p := newPhone(t)
	for _, path := range []string{"/phone/messages", "/phone/story"} {
		resp, _ := p.do("POST", path, who("sms", "text", "KOOP"), "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if len(p.got) > 0 {
		t.Error("the message arrived")
	}
}

func TestWhatIsNotTakenIsSaid(t *testing.T) {
	p := newPhone(t)
	p.answer = func(channels.Inbound) ([]channels.Outbound, error) { return nil, errors.New("the store is <down>") }
	resp, body := p.send("sms", "text", "KOOP")
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Error(resp.Status)
	}
	contains(t, body, "Please send it again.")
	lacks(t, body, "down")
	p.got = nil
	for name, text := range map[string]string{"longer than any channel takes": strings.Repeat("a", 64<<10+1), "beyond the form": strings.Repeat("é", 80<<10)} {
		resp, body := p.send("sms", "text", text)
		if resp.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(body, "too long") {
			t.Error(name, resp.Status)
		}
	}
	resp, _ = p.do("POST", "/phone/messages", url.Values{"number": {"1"}})
	if resp.StatusCode != http.StatusBadRequest || len(p.got) > 0 {
		t.Error(resp.Status, len(p.got))
	}
}
