package payments_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

func (w *world) links(log *strings.Builder) *payments.Links {
	return &payments.Links{Store: w.store.Links, PublicURL: "https://pulsa.test/below", Clock: w.clock, Log: slog.New(slog.NewTextHandler(log, nil))}
}

// follows opens a link, and returns where it leads.
func follows(t *testing.T, l *payments.Links, link string) payments.Followed {
	t.Helper()
	token, ok := l.IsLink(link)
	if !ok {
		t.Fatalf("%s is no link of ours", link)
	}
	f, err := l.Follow(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestASetupsLinkLeadsToItsPageForADay(t *testing.T) {
	w := newWorld(t)
	l := w.links(&strings.Builder{})
	s := w.start("first")
	link, err := l.ToSetup(t.Context(), s, "nl")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.ToSetup(t.Context(), s, "nl"); again != link || err != nil {
		t.Errorf("another link: %s, %s, %v", link, again, err)
	}
	want := payments.Followed{Brand: "demo", Language: "nl", Kind: payments.SetupLink, URL: s.URL}
	if f := follows(t, l, link); f != want {
		t.Errorf("leads to %+v", f)
	}
	w.clock.AdvanceTo(start.Add(24*time.Hour - time.Microsecond))
	if f := follows(t, l, link); f != want {
		t.Errorf("within the day, leads to %+v", f)
	}
	w.clock.AdvanceTo(start.Add(24 * time.Hour))
	want.URL = ""
	if f := follows(t, l, link); f != want {
		t.Errorf("after a day, leads to %+v", f)
	}
}

func TestASetupThatHasEndedIsNotForwardedTo(t *testing.T) {
	w := newWorld(t)
	l := w.links(&strings.Builder{})
	first := w.start("first")
	former, err := l.ToSetup(t.Context(), first, "en")
	if err != nil {
		t.Fatal(err)
	}
	second := w.start("second") // which ends the first
	newest, err := l.ToSetup(t.Context(), second, "en")
	if err != nil {
		t.Fatal(err)
	}
	if f := follows(t, l, former); f.URL != "" || f.Done {
		t.Errorf("the abandoned one leads to %+v", f)
	}
	if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	if f := follows(t, l, newest); f.URL != "" || !f.Done {
		t.Errorf("the completed one leads to %+v", f)
	}
}

// standing is a store in which every order stands as the test says.
type standing struct {
	payments.LinkStore
	status topup.Status
}

// LinkTarget implements payments.LinkStore.
func (s standing) LinkTarget(ctx context.Context, token prepaid.Secret) (payments.LinkTarget, error) {
	t, err := s.LinkStore.LinkTarget(ctx, token)
	t.URL, t.Status = "https://bank.test/1", string(s.status)
	return t, err
}

func TestAnOrdersLinkLeadsToItsPageForHalfAnHourWhileItIsConfirming(t *testing.T) {
	for _, status := range topup.Statuses() {
		for after, within := range map[time.Duration]bool{0: true, 30*time.Minute - time.Microsecond: true, 30 * time.Minute: false} {
			w := newWorld(t)
			l := w.links(&strings.Builder{})
			l.Store = standing{w.store.Links, status}
			link, err := l.ToOrder(t.Context(), topup.Order{ID: "BKTRMWQXZD", Brand: "demo", Customer: w.customer, Status: topup.Confirming, StatusAt: start}, "en")
			if err != nil {
				t.Fatal(err)
			}
			w.clock.AdvanceTo(start.Add(after))
			f := follows(t, l, link)
			if open := f.URL != ""; open != (within && status == topup.Confirming) || f.Done || f.Kind != payments.OrderLink {
				t.Errorf("%s after %s: %+v", status, after, f)
			}
		}
	}
}

func TestOnlyPagesOfHTTPAreForwardedTo(t *testing.T) {
	w := newWorld(t)
	log := &strings.Builder{}
	l := w.links(log)
	s := w.start("first")
	link, err := l.ToSetup(t.Context(), s, "en")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://pay.test/a?b=c#d": true, "http://pay.test/": true, "javascript:alert(1)": false, "//pay.test/": false, "/sim/pay/x": false,
		"ftp://pay.test/": false, "data:text/html,x": false, "https:///x": false, "https://pay.test/\nX: y": false, "": false,
	} {
		if _, err := w.store.Writer().ExecContext(t.Context(), `UPDATE payment_setups SET url = ?`, address); err != nil {
			t.Fatal(err)
		}
		f := follows(t, l, link)
		if want && f.URL != address || !want && f.URL != "" {
			t.Errorf("%q leads to %q", address, f.URL)
		}
	}
	if token := link[strings.LastIndex(link, "/")+1:]; strings.Contains(log.String(), token) || !strings.Contains(log.String(), string(s.ID)) {
		t.Errorf("the log names the setup and no token: %s", log)
	}
}

func TestATokenThatNobodyHasIsNoLink(t *testing.T) {
	w := newWorld(t)
	l := w.links(&strings.Builder{})
	for _, token := range []string{"", "bcdfghjkmnpq", strings.Repeat("b", 10_000), "' OR 1=1 --", "bcd\x00fgh"} {
		if f, err := l.Follow(t.Context(), prepaid.NewSecret(token)); !errors.Is(err, payments.ErrNoLink) || f != (payments.Followed{}) {
			t.Errorf("%.20q: %+v, %v", token, f, err)
		}
	}
	if _, err := l.ToSetup(t.Context(), payments.Setup{ID: "s", Brand: "demo", Customer: "nobody"}, "en"); err == nil {
		t.Error("nobody has a link")
	}
	for _, address := range []string{"https://pulsa.test/p/bcdfghjkmnpq", "https://pulsa.test/below/p/bcdfghjkmnp", "https://pulsa.test/below/p/bcdfghjkmnpqr", "https://pay.test/sim/pay/x"} {
		if _, ok := l.IsLink(address); ok {
			t.Errorf("%s is no link of ours", address)
		}
	}
}

func TestTokensAreMaskedInWhatIsKept(t *testing.T) {
	for text, want := range map[string]string{
		"Open https://pulsa.test/p/bcdfghjkmnpq.":            "Open https://pulsa.test/p/****.",
		"(http://pulsa.test/below/p/2345b6789cdf) and /p/xx": "(http://pulsa.test/below/p/****) and /p/xx",
		"Nothing": "Nothing",
	} {
		if got := payments.MaskLinks(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
