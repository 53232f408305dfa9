package prepaid

import "testing"

func TestAfterARecoveryAShareOfADayIsLeft(t *testing.T) {
	eur := func(minor int64) Money { return Money{Minor: minor, Currency: "EUR"} }
	for name, tc := range map[string]struct {
		limits  Limits
		percent int
		want    Limits
	}{
		"half": {Limits{DayCount: 10, DaySum: eur(20000), MonthCount: 40, MonthSum: eur(60000)}, 50,
			Limits{DayCount: 5, DaySum: eur(10000), MonthCount: 40, MonthSum: eur(60000)}},
		"a count is rounded up, a sum down":            {Limits{DayCount: 3, DaySum: eur(5001)}, 50, Limits{DayCount: 2, DaySum: eur(2500)}},
		"one top-up at least":                          {Limits{DayCount: 1, DaySum: eur(5000)}, 1, Limits{DayCount: 1, DaySum: eur(1000)}},
		"where nothing is limited, the largest amount": {Limits{}, 50, Limits{DaySum: eur(5000)}},
		"all of it": {Limits{DayCount: 7, DaySum: eur(9999)}, 100, Limits{DayCount: 7, DaySum: eur(9999)}},
	} {
		b := Brand{Limits: tc.limits, Recovery: Recovery{DayPercent: tc.percent}, Amounts: AmountRange{Min: eur(1000), Max: eur(5000)}}
		if got := b.HoldLimits(); got != tc.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
	}
}
