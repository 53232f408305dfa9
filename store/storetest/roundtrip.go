package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// filled returns a T of which each field has a value of its own, and then what the store has rules for. Whatever is stored and
// read back whole is made by it here, so that a new field is tested without a line in any test: one that is not stored fails.
func filled[T any](rules func(*T)) T {
	var v T
	n := 0
	fill(reflect.ValueOf(&v).Elem(), "", &n)
	rules(&v)
	return v
}

func fill(v reflect.Value, name string, n *int) {
	*n++
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(start.Add(time.Duration(*n) * time.Second)))
		return
	case reflect.TypeFor[prepaid.By](): // the rest is the deeds' alone
		v.Set(reflect.ValueOf(prepaid.By{Who: fmt.Sprint("Who ", *n), Why: fmt.Sprint("Why ", *n)}))
		return
	case reflect.TypeFor[prepaid.Secret]():
		v.Set(reflect.ValueOf(prepaid.NewSecret(fmt.Sprint(name, " ", *n))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint(name, " ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint32:
		v.SetUint(uint64(*n))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name, n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name, n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, name, n)
		fill(value, name, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, n)
	default:
		panic(fmt.Sprintf("no value for a %s", v.Type()))
	}
}

// complete fails the test where a field of what was read has no value: of what the store itself makes, and does not get whole.
func complete(w *world, v any, but ...string) {
	w.Helper()
	empty := map[string]bool{}
	for _, name := range but {
		empty[name] = true
	}
	for field, value := range reflect.ValueOf(v).Fields() {
		if value.IsZero() != empty[field.Name] {
			w.Errorf("%T.%s is %v", v, field.Name, value)
		}
	}
}

// roundTripTests: what is stored is read back as it was, every field of it.
var roundTripTests = []test{
	{"an order, its charge and its attempts", func(w *world) {
		c := w.customer()
		n := w.purchase(c)
		n.Order = filled(func(o *topup.Order) {
			o.Brand, o.Customer, o.Status = brand, c.ID, topup.Charging
			o.Funding.Kind, o.Funding.Ref = topup.ByCharge, string(c.Pays.ID)
			o.AfterDebit = false // Create decides it
		})
		n.Charge = filled(func(c *topup.Charge) { c.Order, c.Former = n.Order.ID, false })
		n.Attempt = filled(func(a *topup.Attempt) { a.Order = n.Order.ID })
		w.placed(n)
		h := must[topup.History](w)(w.db.Orders.Order(w.Context(), n.Order.ID))
		same(w, "order", h.Order, n.Order)
		same(w, "charge", h.Charge, n.Charge)
		same(w, "attempts", h.Attempts, []topup.Attempt{n.Attempt})
	}},
	{"an order that a change has changed", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		next := filled(func(a *topup.Attempt) { a.Order = o.ID })
		answered := filled(func(a *topup.Attempt) {
			a.Order, a.Number, a.Step, a.Reference, a.StartedAt = o.ID, 1, topup.StepCharge, "ch1", start
			a.Part = prepaid.Money{} // it was said when the attempt began
		})
		w.apply(topup.Change{Order: o.ID, From: topup.Charging, Answered: &answered, Next: &next, Charge: topup.ChargeUnclear, ChargeRef: "pi_1",
			Reason: "reason", ActionURL: "https://bank.example/1", NetworkRef: "net-1", Cost: prepaid.Money{Minor: 7, Currency: "USD"}, Absents: 2,
			AbsentAt: start.Add(time.Second), Tries: 3, NeedsHuman: true, RunAt: start.Add(time.Minute), LeaseUntil: start.Add(time.Hour), At: start})
		h := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID))
		want := o
		want.Reason, want.ActionURL, want.NetworkRef, want.Cost = "reason", "https://bank.example/1", "net-1", prepaid.Money{Minor: 7, Currency: "USD"}
		want.Absents, want.AbsentAt, want.Tries, want.NeedsHuman = 2, start.Add(time.Second), 3, true
		want.RunAt, want.LeaseUntil = start.Add(time.Minute), start.Add(time.Hour)
		same(w, "order", h.Order, want)
		same(w, "attempts", h.Attempts, []topup.Attempt{answered, next})
	}},
	{"a developer's key, sale and deed", func(w *world) {
		k := filled(func(k *developers.Key) {
			k.Brand, k.Scopes = brand, reloadly.Scopes()
			k.Balance.Minor = 0 // it is credited
			k.LastUsedAt = time.Time{}
		})
		d := keyDeed(k.ID, "create")
		w.ok(w.db.Developers.CreateKey(w.Context(), k, d))
		same(w, "key", w.key(k.ID), k)
		same(w, "deeds", w.deeds(prepaid.OnKey, k.ID)[0].What, "create")

		n := w.resale(w.developer(eur(1000)), func(n *topup.NewOrder) {
			sale := filled(func(s *topup.Sale) {
				s.Requested, s.Discount, s.Price = eur(1000), eur(40), eur(960)
				s.Limits, s.Asked = topup.SaleLimits{}, "" // neither is stored
				s.Balance, s.DebitedAt = eur(40), start    // what the debit of this order leaves, and when it is
			})
			n.Sale = &sale
		})
		o := w.placed(n)
		got := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).Sale
		n.Sale.Number = got.Number // the store draws it
		same(w, "sale", got, n.Sale)
	}},
	{"a developer's webhook and a delivery to it", func(w *world) {
		k := w.developer(eur(1000))
		hook := filled(func(h *developers.Webhook) { h.Key = k.ID })
		w.ok(w.db.Webhooks.SetWebhook(w.Context(), hook, keyDeed(k.ID, "webhook")))
		same(w, "webhook", must[developers.Webhook](w)(w.db.Webhooks.Webhook(w.Context(), k.ID)), hook)
		o := w.placed(w.resale(k))
		change := delivered(o)
		change.From, change.To = topup.Charged, []topup.Status{topup.Delivering, topup.Delivered}
		w.apply(change)
		now := start.Add(time.Hour)
		d, due, err := w.db.Webhooks.ClaimDelivery(w.Context(), now, now.Add(time.Minute))
		if err != nil || !due {
			w.Fatalf("due %v, %v", due, err)
		}
		d.Last = filled(func(*developers.DeliveryTry) {})
		w.ok(w.db.Webhooks.EndDelivery(w.Context(), d))
		got := must[developers.Delivery](w)(w.db.Webhooks.Delivery(w.Context(), d.ID))
		same(w, "last try", got.Last, d.Last)
		complete(w, got, "LeaseUntil")
	}},
	{"a customer and a one-time code", func(w *world) {
		c := filled(func(c *accounts.Customer) {
			c.Brand, c.Status, c.Holder = brand, accounts.Pending, 1
			c.PIN = accounts.PIN{Hash: "hash"}
			c.Pays, c.RecoveredAt, c.FrozenAt = accounts.Instrument{}, time.Time{}, time.Time{}
		})
		must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), c, nil))
		same(w, "customer", w.read(c), c)

		id := w.customer().ID
		w.exec(`UPDATE customers SET registered_by = 'key', recognised_at = 1, recovered_at = 1, frozen_at = 1, pin_tries = 1, pin_month_tries = 1,
			pin_month_start = 1, pin_locks = 1, pin_locked_until = 1, pin_hard_locked = TRUE`)
		w.exec(`UPDATE instruments SET by_text = TRUE`)
		read := must[accounts.Customer](w)(w.db.Customers.CustomerByID(w.Context(), id))
		complete(w, read)
		complete(w, read.PIN, "Unjudged")
		complete(w, read.Pays)

		code := filled(func(c *accounts.Code) { c.Tries = 1 })
		budget := prepaid.CodeBudget{PerAddress: 1, PerNumber: 1, PerBlock: 1, PerChannel: 1, PerBrand: 1}
		must[accounts.CodeCap](w)(w.db.Codes.SaveCode(w.Context(), code, accounts.CodeCaps{Budget: budget}))
		got := must[accounts.Code](w)(w.db.Codes.TryCode(w.Context(), code.Brand, code.Address, code.MSISDN, "try"))
		code.Channel = "" // kept with what was asked for
		same(w, "code", got, code)
	}},
	{"a setup, a mandate and an instrument", func(w *world) {
		c := w.customer()
		s := filled(func(s *payments.Setup) { s.Brand, s.Customer, s.Status, s.Holder = brand, c.ID, payments.SetupOpen, 1 })
		m := filled(func(m *payments.Mandate) {
			m.Setup, m.Brand, m.Customer = s.ID, brand, c.ID
			m.Creditor.Email = ""           // not stored
			m.From.Language = m.Language    // one column
			m.RunAt = start.Add(-time.Hour) // due
		})
		same(w, "setup", must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m)), s)
		same(w, "mandates", must[[]payments.Mandate](w)(w.db.Mandates.MandatesOf(w.Context(), c.ID)), []payments.Mandate{m})
		i := filled(func(i *payments.Instrument) { i.Customer, i.Brand = c.ID, brand })
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, &i, "notice", start))
		same(w, "instrument", must[payments.Instrument](w)(w.db.Payments.Instrument(w.Context(), i.ID)), i)
	}},
	{"a card", func(w *world) {
		serial := "101-00000042"
		c := filled(func(c *cards.Sealed) {
			c.Brand, c.Series, c.Serial, c.KeyVersion, c.Export = brand, "101", serial, 1, "export"
		})
		must[[]int](w)(w.db.Cards.SaveCards(w.Context(), []cards.Sealed{c}))
		same(w, "card", must[cards.Card](w)(w.db.Cards.CardBySerial(w.Context(), brand, serial)), c.Card)
		c.KeyCheck, c.OldMACs = nil, nil // not the card's
		got := must[[]cards.Sealed](w)(w.db.CardJobs.ExportedCards(w.Context(), cards.Filter{Brand: brand}, "export", cards.Key{}, 1))
		same(w, "sealed", got, []cards.Sealed{c})
	}},
	{"a job on cards, its record, a reseller", func(w *world) {
		j := filled(func(j *cards.Job) {
			j.Spec.Generate.First = 1         // drawn
			j.Spec.Generate.By = prepaid.By{} // the job's
		})
		same(w, "started", must[cards.Job](w)(w.db.CardJobs.StartCardJob(w.Context(), j, by)), j)
		same(w, "job", must[cards.Job](w)(w.db.CardJobs.CardJob(w.Context(), j.ID)), j)
		r := filled(func(*cards.Reseller) {})
		made := filled(func(j *cards.Job) { j.ID = "reseller" })
		w.ok(w.db.CardReports.SaveReseller(w.Context(), r, made, by))
		same(w, "resellers", must[[]cards.Reseller](w)(w.db.CardReports.Resellers(w.Context(), r.Brand)), []cards.Reseller{r})
		same(w, "record", must[[]cards.Record](w)(w.db.CardJobs.CardAudit(w.Context(), made.ID)), []cards.Record{{
			At: r.CreatedAt, Brand: made.Brand, Job: made.ID, Kind: made.Kind, By: made.By, Why: made.Why, First: r.Name, Last: r.Name}})
	}},
	{"a message", func(w *world) {
		m := filled(func(m *channels.Outbound) {
			m.Attempts, m.Lapsed, m.Delivery = 1, false, "" // what became of it
			m.To, m.Outdated, m.EndedAt = "", "", time.Time{}
			m.Ends, m.Labels, m.Turned = false, nil, nil // not stored
			m.CreatedAt = start                          // due
		})
		w.ok(w.db.Outbox.PutOutbound(w.Context(), []channels.Outbound{m}))
		got := must[[]channels.Outbound](w)(w.db.Outbox.ClaimOutbound(w.Context(), start, start.Add(time.Minute), 1))
		m.Seq = got[0].Seq // the store draws it
		same(w, "message", got, []channels.Outbound{m})
	}},
	{"a notice, and one that is held", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(declined(o))
		due := start.Add(time.Hour)
		notices := must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), due, due, 10))
		n := notices[slices.IndexFunc(notices, func(n conversation.Notice) bool { return n.About == "order" })]
		complete(w, n, "NoticeState")
		w.ok(w.db.Notices.Redirect(w.Context(), n))
		w.ok(w.db.Notices.Hold(w.Context(), n.ID, prepaid.HeldUndelivered, due))
		held := must[[]conversation.Notice](w)(w.db.Notices.Held(w.Context(), brand, n.Address))[0]
		complete(w, held.NoticeState, "ToldAt")
		untold := must[[]operators.Untold](w)(w.db.Notices.Untold(w.Context(), "", 1))[0]
		complete(w, untold)
		must[bool](w)(w.db.Notices.ToldByHand(w.Context(), n.ID, prepaid.By{Who: "ann", Why: "phoned"}, due))
		told := must[[]operators.Notice](w)(w.db.Notices.OfOrder(w.Context(), o.ID))
		complete(w, told[0])
	}},
	{"what operators see and have done", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(declined(o))
		passages := must[[]operators.Passage](w)(w.db.Orders.Passages(w.Context(), o.ID))
		complete(w, passages[len(passages)-1])
		d := filled(func(d *prepaid.Deed) {
			d.By.Role, d.By.From, d.By.ApprovedBy, d.Of, d.Brand = "finance", "192.0.2.7", "ben", "", brand
		})
		w.ok(w.db.Deeds.Record(w.Context(), d))
		d.About = "" // asked for elsewhere
		same(w, "deeds", w.deeds(d.Kind, d.Object), []operators.RecordedDeed{{Deed: d, Outcome: operators.DeedDone, EndedAt: d.At}})
		w.ok(w.db.Channels.SetSwitch(w.Context(), operators.SwitchChange{Brand: brand, Channel: "sms", On: true, By: by, At: start}))
		complete(w, must[[]operators.SwitchChange](w)(w.db.Channels.LastSwitches(w.Context(), brand))[0], "Role", "From", "ApprovedBy")
	}},
	{"a difference and a wallet's reading", func(w *world) {
		d := filled(func(d *operators.OpenItem) { d.ClosedAt, d.ClosedBy, d.Reason = time.Time{}, "", "" })
		w.ok(w.db.Reconciliation.SaveDifferences(w.Context(), []operators.OpenItem{d}, start, start, d.FoundAt))
		got := must[[]operators.OpenItem](w)(w.db.Reconciliation.OpenItems(w.Context(), true))[0]
		d.ID = got.ID // the store draws it
		same(w, "item", got, d)
		w.ok(w.db.Reconciliation.CloseItem(w.Context(), d.ID, prepaid.By{Who: "ann", Why: "paid"}, start))
		complete(w, must[[]operators.OpenItem](w)(w.db.Reconciliation.OpenItems(w.Context(), true))[0])
		r := filled(func(*operators.WalletReading) {})
		w.ok(w.db.Reconciliation.SaveWalletReading(w.Context(), r, nil))
		last, _, err := w.db.Reconciliation.LastWalletReading(w.Context(), r.Network, r.Currency)
		w.ok(err)
		same(w, "reading", last, r)
	}},
}
