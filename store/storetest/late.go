package storetest

import (
	"strings"
	"sync"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/prepaid"
)

// lateTests: what becomes of news that comes late, or of which nobody knows whether it came.
var lateTests = []test{
	{"who has written last, and how their provider spells them, is known", func(w *world) {
		const a = prepaid.Address("tel:+525512345678")
		last := func(channel string) time.Time {
			return must[time.Time](w)(w.db.Windows.LastInbound(w.Context(), brand, channel, a))
		}
		same(w, "never", last("twilio").IsZero(), true)
		for _, at := range []time.Duration{time.Hour, 0, 2 * time.Hour} { // one is delivered late
			w.ok(w.db.Windows.SawInbound(w.Context(), brand, "twilio", a, "whatsapp:+5215512345678", start.Add(at)))
		}
		same(w, "last", last("twilio"), start.Add(2*time.Hour))
		same(w, "elsewhere", last("other").IsZero(), true)
		m := windowed(a, "m1")
		w.put(m)
		same(w, "where it is sent", w.claimOut(start)[0].To, "whatsapp:+5215512345678")
		other := windowed("tel:+525587654321", "m1")
		w.put(other)
		same(w, "of whom nothing is known", w.claimOut(start)[0].To, "")
	}},
	{"what is known of who has written is forgotten, but of customers", func(w *world) {
		c := w.customer()
		for _, a := range []prepaid.Address{c.MSISDN.Tel(), "whatsapp:NL.1"} {
			w.ok(w.db.Windows.SawInbound(w.Context(), brand, "whatsapp", a, string(a), start))
		}
		w.forgetAll(start.Add(365*24*time.Hour), prepaid.Retention{})
		same(w, "kept", w.column(`SELECT address FROM last_inbound`), string(c.MSISDN.Tel()))
		must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}, start))
		same(w, "erased", w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM last_inbound`), "0")
	}},
	{"an id that has changed inherits what was said at the ids before it", func(w *world) {
		c := w.customer()
		stop := func(a prepaid.Address, channel string, out bool) {
			w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, a, []string{channel}, out, start))
		}
		link := func(a prepaid.Address) {
			w.ok(w.db.Customers.LinkAddress(w.Context(), c, accounts.Place{Address: a, Channel: "whatsapp", Kind: "whatsapp"}, start))
		}
		link("whatsapp:NL.1")
		same(w, "before", w.optedOut(brand, "whatsapp:NL.1"), nil)
		stop("whatsapp:NL.1", "", true)
		stop("whatsapp:NL.1", "whatsapp", true) // at the messenger: of the id alone
		n := w.news(c)
		w.ok(w.db.Notices.Redirect(w.Context(), conversation.Notice{ID: n.ID, Brand: brand, Channel: "whatsapp", Kind: "whatsapp", Address: "whatsapp:NL.1"}))
		w.ok(w.db.Notices.Hold(w.Context(), n.ID, prepaid.HeldUndelivered, start))
		link("whatsapp:NL.2")
		same(w, "STOP holds", w.optedOut(brand, "whatsapp:NL.2"), []string{""})
		same(w, "what was held is due", w.heldFor("whatsapp:NL.1"), "")
		stop("whatsapp:NL.3", "", true)
		stop("whatsapp:NL.3", "", false) // START, before it was linked
		link("whatsapp:NL.3")
		same(w, "but for START", w.optedOut(brand, "whatsapp:NL.3"), nil)
		w.ok(w.db.Customers.LinkAddress(w.Context(), c, accounts.Place{Address: "telegram:3527", Channel: "bot", Kind: "telegram"}, start))
		same(w, "another messenger's", w.optedOut(brand, "telegram:3527"), nil)

		other := w.customer()
		stop(other.MSISDN.Tel(), "", true)
		w.ok(w.db.Customers.LinkAddress(w.Context(), other, accounts.Place{Address: "whatsapp:NL.9", Channel: "whatsapp", Kind: "whatsapp"}, start))
		same(w, "as at the number that it stands for", w.optedOut(brand, "whatsapp:NL.9"), []string{""})
	}},
	{"our own words that come too late are told anew, and their window is shut", func(w *world) {
		c := w.customer()
		n := w.news(c)
		w.ok(w.db.Windows.SawInbound(w.Context(), brand, "twilio", n.Address, "whatsapp:+1", start))
		m := windowed(n.Address, string(n.ID))
		w.handsOver(n, m)
		shut := channels.DeliveryReport{Outbound: m.ID, Status: channels.Failed, Code: "63016", Shut: true}
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), shut, start.Add(time.Minute)))
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), shut, start.Add(time.Minute))) // twice
		same(w, "window", must[time.Time](w)(w.db.Windows.LastInbound(w.Context(), brand, "twilio", n.Address)).IsZero(), true)
		again := w.dueNotices(start.Add(time.Minute))
		if len(again) != 1 || !again[0].Retold || again[0].ID == n.ID {
			w.Fatalf("told anew: %+v", again)
		}
		w.ok(w.db.Windows.SawInbound(w.Context(), brand, "twilio", n.Address, "whatsapp:+1", start.Add(time.Hour)))
		same(w, "open again", must[time.Time](w)(w.db.Windows.LastInbound(w.Context(), brand, "twilio", n.Address)), start.Add(time.Hour))

		template := windowed(n.Address, string(again[0].ID))
		template.Template = channels.Template{ID: "HX1", Values: []string{"€10"}}
		w.handsOver(again[0], template)
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Outbound: template.ID, Status: channels.Failed, Code: "63016", Shut: true}, start.Add(2*time.Minute)))
		same(w, "a template is sent once", w.heldFor(n.Address), "undelivered")
		same(w, "who has written since stays", must[time.Time](w)(w.db.Windows.LastInbound(w.Context(), brand, "twilio", n.Address)), start.Add(time.Hour))
	}},
	{"news that did not arrive is held, whatever had been taken", func(w *world) {
		n := w.news(w.customer())
		m := message(n.Address, string(n.ID), 0)
		w.handsOver(n, m)
		failed := channels.DeliveryReport{Outbound: m.ID, Status: channels.Failed, Code: "30003"}
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), failed, start))
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), failed, start))
		same(w, "held", w.heldFor(n.Address), "undelivered")

		read := w.news(w.customer())
		m = message(read.Address, string(read.ID), 0)
		w.handsOver(read, m)
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Outbound: m.ID, Status: channels.DeliveredTo}, start))
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Outbound: m.ID, Status: channels.Failed}, start))
		same(w, "what was delivered stays told", w.heldFor(read.Address), "")
	}},
	{"what is doubtful is asked after until it is found", func(w *world) {
		m := message("tel:+1", "m1", 0)
		m.Doubt, m.AgainMark = channels.AgainInDoubt, "Again:"
		w.doubtful(m, start.Add(30*time.Second))
		same(w, "next", must[time.Time](w)(w.db.Outbox.NextDoubt(w.Context())), start.Add(30*time.Second))
		same(w, "counted", must[map[string]int](w)(w.db.Outbox.CountDoubtful(w.Context()))[brand], 1)
		same(w, "not yet", keys(w.claimDoubtful(start)), "")
		got := w.claimDoubtful(start.Add(time.Minute))
		same(w, "asked after", keys(got), "m1.0")
		same(w, "since", got[0].EndedAt, start)
		same(w, "leased", keys(w.claimDoubtful(start.Add(time.Minute))), "")
		w.ok(w.db.Outbox.AskAgain(w.Context(), m.ID, start.Add(2*time.Minute)))
		same(w, "asked again", keys(w.claimDoubtful(start.Add(2*time.Minute))), "m1.0")
		w.end(m, channels.SendEnd{Status: channels.HandedOn, ProviderRef: "SM1", Delivery: channels.DeliveredTo, Now: start.Add(3 * time.Minute)})
		same(w, "found", w.column(`SELECT status || ' ' || delivery || ' ' || provider_ref FROM outbox`), "sent delivered SM1")
		same(w, "known", must[[]string](w)(w.db.Outbox.KnownRefs(w.Context(), brand, "twilio", []string{"SM0", "SM1"})), []string{"SM1"})
		w.ok(w.db.Outbox.EndDoubt(w.Context(), m.ID, start.Add(time.Hour))) // another copy has waited longer
		same(w, "no doubt is left", keys(w.claimDoubtful(start.Add(24*time.Hour))), "")
		same(w, "nothing is sent again", keys(w.claimOut(start.Add(24*time.Hour))), "")
	}},
	{"a report ends a doubt", func(w *world) {
		for status, want := range map[channels.Delivery]string{channels.Queued: "sent", channels.Sent: "sent", channels.DeliveredTo: "sent", channels.Failed: "failed"} {
			m := message(prepaid.Address("tel:+"+string(status)), "m1", 0)
			m.Doubt, m.AgainMark = channels.AgainInDoubt, "Again:"
			w.doubtful(m, start)
			w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Outbound: m.ID, ProviderRef: "SM1", Status: status}, start))
			same(w, string(status), w.column(`SELECT status || ' ' || provider_ref FROM outbox WHERE id = ?`, m.ID), want+" SM1")
		}
		same(w, "no doubt is left", keys(w.claimDoubtful(start.Add(time.Hour))), "")
	}},
	{"a report that comes before the sending has ended leaves no doubt", func(w *world) {
		for status, want := range map[channels.Delivery]string{channels.Queued: "sent", channels.DeliveredTo: "sent", channels.Failed: "failed"} {
			m := message(prepaid.Address("tel:+"+string(status)), "m1", 0)
			m.Doubt, m.AgainMark = channels.AgainInDoubt, "Again:"
			w.put(m)
			w.claimOut(start)
			w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Outbound: m.ID, Status: status}, start.Add(time.Second)))
			w.end(m, channels.SendEnd{Status: channels.Uncertain, Code: "no answer", RunAt: start.Add(time.Minute), Now: start.Add(20 * time.Second)})
			same(w, string(status), w.column(`SELECT status || ' ' || delivery FROM outbox WHERE id = ?`, m.ID), want+" "+string(status))
		}
		same(w, "no doubt is left", keys(w.claimDoubtful(start.Add(time.Hour))), "")
	}},
	{"of what went once more, only the second message counts", func(w *world) {
		n := w.news(w.customer())
		m := message(n.Address, string(n.ID), 0)
		m.Doubt, m.AgainMark = channels.AgainInDoubt, "Again:"
		w.ok(w.db.Notices.HandOver(w.Context(), n.ID, []channels.Outbound{m}, start))
		w.doubtful(m, start)
		w.ok(w.db.Outbox.EndDoubt(w.Context(), m.ID, start.Add(10*time.Minute)))
		once := w.claimOut(start.Add(10 * time.Minute))[0]
		w.end(once, channels.SendEnd{Status: channels.HandedOn, Now: start.Add(10 * time.Minute)})
		failed := channels.DeliveryReport{Outbound: m.ID, Status: channels.Failed, Code: "30003"}
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), failed, start.Add(11*time.Minute)))
		same(w, "the first has failed", w.heldFor(n.Address), "")
		failed.Outbound = once.ID
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), failed, start.Add(12*time.Minute)))
		same(w, "both have failed", w.heldFor(n.Address), "undelivered")
	}},
	{"news about money that stays doubtful goes once more", func(w *world) {
		n := w.news(w.customer())
		m := message(n.Address, string(n.ID), 0)
		m.Text, m.Doubt, m.AgainMark = "EUR 10 was paid back.", channels.AgainInDoubt, "Again:"
		w.ok(w.db.Notices.HandOver(w.Context(), n.ID, []channels.Outbound{m}, start))
		w.doubtful(m, start)
		var copies sync.WaitGroup
		for range 4 {
			copies.Go(func() { w.ok(w.db.Outbox.EndDoubt(w.Context(), m.ID, start.Add(10*time.Minute))) })
		}
		copies.Wait()
		once := w.claimOut(start.Add(10 * time.Minute))
		if len(once) != 1 || once[0].Text != "Again: EUR 10 was paid back." || once[0].ID == m.ID {
			w.Fatalf("once more: %+v", once)
		}
		same(w, "told meanwhile", w.heldFor(n.Address), "")
		w.end(once[0], channels.SendEnd{Status: channels.Uncertain, RunAt: start.Add(11 * time.Minute), Now: start.Add(11 * time.Minute)})
		w.ok(w.db.Outbox.EndDoubt(w.Context(), once[0].ID, start.Add(21*time.Minute)))
		same(w, "not a third time", keys(w.claimOut(start.Add(time.Hour))), "")
		same(w, "then it is held", w.heldFor(n.Address), "unknown")
	}},
	{"a template that stays doubtful is held: it can't say that it comes again", func(w *world) {
		n := w.news(w.customer())
		m := windowed(n.Address, string(n.ID))
		m.Doubt, m.AgainMark, m.Template = channels.AgainInDoubt, "Again:", channels.Template{ID: "HX1"}
		w.ok(w.db.Notices.HandOver(w.Context(), n.ID, []channels.Outbound{m}, start))
		w.doubtful(m, start)
		w.ok(w.db.Outbox.EndDoubt(w.Context(), m.ID, start.Add(10*time.Minute)))
		same(w, "sent again", keys(w.claimOut(start.Add(time.Hour))), "")
		same(w, "held", w.heldFor(n.Address), "unknown")
	}},
	{"a PIN that stays doubtful goes once more, sealed", func(w *world) {
		m := message("tel:+1", "m1", 0)
		m.Text, m.PIN, m.Doubt, m.AgainMark = "Your code: 1234567890", "bcdfg", channels.AgainInDoubt, "Again:"
		w.doubtful(m, start)
		w.ok(w.db.Outbox.EndDoubt(w.Context(), m.ID, start.Add(10*time.Minute)))
		same(w, "stored", w.column(`SELECT text FROM outbox WHERE status = 'waiting'`), "")
		same(w, "sent", w.claimOut(start.Add(10 * time.Minute))[0].Text, "Again: Your code: 1234567890")
	}},
	{"other news that stays doubtful is held, and the rest dropped", func(w *world) {
		for doubt, want := range map[channels.Doubt]string{channels.HoldInDoubt: "unknown", channels.DropInDoubt: ""} {
			n := w.news(w.customer())
			m := message(n.Address, string(n.ID), 0)
			m.Doubt = doubt
			w.ok(w.db.Notices.HandOver(w.Context(), n.ID, []channels.Outbound{m}, start))
			w.doubtful(m, start)
			w.ok(w.db.Outbox.EndDoubt(w.Context(), m.ID, start.Add(10*time.Minute)))
			same(w, "held "+string(doubt), w.heldFor(n.Address), want)
			same(w, "sent again", keys(w.claimOut(start.Add(time.Hour))), "")
		}
	}},
}

// windowed is a message to a messenger that takes our own words for a while.
func windowed(to prepaid.Address, id string) channels.Outbound {
	m := message(to, id, 0)
	m.Can, _ = channels.Of(channels.WhatsApp)
	return m
}

// news is a notice for a customer that is due: how their order has ended.
func (w *world) news(c accounts.Customer) conversation.Notice {
	w.Helper()
	o := w.placed(w.purchase(c))
	w.apply(declined(o))
	for _, n := range w.dueNotices(start.Add(time.Hour)) {
		if n.Order == o.ID {
			return n
		}
	}
	w.Fatal("the order makes no news")
	return conversation.Notice{}
}

// dueNotices claims what is due of orders for a second.
func (w *world) dueNotices(at time.Time) []conversation.Notice {
	w.Helper()
	var due []conversation.Notice
	for _, n := range must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), at, at.Add(time.Second), 99)) {
		if n.About == prepaid.NoticeOrder {
			due = append(due, n)
		}
	}
	return due
}

// handsOver has a message tell a notice, and the provider take it.
func (w *world) handsOver(n conversation.Notice, m channels.Outbound) {
	w.Helper()
	w.ok(w.db.Notices.HandOver(w.Context(), n.ID, []channels.Outbound{m}, start))
	w.claimOut(start)
	w.end(m, channels.SendEnd{Status: channels.HandedOn, ProviderRef: "SM" + string(m.ID), Now: start})
}

// heldFor tells why news for an address is held.
func (w *world) heldFor(a prepaid.Address) string {
	w.Helper()
	var why []string
	for _, n := range must[[]conversation.Notice](w)(w.db.Notices.Held(w.Context(), brand, a)) {
		why = append(why, string(n.Held))
	}
	return strings.Join(why, " ")
}

// doubtful has a message sent without an answer.
func (w *world) doubtful(m channels.Outbound, askAt time.Time) {
	w.Helper()
	w.put(m)
	w.claimOut(start)
	w.end(m, channels.SendEnd{Status: channels.Uncertain, Code: "no answer", RunAt: askAt, Now: start})
}

func (w *world) claimDoubtful(now time.Time) []channels.Outbound {
	w.Helper()
	return must[[]channels.Outbound](w)(w.db.Outbox.ClaimDoubtful(w.Context(), now, now.Add(time.Minute), 9))
}
