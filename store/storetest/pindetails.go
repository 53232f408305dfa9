package storetest

import (
	"bytes"
	"net/url"
	"os"
	"strings"

	"pulsa/channels"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/scratch"
	"pulsa/topup"
)

var somePIN = topup.PINDetail{Code: prepaid.NewSecret("773709733097662"), Serial: "558111", Value: "10.00",
	Info: [3]string{"Dial *101*", "the code", "#"}, IVR: "1-888", Validity: "30 days"}

var pinDetailTests = []test{
	{"the PIN of a delivery is kept sealed with it, and forgotten once it was handed on", func(w *world) {
		o := w.saleByPIN()
		if h := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)); !h.ByPIN || h.Status != topup.Delivered {
			w.Errorf("the order is %s, by PIN: %v", h.Status, h.ByPIN)
		}
		same(w, "kept", must[*topup.PINDetail](w)(w.db.Orders.PIN(w.Context(), o.ID)), &somePIN)
		var sealed []byte
		w.ok(w.db.Writer().GetContext(w.Context(), &sealed, `SELECT sealed FROM pin_details`))
		if bytes.Contains(sealed, []byte("7737")) || bytes.Contains(sealed, []byte("558111")) {
			w.Error("it shows in the store")
		}
		ids := must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Delivered))
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{Notices: ids}, start))
		w.keepsPIN(o, true)
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{PINs: []prepaid.OrderID{o.ID}}, start))
		w.keepsPIN(o, false)
		w.clean()
	}},
	{"an order that was delivered otherwise has no PIN", func(w *world) { w.keepsPIN(w.sale(), false) }},
	{"without a key no PIN is stored, and the delivery is not either", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.apply(charged(o))
		c := delivered(o)
		c.PIN = &somePIN
		bare := w.withoutKey()
		if moved, err := bare.Orders.Apply(w.Context(), c); err == nil || moved {
			w.Errorf("moved %v, %v", moved, err)
		}
		same(w, "status", must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).Status, topup.Delivering)
	}},
	{"a PIN that the network has taken back is forgotten", func(w *world) {
		o := w.saleByPIN()
		w.apply(topup.Change{Order: o.ID, From: topup.Delivered, To: []topup.Status{topup.Refunding}, At: start})
		w.keepsPIN(o, false)
	}},
	{"a message that shows a PIN is sealed, and both are forgotten when all of it was sent", func(w *world) {
		for _, keep := range []bool{false, true} {
			o := w.saleByPIN()
			parts := w.showing(o)
			w.put(parts...)
			for table, text := range must[map[string]string](w)(scratch.Texts(w.Context(), w.db)) {
				if strings.Contains(text, "7737") {
					w.Errorf("%s shows it", table)
				}
			}
			for i, part := range parts {
				w.keepsPIN(o, true)
				got := w.claimOut(start)
				if len(got) != 1 || got[0].Text != part.Text || got[0].PIN != o.ID {
					w.Fatalf("part %d is claimed as %+v", i, got)
				}
				w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{PINs: []prepaid.OrderID{o.ID}}, start)) // too early: it waits to be sent
				w.keepsPIN(o, true)
				w.end(got[0], channels.SendEnd{Status: channels.HandedOn, Keep: keep, Now: start})
			}
			w.keepsPIN(o, false)
			text := ""
			if keep {
				text = parts[0].Text
			}
			to := must[[]channels.Outbound](w)(w.db.Outbox.OutboundTo(w.Context(), brand, "twilio", parts[0].Address, 0, 1))
			same(w, "sent", to[0].Text, text)
		}
	}},
	{"the PIN of a message that can't be sent is kept", func(w *world) {
		for _, status := range []channels.SendStatus{channels.GivenUp, channels.Uncertain} {
			o := w.saleByPIN()
			w.put(w.showing(o)[:1]...)
			w.end(w.claimOut(start)[0], channels.SendEnd{Status: status, Now: start})
			w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{PINs: []prepaid.OrderID{o.ID}}, start))
			w.keepsPIN(o, true)
		}
	}},
	{"a sealed message without its key is claimed without its text", func(w *world) {
		w.put(w.showing(w.saleByPIN())[:1]...)
		got, err := w.withoutKey().Outbox.ClaimOutbound(w.Context(), start, start.Add(1), 9)
		if err != nil || len(got) != 1 || got[0].Text != "" {
			w.Errorf("%+v, %v", got, err)
		}
	}},
	{"the PINs of an erased customer are forgotten", func(w *world) {
		o := w.saleByPIN()
		must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: o.Customer, Pseudonyms: pseudonyms, By: by}, start))
		w.keepsPIN(o, false)
	}},
}

func (w *world) saleByPIN() topup.Order {
	w.Helper()
	o := w.placed(w.purchase(w.customer()))
	w.apply(charged(o))
	c := delivered(o)
	c.PIN = &somePIN
	w.apply(c)
	return o
}

func (w *world) keepsPIN(o topup.Order, want bool) {
	w.Helper()
	has := must[bool](w)(w.db.Orders.HasPIN(w.Context(), o.ID))
	if pin := must[*topup.PINDetail](w)(w.db.Orders.PIN(w.Context(), o.ID)); has != want || (pin != nil) != want {
		w.Errorf("keeps the PIN: %v (%v), want %v", has, pin != nil, want)
	}
}

// showing is a message of two parts that shows an order's PIN.
func (w *world) showing(o topup.Order) []channels.Outbound {
	var parts []channels.Outbound
	for i, text := range []string{"Your code: 773709733097662", "Serial: 558111"} {
		m := message(o.ReplyTo.Address, "m"+string(o.ID), i)
		m.Text, m.PIN = text, o.ID
		parts = append(parts, m)
	}
	return parts
}

// withoutKey is the store as a program sees it that was not given the key.
func (w *world) withoutKey() *store.DB {
	w.Helper()
	query, address := `SELECT file FROM pragma_database_list WHERE name = 'main'`, func(file string) string { return "sqlite:" + file }
	if w.db.Dialect() == store.Postgres {
		query = `SELECT current_database() || '/' || current_schema()`
		address = func(where string) string { return inSchema(w, os.Getenv(DatabaseURL), where) }
	}
	var where string
	w.ok(w.db.Writer().GetContext(w.Context(), &where, query))
	db := must[*store.DB](w)(store.Open(w.Context(), address(where), store.Options{Volatile: true}))
	w.Cleanup(func() { w.ok(db.Close()) })
	return db
}

// inSchema is the base URL to "database/schema". PgBouncer refuses a search_path, also that of the schema that is there anyway.
func inSchema(w *world, base, where string) string {
	w.Helper()
	u := must[*url.URL](w)(url.Parse(base))
	database, schema, _ := strings.Cut(where, "/")
	u.Path = "/" + database
	if query := u.Query(); schema != "public" {
		query.Set("search_path", schema)
		u.RawQuery = query.Encode()
	}
	return u.String()
}
