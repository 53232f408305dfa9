package conversation

import "time"

// day says on which day something was: "today", "yesterday", "on 5 Nov 2026".
func (t *Turn) day(at time.Time) string {
	switch t.daysAgo(at) {
	case 0:
		return t.prompts.text("day.today")
	case 1:
		return t.prompts.text("day.yesterday")
	}
	return t.prompts.Part("day.on", "date", t.prompts.writes.day(at)).Text
}

// after says from when on, in whole minutes: "tomorrow after 14:30".
func (t *Turn) after(at time.Time) string {
	p := t.prompts
	at = at.Add(time.Minute - 1).Truncate(time.Minute)
	hour := p.writes.hour(at)
	switch t.daysAgo(at) {
	case 0:
		return p.Part("day.today_after", "time", hour).Text
	case -1:
		return p.Part("day.tomorrow_after", "time", hour).Text
	}
	return p.Part("day.on_after", "date", p.writes.day(at), "time", hour).Text
}

// daysAgo counts the days between two dates where the brand sells.
func (t *Turn) daysAgo(at time.Time) int {
	date := func(at time.Time) time.Time {
		year, month, day := t.brand.Local(at).Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	return int(date(t.now).Sub(date(at)) / (24 * time.Hour))
}
