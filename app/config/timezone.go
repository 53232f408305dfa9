package config

import (
	_ "embed"
	"strings"
	"time"

	"pulsa/prepaid"
)

// zoneTable is the list of countries and their time zones in the tz database, which is in the public domain.
//
//go:embed zone.tab
var zoneTable string

// timeZone reads where a brand's days begin and end. A country with one zone needs none; a test brand in a country with several
// counts its days in UTC.
func (s section) timeZone(b *prepaid.Brand) *time.Location {
	zones := zonesOf(b.Country)
	v := s.value("time_zone")
	switch {
	case v.given():
	case len(zones) > 0 && oneClock(zones):
		return mustZone(zones[0])
	case b.Test:
		s.r.notes = append(s.r.notes, s.what+" has no time_zone, and "+b.Country+" has not just one: its days are those of UTC")
		return time.UTC
	default:
		s.r.fault(s.line, "%s has no time_zone, and %s has not just one%s", s.what, b.Country, zoneChoices(zones))
		return time.UTC
	}
	zone, err := time.LoadLocation(v.text)
	if err != nil || v.text == "Local" {
		s.r.fault(v.line, "time_zone is %s: %s", v.shown(), strings.TrimPrefix(zoneChoices(zones), ": "))
		return time.UTC
	}
	return zone
}

func zoneChoices(zones []string) string {
	if len(zones) == 0 {
		return ": write a name of the tz database, such as Europe/Amsterdam"
	}
	return choices(zones)
}

// zonesOf lists a country's time zones.
func zonesOf(country string) (zones []string) {
	for line := range strings.Lines(zoneTable) {
		if fields := strings.Split(strings.TrimSpace(line), "\t"); fields[0] == country && len(fields) > 2 {
			zones = append(zones, fields[2])
		}
	}
	return zones
}

// oneClock reports whether clocks show the same in all of some zones: Germany has two for what one of them showed in 1980.
func oneClock(zones []string) bool {
	first := mustZone(zones[0])
	for _, name := range zones[1:] {
		zone := mustZone(name)
		for t := clocksFrom; t.Before(clocksTo); t = t.AddDate(0, 0, 7) {
			_, here := t.In(zone).Zone()
			if _, there := t.In(first).Zone(); here != there {
				return false
			}
		}
	}
	return true
}

// clocksFrom and clocksTo are the years in which zones are compared.
var (
	clocksFrom = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clocksTo   = time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
)

// mustZone loads a zone of the table, all of which are in the program.
func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // a test loads them all
	}
	return zone
}
