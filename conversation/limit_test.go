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
			"You have topped up €195 of our €200 a day. Nothing was charged. €10 is possible again today after 14:30.",
			"Je hebt € 195 opgewaardeerd van onze € 200 per dag. Er is niets afgeschreven. € 10 kan vandaag na 14.30 uur weer."},
		{topup.LimitError{Name: "day_count", Count: 1, Until: now.Add(24 * time.Hour)},
			"You've had 1 top-up today, our limit. Nothing was charged. €10 is possible again tomorrow after 14:00.",
			"Je hebt vandaag 1 keer opgewaardeerd, dat is onze limiet. Er is niets afgeschreven. € 10 kan morgen na 14.00 uur weer."},
		{topup.LimitError{Name: "month_count", Count: 10, Until: now.Add(72*time.Hour + time.Second)},
			"You've had 10 top-ups in 30 days, our limit. Nothing was charged. €10 is possible again on 2 Dec 2026 after 14:01.",
			"Je hebt 10 keer opgewaardeerd in 30 dagen, dat is onze limiet. Er is niets afgeschreven. € 10 kan op 02-12-2026 na 14.01 uur weer."},
		{topup.LimitError{Name: "month_sum", Money: eur(5)},
			"You have topped up €0 of our €5 in 30 days. Nothing was charged. Please try a smaller amount.",
			"Je hebt € 0 opgewaardeerd van onze € 5 per 30 dagen. Er is niets afgeschreven. Kies een kleiner bedrag."},
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
