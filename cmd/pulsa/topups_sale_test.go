package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

func TestADevelopersOrderIsShownAsTheyKnowIt(t *testing.T) {
	r := runDemo(t)
	by := prepaid.By{Who: "test", Why: "test"}
	key, secret, err := r.Developers.Create(t.Context(), developers.Key{Brand: "demo", Name: "dollars", Balance: prepaid.Money{Currency: "USD"}}, by)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Developers.Credit(t.Context(), key.ID, prepaid.Money{Minor: 10000, Currency: "USD"}, "", by); err != nil {
		t.Fatal(err)
	}
	token, err := r.Developers.Token(t.Context(), key.ID, secret, reloadly.LiveURL)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, r.server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token.AccessToken)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const body = `{"operatorId":1349,"amount":10,"customIdentifier":"%s","recipientPhone":{"countryCode":"NL","number":"%s"}}`
	if bought := ask(http.MethodPost, "/topups", fmt.Sprintf(body, "shop 7", "0612345678")); !strings.Contains(bought, `"transactionId":1,`) {
		t.Fatal(bought)
	}
	order, err := r.DB.Sales.OrderOfSale(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	o := office{t, r.Config.Data, map[string]string{"PULSA_DATA": r.Config.Data}}
	shown := o.does(`1 under "shop 7"`, "topups", "show", "1")
	for _, part := range []string{string(order), "1349 Simulated NL", "EUR 9.20", "USD 10.00 less USD 0.40, rate 0.92 2026-11-01", ", leaving USD 90.40"} {
		if !strings.Contains(shown, part) {
			t.Errorf("shown without %q: %s", part, shown)
		}
	}
	o.does(`"transaction_id":1`, "topups", "show", string(order), "--json")
	const failed = "2"
	if accepted := ask(http.MethodPost, "/topups-async", fmt.Sprintf(body, "fails", "0612349999")); !strings.Contains(accepted, `"transactionId":`+failed) {
		t.Fatal(accepted)
	}
	apptest.Await(t, "it fails", func() bool { return strings.Contains(ask(http.MethodGet, "/topups/"+failed+"/status", ""), "FAILED") }, nil)
	o.does("debited        no", "topups", "show", failed)
	o.does(topup.CodeInvalidNumber, "topups", "list", "--status", "declined")
	o.fails("find sale: no such order", "topups", "show", "3")
}
