package config

import (
	"strconv"

	"pulsa/prepaid"
)

// longestRetention is 100 years, in days.
const longestRetention = 36525

// retention reads for how long a brand keeps what: 90d, 10y.
func (s section) retention() prepaid.Retention {
	retention, ok := s.sub("retention")
	if !ok {
		return nil
	}
	kept := prepaid.Retention{}
	for _, k := range prepaid.RetentionKinds() {
		v := retention.value(string(k.Kind))
		if !v.given() {
			continue
		}
		days, ok := parseDays(v.text)
		switch {
		case !ok:
			s.r.fault(v.line, "%s is %s: write days or years, such as 90d or 10y", k.Kind, v.shown())
		case days < k.Least:
			s.r.fault(v.line, "%s is %s: keep it for %s at least, because %s", k.Kind, v.shown(), showDays(k.Least), k.Why)
		case k.AsLongAs != "" && days < kept[k.AsLongAs]:
			s.r.fault(v.line, "%s is %s: keep it for as long as %s, %s, because the audit reads both", k.Kind, v.shown(), k.AsLongAs, showDays(kept[k.AsLongAs]))
		default:
			kept[k.Kind] = days
		}
	}
	return kept
}

// parseDays reads 90d or 10y; a year has 365.25 days, and a part of a day is a day.
func parseDays(text string) (int, bool) {
	if text == "" {
		return 0, false
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	if err != nil || n < 1 || n > longestRetention {
		return 0, false
	}
	switch text[len(text)-1] {
	case 'd':
		return n, true
	case 'y':
		days := (n*36525 + 99) / 100
		return days, days <= longestRetention
	}
	return 0, false
}

// showDays writes days as parseDays reads them.
func showDays(days int) string {
	if years := strconv.Itoa(days * 100 / 36525); days >= 366 {
		if same, _ := parseDays(years + "y"); same == days {
			return years + "y"
		}
	}
	return strconv.Itoa(days) + "d"
}
