package topup

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
)

func eur(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "EUR"} }
func usd(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "USD"} }

func TestEveryEntrySumsToZeroAndNamesItsAccounts(t *testing.T) {
	byCharge := Order{Amount: eur(1000), Network: "net", Funding: FundingRef{Kind: ByCharge, Provider: "sim"}}
	byCard := Order{Amount: eur(1000), Network: "net", Funding: FundingRef{Kind: ByCard, Ref: "101-00000042"}}
	for name, c := range map[string]struct {
		entry Entry
		want  map[string]int64
	}{
		"capture":                 {captureEntry(byCharge), map[string]int64{"psp:sim EUR": 1000, "refunds_due EUR": -1000}},
		"capture of a card":       {captureEntry(byCard), map[string]int64{"card_liability EUR": 1000, "refunds_due EUR": -1000}},
		"delivery, own currency":  {deliveryEntry(byCharge, eur(960)), map[string]int64{"refunds_due EUR": 1000, "airtime_sold EUR": -40, "wallet:net EUR": -960}},
		"delivery, other":         {deliveryEntry(byCharge, usd(1044)), map[string]int64{"refunds_due EUR": 1000, "airtime_sold EUR": -1000, "fx:USD USD": 1044, "wallet:net USD": -1044}},
		"delivery, cost unknown":  {deliveryEntry(byCard, prepaid.Money{}), map[string]int64{"refunds_due EUR": 1000, "airtime_sold EUR": -1000}},
		"refund":                  {refundEntry(byCharge, byCharge.Amount), map[string]int64{"refunds_due EUR": 1000, "psp:sim EUR": -1000}},
		"refund of a card":        {refundEntry(byCard, byCard.Amount), map[string]int64{"refunds_due EUR": 1000, "card_liability EUR": -1000}},
		"refund of what is taken": {(&History{Order: byCharge}).returnedRefundEntry(), map[string]int64{"refunds_due EUR": 1000, "customer_owes EUR": -1000}},
		"return":                  {returnEntry(byCharge), map[string]int64{"customer_owes EUR": 1000, "psp:sim EUR": -1000}},
	} {
		t.Run(name, func(t *testing.T) {
			got, sums := map[string]int64{}, map[prepaid.Currency]int64{}
			for _, p := range c.entry.Postings {
				got[p.Account+" "+string(p.Amount.Currency)] += p.Amount.Minor
				sums[p.Amount.Currency] += p.Amount.Minor
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			for currency, sum := range sums {
				if sum != 0 {
					t.Errorf("%s sums to %d", currency, sum)
				}
			}
		})
	}
}
