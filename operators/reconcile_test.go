package operators

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/payments"
	"pulsa/prepaid"
)

func TestReconciliationKeepsAFewWeeksInMemory(t *testing.T) {
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	c := newComparison()
	c.reported["psp:x"] = true
	found, most := 0, 0
	for at := begin; at.Before(begin.AddDate(2, 0, 0)); at = at.Add(reportAtOnce) {
		for hour := time.Duration(0); hour < reportAtOnce; hour += time.Hour {
			m := payments.Movement{Kind: payments.MovedCharge, Reference: fmt.Sprint(at.Add(hour)), Amount: prepaid.Money{Minor: 1, Currency: "EUR"}, At: at.Add(hour)}
			c.addMovement("x", m)
		}
		most = max(most, len(c.moved))
		found += len(c.settle(at.Add(reportAtOnce), begin, begin.AddDate(2, 0, 0)))
	}
	if weeks := int((reportAtOnce + reportSlack) / time.Hour); most > weeks+1 || found < 365*2*24-weeks {
		t.Errorf("%d movements at once, %d found", most, found)
	}
}

func TestTwoSidesOfOneThingAreCompared(t *testing.T) {
	eur, usd := func(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "EUR"} }, func(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "USD"} }
	for name, c := range map[string]struct {
		ours prepaid.Money
		told [][]prepaid.Money
		want []string
	}{
		"the same":                         {eur(10), [][]prepaid.Money{{eur(10)}}, nil},
		"the same by its delivered amount": {eur(10), [][]prepaid.Money{{eur(10), usd(11)}}, nil},
		"the same by its asked amount":     {usd(11), [][]prepaid.Money{{eur(10), usd(11)}}, nil},
		"the same, with a local tax":       {eur(10), [][]prepaid.Money{{eur(9), eur(10)}}, nil},
		"twice":                            {eur(10), [][]prepaid.Money{{eur(10), usd(11)}, {eur(10), usd(11)}}, []string{"EUR 10 20"}},
		"another currency":                 {eur(10), [][]prepaid.Money{{usd(10)}}, []string{"EUR 10 0", "USD 0 10"}},
		"missing there":                    {eur(10), nil, []string{"EUR 10 0"}},
		"missing here":                     {prepaid.Money{}, [][]prepaid.Money{{eur(10), usd(11)}}, []string{"EUR 0 10"}},
		"reversed here, gone there":        {eur(0), nil, nil},
		"reversed here, not there":         {eur(0), [][]prepaid.Money{{eur(10)}}, []string{"EUR 0 10"}},
	} {
		m := &movement{ours: c.ours}
		for _, told := range c.told {
			m.add("", told...)
		}
		var got []string
		for _, i := range m.differences(movementKey{}) {
			got = append(got, fmt.Sprintln(i.Currency, i.Ours, i.Theirs))
		}
		for i := range got {
			got[i] = strings.TrimSpace(got[i])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestHalfAUnitForEachPostingIsNoDifferenceOfAWallet(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	last := WalletReading{Network: "n", Currency: "EUR", At: at, Balance: 10000, Booked: -5000, Postings: 10}
	for _, c := range []struct {
		balance, booked, postings int64
		want                      *OpenItem
	}{
		{10000, -5000, 10, nil},
		{9040, -5960, 11, nil},
		{9039, -5960, 11, nil}, // one posting, rounded
		{9038, -5960, 11, &OpenItem{Ours: -960, Theirs: -962}},
		{8080, -6920, 12, nil},
		{59040, -5960, 11, &OpenItem{Ours: -960, Theirs: 49040}}, // filled
	} {
		r := WalletReading{Network: "n", Currency: "EUR", At: at.Add(time.Hour), Balance: c.balance, Booked: c.booked, Postings: c.postings}
		if c.want != nil {
			c.want.Provider, c.want.Reference, c.want.Kind = "network:n", "since 2026-11-20 12:00:00", "wallet"
			c.want.Currency, c.want.HappenedAt = "EUR", r.At
		}
		if diff := cmp.Diff(c.want, walletDifference(last, r)); diff != "" {
			t.Errorf("balance %d, booked %d: %s", c.balance, c.booked, diff)
		}
	}
}
