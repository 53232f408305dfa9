package developers

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"pulsa/prepaid"
	"pulsa/topup/reloadly"
)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func num(text string) reloadly.Number {
	if text == "" {
		return reloadly.Number{}
	}
	return reloadly.Number{Value: dec(text), Valid: true}
}

func nums(texts ...string) []reloadly.Number {
	list := make([]reloadly.Number, len(texts))
	for i, text := range texts {
		list[i] = num(text)
	}
	return list
}

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func euros() Terms {
	return Terms{
		Currency: "EUR", Discounts: map[int64]decimal.Decimal{1: dec("4"), 2: dec("2.5")},
		FX: map[prepaid.Currency]Rate{"USD": {dec("0.92"), day}, "JPY": {dec("0.0061"), day.AddDate(0, 0, -1)}, "KWD": {dec("3.001"), day}},
	}
}

// ranged is an operator that takes amounts of its own currency, at a wallet in EUR.
func ranged(id int64, currency, low, high string) reloadly.Operator {
	return reloadly.Operator{OperatorID: reloadly.ID(id), SupportsLocalAmounts: true, DenominationType: "RANGE", SenderCurrencyCode: "EUR",
		DestinationCurrencyCode: reloadly.Text(currency), LocalMinAmount: num(low), LocalMaxAmount: num(high),
		FX: reloadly.FX{Rate: num("2")}}
}

func TestAmountsAreConvertedExactlyAndRoundedOnce(t *testing.T) {
	single := reloadly.Operator{OperatorID: 3, SupportsLocalAmounts: true, DenominationType: "FIXED", SenderCurrencyCode: "EUR",
		DestinationCurrencyCode: "USD", LocalFixedAmounts: nums("5", "7.55"), FixedAmounts: nums("4.70", "7.10")}
	abroad := reloadly.Operator{OperatorID: 4, DenominationType: "RANGE", SenderCurrencyCode: "EUR", DestinationCurrencyCode: "NGN",
		MinAmount: num("1"), MaxAmount: num("50"), FX: reloadly.FX{Rate: num("1650.123")}}
	for name, c := range map[string]struct {
		operator reloadly.Operator
		account  string
		amount   string
		local    bool
		code     string
		// asked of the network, delivered, requested, discount, in minor units; fx
		amounts [4]int64
		fx      string
	}{
		"one currency":                         {ranged(1, "EUR", "1", "100"), "EUR", "10", false, "", [4]int64{1000, 1000, 1000, 40}, ""},
		"one currency, local":                  {ranged(1, "EUR", "1", "100"), "EUR", "10", true, "", [4]int64{1000, 1000, 1000, 40}, ""},
		"a discount rounded half up":           {ranged(2, "EUR", "0.01", "100"), "EUR", "0.20", false, "", [4]int64{20, 20, 20, 1}, ""},
		"dollars for euros":                    {ranged(9, "EUR", "1", "100"), "USD", "10.01", false, "", [4]int64{921, 921, 1001, 0}, "0.92 2026-11-01"},
		"euros' worth in dollars":              {ranged(9, "EUR", "1", "100"), "USD", "10", true, "", [4]int64{1000, 1000, 1087, 0}, "0.92 2026-11-01"},
		"euros for yen":                        {ranged(9, "JPY", "1", "10000"), "EUR", "1", false, "", [4]int64{164, 164, 100, 0}, "163.93442623 2026-10-31"},
		"half a yen rounded up":                {ranged(9, "JPY", "1", "10000"), "EUR", "0.07", false, "", [4]int64{11, 11, 7, 0}, "163.93442623 2026-10-31"},
		"dollars for dinars":                   {ranged(9, "KWD", "0.001", "100"), "USD", "10", false, "", [4]int64{3066, 3066, 1000, 0}, "0.30656448 2026-11-01"},
		"dinars by their third decimal":        {ranged(9, "KWD", "0.001", "100"), "KWD", "0.001", false, "", [4]int64{1, 1, 1, 0}, ""},
		"a currency of the network's":          {ranged(9, "NGN", "1", "100"), "USD", "10", false, "", [4]int64{1840, 1840, 1000, 0}, "1.84 of the network"},
		"a single amount":                      {single, "EUR", "6.95", false, "", [4]int64{755, 755, 695, 0}, "1.08695652 2026-11-01"},
		"a single amount, local":               {single, "EUR", "5.00", true, "", [4]int64{500, 500, 460, 0}, "1.08695652 2026-11-01"},
		"no such single amount":                {single, "EUR", "7.10", false, codeBadAmount, [4]int64{}, ""},
		"no such single amount, local":         {single, "EUR", "6", true, codeBadLocal, [4]int64{}, ""},
		"no local amounts":                     {abroad, "EUR", "10", true, codeNoLocal, [4]int64{}, ""},
		"asked in our wallet's currency":       {abroad, "USD", "10", false, "", [4]int64{920, 1518113, 1000, 0}, "0.92 2026-11-01"},
		"more than the wallet may ask for":     {abroad, "USD", "54.36", false, codeBadAmount, [4]int64{}, ""},
		"too little":                           {ranged(1, "EUR", "1", "100"), "EUR", "0.99", false, codeBadAmount, [4]int64{}, ""},
		"too little, though rounded to enough": {ranged(9, "EUR", "0.01", "1"), "JPY", "1", false, codeBadAmount, [4]int64{}, ""},
		"too much, though rounded to no more":  {ranged(9, "EUR", "0.01", "1"), "KWD", "0.334", false, codeBadAmount, [4]int64{}, ""},
		"too much, local":                      {ranged(1, "EUR", "1", "100"), "EUR", "100.01", true, codeBadLocal, [4]int64{}, ""},
		"a third decimal":                      {ranged(1, "EUR", "1", "100"), "EUR", "10.001", false, "INVALID_AMOUNT", [4]int64{}, ""},
		"a third decimal, local":               {ranged(1, "EUR", "1", "100"), "EUR", "10.001", true, "INVALID_AMOUNT", [4]int64{}, ""},
		"half a yen, local":                    {ranged(9, "JPY", "1", "10000"), "EUR", "0.5", true, "INVALID_AMOUNT", [4]int64{}, ""},
		"less than a cent":                     {ranged(9, "JPY", "", ""), "KWD", "0.000", false, "INVALID_AMOUNT", [4]int64{}, ""},
		"a yen's worth of no cent":             {ranged(9, "JPY", "", ""), "EUR", "0", true, "INVALID_AMOUNT", [4]int64{}, ""},
		"more than there is":                   {ranged(9, "EUR", "", ""), "EUR", "99999999999999999999", false, "INVALID_AMOUNT", [4]int64{}, ""},
	} {
		f, ok := euros().offer(c.operator, prepaid.Currency(c.account))
		if !ok {
			t.Errorf("%s: no rate", name)
			continue
		}
		q, code := f.quote(dec(c.amount), c.local)
		if code != c.code {
			t.Errorf("%s: code %q, want %q", name, code, c.code)
		}
		if c.code != "" {
			continue
		}
		if got := [4]int64{q.amount.Minor, q.delivered.Minor, q.requested.Minor, q.discount.Minor}; got != c.amounts || f.toBase.said != c.fx {
			t.Errorf("%s: %v %q, want %v %q", name, got, f.toBase.said, c.amounts, c.fx)
		}
		if q.requested.Currency != f.account || q.discount.Currency != f.account || q.amount.Currency != f.base ||
			q.delivered.Currency != prepaid.Currency(c.operator.DestinationCurrencyCode) {
			t.Errorf("%s: currencies %+v", name, q)
		}
	}
}

func TestWithoutARateNothingIsSold(t *testing.T) {
	o := ranged(1, "NGN", "1", "100")
	if _, ok := euros().offer(o, "GBP"); ok {
		t.Error("an account of an unknown currency is sold to")
	}
	o.FX = reloadly.FX{}
	if _, ok := euros().offer(o, "USD"); ok {
		t.Error("a currency that nobody knows a rate of is sold")
	}
	shown := euros().shown(o, "USD")
	if shown.FX.Rate.Valid || shown.MinAmount.Valid || shown.SenderCurrencyCode != "USD" || !shown.LocalMinAmount.Valid {
		t.Errorf("shown %+v", shown)
	}
	if euros().Sells("GBP") || !euros().Sells("EUR") || !euros().Sells("USD") {
		t.Error("accounts can be had in the table's currencies and the brand's")
	}
}

func TestOperatorsAreShownInTheAccountsCurrency(t *testing.T) {
	o := ranged(1, "EUR", "1", "100")
	o.SuggestedAmounts, o.MinAmount = nums("3"), num("0.5")
	shown := euros().shown(o, "USD")
	for name, c := range map[string][2]string{
		"min": {shown.MinAmount.Value.String(), "1.09"}, "max": {shown.MaxAmount.Value.String(), "108.69"},
		"discount": {shown.InternationalDiscount.Value.String(), "4"}, "local discount": {shown.LocalDiscount.Value.String(), "4"},
		"rate": {shown.FX.Rate.Value.String(), "0.92"}, "local min": {shown.LocalMinAmount.Value.String(), "1"},
		"sender": {string(shown.SenderCurrencyCode), "USD"}, "destination": {string(shown.DestinationCurrencyCode), "EUR"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is %s, want %s", name, c[0], c[1])
		}
	}
	if shown.SuggestedAmounts != nil {
		t.Errorf("suggestions in another currency: %v", shown.SuggestedAmounts)
	}
	o.DenominationType, o.LocalFixedAmounts = "FIXED", nums("5", "10")
	shown = euros().shown(o, "USD")
	if len(shown.FixedAmounts) != 2 || shown.FixedAmounts[0].Value.String() != "5.43" || shown.MinAmount.Valid {
		t.Errorf("single amounts %+v", shown)
	}
}

// Whatever the rate: what is shown can be bought, and nobody is debited more than was asked for.
func TestWhatIsShownIsSold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := euros()
		terms.FX["USD"] = Rate{decimal.New(rapid.Int64Range(1, 1_000_000).Draw(t, "rate"), -4), day}
		currency := rapid.SampledFrom([]prepaid.Currency{"EUR", "USD", "JPY", "KWD"}).Draw(t, "currency")
		low := rapid.Int64Range(1, 100_000).Draw(t, "low")
		high := low + rapid.Int64Range(0, 1_000_000).Draw(t, "more")
		bound := func(minor int64) string {
			return reloadly.NumberOf(prepaid.Money{Minor: minor, Currency: currency}).Value.String()
		}
		o := ranged(rapid.Int64Range(1, 3).Draw(t, "operator"), string(currency), bound(low), bound(high))
		account := rapid.SampledFrom([]prepaid.Currency{"EUR", "USD", "JPY", "KWD"}).Draw(t, "account")
		if rapid.Bool().Draw(t, "fixed") {
			o.DenominationType, o.LocalFixedAmounts = "FIXED", nums(bound(low), bound(high))
		}
		shown := terms.shown(o, account)
		f, ok := terms.offer(o, account)
		if !ok {
			t.Fatal("no rate")
		}
		offered := append(shown.FixedAmounts, shown.MinAmount, shown.MaxAmount)
		if shown.MinAmount.Valid && shown.MinAmount.Value.GreaterThan(shown.MaxAmount.Value) {
			offered = nil // the account's currency has nothing between the two
		}
		for _, n := range offered {
			if !n.Valid || n.Value.Sign() <= 0 {
				continue
			}
			q, code := f.quote(n.Value, false)
			if code != "" {
				t.Fatalf("%s of %s is refused: %s", n.Value, account, code)
			}
			if q.discount.Minor < 0 || q.requested.Minor <= q.discount.Minor || reloadly.NumberOf(q.requested).Value.Cmp(n.Value) != 0 {
				t.Fatalf("%s costs %s less %s", n.Value, q.requested, q.discount)
			}
		}
	})
}

func TestNothingIsSoldPastASumOfTheDayThatCannotBeTold(t *testing.T) {
	terms := euros()
	if _, ok := terms.limits("GBP"); !ok {
		t.Error("no sum: nothing to tell")
	}
	terms.DaySum = prepaid.Money{Minor: 5000, Currency: "EUR"}
	if l, ok := terms.limits("KWD"); !ok || l.DaySum != (prepaid.Money{Minor: 16661, Currency: "KWD"}) {
		t.Errorf("in dinars %+v, %t", l, ok)
	}
	if _, ok := terms.limits("GBP"); ok { // its rate was taken out of the configuration
		t.Error("no rate: no limit")
	}
	terms.DaySum.Minor = 1
	if _, ok := terms.limits("KWD"); !ok {
		t.Error("a cent")
	}
	terms.FX["USD"] = Rate{Rate: dec("9999"), Date: day}
	if _, ok := terms.limits("USD"); ok {
		t.Error("nothing is no limit")
	}
}
