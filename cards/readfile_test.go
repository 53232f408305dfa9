package cards_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"

	"pulsa/cards"
	"pulsa/prepaid"
)

// jerasoft is what its section Top-up Cards exports.
const jerasoft = `Status;Serial Number;Amount;PIN Code;Reseller;Activated;Created on
new;101-00000001;10,00;01111111111111;Kiosk Central Station;;2025-06-01 10:00:00
activated;101-00000002;10,00;22222222222222;kiosk-7;2025-07-01 12:30:00 31612345678;2025-06-01 10:00:00
expired;101-00000003;10,00;33333333333333;;;2024-01-01 10:00:00
;;;;;;
;;;;;;
`

func (w world) importAs(t *testing.T, r cards.ImportRequest, text string) (cards.Job, error) {
	t.Helper()
	r.Brand, r.By = "demo", prepaid.By{Who: "ann", Why: "moved"}
	return w.Import(t.Context(), r, strings.NewReader(text), nil)
}

func encoded(t *testing.T, text string, e unicode.Endianness) string {
	t.Helper()
	out, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFilesOfSpreadsheetsAndOfTheSourceAreRead(t *testing.T) {
	tabs := strings.ReplaceAll(strings.ReplaceAll(jerasoft, ";", "\t"), "\n", "\r\n")
	for name, text := range map[string]string{
		"semicolons":        jerasoft,
		"a separator named": "sep=;\r\n" + jerasoft,
		"tabs":              tabs,
		"UTF-16":            encoded(t, tabs, unicode.LittleEndian),
		"UTF-16, other way": encoded(t, jerasoft, unicode.BigEndian),
		"UTF-8 with a mark": "\xef\xbb\xbf" + jerasoft,
		"quotes":            strings.ReplaceAll(jerasoft, "01111111111111", `="01111111111111"`),
		"an apostrophe":     strings.ReplaceAll(jerasoft, "01111111111111", `'01111111111111`),
	} {
		w := newWorld(t)
		w.reseller(t, "kiosk-7")
		if _, err := w.CreateReseller(t.Context(), cards.Reseller{Brand: "demo", Name: "central", Title: "Kiosk Central Station"}, prepaid.By{Who: "ann", Why: "test"}); err != nil {
			t.Fatal(err)
		}
		check, err := w.CheckImport(t.Context(), cards.ImportRequest{Brand: "demo"}, strings.NewReader(text), nil)
		if want := (cards.ImportCheck{New: 1, Activated: 1, Expired: 1, Worth: tenEuros}); err != nil || check != want {
			t.Errorf("%s: %+v, %v", name, check, err)
		}
		if jobs, err := w.Jobs(t.Context(), "demo", true); err != nil || len(jobs) > 0 {
			t.Errorf("%s: a check has left %+v, %v", name, jobs, err)
		}
		j, err := w.importAs(t, cards.ImportRequest{}, text)
		if err != nil || j.Total != 3 || j.State != cards.JobDone {
			t.Fatalf("%s: %+v, %v", name, j, err)
		}
		now := w.clock.Now()
		fresh, _ := w.Card(t.Context(), "demo", "101-00000001")
		if fresh.Shown(now) != "new" || fresh.State != cards.Generated || fresh.Reseller != "central" || !fresh.CreatedAt.Equal(time.Date(2025, 6, 1, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v", name, fresh)
		}
		used, _ := w.Card(t.Context(), "demo", "101-00000002")
		if used.Shown(now) != "activated" || !used.ActivatedAt.Equal(time.Date(2025, 7, 1, 12, 30, 0, 0, time.UTC)) || used.Reseller != "kiosk-7" {
			t.Errorf("%s: %+v", name, used)
		}
		for code, want := range map[string]error{"01111111111111": cards.ErrNotLive, "22222222222222": cards.ErrSpent, "33333333333333": cards.ErrExpired} {
			if err := w.find(t, code, "m"+code); !errors.Is(err, want) {
				t.Errorf("%s: %v; want %v", name, err, want)
			}
		}
		p, err := w.PreviewEdit(t.Context(), cards.Filter{Brand: "demo"}, cards.Change{Action: cards.Release}, true)
		if err != nil || p.Cards() != 1 {
			t.Errorf("%s: %d cards can be released, %v", name, p.Cards(), err)
		}
		if faults, err := w.db.Audit.Violations(t.Context()); err != nil || len(faults) > 0 {
			t.Errorf("%s: the audit finds %+v, %v", name, faults, err)
		}
	}
}

func TestWhatASpreadsheetHasChangedIsRefusedByLine(t *testing.T) {
	const header = "serial;code;amount\n101-1;11111111111111;10\n"
	for want, text := range map[string]string{
		"line 3: serial ends in .0: a spreadsheet":                             header + "101-00000001.0;22222222222222;10\n",
		"line 3: serial is written like 9.3E+13":                               header + "9.3E+13;22222222222222;10\n",
		"line 3: code is written like 9.3E+13":                                 header + "101-2;2,22222E+13;10\n",
		"line 3: code ends in .0: a spreadsheet":                               header + "101-2;2222222222222.0;10\n",
		"line 3: code has 13 digits instead of 14: a spreadsheet drops":        header + "101-2;2222222222222;10\n",
		"line 3: amount: not an amount":                                        header + "101-2;22222222222222;1.000,00\n",
		"line 3: status must be new":                                           "serial;code;amount;status\n101-1;11111111111111;10;new\n101-2;22222222222222;10;44444444444444\n",
		"line 2: activated must begin with a time":                             "serial;code;amount;status;activated\n101-1;11111111111111;10;activated;in July by him\n",
		"line 2: reseller is none of the brand's":                              "serial;code;amount;reseller\n101-1;11111111111111;10;nobody\n",
		"column 4 of the file has a name that is not known":                    "serial;code;amount;22222222222222\n101-1;11111111111111;10;\n",
		"the file must be CSV":                                                 "101-1;11111111111111;10\n101-2;22222222222222;10\n",
		"UTF-16 without its mark":                                              "s\x00e\x00r\x00i\x00a\x00l\x00\n\x00",
		"every code of 17 digits ends in zeros: a spreadsheet keeps 15 digits": "serial;code;amount\n" + rounded(6),
	} {
		w := newWorld(t)
		_, err := w.take(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
			continue
		}
		for _, code := range []string{"1111111111", "2222222222", "2,22222", "44444444"} {
			if strings.Contains(err.Error(), code) {
				t.Errorf("a code shows: %v", err)
			}
		}
	}
}

// rounded are cards whose codes of 17 digits a spreadsheet has rounded to 15.
func rounded(n int) (lines string) {
	for i := range n {
		lines += fmt.Sprintf("101-%d;1234567890123%02d00;10\n", i+1, i)
	}
	return lines
}

func TestColumnsOfOtherNamesAreMapped(t *testing.T) {
	const file = "Voucher,Secret no,Face value,Remarks\n101-1,11111111111,10,sold at the fair\n"
	columns, err := cards.ParseMapping([]string{"voucher=serial", "Secret No=code", "FACE VALUE=Amount", "remarks=-"})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if _, err := w.importAs(t, cards.ImportRequest{Columns: columns, AllowGuessable: true}, file); err == nil || !strings.Contains(err.Error(), "11 digits instead of 14") {
		t.Errorf("shorter codes: %v", err)
	}
	if j, err := w.importAs(t, cards.ImportRequest{Columns: columns, AllowGuessable: true, CodeLength: 11}, file); err != nil || j.Done != 1 {
		t.Errorf("%+v, %v", j, err)
	}
	for want, pairs := range map[string][]string{
		"must name a column":      {"code"},
		"there is no column codi": {"PIN=codi"},
	} {
		if _, err := cards.ParseMapping(pairs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", pairs, err)
		}
	}
}

func TestAnInterruptedImportGoesOnAsItWasBegun(t *testing.T) {
	w := newWorld(t)
	var text strings.Builder
	text.WriteString("nr;code;amount\n")
	for i := range 120 {
		fmt.Fprintf(&text, "9-%d;%014d;10\n", i+1, i)
	}
	columns := cards.Mapping{"nr": "serial"}
	ctx, progress := cut(1)
	r := cards.ImportRequest{Brand: "demo", Columns: columns, By: prepaid.By{Who: "ann"}}
	if _, err := w.Import(ctx, r, strings.NewReader(text.String()), progress); err == nil {
		t.Fatal("not interrupted")
	}
	if _, err := w.importAs(t, cards.ImportRequest{Columns: columns, CodeLength: 13}, text.String()); err == nil || !strings.Contains(err.Error(), "was begun with") {
		t.Errorf("read in another way: %v", err)
	}
	if j, err := w.importAs(t, cards.ImportRequest{Columns: columns}, text.String()); err != nil || j.Done != 120 || j.State != cards.JobDone {
		t.Errorf("%+v, %v", j, err)
	}
}
