package developers

import (
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// Terms are on which a brand sells by the API.
type Terms struct {
	Currency  prepaid.Currency          // the brand's
	Discounts map[int64]decimal.Decimal // by operator, in percent of what was requested
	FX        map[prepaid.Currency]Rate
	PerMinute int  // requests of one key
	Test      bool // the brand is marked test: its developers' webhooks may be on this machine
	// What one key may buy; zero is no limit. A leaked key loses no more than that.
	DayCount int
	DaySum   prepaid.Money // in the brand's currency
	Gap      time.Duration // between two top-ups of one recipient by one key, and none while one is under way
}

// limits are those of a key whose account has a currency; false where the sum of a day can't be told in it, so that it
// would not be limited.
func (t Terms) limits(c prepaid.Currency) (topup.SaleLimits, bool) {
	l := topup.SaleLimits{DayCount: t.DayCount, Gap: t.Gap, DaySum: prepaid.Money{Currency: c}}
	if t.DaySum.Zero() {
		return l, true
	}
	by, ok := t.convert(t.Currency, c)
	if ok {
		l.DaySum, ok = by.of(reloadly.NumberOf(t.DaySum).Value, c)
	}
	return l, ok && !l.DaySum.Zero()
}

// Rate is what one unit of a currency is in the brand's.
type Rate struct {
	Rate decimal.Decimal
	Date time.Time // when it was right
}

// conversion leads from one currency to another, exactly: amounts are multiplied before they are divided and rounded.
type conversion struct {
	times, per decimal.Decimal
	said       string // the rate and its date, for the record; "" where nothing is converted
}

func same() conversion { return conversion{times: decimal.New(1, 0), per: decimal.New(1, 0)} }

// convert is how an amount of one currency becomes one of the other; false where the table lacks one of them.
func (t Terms) convert(from, to prepaid.Currency) (conversion, bool) {
	if from == to {
		return same(), true
	}
	c := same()
	var date time.Time
	for currency, n := range map[prepaid.Currency]*decimal.Decimal{from: &c.times, to: &c.per} {
		if currency == t.Currency {
			continue
		}
		rate, ok := t.FX[currency]
		if !ok {
			return conversion{}, false
		}
		*n = rate.Rate
		if date.IsZero() || rate.Date.Before(date) {
			date = rate.Date
		}
	}
	c.said = c.rate().String() + " " + date.Format(time.DateOnly)
	return c, true
}

// Sells reports whether accounts in a currency can be had.
func (t Terms) Sells(c prepaid.Currency) bool {
	_, ok := t.convert(c, t.Currency)
	return ok
}

// Currencies are those in which accounts can be had, the brand's first.
func (t Terms) Currencies() []prepaid.Currency {
	return append([]prepaid.Currency{t.Currency}, slices.Sorted(maps.Keys(t.FX))...)
}

// by makes a further step of the conversion.
func (c conversion) by(rate decimal.Decimal) conversion {
	c.times = c.times.Mul(rate)
	return c
}

func (c conversion) back() conversion {
	c.times, c.per = c.per, c.times
	return c
}

// rateDigits is how precisely a rate is shown.
const rateDigits = 8

func (c conversion) rate() decimal.Decimal { return c.times.DivRound(c.per, rateDigits) }

// of converts an amount; it is rounded half up to what the currency can express.
func (c conversion) of(amount decimal.Decimal, to prepaid.Currency) (prepaid.Money, bool) {
	if c.per.Sign() == 0 {
		return prepaid.Money{}, false
	}
	minor := amount.Mul(c.times).DivRound(c.per, int32(to.Decimals())).Shift(int32(to.Decimals())).BigInt()
	if !minor.IsInt64() {
		return prepaid.Money{}, false
	}
	return prepaid.Money{Minor: minor.Int64(), Currency: to}, true
}

// inner converts a bound so that what lies within it still does so after it is converted back: a lower one is rounded
// up, an upper one down.
func (c conversion) inner(bound decimal.Decimal, to prepaid.Currency, lower bool) decimal.Decimal {
	exact := bound.Mul(c.times).DivRound(c.per, int32(to.Decimals())+rateDigits)
	if lower {
		return exact.RoundCeil(int32(to.Decimals()))
	}
	return exact.RoundFloor(int32(to.Decimals()))
}
