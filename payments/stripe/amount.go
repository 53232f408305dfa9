package stripe

import (
	"strings"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/prepaid"
)

// stripeDecimals lists the currencies that Stripe counts in other units than hundredths. It counts ISK and
// UGX in hundredths although they have none.
var stripeDecimals = map[prepaid.Currency]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "JPY": 0, "KMF": 0, "KRW": 0, "MGA": 0, "PYG": 0, "RWF": 0,
	"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3,
}

// decimalsOf is how many decimals Stripe counts a currency with.
func decimalsOf(c prepaid.Currency) int {
	if decimals, listed := stripeDecimals[c]; listed {
		return decimals
	}
	return 2
}

func moneyCurrency(c api.Currency) prepaid.Currency {
	return prepaid.Currency(strings.ToUpper(string(c)))
}

// maxAmount is the largest that Stripe takes in most currencies: eight digits.
const maxAmount = 99_999_999

// amountOf is money as Stripe counts it. It is false for what Stripe can't be asked for: nothing or less, too
// much, or a fraction of its unit (with three decimals the last must be 0).
func amountOf(m prepaid.Money) (amount int64, currency string, ok bool) {
	if !m.Currency.Valid() || m.Minor <= 0 || m.Minor > maxAmount {
		return 0, "", false
	}
	decimals := decimalsOf(m.Currency)
	amount = m.Minor
	for d := m.Currency.Decimals(); d < decimals; d++ {
		amount *= 10
	}
	for d := m.Currency.Decimals(); d > decimals; d-- {
		if amount%10 != 0 {
			return 0, "", false
		}
		amount /= 10
	}
	if amount > maxAmount || (decimals == 3 && amount%10 != 0) {
		return 0, "", false
	}
	return amount, strings.ToLower(string(m.Currency)), true
}
