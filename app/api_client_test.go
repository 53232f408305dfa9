package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/developers"
	"pulsa/prepaid"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// ours is our own Reloadly client with its base URL changed to our own API.
func (c *caller) ours(change func(*reloadly.Config)) *reloadly.Client {
	config := reloadly.Config{
		Credentials: reloadly.Credentials{ClientID: c.id, ClientSecret: prepaid.NewSecret(c.secret)}, BaseURL: c.server.URL, AuthURL: c.server.URL + "/oauth/token",
		Audience: reloadly.LiveURL, PINs: true, HTTP: c.c.client(), Clock: hastyClock{}, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&config)
	}
	return reloadly.New(config)
}

// hastyClock waits a hundredth of the time.
type hastyClock struct{ prepaid.SystemClock }

func (c hastyClock) Sleep(ctx context.Context, d time.Duration) error {
	return c.SystemClock.Sleep(ctx, d/100)
}

func TestOurClientBuysAtOurAPI(t *testing.T) {
	r := runDemo(t, nil, nil)
	c := r.caller(developers.Key{Name: "client"})
	for name, client := range map[string]*reloadly.Client{
		"at once": c.ours(nil), "asynchronous": c.ours(func(c *reloadly.Config) { c.Async = true }),
	} {
		for reference, credit := range map[string]struct {
			topup.Credit
			outcome topup.Outcome
			code    string
		}{
			"delivered":  {topup.Credit{MSISDN: "31612345678"}, topup.Done, ""},
			"pin":        {topup.Credit{MSISDN: "31612348020"}, topup.Done, ""},
			"mail":       {topup.Credit{Email: "anyone@nauta.com.cu"}, topup.Done, ""},
			"refused":    {topup.Credit{MSISDN: "31612348001"}, topup.Refused, topup.CodeRefused},
			"not enough": {topup.Credit{MSISDN: "31612345678", Amount: prepaid.Money{Minor: 50000, Currency: "EUR"}}, topup.Passing, topup.CodeNoFunds},
			"unknown":    {topup.Credit{MSISDN: "31612349999"}, topup.Refused, ""},
		} {
			credit.Reference = name + " " + reference
			if credit.Amount.Zero() {
				credit.Amount = prepaid.Money{Minor: 1000, Currency: "EUR"}
			}
			got := client.Credit(t.Context(), credit.Credit)
			if got.Outcome != credit.outcome || credit.code != "" && got.Code != credit.code && name == "at once" {
				t.Errorf("%s: %s %s", credit.Reference, got.Outcome, got.Code)
			}
			if (got.PIN != nil) != (reference == "pin") {
				t.Errorf("%s: pin %v", credit.Reference, got.PIN)
			}
			found := client.LookUp(t.Context(), credit.Reference)
			switch want := credit.outcome; {
			case want == topup.Done && (found.Outcome != want || found.ProviderRef != got.ProviderRef || found.Cost != got.Cost || got.Cost.Minor < 900):
				t.Errorf("%s: looked up %+v, was %+v", credit.Reference, found, got)
			case reference == "refused" && found.Outcome != topup.Refused, reference == "not enough" && found.Outcome != topup.Absent:
				t.Errorf("%s: looked up %+v", credit.Reference, found)
			}
			if again := client.Credit(t.Context(), credit.Credit); again.Outcome != got.Outcome || again.ProviderRef != got.ProviderRef {
				t.Errorf("%s: repeated %+v, first %+v", credit.Reference, again, got)
			}
		}
	}
	if n := len(r.Sims.Network.Delivered(simnetwork.Filter{})); n != 6 {
		t.Errorf("%d delivered of 6", n)
	}
	client := c.ours(nil)
	if err := client.Recognise(t.Context(), "31612345678"); err != nil {
		t.Error(err)
	}
	if err := client.Recognise(t.Context(), "31612349999"); !errors.Is(err, topup.ErrUnknownNumber) {
		t.Error(err)
	}
	if b, err := client.Balance(t.Context()); err != nil || reloadly.NumberOf(b).Value.String() != c.balance() {
		t.Errorf("balance %s, %v; is %s", b, err, c.balance())
	}
	all, err := client.Operators(t.Context())
	if err != nil || len(all) < 300 {
		t.Errorf("%d operators, %v", len(all), err)
	}
	r.wantClean()
}

// roundTrip reads an answer into our own type and writes it again: nothing may be lost or changed.
func roundTrip[T any](c *caller, method, path, body string) T {
	c.t.Helper()
	var got T
	status, text := c.call(method, path, body)
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %s, %v", method, path, status, text, err)
	}
	again, err := json.Marshal(got)
	if err != nil || string(again) != text {
		c.t.Errorf("%s %s: answered\n%s\nread as\n%s, %v", method, path, text, again, err)
	}
	return got
}

func TestEveryFieldSurvivesTheRoundTrip(t *testing.T) {
	r := runDemo(t, nil, nil)
	c := r.caller(developers.Key{Name: "fields", Balance: prepaid.Money{Currency: "USD"}})
	body := `{"operatorId":"2349","amount":"10.5","useLocalAmount":false,"customIdentifier":"This is example identifier 092",` +
		`"recipientPhone":{"countryCode":"NL","number":"0612348020"},"senderPhone":{"countryCode":"CA","number":"1231231231"}}`
	bought := roundTrip[reloadly.Transaction](c, http.MethodPost, "/topups", body)
	if bought.PINDetail == nil || bought.SenderPhone != "11231231231" || bought.RecipientPhone != "31612348020" || bought.OperatorTransactionID == "" ||
		bought.BalanceInfo.CurrencyName != "US Dollar" || bought.DeliveredAmount.Value.String() != "9.66" {
		t.Errorf("%+v", bought)
	}
	id := bought.TransactionID.String()
	status := roundTrip[reloadly.Status](c, http.MethodGet, "/topups/"+id+"/status", "")
	report := roundTrip[reloadly.Page[reloadly.Transaction]](c, http.MethodGet, "/topups/reports/transactions?customIdentifier=THIS%20is%20example%20identifier%20092", "")
	row := roundTrip[reloadly.Transaction](c, http.MethodGet, "/topups/reports/transactions/"+id, "")
	same := func(what string, got reloadly.Transaction) {
		t.Helper()
		if got.BalanceInfo == nil {
			got.BalanceInfo = bought.BalanceInfo // reports have none
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(bought)
		if string(a) != string(b) {
			t.Errorf("%s is\n%s, bought was\n%s", what, a, b)
		}
	}
	same("the status", *status.Transaction)
	same("the row", row)
	if report.TotalElements != 1 {
		t.Fatalf("%d rows", report.TotalElements)
	}
	same("the report", report.Content[0])
	roundTrip[reloadly.Balance](c, http.MethodGet, "/accounts/balance", "")
	roundTrip[reloadly.Operator](c, http.MethodGet, "/operators/auto-detect/phone/+31612345678/countries/NL?suggestedAmountsMap=true&suggestedAmounts=true", "")
	roundTrip[reloadly.Page[reloadly.Operator]](c, http.MethodGet, "/operators?page=2&size=3", "")
	roundTrip[[]reloadly.Operator](c, http.MethodGet, "/operators/countries/NL", "")
	roundTrip[[]reloadly.Country](c, http.MethodGet, "/countries", "")
	roundTrip[reloadly.FXAnswer](c, http.MethodPost, "/operators/fx-rate", `{"operatorId":1349,"amount":1}`)
}

// A brand may be the network of another: one Pulsa sells through another's API.
func TestOnePulsaSellsThroughAnother(t *testing.T) {
	far := runDemo(t, nil, nil)
	c := far.caller(developers.Key{Name: "near"})
	near := runDemo(t, nil, func(to *config.Config) {
		to.Brands[0].Network = config.NetworkReloadly
		to.Reloadly = config.Reloadly{ClientID: c.id, ClientSecret: prepaid.NewSecret(c.secret), BaseURL: far.server.URL,
			AuthURL: far.server.URL + "/oauth/token", Audience: reloadly.SandboxURL}
	})
	near.customer(apptest.Number)
	near.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "€10 ")
	o := near.latest()
	if o.Status != topup.Delivered || o.Cost != (prepaid.Money{Minor: 960, Currency: "EUR"}) || c.balance() != "90.4" {
		t.Errorf("order %s %s, cost %s, left there %s", o.Status, o.Reason, o.Cost, c.balance())
	}
	// And a developer of the near one.
	d := near.caller(developers.Key{Name: "end"})
	if text := d.wants(http.MethodPost, "/topups", buying("end", "0612345679"), http.StatusOK, `"SUCCESSFUL"`); !strings.Contains(text, `"operatorName":"Simulated NL"`) {
		t.Error(text)
	}
	d.wants(http.MethodPost, "/topups", buying("refused", "0612348001"), http.StatusBadRequest, topup.CodeRefused)
	if d.balance() != "90.4" || c.balance() != "80.8" {
		t.Errorf("left %s near and %s far", d.balance(), c.balance())
	}
	far.wantClean()
}
