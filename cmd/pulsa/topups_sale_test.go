package main

import (
	"net/http"
	"strings"
	"testing"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
)

func TestADevelopersOrderIsShownAsTheyKnowIt(t *testing.T) {
	r := runDemo(t, nil, nil)
	c := r.caller(developers.Key{Name: "dollars", Balance: prepaid.Money{Currency: "USD"}})
	c.wants(http.MethodPost, "/topups", buying("shop 7", "0612345678"), http.StatusOK, `"transactionId":1,`)
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
	failed := c.accepted(buying("fails", "0612349999"))
	c.becomes(failed, "FAILED")
	o.does("debited        no", "topups", "show", failed)
	o.does(topup.CodeInvalidNumber, "topups", "list", "--status", "declined")
	o.fails("find sale: no such order", "topups", "show", "3")
}
