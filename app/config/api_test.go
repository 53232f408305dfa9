package config

import (
	"strings"
	"testing"
)

func TestTermsOfTheAPIAreReadStrictly(t *testing.T) {
	fine := minimal + `    api:
      discounts: {"1349": 4, "7": 2.5}
      fx:
        USD: {rate: "0.92", date: 2026-11-01}
      rate_limit: 60
      day_count: 5
      day_sum: 99.50
      gap: 90s
`
	c, err := load(t, fine, env())
	if err != nil {
		t.Fatal(err)
	}
	terms := c.API["shop"]
	if terms.Discounts[7].String() != "2.5" || terms.FX["USD"].Rate.String() != "0.92" || terms.FX["USD"].Date.Day() != 1 || terms.PerMinute != 60 ||
		terms.DayCount != 5 || terms.DaySum.Minor != 9950 || terms.Gap.Seconds() != 90 || terms.Currency != "EUR" {
		t.Errorf("read %+v", terms)
	}
	if c, err := load(t, minimal, env()); err != nil || len(c.API) != 0 {
		t.Errorf("without the key: %v, %v", c.API, err)
	}
	for old, c := range map[string]struct{ new, want string }{
		`"1349": 4`:        {`EE: 4`, `"EE" is no operator's id`},
		`"7": 2.5`:         {`"7": 60`, "more than half the price"},
		`2.5}`:             {`-1}`, "write a number such as 2.5"},
		`USD:`:             {`DOLLAR:`, `"DOLLAR" is no currency`},
		`        USD: {`:   {`        EUR: {`, "EUR is the brand's own currency"},
		`rate: "0.92"`:     {`rate: "0"`, "has no rate above zero"},
		`date: 2026-11-01`: {`date: 1 November`, "write it as 2026-11-01"},
		`rate_limit: 60`:   {`rate_limit: 0`, "write a whole number from 1"},
		`gap: 90s`:         {`gap: soon`, "write a time up to 24h0m0s"},
		`day_sum: 99.50`:   {`day_sum: 99.501`, "EUR has 2 decimals"},
		`day_count: 5`:     {`day_sums: 5`, "has no key day_sums"},
	} {
		if _, err := load(t, strings.Replace(fine, old, c.new, 1), env()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		}
	}
}
