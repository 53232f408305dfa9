package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/prepaid"
	"pulsa/sim"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// runOnReloadly is the demo, its network pointed at the simulator's Reloadly face.
func runOnReloadly(t *testing.T, clock prepaid.Clock) (*running, *faced) {
	t.Helper()
	f := newFaced(t, false, nil)
	r := runWired(t, nil, func(c *config.Config) {
		c.Brands[0].Network = config.NetworkReloadly
		c.Reloadly = config.Reloadly{
			ClientID: "id", ClientSecret: prepaid.NewSecret("client-secret"), WebhookSecret: prepaid.NewSecret("hook-secret"),
			BaseURL: f.server.URL, AuthURL: f.server.URL + "/oauth/token", LowBalance: "2000000",
		}
	}, Wiring{Clock: clock})
	r.customer(apptest.Number)
	return r, f
}

func (r *running) latest() topup.Order {
	r.t.Helper()
	c, err := r.Accounts.ByAddress(r.t.Context(), "demo", prepaid.Address("tel:"+apptest.Number))
	if err != nil {
		r.t.Fatal(err)
	}
	orders, err := r.Topups.Latest(r.t.Context(), "demo", topup.Whose{Customer: c.ID}, 1)
	if err != nil || len(orders) == 0 {
		r.t.Fatal(orders, err)
	}
	return orders[0]
}

func TestTextedTopupIsBoughtAtReloadly(t *testing.T) {
	r, f := runOnReloadly(t, apptest.NewSkipClock())
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "€10 ")
	o := r.latest()
	if o.Status != topup.Delivered || o.Cost != (prepaid.Money{Minor: 960, Currency: "EUR"}) {
		t.Errorf("order %s, cost %s", o.Status, o.Cost)
	}
	if n := len(f.network.Delivered(simnetwork.Filter{Reference: string(o.ID)})); n != 1 {
		t.Errorf("delivered %d times", n)
	}
	if strings.Contains(r.log.String(), "client-secret") || strings.Contains(r.log.String(), "hook-secret") {
		t.Error("the log tells a secret")
	}
}

func TestReloadlysNewsIsTakenOnlyIfItIsSigned(t *testing.T) {
	r, f := runOnReloadly(t, apptest.NewSkipClock())
	f.tell(http.MethodPut, "/control/network", "is out of funds")
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "€10 ")
	if o := r.latest(); o.Status != topup.Held || o.Reason != topup.CodeNoFunds {
		t.Errorf("out of funds: order %s %s", o.Status, o.Reason)
	}
	hook := func(secret, reference string) int {
		body := `{"type":"airtime_transaction.status","data":{"customIdentifier":"` + reference + `"}}`
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.server.URL+reloadlyHook, strings.NewReader(body))
		request.Header.Set("X-Reloadly-Request-Timestamp", "1763726400000")
		request.Header.Set("X-Reloadly-Signature", reloadly.Sign(prepaid.NewSecret(secret), []byte(body), "1763726400000"))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if got := hook("hook-secret", string(r.latest().ID)); got != http.StatusOK {
		t.Errorf("news: %d", got)
	}
	if got := hook("hook-secret", "SOMEBODYS"); got != http.StatusOK {
		t.Errorf("another's news: %d", got)
	}
	if got := hook("guess", string(r.latest().ID)); got != http.StatusForbidden {
		t.Errorf("forged news: %d", got)
	}
}

func TestReloadlysNewsSettlesAnUnclearDeliveryAtOnce(t *testing.T) {
	r, f := runOnReloadly(t, apptest.NewStillClock())
	f.tell(http.MethodPut, "/control/network", "answers garbage")
	f.tell(http.MethodPut, "/control/network", "reports after 1h")
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "")
	if o := r.latest(); o.Status != topup.DeliveryUnknown {
		t.Fatalf("order %s", o.Status)
	}
	f.tell(http.MethodPut, "/control/network", "reports after 0s")
	news := sim.News{Face: f.face, URL: r.server.URL + reloadlyHook, Secret: prepaid.NewSecret("hook-secret"), Log: slog.New(slog.DiscardHandler)}
	if err := news.Tell(t.Context(), f.face.Transaction(f.network.Find(simnetwork.Filter{})[0])); err != nil {
		t.Fatal(err)
	}
	// Without news the first look-up would be 10 s after the answer, which never come.
	apptest.Await(t, "the order is delivered", func() bool { return r.latest().Status == topup.Delivered }, nil)
}

func TestSimulatorTellsOfWhatItDelivers(t *testing.T) {
	f := newFaced(t, false, nil)
	told := make(chan string, 10)
	hook := httptest.NewServer(f.client.Webhook(func(_ context.Context, reference string) error {
		told <- reference
		return nil
	}))
	defer hook.Close()
	f.buy("BEFORE", "31612345678")
	news := sim.News{Face: f.face, URL: hook.URL, Secret: prepaid.NewSecret("hook-secret"), Log: slog.New(slog.DiscardHandler)}
	known := news.Known()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		news.Run(ctx, known)
	}()
	f.buy("AFTER", "31612345678")
	if reference := <-told; reference != "AFTER" {
		t.Errorf("told of %s", reference)
	}
	stop()
	<-ended
}

func TestWalletIsWatched(t *testing.T) {
	r, _ := runOnReloadly(t, apptest.NewSkipClock())
	admin := httptest.NewServer(r.AdminRoutes())
	defer admin.Close()
	const want = `pulsa_wallet_balance{currency="EUR",network="reloadly"} 1e+06`
	for end := time.Now().Add(apptest.Patience); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(admin.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if strings.Contains(string(text), want) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no %s", want)
		}
	}
	if !strings.Contains(r.log.String(), "wallet is low") {
		t.Error("the log does not say that the wallet is low")
	}
}
