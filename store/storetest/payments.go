package storetest

import (
	"errors"
	"time"

	"pulsa/accounts"
	"pulsa/conversation"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

var paymentTests = []test{
	{"a repeated setup returns the first", func(w *world) {
		c := w.customer()
		first := setup(c, "key")
		same(w, "stored", must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), first)), first)
		same(w, "again", must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "key"))), first)
		same(w, "by id", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), first.ID)), first)
		if _, err := w.db.Payments.Setup(w.Context(), "none"); !errors.Is(err, payments.ErrNoSetup) {
			w.Errorf("%v; want ErrNoSetup", err)
		}
	}},
	{"nobody gets a setup or a mandate of another's key", func(w *world) {
		one, two := w.customer(), w.customer()
		must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(one, "key")))
		if s, err := w.db.Payments.SaveSetup(w.Context(), setup(two, "key")); !errors.Is(err, topup.ErrKeyReused) || s.ID != "" {
			w.Errorf("setup: %+v, %v", s, err)
		}
		s, m := mandate(one, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		s, m = mandate(two, "mandate/1")
		if s, err := w.db.Mandates.SaveMandate(w.Context(), s, m); !errors.Is(err, topup.ErrKeyReused) || s.ID != "" {
			w.Errorf("mandate: %+v, %v", s, err)
		}
		same(w, "mandates", len(must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), two.ID))), 0)
	}},
	{"a completed setup makes the customer able to pay, once", func(w *world) {
		pending := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), accounts.Customer{ID: "p", Brand: brand,
			MSISDN: "31687654321", CreatedAt: start}, nil))
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(pending, "key")))
		i := instrument(pending)
		if !must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, i, "n1", start)) {
			w.Error("not ended")
		}
		if must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(pending), "n2", start)) {
			w.Error("ended twice")
		}
		got := w.read(pending)
		same(w, "status", got.Status, accounts.Active)
		same(w, "pays", got.Pays, accounts.Instrument{ID: i.ID, Gateway: "sim", Method: "sepa", Display: "NL** **** 4300"})
		same(w, "instrument", must[payments.Instrument](w)(w.db.Payments.Instrument(w.Context(), i.ID)), *i)
		same(w, "setup", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupCompleted)
		same(w, "notices", w.due(start), []string{"registered"})
	}},
	{"a new instrument is the only active one", func(w *world) {
		c := w.customer()
		w.due(start)
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "second")))
		i := instrument(c)
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, i, "n1", start))
		same(w, "notices", w.due(start), []string{"setup_completed"})
		same(w, "pays", w.read(c).Pays.ID, i.ID)
		must[payments.Instrument](w)(w.db.Payments.Instrument(w.Context(), c.Pays.ID)) // the former is kept
	}},
	{"a setup without an address is told to nobody", func(w *world) {
		c := w.customer()
		w.due(start)
		quiet := setup(c, "quiet")
		quiet.ReplyTo = topup.ReplyTo{}
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), quiet))
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), "n1", start))
		if got := w.due(start); len(got) != 0 {
			w.Errorf("told %v", got)
		}
	}},
	{"an abandoned setup is told and changes nothing else", func(w *world) {
		c := w.customer()
		w.due(start)
		s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "second")))
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, nil, "n1", start))
		same(w, "customer", w.read(c), c)
		same(w, "notices", w.due(start), []string{"setup_abandoned"})
		same(w, "setup", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupAbandoned)
	}},
	{"a newer setup abandons the earlier one, whose page then completes nothing", func(w *world) {
		c := w.customer()
		w.due(start)
		s, m := mandate(c, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		page := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "page")))
		same(w, "the mandate", must[payments.Setup](w)(w.db.Payments.Setup(w.Context(), s.ID)).Status, payments.SetupAbandoned)
		same(w, "its IBAN", must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID))[0].Sealed, "")
		same(w, "its work", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), time.Time{})
		same(w, "open", must[payments.Setup](w)(w.db.Payments.OpenSetup(w.Context(), c.ID)), page)
		newest := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "newest")))
		same(w, "the page, asked for again", must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, "page"))).Status, payments.SetupAbandoned)
		same(w, "open", must[payments.Setup](w)(w.db.Payments.OpenSetup(w.Context(), c.ID)), newest)
		if got := w.due(start); len(got) != 0 {
			w.Errorf("told %v", got)
		}
		for range 2 {
			if must[bool](w)(w.db.Payments.EndSetup(w.Context(), page.ID, instrument(c), "n1", start)) {
				w.Error("an abandoned setup was completed")
			}
		}
		same(w, "pays", w.read(c).Pays, c.Pays)
		same(w, "told once", w.due(start), []string{"setup_over"})
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), newest.ID, instrument(c), "n2", start))
		if _, err := w.db.Payments.OpenSetup(w.Context(), c.ID); !errors.Is(err, payments.ErrNoSetup) {
			w.Errorf("%v; want ErrNoSetup", err)
		}
		same(w, "another's is left alone", must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(w.customer(), "other"))).Status, payments.SetupOpen)
	}},
	{"a mandate is kept with its setup, and drops the IBAN when that ends", func(w *world) {
		c := w.customer()
		w.due(start)
		s, m := mandate(c, "mandate/1")
		same(w, "stored", must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m)), s)
		again, other := mandate(c, "mandate/1")
		same(w, "again", must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), again, other)), s)
		same(w, "kept", must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID)), []payments.Mandate{m})
		same(w, "by reference", must[[]payments.Mandate](w)(w.db.Mandates.MandatesByReference(w.Context(), m.Reference[:12])), []payments.Mandate{m})
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), "n1", start))
		kept := must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID))[0]
		m.Sealed, m.RunAt = "", time.Time{}
		same(w, "ended", kept, m)
		same(w, "told at once", w.due(start), nil)
		same(w, "told later", w.due(m.TellAt), []string{"setup_completed"})
		same(w, "due", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), time.Time{})
	}},
	{"a mandate that is due is claimed once, and put off", func(w *world) {
		c := w.customer()
		w.due(start)
		s, m := mandate(c, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		claim := func(now time.Time) int {
			return len(must[[]payments.Mandate](w)(w.db.Mandates.ClaimMandates(w.Context(), now, now.Add(time.Minute), 10)))
		}
		same(w, "before", claim(m.RunAt.Add(-time.Second)), 0)
		same(w, "due", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), m.RunAt)
		same(w, "claimed", claim(m.RunAt), 1)
		same(w, "claimed twice", claim(m.RunAt), 0)
		same(w, "its lease has lapsed", claim(m.RunAt.Add(time.Minute)), 1)
		w.ok(w.db.Mandates.PutOffMandate(w.Context(), s.ID, m.RunAt.Add(time.Hour)))
		same(w, "put off", must[time.Time](w)(w.db.Mandates.NextMandate(w.Context())), m.RunAt.Add(time.Hour))
		same(w, "tries", must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID))[0].Tries, 1)
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, nil, "n1", m.TellAt))
		w.ok(w.db.Mandates.PutOffMandate(w.Context(), s.ID, m.RunAt))
		same(w, "ended", claim(m.RunAt.Add(24*time.Hour)), 0)
		same(w, "notices", w.due(m.TellAt), []string{"mandate_refused"})
	}},
	{"an instrument that was revoked ends, and its owner is told where they wrote from last", func(w *world) {
		c := w.customer()
		w.due(start)
		late := setup(c, "later")
		late.CreatedAt, late.ReplyTo.Address = start.Add(time.Hour), "telegram:352735"
		must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), late))
		if must[bool](w)(w.db.Payments.EndInstrument(w.Context(), prepaid.NewSecret("tok_2"), "n1", start)) {
			w.Error("another token's has ended")
		}
		if !must[bool](w)(w.db.Payments.EndInstrument(w.Context(), prepaid.NewSecret("tok_1"), "n2", start)) || must[bool](w)(w.db.Payments.EndInstrument(w.Context(), prepaid.NewSecret("tok_1"), "n3", start)) {
			w.Error("not ended once")
		}
		same(w, "pays", w.read(c).Pays.ID, "")
		told := must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), start, start.Add(time.Minute), 10))
		if len(told) != 1 || told[0].About != "instrument_ended" || told[0].Address != "telegram:352735" {
			w.Errorf("told %+v", told)
		}
	}},
	{"what is not there is said so", func(w *world) {
		if _, err := w.db.Payments.EndSetup(w.Context(), "none", nil, "n", start); !errors.Is(err, payments.ErrNoSetup) {
			w.Errorf("%v; want ErrNoSetup", err)
		}
		if _, err := w.db.Payments.Instrument(w.Context(), "none"); !errors.Is(err, payments.ErrNoInstrument) {
			w.Errorf("%v; want ErrNoInstrument", err)
		}
	}},
}
