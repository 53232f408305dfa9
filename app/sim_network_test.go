package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/prepaid"
	"pulsa/sim"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// faced is the simulated network behind the Reloadly API, and a client of that.
type faced struct {
	t        *testing.T
	network  *simnetwork.Network
	face     *sim.Face
	server   *httptest.Server
	client   *reloadly.Client
	contract *contract // of call
}

func newFaced(t *testing.T, nonAtomic bool, change func(*reloadly.Config)) *faced {
	t.Helper()
	f := &faced{t: t}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	f.network, err = simnetwork.New(simnetwork.Config{
		Clock: prepaid.SystemClock{}, Book: filepath.Join(t.TempDir(), "book"), Currency: "EUR", NonAtomic: nonAtomic, Log: quiet,
		Patience: 50 * time.Millisecond, // after which the face breaks off what is never answered
	})
	if err != nil {
		t.Fatal(err)
	}
	face := sim.NewFace(t.Context(), f.network, prepaid.SystemClock{}, "EUR")
	f.face = face
	mux := face.Routes(prepaid.SystemClock{}, quiet)
	(&sim.Simulators{Network: f.network}).ControlRoutes(mux)
	f.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		f.server.CloseClientConnections()
		f.server.Close()
		_ = f.network.Close()
	})
	c := reloadly.Config{
		Credentials: reloadly.Credentials{ClientID: "id", ClientSecret: prepaid.NewSecret("secret"), WebhookSecret: prepaid.NewSecret("hook-secret")}, BaseURL: f.server.URL, AuthURL: f.server.URL + "/oauth/token",
		Clock: prepaid.SystemClock{}, Log: quiet,
	}
	if change != nil {
		change(&c)
	}
	f.client = reloadly.New(c)
	return f
}

func (f *faced) tell(method, path, body string) {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.server.URL+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/plain")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		f.t.Fatalf("%s %s: %s", method, path, response.Status)
	}
}

func (f *faced) buy(reference string, m prepaid.MSISDN) topup.Result {
	return f.client.Credit(f.t.Context(), topup.Credit{Reference: reference, MSISDN: m, Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}})
}

func TestSimulatorTopsUpMailAccounts(t *testing.T) {
	f := newFaced(t, false, nil)
	buy := func(reference string, email prepaid.Email) topup.Result {
		return f.client.Credit(t.Context(), topup.Credit{Reference: reference, Email: email, Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}})
	}
	if r := buy("REF", "anyone@nauta.com.cu"); r.Outcome != topup.Done {
		t.Fatalf("answered %s %s", r.Outcome, r.Code)
	}
	all := f.network.Delivered(simnetwork.Filter{Reference: "REF"})
	if len(all) != 1 || all[0].Email != "anyone@nauta.com.cu" || all[0].MSISDN != "" {
		t.Errorf("delivered %+v", all)
	}
	if r := f.client.LookUp(t.Context(), "REF"); r.Outcome != topup.Done {
		t.Errorf("looked up %+v", r)
	}
	_, _, text := f.call(http.MethodGet, "/topups/reports/transactions?customIdentifier=REF", f.tokenFor(reloadly.LiveURL), "")
	if !strings.Contains(text, `"recipientPhone":null,"recipientEmail":"anyone@nauta.com.cu"`) || !strings.Contains(text, `"operatorId":500`) {
		t.Errorf("reported %s", text)
	}
	if r := buy("TWO", "box8001@nauta.co.cu"); r.Outcome != topup.Refused || r.Code != topup.CodeRefused {
		t.Errorf("an account that ends in 8001: %s %s", r.Outcome, r.Code)
	}
	if r := f.buy("THREE", "5352345678"); r.Outcome != topup.Done {
		t.Fatalf("a number of the country: %s %s", r.Outcome, r.Code)
	}
	if _, _, text := f.call(http.MethodGet, "/topups/reports/transactions?customIdentifier=THREE", f.tokenFor(reloadly.LiveURL), ""); strings.Contains(text, "Nauta") {
		t.Errorf("a number was taken for a mail account: %s", text)
	}
}

func TestSimulatorSellsPINs(t *testing.T) {
	f := newFaced(t, false, func(c *reloadly.Config) { c.PINs = true })
	if err := f.client.Recognise(t.Context(), "31612348020"); err != nil {
		t.Error(err)
	}
	r := f.buy("REF", "31612348020")
	if r.Outcome != topup.Done || r.PIN == nil || r.PIN.Code.Empty() || r.PIN.Validity != "30 days" {
		t.Fatalf("answered %+v, %+v", r, r.PIN)
	}
	again := f.client.LookUp(t.Context(), "REF")
	if again.Outcome != topup.Done || again.PIN == nil || *again.PIN != *r.PIN {
		t.Errorf("looked up %+v, %+v", again, again.PIN)
	}
	if lost := f.buy("LOST", "31612348021"); lost.Outcome != topup.Done || lost.PIN == nil || *lost.PIN == *r.PIN {
		t.Errorf("after a time-out: %+v, %+v", lost, lost.PIN)
	}
	if airtime := f.buy("AIRTIME", "31612345678"); airtime.Outcome != topup.Done || airtime.PIN != nil {
		t.Errorf("airtime: %+v", airtime)
	}
}

func TestSimulatorAnswersAsReloadlyWhateverTheNetworkDoes(t *testing.T) {
	for phrase, want := range map[string]struct {
		answer    topup.Outcome
		code      string
		delivered int
		later     topup.Outcome // what a look-up finds
	}{
		"delivers": {topup.Done, "", 1, topup.Done},
		"rejects TRANSACTION_REFUSED_BY_OPERATOR": {topup.Refused, "TRANSACTION_REFUSED_BY_OPERATOR", 0, topup.Absent},
		"rejects PHONE_RECENTLY_RECHARGED":        {topup.Passing, "PHONE_RECENTLY_RECHARGED", 0, topup.Absent},
		"rejects TRANSACTION_FAILED_ON_OPERATOR":  {topup.Unknown, "TRANSACTION_FAILED_ON_OPERATOR", 0, topup.Absent},
		"rejects SOMETHING_NEW":                   {topup.Refused, "SOMETHING_NEW", 0, topup.Absent},
		"is out of funds":                         {topup.Passing, "INSUFFICIENT_BALANCE", 0, topup.Absent},
		"times out":                               {topup.Unknown, "NO_ANSWER", 0, topup.Absent},
		"times out after delivering":              {topup.Done, "", 1, topup.Done}, // found by the look-up at once
		"answers garbage":                         {topup.Done, "", 1, topup.Done},
		"delivers after 1h":                       {topup.Pending, "", 0, topup.Pending},
	} {
		t.Run(phrase, func(t *testing.T) {
			t.Parallel()
			f := newFaced(t, false, func(c *reloadly.Config) {
				if want.later == topup.Pending {
					c.TopupWithin = 5 * time.Second
				}
			})
			f.tell(http.MethodPut, "/control/network", phrase)
			r := f.buy("REF", "31612345678")
			if r.Outcome != want.answer || r.Code != want.code {
				t.Errorf("answered %s %s", r.Outcome, r.Code)
			}
			if n := len(f.network.Delivered(simnetwork.Filter{})); n != want.delivered {
				t.Errorf("delivered %d times", n)
			}
			if found := f.client.LookUp(t.Context(), "REF"); found.Outcome != want.later {
				t.Errorf("a look-up finds %s %s", found.Outcome, found.Code)
			}
			if r.Outcome == topup.Done && (r.Cost != prepaid.Money{Minor: 960, Currency: "EUR"}) {
				t.Errorf("cost %s", r.Cost)
			}
		})
	}
}

func TestSimulatorRefusesAUsedReferenceAndTheClientAdoptsWhatItBought(t *testing.T) {
	f := newFaced(t, false, nil)
	first, second := f.buy("REF", "31612345678"), f.buy("REF", "31612345678")
	if second.Outcome != topup.Done || second.ProviderRef != first.ProviderRef || second.Cost != first.Cost {
		t.Errorf("first %+v, second %+v", first, second)
	}
	if n := len(f.network.Delivered(simnetwork.Filter{})); n != 1 {
		t.Errorf("delivered %d times", n)
	}
}

func TestUsedReferenceThatReportsDoNotShowYetStaysUnclear(t *testing.T) {
	f := newFaced(t, false, nil)
	f.tell(http.MethodPut, "/control/network", "reports after 1h")
	f.buy("REF", "31612345678")
	if found := f.client.LookUp(t.Context(), "REF"); found.Outcome != topup.Absent {
		t.Errorf("a late report shows %s", found.Outcome)
	}
	if r := f.buy("REF", "31612345678"); r.Outcome != topup.Unknown || r.Code != topup.CodeReferenceUsed {
		t.Errorf("asked again: %s %s", r.Outcome, r.Code)
	}
	f.tell(http.MethodPut, "/control/network", "reports after 0s")
	if r := f.buy("REF", "31612345678"); r.Outcome != topup.Done || len(f.network.Delivered(simnetwork.Filter{})) != 1 {
		t.Errorf("when it is reported: %s %s", r.Outcome, r.Code)
	}
}

func TestClientNeverLetsTwoRequestsUnderOneReferenceMeet(t *testing.T) {
	f := newFaced(t, true, nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { f.buy("REF", "31612345678") })
	}
	all.Wait()
	if n := len(f.network.Delivered(simnetwork.Filter{})); n != 1 {
		t.Errorf("one client: delivered %d times", n)
	}
	other := reloadly.New(reloadly.Config{Credentials: reloadly.Credentials{ClientID: "id", ClientSecret: prepaid.NewSecret("s")}, BaseURL: f.server.URL,
		AuthURL: f.server.URL + "/oauth/token", Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler)})
	tries := 0
	apptest.Await(t, "two clients' requests meet: the simulator is to be non-atomic", func() bool {
		tries++
		reference := fmt.Sprint("TWO", tries)
		for _, c := range []*reloadly.Client{f.client, other} {
			_ = c.Recognise(t.Context(), "31612345679") // the operator is then known, so that only the top-ups take time
			all.Go(func() {
				c.Credit(context.WithoutCancel(t.Context()), topup.Credit{Reference: reference, MSISDN: "31612345679",
					Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}})
			})
		}
		all.Wait()
		return len(f.network.Delivered(simnetwork.Filter{Reference: reference})) == 2
	}, nil)
}

func TestSimulatorKnowsNumbersAndForgetsTokens(t *testing.T) {
	f := newFaced(t, false, nil)
	if err := f.client.Recognise(t.Context(), "31612345678"); err != nil {
		t.Error(err)
	}
	if err := f.client.Recognise(t.Context(), "31612349999"); !errors.Is(err, topup.ErrUnknownNumber) {
		t.Errorf("an unknown number: %v", err)
	}
	f.tell(http.MethodDelete, "/control/tokens", "")
	if r := f.buy("REF", "31612345678"); r.Outcome != topup.Done {
		t.Errorf("with a token that was dropped: %s %s", r.Outcome, r.Code)
	}
	balance, err := f.client.Balance(t.Context())
	if want := (prepaid.Money{Minor: 100_000_000 - 960, Currency: "EUR"}); err != nil || balance != want {
		t.Errorf("balance %s, %v", balance, err)
	}
	f.tell(http.MethodPut, "/control/network", "is out of funds")
	if balance, err := f.client.Balance(t.Context()); err != nil || !balance.Zero() {
		t.Errorf("out of funds: balance %s, %v", balance, err)
	}
}

func TestAsynchronousTopupIsPolledUntilItsEnd(t *testing.T) {
	f := newFaced(t, false, func(c *reloadly.Config) { c.Async = true })
	f.tell(http.MethodPut, "/control/network", "delivers after 1s")
	if r := f.buy("REF", "31612345678"); r.Outcome != topup.Done || r.Cost.Zero() {
		t.Errorf("got %+v", r)
	}
	f.tell(http.MethodPut, "/control/network", "rejects INVALID_AMOUNT")
	if r := f.buy("NO", "31612345678"); r.Outcome != topup.Refused {
		t.Errorf("refused: got %s %s", r.Outcome, r.Code)
	}
}

func TestControlSaysWhatItUnderstands(t *testing.T) {
	f := newFaced(t, false, nil)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, f.server.URL+"/control/network", strings.NewReader("explodes"))
	request.Header.Set("Content-Type", "text/plain")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "rejects CODE") || !strings.Contains(string(text), "answers garbage") {
		t.Errorf("%s: %s", response.Status, text)
	}
}
