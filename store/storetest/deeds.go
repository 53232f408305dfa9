package storetest

import (
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
)

// deeds returns what was done to an object of the tests' brand.
func (w *world) deeds(kind, object string) []operators.RecordedDeed {
	w.Helper()
	return must[[]operators.RecordedDeed](w)(w.db.Deeds.Of(w.Context(), operators.Object{Brand: brand, Kind: kind, ID: object}))
}

var deedTests = []test{
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
		for _, query := range []string{`UPDATE deeds SET who = ''`, `DELETE FROM deeds`, `UPDATE deed_details SET about = ''`} {
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
