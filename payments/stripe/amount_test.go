package stripe

import (
	"math"
	"testing"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/prepaid"
)

func TestAmountsAreCountedAsStripeCountsThem(t *testing.T) {
	for _, test := range []struct {
		minor    int64
		currency prepaid.Currency
		want     int64 // 0: Stripe can't be asked for it
	}{
		{1000, "EUR", 1000}, {1, "USD", 1}, {99_999_999, "EUR", 99_999_999}, {100_000_000, "EUR", 0},
		{500, "JPY", 500}, {500, "XOF", 500},
		{5, "ISK", 500}, {5, "UGX", 500}, {999_999, "ISK", 99_999_900}, {1_000_000, "ISK", 0},
		{5120, "KWD", 5120}, {5124, "KWD", 0},
		{50000, "MGA", 500}, {50001, "MGA", 0},
		{0, "EUR", 0}, {-5, "EUR", 0}, {math.MaxInt64, "ISK", 0}, {math.MinInt64, "EUR", 0}, {10, "eur", 0}, {10, "", 0},
	} {
		m := prepaid.Money{Minor: test.minor, Currency: test.currency}
		got, currency, ok := amountOf(m)
		if back := moneyOf(got, api.Currency(currency)); ok && back != m {
			t.Errorf("%s comes back as %s", m, back)
		}
		if got != test.want || ok != (test.want != 0) {
			t.Errorf("%d %s: got %d, %t, want %d", test.minor, test.currency, got, ok, test.want)
		}
	}
}
