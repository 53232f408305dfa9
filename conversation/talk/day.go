package talk

import (
	"slices"
	"strings"
	"time"
)

// sameDay reports whether shown is the day, however a language writes it in digits, or with an English name of the month:
// "2026-11-05", "05-11-2026", "5 Nov 2026", "11/5/2026".
func sameDay(want time.Time, shown string) bool {
	shown = strings.NewReplacer("/", "-", ".", "-", ",", "").Replace(strings.TrimSpace(shown))
	return slices.ContainsFunc([]string{"2006-1-2", "2-1-2006", "1-2-2006", "2 Jan 2006", "2 January 2006", "Jan 2 2006", "January 2 2006"}, func(layout string) bool {
		day, err := time.Parse(layout, shown)
		return err == nil && day.Equal(want)
	})
}
