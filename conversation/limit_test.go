package conversation

import (
	"testing"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

func TestALimitSaysWhyAndWhen(t *testing.T) {
	b := demoBrand()
	b.TimeZone = time.FixedZone("CET", 3600)
	eur := func(euros int64) prepaid.Money { return prepaid.Money{Minor: euros * 100, Currency: "EUR"} }
	now := time.Date(2026, 11, 29, 13, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		limit  topup.LimitError
		en, nl string
	}{
		{topup.LimitError{Name: "day_sum", Money: eur(200), Spent: eur(195), Until: now.Add(30 * time.Minute)},
			"You've topped up €195 in 24 hours; our limit is €200. Nothing was charged. You can top up €10 again today after 14:30.",
			"Je hebt € 195 opgewaardeerd in 24 uur, onze limiet is € 200. Er is niets afgeschreven. Je kunt vandaag na 14.30 uur weer € 10 opwaarderen."},
		{topup.LimitError{Name: "day_count", Count: 1, Until: now.Add(24 * time.Hour)},
			"You've had 1 top-up in 24 hours, that's our limit. Nothing was charged. You can top up €10 again tomorrow after 14:00.",
			"Je hebt 1 keer opgewaardeerd in 24 uur, dat is onze limiet. Er is niets afgeschreven. Je kunt morgen na 14.00 uur weer € 10 opwaarderen."},
		{topup.LimitError{Name: "month_count", Count: 10, Until: now.Add(72*time.Hour + time.Second)},
			"You've had 10 top-ups in 30 days, that's our limit. Nothing was charged. You can top up €10 again on 2 Dec 2026 after 14:01.",
			"Je hebt 10 keer opgewaardeerd in 30 dagen, dat is onze limiet. Er is niets afgeschreven. Je kunt op 02-12-2026 na 14.01 uur weer € 10 opwaarderen."},
		{topup.LimitError{Name: "month_sum", Money: eur(5)},
			"You've topped up €0 in 30 days; our limit is €5. Nothing was charged. Please try a smaller amount.",
			"Je hebt € 0 opgewaardeerd in 30 dagen, onze limiet is € 5. Er is niets afgeschreven. Kies een kleiner bedrag."},
	} {
		if tt.limit.Spent.Currency == "" {
			tt.limit.Spent = eur(0)
		}
		for language, want := range map[string]string{"en": tt.en, "nl": tt.nl} {
			turn := &Turn{brand: b, prompts: mustPrompts(t, b).ByLanguage[language], now: now, session: &Session{}}
			turn.session.Amount = 1000
			if turn.answerError(&tt.limit); turn.said[0].Text != want {
				t.Errorf("%s %s:\n%s, want\n%s", language, tt.limit.Name, turn.said[0].Text, want)
			}
		}
	}
}
