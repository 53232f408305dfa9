package links_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulsa/conversation"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
	"pulsa/web/guard"
	"pulsa/web/links"
)

var start = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

const known, secretPage = "bcdfghjkmnpq", "https://pay.example/secret?session=1"

// world is a Handler on a real store of misses. What links lead to is the test's to say.
type world struct {
	*testing.T
	db      *store.DB
	clock   *prepaid.VirtualClock
	handler http.Handler
	leads   payments.Followed
	err     error
	log     strings.Builder
}

func newWorld(t *testing.T) *world {
	path := filepath.Join(t.TempDir(), "pulsa.db")
	if err := storetest.NewSQLite(path); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	languages, err := conversation.ReadLanguages("")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, db: db, clock: prepaid.NewVirtualClock(start)}
	w.leads = payments.Followed{Brand: "demo", Language: "nl", Kind: payments.SetupLink, URL: secretPage}
	mux := http.NewServeMux()
	links.New(links.Config{
		Follow: func(_ context.Context, token prepaid.Secret) (payments.Followed, error) {
			if w.err == nil && token.Reveal() != known {
				return payments.Followed{}, payments.ErrNoLink
			}
			return w.leads, w.err
		},
		Misses: db.Links, Brands: prepaid.NewBrands(&prepaid.Brand{Name: "demo", Title: "Demo <b>"}), Page: languages.Page, Preferred: languages.Preferred,
		PublicURL: "https://pulsa.example/below", Clock: w.clock, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}).Routes(mux)
	w.handler = guard.WithoutPanics(mux, slog.New(slog.DiscardHandler))
	return w
}

func (w *world) get(from, path string, header ...string) (*http.Response, string) {
	w.Helper()
	return w.ask(http.MethodGet, from, path, header...)
}

func (w *world) ask(method, from, path string, header ...string) (*http.Response, string) {
	w.Helper()
	r := httptest.NewRequest(method, "https://pulsa.example"+path, nil)
	r.RemoteAddr = from
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	body, err := io.ReadAll(answer.Result().Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer.Result(), string(body)
}

const home = "192.0.2.1:4711"

func TestALinkForwardsToThePageBehindIt(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/p/bcdfghjkmnpq", "/p/BCDFGHJKMNPQ", "/P/BCDFGHJKMNPQ", "/p/bcdfGHJKmnpq.", "/p/bcdfghjkmnpq)", "/p/bcdfghjkmnpq),", "/p/bcdfghjkmnpq/", "/p/bcdfghjkmnpq%20", "/p/%22bcdfghjkmnpq%22", "/p/bcdfghjkmnpq?utm=x", "/p/bcdfghjkmnpq%E2%80%A6"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			answer, _ := w.ask(method, home, path)
			location := answer.Header.Get("Location")
			if answer.StatusCode != http.StatusSeeOther || location != secretPage {
				t.Errorf("%s %s: %d to %q", method, path, answer.StatusCode, location)
			}
		}
	}
}

func TestWhatIsBehindALinkIsNotKeptByAnybody(t *testing.T) {
	w := newWorld(t)
	answer, _ := w.get(home, "/p/"+known)
	for header, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got := answer.Header.Get(header); got != want {
			t.Errorf("%s: %s", header, got)
		}
	}
}

func TestALinkThatLeadsNowhereSaysWhyInItsCustomersLanguage(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		leads payments.Followed
		words string
	}{
		{payments.Followed{Language: "nl", Kind: payments.SetupLink, Done: true}, "Je betaalwijze is ingesteld."},
		{payments.Followed{Language: "nl", Kind: payments.SetupLink}, "Stuur ons weer een bericht"},
		{payments.Followed{Language: "nl", Kind: payments.OrderLink}, "Stuur ons STATUS"},
		{payments.Followed{Language: "en", Kind: payments.SetupLink, Done: true}, "Your way to pay is set up."},
		{payments.Followed{Language: "en", Kind: payments.SetupLink}, "Text us again"},
		{payments.Followed{Language: "en", Kind: payments.OrderLink}, "Text us STATUS"},
	} {
		w.leads = test.leads
		w.leads.Brand = "demo"
		answer, body := w.get(home, "/p/"+known, "Accept-Language", "fr")
		if answer.StatusCode != http.StatusGone || answer.Header.Get("Location") != "" {
			t.Errorf("%+v: %s to %q", test.leads, answer.Status, answer.Header.Get("Location"))
		}
		for _, want := range []string{test.words, `<html lang="` + test.leads.Language + `">`, "Demo &lt;b&gt;", `href="/below/p/files/links.css?v=`} {
			if !strings.Contains(body, want) {
				t.Errorf("%+v: %q is not in %s", test.leads, want, body)
			}
		}
		if strings.Contains(body, known) {
			t.Errorf("%+v: the token is on the page", test.leads)
		}
	}
	if answer, body := w.get(home, "/p/files/links.css"); answer.StatusCode != http.StatusOK || !strings.Contains(body, "main") {
		t.Errorf("the style: %s", answer.Status)
	}
}

func TestAnUnknownLinkIsAnsweredInTheBrowsersLanguage(t *testing.T) {
	w := newWorld(t)
	for accept, want := range map[string]string{
		"": "We don&#39;t know this link", "nl-NL,nl;q=0.9,en;q=0.8": "Deze link kennen we niet", "en-US,en": "We don&#39;t know this link",
		"fr, nl;q=0.5": "Deze link kennen we niet", "fr": "We don&#39;t know this link", "\x00;;q=,": "We don&#39;t know this link",
	} {
		answer, body := w.get(home, "/p/zzzzzzzzzzzz", "Accept-Language", accept)
		if answer.StatusCode != http.StatusNotFound || !strings.Contains(body, want) {
			t.Errorf("%q: %s %s", accept, answer.Status, body)
		}
	}
}

func TestWhoeverGuessesIsRefusedRightLinksToo(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		if answer, _ := w.get(home, "/p/zzzzzzzzzzzz"); answer.StatusCode != http.StatusNotFound {
			t.Fatalf("miss %d: %s", i+1, answer.Status)
		}
		if answer, _ := w.get(home, "/p/"+known); i < 19 && answer.StatusCode != http.StatusSeeOther {
			t.Fatalf("a right link after %d misses: %s", i+1, answer.Status)
		}
		w.clock.AdvanceTo(w.clock.Now().Add(time.Second))
	}
	for _, path := range []string{"/p/zzzzzzzzzzzz", "/p/" + known} {
		answer, body := w.get(home, path, "Accept-Language", "nl")
		if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "581" || !strings.Contains(body, "over 10 minuten") {
			t.Errorf("%s: %s, again after %q, %s", path, answer.Status, answer.Header.Get("Retry-After"), body)
		}
	}
	if answer, _ := w.get("192.0.2.2:4711", "/p/"+known); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("another address: %s", answer.Status)
	}
	w.clock.AdvanceTo(start.Add(links.CountedFor))
	if answer, _ := w.get(home, "/p/"+known); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("after ten minutes: %s", answer.Status)
	}
}

func TestMissesOfAHouseholdAreCountedTogether(t *testing.T) {
	for _, test := range []struct {
		one, other string
		together   bool
	}{
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::2]:2", true}, {"[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:2", true}, {"192.0.2.1:1", "192.0.2.2:1", false}, {"@", "", true},
	} {
		w := newWorld(t)
		for range 20 {
			w.get(test.one, "/p/zzzzzzzzzzzz")
		}
		if answer, _ := w.get(test.other, "/p/zzzzzzzzzzzz"); (answer.StatusCode == http.StatusTooManyRequests) != test.together {
			t.Errorf("%s and %s: %s", test.one, test.other, answer.Status)
		}
	}
}

func TestWithoutItsStoreALinkIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	w.err = errors.New("database is locked")
	answer, body := w.get(home, "/p/"+known)
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") != "60" || !strings.Contains(body, "in a minute") {
		t.Errorf("%s %s", answer.Status, body)
	}
	w.err = nil
	_ = w.db.Close() // misses can't be read: who knows how many there were
	if answer, _ := w.get(home, "/p/"+known); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("uncounted: %s", answer.Status)
	}
	if !strings.Contains(w.log.String(), "database is locked") || strings.Contains(w.log.String(), known) {
		t.Errorf("the log: %s", w.log.String())
	}
}

func TestALinkIsOnlyRead(t *testing.T) {
	w := newWorld(t)
	if answer, _ := w.ask(http.MethodPost, home, "/p/"+known); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Error(answer.Status)
	}
}
