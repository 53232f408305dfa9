package storetest

import (
	"database/sql"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
)

// deeds returns what was done to an object of the tests' brand.
func (w *world) deeds(kind, object string) []operators.RecordedDeed {
	w.Helper()
	return must[[]operators.RecordedDeed](w)(w.db.Deeds.Of(w.Context(), operators.Object{Brand: brand, Kind: kind, ID: object}))
}

// did writes n deeds of the tests' brand, one a second from then on.
func (w *world) did(n int, from time.Time) {
	w.Helper()
	for i := range n {
		at := from.Add(time.Duration(i) * time.Second)
		w.ok(w.db.Deeds.Record(w.Context(), prepaid.Deed{Brand: brand, What: "see number", Kind: prepaid.OnCustomer, Object: "c", About: "+31612345678", By: by, At: at}))
	}
}

// seals makes a link of the brand's new deeds.
func (w *world) seals(now time.Time) operators.Link {
	w.Helper()
	l, sealed, err := w.db.Deeds.Seal(w.Context(), brand, time.Time{}, now)
	w.ok(err)
	if !sealed {
		w.Fatal("there was nothing to seal")
	}
	return l
}

// sealSays expects what a check of the seal finds, each by a part of it.
func (w *world) sealSays(now time.Time, kept []operators.Link, want ...string) {
	w.Helper()
	var got []string
	for _, v := range must[[]operators.Violation](w)(w.db.Deeds.CheckSeal(w.Context(), kept, now)) {
		got = append(got, v.Text)
	}
	if len(got) != len(want) {
		w.Fatalf("found %q, want %q", got, want)
	}
	for _, part := range want {
		if !slices.ContainsFunc(got, func(text string) bool { return strings.Contains(text, part) }) {
			w.Errorf("nothing found says %q: %q", part, got)
		}
	}
}

// behind runs statements behind the back of the triggers, as somebody who owns the database can.
func (w *world) behind(tables []string, statements ...string) {
	w.Helper()
	toggle := func(what string) {
		for _, t := range tables {
			if w.db.Dialect() == store.Postgres {
				must[sql.Result](w)(w.hand.ExecContext(w.Context(), "ALTER TABLE "+t+" "+what+" TRIGGER USER"))
			} else if what == "DISABLE" {
				for _, name := range strings.Fields(w.column(`SELECT COALESCE(GROUP_CONCAT(name, ' '), '') FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '` + t + `'`)) {
					must[sql.Result](w)(w.hand.ExecContext(w.Context(), "DROP TRIGGER "+name))
				}
			}
		}
	}
	toggle("DISABLE")
	for _, s := range statements {
		w.exec(s)
	}
	toggle("ENABLE")
}

var deedTests = []test{
	{"the seal fits what was done", func(w *world) {
		w.sealSays(start, nil)
		w.did(3, start)
		first := w.seals(start.Add(10 * time.Second))
		w.did(2, start.Add(11*time.Second))
		second := w.seals(start.Add(20 * time.Second))
		same(w, "numbers", []int64{first.Number, first.Deeds, second.Number, second.Deeds}, []int64{1, 3, 2, 2})
		same(w, "last", must[[]operators.Link](w)(w.db.Deeds.LastLinks(w.Context(), []string{brand, "other"})), []operators.Link{second})
		same(w, "nothing left", len(must[[]string](w)(w.db.Deeds.Unsealed(w.Context(), time.Time{}))), 0)
		if _, sealed, err := w.db.Deeds.Seal(w.Context(), brand, time.Time{}, start); sealed || err != nil {
			w.Errorf("sealed again: %v, %v", sealed, err)
		}
		w.exec(`DELETE FROM deed_details`) // customers were erased
		w.sealSays(start.Add(time.Minute), []operators.Link{first, second})
	}},
	{"a deed whose transaction commits late is in the next link", func(w *world) {
		w.did(1, start)
		w.seals(start.Add(10 * time.Second))
		w.did(1, start.Add(9*time.Second))
		same(w, "link", w.seals(start.Add(20*time.Second)).Number, int64(2))
		w.sealSays(start.Add(time.Minute), nil)
	}},
	{"two who seal at once make each link once", func(w *world) {
		var made atomic.Int64
		for round := range 4 {
			w.did(5, start.Add(time.Duration(round)*time.Minute))
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					l, sealed, err := w.db.Deeds.Seal(w.Context(), brand, time.Time{}, start.Add(time.Duration(round)*time.Minute+10*time.Second))
					if err != nil {
						w.Error(err)
					}
					if sealed {
						made.Add(l.Deeds)
					}
				})
			}
			all.Wait()
		}
		same(w, "sealed", made.Load(), int64(20))
		w.sealSays(start.Add(time.Hour), nil)
	}},
	{"what is changed behind the triggers' back is found", func(w *world) {
		w.did(3, start)
		first := w.seals(start.Add(10 * time.Second))
		w.did(3, start.Add(time.Minute))
		w.seals(start.Add(70 * time.Second))
		now := start.Add(2 * time.Minute)
		id := w.column(`SELECT MIN(deed) FROM deed_sealed WHERE link = 1`)
		w.behind([]string{"deeds"}, `UPDATE deeds SET who = 'ben' WHERE id = '`+id+`'`)
		w.sealSays(now, nil, "deed "+id+" of brand demo")
		w.behind([]string{"deeds"}, `UPDATE deeds SET who = 'anna' WHERE id = '`+id+`'`)
		w.sealSays(now, nil)
		w.behind([]string{"deed_details"}, `UPDATE deed_details SET about = 'nobody' WHERE deed = '`+id+`'`)
		w.sealSays(now, nil, "what deed "+id)
		w.behind([]string{"deeds"}, `DELETE FROM deeds WHERE id = '`+id+`'`)
		w.sealSays(now, nil, "is missing")
		w.behind([]string{"deed_sealed"}, `DELETE FROM deed_sealed WHERE deed = '`+id+`'`)
		w.sealSays(now, []operators.Link{first}, "link 1 of brand demo does not fit")
		w.behind([]string{"deed_sealed", "deed_links"}, `DELETE FROM deed_sealed WHERE link = 2`, `DELETE FROM deed_links WHERE number = 2`)
		w.sealSays(now, []operators.Link{first, {Brand: brand, Number: 2, Digest: first.Digest}}, "link 1", "its end was cut off")
	}},
	{"a record that was written anew is not the one whose link was kept", func(w *world) {
		w.did(2, start)
		kept := w.seals(start.Add(10 * time.Second))
		w.behind([]string{"deed_sealed", "deed_links", "deeds"}, `DELETE FROM deed_sealed`, `DELETE FROM deed_links`, `DELETE FROM deed_details`, `DELETE FROM deeds`)
		w.did(2, start)
		w.seals(start.Add(10 * time.Second))
		w.sealSays(start.Add(time.Minute), nil)
		w.sealSays(start.Add(time.Minute), []operators.Link{kept}, "written anew")
	}},
	{"a deed that is added to what was sealed is found", func(w *world) {
		w.did(1, start)
		w.seals(start.Add(10 * time.Second))
		w.did(1, start.Add(5*time.Hour))
		w.seals(start.Add(5*time.Hour + 10*time.Second))
		w.did(1, start.Add(time.Hour)) // it was never there at that time
		w.seals(start.Add(6 * time.Hour))
		w.sealSays(start.Add(7*time.Hour), nil, "was not there when link 2 was sealed")
	}},
	{"what stays unsealed while a server runs is found", func(w *world) {
		w.did(2, start)
		w.sealSays(start.Add(time.Hour), nil)
		must[map[operators.MasterKey]operators.KeyUse](w)(w.db.Copies.SayCopy(w.Context(), operators.Copy{Instance: "c", Host: "h", Program: "p"}))
		w.exec(`UPDATE copies SET started_at = started_at - 120000000`)
		w.sealSays(start.Add(time.Hour), nil, "2 deeds of brand demo are not sealed")
		w.sealSays(start.Add(30*time.Second), nil)
	}},
	{"what is gone after ten years leaves the chain whole", func(w *world) {
		old := start.Add(-elevenYears)
		w.did(2, old)
		w.did(1, start)
		w.seals(old.Add(10 * time.Second))
		w.did(1, start.Add(time.Minute))
		kept := w.seals(start.Add(2 * time.Minute))
		w.exec(`DELETE FROM deeds WHERE at < ?`, prepaid.Micros(start.Add(-time.Hour)))
		same(w, "left", w.counts("deeds", "deed_details", "deed_sealed"), "deeds 2, deed_details 2, deed_sealed 4")
		w.sealSays(start.Add(time.Hour), []operators.Link{kept})
	}},
	{"deeds are listed by what is asked", func(w *world) {
		all := []prepaid.Deed{
			{Brand: brand, What: "refund", Kind: prepaid.OnOrder, Object: "O", By: prepaid.By{Who: "anna", Why: "w", From: "192.0.2.7"}},
			{Brand: brand, What: "unlock", Kind: prepaid.OnCustomer, Object: "c", About: "+31612345678", By: prepaid.By{Who: "ben", Why: "w", From: "192.0.2.8"}},
			{Brand: "other", What: "refund", Kind: prepaid.OnOrder, Object: "P", By: prepaid.By{Who: "ben", Why: "w", From: "192.0.2.7"}},
		}
		for i, d := range all {
			all[i].ID, all[i].At = prepaid.NewID[string](), start.Add(time.Duration(i)*time.Second)
			d = all[i]
			w.ok(w.db.Deeds.Record(w.Context(), d))
		}
		w.ok(w.db.Deeds.Record(w.Context(), prepaid.Deed{Brand: brand, What: "refund", Kind: prepaid.OnOrder, Object: "O", Of: all[0].ID, New: "refunded", By: by, At: start.Add(time.Hour)}))
		for what, f := range map[string]operators.DeedFilter{
			"PcO": {}, "cO": {Brands: []string{brand}}, "PcO of two": {Brands: []string{brand, "other"}}, "Pc": {Who: "ben"}, "O": {Kind: prepaid.OnOrder, Object: "O"},
			"PO": {From: "192.0.2.7"}, "PO by what": {What: "refund"}, "Pc since": {Since: start.Add(time.Second)}, "O until": {Until: start.Add(time.Second)},
			"cO after": {After: operators.DeedCursor{At: all[2].At, ID: all[2].ID}}, "O of ben's": {Who: "anna", Brands: []string{brand}, From: "192.0.2.7"},
		} {
			f.Limit = 10
			var got string
			for _, d := range must[[]operators.RecordedDeed](w)(w.db.Deeds.List(w.Context(), f)) {
				got += d.Object
				same(w, "about", d.About, "")
			}
			want, _, _ := strings.Cut(what, " ")
			same(w, what, got, want)
		}
		told := must[[]operators.RecordedDeed](w)(w.db.Deeds.List(w.Context(), operators.DeedFilter{About: true, Limit: 2}))
		same(w, "about", []string{told[0].About, told[1].About}, []string{"", "+31612345678"})
		first := must[[]operators.RecordedDeed](w)(w.db.Deeds.List(w.Context(), operators.DeedFilter{Who: "anna", Limit: 1}))
		same(w, "outcome", first[0].Outcome, "refunded")
	}},
	{"a deed that takes time ends by a second one", func(w *world) {
		d := prepaid.Deed{ID: "i", Brand: brand, What: "refund", Kind: prepaid.OnOrder, Object: "ORDER", Old: "held", New: prepaid.Begun, By: by, At: start}
		w.ok(w.db.Deeds.Record(w.Context(), d))
		same(w, "begun", w.deeds(prepaid.OnOrder, "ORDER"), []operators.RecordedDeed{{Deed: d}})
		end := d
		end.ID, end.Of, end.New, end.At = "", d.ID, "refunded", start.Add(time.Second)
		w.ok(w.db.Deeds.Record(w.Context(), end))
		same(w, "ended", w.deeds(prepaid.OnOrder, "ORDER"), []operators.RecordedDeed{{Deed: d, Outcome: "refunded", EndedAt: end.At}})
		same(w, "another's", len(w.deeds(prepaid.OnCustomer, "ORDER")), 0)
	}},
	{"the record of deeds is append-only", func(w *world) {
		w.ok(w.db.Deeds.Record(w.Context(), prepaid.Deed{Brand: brand, What: "see number", Kind: prepaid.OnCustomer, Object: "c", About: "+31612345678", By: by, At: start}))
		w.seals(start)
		for _, query := range []string{`UPDATE deeds SET who = ''`, `DELETE FROM deeds`, `UPDATE deed_details SET about = ''`, `DELETE FROM deed_links`,
			`UPDATE deed_links SET digest = ''`, `DELETE FROM deed_sealed`, `UPDATE deed_sealed SET digest = ''`} {
			if _, err := w.db.Writer().ExecContext(w.Context(), query); err == nil || strings.Contains(err.Error(), "syntax") {
				w.Errorf("%s: %v", query, err)
			}
		}
		same(w, "kept", w.counts("deeds", "deed_details"), "deeds 1, deed_details 1")
	}},
	{"erasing a customer erases what deeds say of them", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(declined(o))
		for _, d := range []prepaid.Deed{
			{Kind: prepaid.OnCustomer, Object: string(o.Customer)}, {Kind: prepaid.OnOrder, Object: string(o.ID)}, {Kind: prepaid.OnCustomer, Object: "another"},
		} {
			d.Brand, d.What, d.About, d.By, d.At = brand, "see number", "+31612345678", by, start
			w.ok(w.db.Deeds.Record(w.Context(), d))
		}
		must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: o.Customer, Pseudonyms: pseudonyms, By: by}, start))
		same(w, "left", w.counts("deeds", "deed_details"), "deeds 4, deed_details 1")
		same(w, "whose", w.column(`SELECT d.object FROM deeds d JOIN deed_details x ON x.deed = d.id`), "another")
	}},
}
