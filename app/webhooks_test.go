package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk/harness"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// stepping is a clock that a test puts forward.
type stepping struct {
	prepaid.SystemClock
	by *atomic.Int64
}

func (s stepping) Now() time.Time { return s.SystemClock.Now().Add(time.Duration(s.by.Load())) }

func (s stepping) step(d time.Duration) { s.by.Add(int64(d)) }

// hooked is the demo without anybody at its due work, a developer's key, and the developer's receiver.
type hooked struct {
	*Program
	t        *testing.T
	clock    stepping
	api      *httptest.Server
	log      *harness.LogBuffer
	key      string
	token    string
	receiver *httptest.Server

	mu       sync.Mutex
	secret   prepaid.Secret
	behave   http.HandlerFunc // nil: our own Reloadly client receives
	bodies   [][]byte
	received []string // the identifiers that the client took
}

func newHooked(t *testing.T, change func(*config.Config)) *hooked {
	t.Helper()
	c := apptest.Demo(t, nil)
	if change != nil {
		change(&c)
	}
	h := &hooked{t: t, clock: stepping{by: &atomic.Int64{}}, log: &harness.LogBuffer{}}
	p, err := Wire(t.Context(), c, Wiring{Clock: h.clock, Log: slog.New(slog.NewTextHandler(h.log, nil)), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	h.Program = p
	h.api = httptest.NewServer(h.Routes())
	h.receiver = httptest.NewServer(http.HandlerFunc(h.receive))
	t.Cleanup(func() {
		h.api.Close()
		h.receiver.Close()
		_ = h.Topups.Drain(context.Background())
		_ = h.Close()
	})
	r := &running{Program: h.Program, t: t}
	var secret prepaid.Secret
	h.key, secret = r.developer(developers.Key{Name: "shop"})
	token, err := h.Developers.Token(t.Context(), h.key, secret, reloadly.LiveURL)
	if err != nil {
		t.Fatal(err)
	}
	h.token = token.AccessToken
	return h
}

func (h *hooked) receive(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	h.bodies = append(h.bodies, body)
	if h.behave != nil {
		h.behave(w, r)
		return
	}
	reloadly.New(reloadly.Config{Credentials: reloadly.Credentials{WebhookSecret: h.secret}, Clock: h.clock, Log: slog.New(slog.DiscardHandler)}).Webhook(
		func(_ context.Context, reference string) error {
			h.received = append(h.received, reference)
			return nil
		}).ServeHTTP(w, r)
}

func (h *hooked) webhook(address string) {
	h.t.Helper()
	secret, err := h.Developers.SetWebhook(h.t.Context(), h.key, address, prepaid.By{Who: "test", Why: "test"})
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secret = secret
}

func (h *hooked) behaves(b http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.behave = b
}

// buy tops a number up by the API under an identifier.
func (h *hooked) buy(identifier, number string) {
	h.t.Helper()
	body := `{"operatorId":1349,"amount":5,"customIdentifier":"` + identifier + `","recipientPhone":{"countryCode":"NL","number":"` + number + `"}}`
	ask{method: "POST", path: "/topups", token: h.token, body: body}.do(h.t, newContract(h.t, h.api.URL), h.api.URL)
}

// deliver does all that is due.
func (h *hooked) deliver(d *developers.Service) (n int) {
	h.t.Helper()
	for {
		done, err := d.DeliverDue(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		if done == 0 {
			return n
		}
		n += done
	}
}

// deliveries are those of the key, oldest first.
func (h *hooked) deliveries() []developers.Delivery {
	h.t.Helper()
	all, err := h.DB.Webhooks.Deliveries(h.t.Context(), h.key, "", 100)
	if err != nil {
		h.t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b developers.Delivery) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all
}

// only is the one delivery that there is.
func (h *hooked) only(status developers.DeliveryStatus, attempts int, code string) developers.Delivery {
	h.t.Helper()
	all := h.deliveries()
	if len(all) != 1 {
		h.t.Fatalf("%d deliveries", len(all))
	}
	if d := all[0]; d.Status != status || d.Attempts != attempts || d.Last.Code != code {
		h.t.Fatalf("delivery is %s after %d tries: %q; want %s, %d, %q", d.Status, d.Attempts, d.Last.Code, status, attempts, code)
	}
	return all[0]
}

func TestWebhookTellsHowTopupsEnd(t *testing.T) {
	h := newHooked(t, nil)
	h.buy("before", "0612345671")
	h.webhook(h.receiver.URL + "/pulsa?token=sesame")
	h.buy("one", "0612345672")
	h.buy("two", "0612348001") // refused by the network
	if n := h.deliver(h.Developers); n != 2 {
		t.Errorf("%d delivered", n)
	}
	all := h.deliveries()
	if len(all) != 2 || all[0].State != reloadly.Successful || all[1].State != reloadly.Refunded {
		t.Fatalf("deliveries %+v", all)
	}
	if !slices.Equal(h.received, []string{"one", "two"}) {
		t.Errorf("our own client took %q", h.received)
	}
	c := newContract(t, h.api.URL)
	for _, body := range h.bodies {
		c.validate("webhook", body, "webhooks", reloadly.EventStatus, "post", "requestBody", "content", "application/json", "schema")
	}
	if h.deliver(h.Developers) != 0 {
		t.Error("told twice")
	}
	if log := h.log.String(); strings.Contains(log, "sesame") || strings.Contains(log, h.secret.Reveal()) {
		t.Error("the log tells the address or the secret")
	}
	w, err := h.DB.Webhooks.Webhook(t.Context(), h.key)
	if err != nil || bytes.Contains(w.Secret, []byte(h.secret.Reveal())) {
		t.Errorf("the secret is stored in clear, %v", err)
	}
}

func TestWebhookIsSentUntilItIsTaken(t *testing.T) {
	h := newHooked(t, nil)
	h.webhook(h.receiver.URL)
	h.behaves(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.Copy(w, r.Body) // it tells what it was told
		_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
	})
	h.buy("one", "0612345672")
	h.deliver(h.Developers)
	d := h.only(developers.DeliveryWaiting, 1, "HTTP 500")
	if strings.Contains(d.Last.Excerpt, "612345672") || len(d.Last.Excerpt) > 300 || !strings.Contains(d.Last.Excerpt, "airtime_transaction") {
		t.Errorf("excerpt %q", d.Last.Excerpt)
	}
	if h.deliver(h.Developers) != 0 {
		t.Error("sent again at once")
	}
	h.behaves(func(w http.ResponseWriter, _ *http.Request) { // it is down
		connection, _, _ := w.(http.Hijacker).Hijack()
		_ = connection.Close()
	})
	h.clock.step(13 * time.Second)
	h.deliver(h.Developers)
	h.only(developers.DeliveryWaiting, 2, developers.CodeNotReached)
	h.behaves(nil)
	h.buy("two", "0612345673")
	// What was taken tells that the receiver is back: what had not reached it is due at once.
	if n := h.deliver(h.Developers); n != 2 || !slices.Equal(h.received, []string{"two", "one"}) {
		t.Errorf("%d delivered, taken %q", n, h.received)
	}

	h.behaves(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	h.buy("three", "0612345674")
	for range 200 {
		h.deliver(h.Developers)
		h.clock.step(73 * time.Minute)
	}
	last := h.deliveries()[2]
	if tried := last.Last.At.Sub(last.CreatedAt); last.Status != developers.DeliveryGivenUp || tried < developers.DeliverTries || tried > developers.DeliverTries+3*time.Hour {
		t.Errorf("%s after %s and %d tries", last.Status, tried, last.Attempts)
	}
	h.behaves(nil)
	if err := h.DB.Webhooks.RepeatDelivery(t.Context(), last.ID, prepaid.Deed{Kind: prepaid.OnKey, What: "repeat", By: prepaid.By{Who: "a", Why: "b"}, At: h.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if n := h.deliver(h.Developers); n != 1 || h.received[2] != "three" {
		t.Errorf("repeated by hand: %d, %q", n, h.received)
	}
	for _, secret := range []string{h.receiver.URL, h.secret.Reveal(), "31612345672"} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log tells %s", secret)
		}
	}
	deeds, err := h.DB.Deeds.Of(t.Context(), operators.Object{Brand: "demo", Kind: prepaid.OnKey, ID: h.key})
	if err != nil || !slices.ContainsFunc(deeds, func(d operators.RecordedDeed) bool { return d.What == "repeat" && d.Who == "a" && d.Why == "b" }) {
		t.Errorf("deeds %+v, %v", deeds, err)
	}
}

// dying is a store that is not reached any more after a delivery.
type dying struct{ developers.Webhooks }

func (dying) EndDelivery(context.Context, developers.Delivery) error { return errors.New("killed") }

func TestWebhookWhoseSenderDiesIsSentAgain(t *testing.T) {
	h := newHooked(t, nil)
	h.webhook(h.receiver.URL)
	h.buy("one", "0612345672")
	c := developers.Config{Keys: h.DB.Developers, Usage: h.DB.Developers, Sales: h.DB.Sales, Webhooks: dying{h.DB.Webhooks}, Orders: h.Topups, Terms: h.Settings.Terms,
		Secrets: h.Keys[operators.PINPepper], Clock: h.clock, Log: h.Program.Log}
	killed, err := developers.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := killed.DeliverDue(t.Context()); err == nil {
		t.Fatal("it did not die")
	}
	if h.deliver(h.Developers) != 0 {
		t.Error("sent again while its lease stood")
	}
	h.clock.step(time.Minute)
	if n := h.deliver(h.Developers); n != 1 || !slices.Equal(h.received, []string{"one", "one"}) {
		t.Errorf("%d delivered, received %q", n, h.received)
	}
	h.only(developers.DeliveryTaken, 2, "taken")
}

func TestWebhookGoesNowhereElse(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer other.Close()
	h := newHooked(t, nil)
	h.webhook(h.receiver.URL)
	h.behaves(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	h.buy("one", "0612345672")
	h.deliver(h.Developers)
	h.only(developers.DeliveryWaiting, 1, "HTTP 307")

	by := prepaid.By{Who: "test", Why: "test"}
	if err := h.Developers.RemoveWebhook(t.Context(), h.key, by); err != nil {
		t.Fatal(err)
	}
	h.clock.step(time.Minute)
	h.deliver(h.Developers)
	h.only(developers.DeliveryGivenUp, 2, "no webhook")
	for _, address := range []string{"", "shop.example", "ftp://shop.example/", "https://a:b@shop.example/", "https://shop.example/#a",
		"http://shop.example/", "http://10.0.0.1/", "https://" + strings.Repeat("a", 3000), "https://:80/"} {
		if _, err := h.Developers.SetWebhook(t.Context(), h.key, address, by); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
	if _, err := h.Developers.SetWebhook(t.Context(), "nobody", h.receiver.URL, by); !errors.Is(err, developers.ErrNoKey) {
		t.Errorf("another's: %v", err)
	}
}

func TestWebhooksOfRealBrandsReachNoPrivateAddress(t *testing.T) {
	h := newHooked(t, func(c *config.Config) {
		terms := c.API["demo"]
		terms.Test = false
		c.API["demo"] = terms
	})
	by := prepaid.By{Who: "test", Why: "test"}
	for _, address := range []string{h.receiver.URL, "http://shop.example/", "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.1.1/",
		"https://169.254.169.254/latest", "https://100.64.0.1/", "https://[::1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://0.0.0.0/",
		"https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://224.0.0.1/", "https://255.255.255.255/"} {
		if _, err := h.Developers.SetWebhook(t.Context(), h.key, address, by); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
	// A name is looked up when it is sent to.
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a private address was reached") }))
	defer secure.Close()
	h.webhook("https://localhost" + secure.URL[strings.LastIndex(secure.URL, ":"):])
	h.buy("one", "0612345672")
	h.deliver(h.Developers)
	h.only(developers.DeliveryWaiting, 1, "private address")
}

func TestWorkersDeliverWebhooks(t *testing.T) {
	r := runDemo(t, nil, nil)
	id, secret := r.developer(developers.Key{Name: "shop"})
	told := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		text, _ := io.ReadAll(q.Body)
		told <- string(text)
	}))
	defer receiver.Close()
	if _, err := r.Developers.SetWebhook(t.Context(), id, receiver.URL, prepaid.By{Who: "test", Why: "test"}); err != nil {
		t.Fatal(err)
	}
	client := reloadly.New(reloadly.Config{Credentials: reloadly.Credentials{ClientID: id, ClientSecret: secret}, BaseURL: r.server.URL, AuthURL: r.server.URL + "/oauth/token",
		Audience: reloadly.LiveURL, Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler)})
	result := client.Credit(t.Context(), topup.Credit{Reference: "REF", MSISDN: "31612345678", Amount: prepaid.Money{Minor: 500, Currency: "EUR"}})
	if result.Outcome != topup.Done {
		t.Fatalf("%+v", result)
	}
	select {
	case text := <-told:
		if !strings.Contains(text, `"type":"airtime_transaction.status"`) || !strings.Contains(text, `"customIdentifier":"REF"`) {
			t.Errorf("told %s", text)
		}
	case <-time.After(apptest.Patience):
		t.Error("nobody was told")
	}
}
