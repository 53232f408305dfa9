package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"pulsa/developers"
	"pulsa/prepaid"
)

// standardRate is how many requests of one key are answered in a minute.
const standardRate = 600

// plainDecimal is a number without a sign or an exponent, as rates and percentages are written.
var plainDecimal = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,12})?$`)

// api reads on which terms the brand sells to developers; false where it does not.
func (s section) api(c prepaid.Currency) (developers.Terms, bool) {
	api, ok := s.sub("api")
	if !ok {
		return developers.Terms{}, false
	}
	t := developers.Terms{
		Currency: c, Discounts: map[int64]decimal.Decimal{}, FX: map[prepaid.Currency]developers.Rate{},
		PerMinute: api.integer("rate_limit", 1, 1_000_000, standardRate),
		DayCount:  api.integer("day_count", 1, 1_000_000_000, 0), DaySum: api.money("day_sum", c), Gap: api.duration("gap", 24*time.Hour),
	}
	discounts := api.free("discounts")
	for _, name := range discounts.names() {
		id, err := strconv.ParseInt(name, 10, 64)
		if err != nil || id <= 0 {
			discounts.r.fault(discounts.lines[name], "discounts: %q is no operator's id: write a number, as /operators tells it", name)
			continue
		}
		percent := discounts.decimal(name)
		if percent.GreaterThan(decimal.New(50, 0)) {
			discounts.r.fault(discounts.lines[name], "discounts: %s percent is more than half the price: write 50 at most", percent)
		}
		t.Discounts[id] = percent
	}
	rates := api.free("fx")
	for _, name := range rates.names() {
		t.FX[prepaid.Currency(name)] = rates.fxRate(name, c)
	}
	return t, true
}

// fxRate reads what one unit of a currency is in the brand's, and when it was.
func (s section) fxRate(name string, brand prepaid.Currency) developers.Rate {
	at := s.lines[name]
	switch {
	case !slices.Contains(strings.Fields(currencies), name):
		s.r.fault(at, "fx: %q is no currency: write three capital letters of ISO 4217, such as USD", name)
	case prepaid.Currency(name) == brand:
		s.r.fault(at, "fx: %s is the brand's own currency: remove it", name)
	}
	rate := s.r.section(s.fields[name], at, "fx "+name, "fx")
	out := developers.Rate{Rate: rate.decimal("rate")}
	if !out.Rate.IsPositive() {
		s.r.fault(rate.line, "fx %s has no rate above zero: write rate: \"0.92\", what one %s is in %s", name, name, brand)
		out.Rate = decimal.New(1, 0)
	}
	v := rate.required("date", "2026-11-01")
	date, err := time.Parse(time.DateOnly, v.text)
	if v.given() && err != nil {
		s.r.fault(v.line, "date is %s: write it as 2026-11-01", v.shown())
	}
	out.Date = date
	return out
}

// duration reads a time such as 2m; zero where there is none.
func (s section) duration(key string, longest time.Duration) time.Duration {
	v := s.value(key)
	if !v.given() {
		return 0
	}
	d, err := time.ParseDuration(v.text)
	if err != nil || d <= 0 || d > longest {
		s.r.fault(v.line, "%s is %s: write a time up to %s, such as 2m or 30s", key, v.shown(), longest)
		return 0
	}
	return d
}

func (s section) decimal(key string) decimal.Decimal {
	v := s.value(key)
	if !v.given() {
		return decimal.Decimal{}
	}
	if !plainDecimal.MatchString(v.text) {
		s.r.fault(v.line, "%s is %s: write a number such as 2.5", key, v.shown())
		return decimal.Decimal{}
	}
	d, _ := decimal.NewFromString(v.text) // plainDecimal is one
	return d
}
