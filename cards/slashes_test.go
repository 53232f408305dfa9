package cards_test

import (
	"strings"
	"testing"
	"time"

	"pulsa/cards"
)

func TestDatesWithSlashesAreReadWhereTheFileTellsTheirOrder(t *testing.T) {
	const header = "serial,code,amount,status,valid through,created,activated\n"
	for name, lines := range map[string][]string{
		"the day first":        {"101-1,11111111111111,10,new,31/12/2027,03/04/2025,", "101-2,22222222222222,10,activated,04/05/2027,,1/2/2025 12:30:00 31612345678"},
		"the month first":      {"101-1,11111111111111,10,new,12/31/2027,04/03/2025,", "101-2,22222222222222,10,activated,05/04/2027,,2/1/2025 12:30:00 31612345678"},
		"the year first":       {"101-1,11111111111111,10,new,2027/12/31,2025/4/3,", "101-2,22222222222222,10,activated,2027/05/04,,2025/02/01 12:30:00 31612345678"},
		"told by a line below": {"101-2,22222222222222,10,activated,04/05/2027,,1/2/2025 12:30:00 31612345678", "101-1,11111111111111,10,new,31/12/2027,03/04/2025,"},
	} {
		w := newWorld(t)
		if _, err := w.take(t, header+strings.Join(lines, "\n")+"\n"); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		day := func(year int, month time.Month, day int) time.Time {
			return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		}
		first, _ := w.Card(t.Context(), "demo", "101-1")
		second, _ := w.Card(t.Context(), "demo", "101-2")
		if !first.ExpiresAt.Equal(day(2028, 1, 1)) || !first.CreatedAt.Equal(day(2025, 4, 3)) || !second.ExpiresAt.Equal(day(2027, 5, 5)) ||
			!second.ActivatedAt.Equal(day(2025, 2, 1).Add(12*time.Hour+30*time.Minute)) {
			t.Errorf("%s: %+v and %+v", name, first, second)
		}
	}
}

func TestTheTimeBehindADateWithSlashesIsRead(t *testing.T) {
	for clock, want := range map[string]time.Duration{
		"9:05": 9*time.Hour + 5*time.Minute, "9:05:07": 9*time.Hour + 5*time.Minute + 7*time.Second, "09:05 PM": 21*time.Hour + 5*time.Minute,
		"12:00 am": 0, "12:30pm": 12*time.Hour + 30*time.Minute, "18:00": 18 * time.Hour,
	} {
		w := newWorld(t)
		if _, err := w.take(t, "serial,code,amount,status,activated\n101-1,11111111111111,10,activated,12/31/2024 "+clock+" by 31612345678\n"); err != nil {
			t.Fatal(err)
		}
		c, _ := w.Card(t.Context(), "demo", "101-1")
		if at := time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC).Add(want); !c.ActivatedAt.Equal(at) {
			t.Errorf("%s: %s; want %s", clock, c.ActivatedAt, at)
		}
	}
}

func TestDatesWithSlashesThatMayBeTwoDaysAreRefusedByLine(t *testing.T) {
	const header = "serial,code,amount,valid through\n"
	for want, text := range map[string]string{
		"line 3: valid through may have the day or the month first, and no date of the file tells which: write it like 2026-12-31": "101-1,11111111111111,10,05/05/2027\n101-2,22222222222222,10,03/04/2027\n",
		"line 2: valid through has slashes, and in this file some dates with slashes begin with the day":                           "101-1,11111111111111,10,31/12/2027\n101-2,22222222222222,10,12/31/2027\n",
		"line 3: valid through has slashes, and":  "101-1,11111111111111,10,31/12/2027\n101-2,22222222222222,10,12/31/2027\n",
		"line 2: valid through: write a day like": "101-1,11111111111111,10,31/13/2027\n",
		"line 3: valid through: write a day like": "101-1,11111111111111,10,31/12/2027\n101-2,22222222222222,10,31/02/2027\n",
	} {
		w := newWorld(t)
		if _, err := w.take(t, header+text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
		if b, err := w.Balances(t.Context(), cards.Filter{Brand: "demo"}, cards.ByNothing); err != nil || len(b) > 0 && b[0].Issued.Cards > 0 {
			t.Errorf("%s: stored %+v, %v", want, b, err)
		}
	}
	if _, err := newWorld(t).take(t, header+"101-1,11111111111111,10,05/05/2027\n"); err != nil { // the same day, either way
		t.Error(err)
	}
}
