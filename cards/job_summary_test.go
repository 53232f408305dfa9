package cards_test

import (
	"testing"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

func TestJobsSayWhatTheyWereAskedToDo(t *testing.T) {
	day := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	kiosk, none := "kiosk-7", ""
	filter := &cards.Filter{Brand: "demo", Series: "101", From: "101-00000001"}
	for _, test := range []struct {
		job             cards.Job
		action, summary string
	}{
		{cards.Job{Kind: cards.KindGenerate, Spec: cards.Spec{Generate: &cards.GenerateRequest{
			Amount: tenEuros, Quantity: 4, Series: "101", First: 1, CodeLength: 14, Reseller: kiosk, ExpiresAt: day, AllowGuessable: true,
		}}}, "generate", "4 of EUR 10.00, 101-00000001 to 101-00000004, codes of 14 digits, reseller kiosk-7, valid through 2026-12-31, guessable codes allowed"},
		{cards.Job{Kind: cards.KindImport, Spec: cards.Spec{Import: &cards.ImportSpec{SHA256: "5f16", Reseller: kiosk}}},
			"import", "file with SHA-256 5f16, reseller kiosk-7"},
		{cards.Job{Kind: cards.KindEdit, Spec: cards.Spec{Filter: filter, Change: &cards.Change{Reseller: &kiosk}}},
			"edit", "set reseller kiosk-7; series 101, from 101-00000001"},
		{cards.Job{Kind: cards.KindEdit, Spec: cards.Spec{Filter: filter, Change: &cards.Change{Expires: new(time.Time), Reseller: &none, AllowGuessable: true}}},
			"edit", "set valid through for ever, set reseller none, guessable codes allowed; series 101, from 101-00000001"},
		{cards.Job{Kind: cards.KindEdit, Spec: cards.Spec{Filter: &cards.Filter{Brand: "demo"}, Change: &cards.Change{Action: cards.Lock}}},
			"lock", "all cards"},
		{cards.Job{Kind: cards.KindDelete, Spec: cards.Spec{Filter: &cards.Filter{
			Brand: "demo", Batch: "b1", Statuses: []cards.Status{cards.ShownNew, cards.ShownLocked}, Amount: tenEuros, Reseller: kiosk,
			Created: cards.Span{From: day}, Customer: "31612345678",
		}}}, "delete", "batch b1, status new or locked, amount EUR 10.00, reseller kiosk-7, created from 2027-01-01T00:00:00Z, customer +316****5678"},
		{cards.Job{Kind: cards.KindExport, Spec: cards.Spec{Filter: filter, Export: &cards.ExportSpec{Name: "a.csv", Plaintext: true}}},
			"export", "to a.csv in clear; series 101, from 101-00000001"},
		{cards.Job{Kind: cards.KindExport, Spec: cards.Spec{Filter: filter, Export: &cards.ExportSpec{Name: "a.age", Recipients: []string{"age1a", "age1b"}}}},
			"export", "to a.age for age1a and age1b; series 101, from 101-00000001"},
		{cards.Job{Kind: cards.KindRekey, Spec: cards.Spec{Version: 2}}, "rekey", "to key version 2"},
		{cards.Job{Kind: cards.KindReseller}, "reseller", ""},
	} {
		if action, summary := test.job.Action(), test.job.Summary(&prepaid.Brand{}); action != test.action || summary != test.summary {
			t.Errorf("%s: %q\nwant %s: %q", action, summary, test.action, test.summary)
		}
	}
}
