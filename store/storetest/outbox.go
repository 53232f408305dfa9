package storetest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store/scratch"
	"pulsa/topup"
)

var figured = []string{"twilio", "telegram"}

var outboxTests = []test{
	{"a message is read as it was put, once per message and part", func(w *world) {
		can, _ := channels.Of(channels.Telegram)
		m := message("telegram:1", "m1", 0)
		m.ContactLabel = "Share"
		m.Buttons, m.AskContact, m.Can, m.Repeatable, m.Answer, m.DeleteRef = []channels.Choice{{ID: "sepa", Label: "SEPA"}}, true, can, true, true, "7"
		again := message("telegram:1", "m1", 0)
		again.Text = "other"
		w.put(m, again)
		got := w.claimOut(start)
		m.Seq, m.Attempts = got[0].Seq, 1
		same(w, "stored", got, []channels.Outbound{m})
	}},
	{"what cannot be stored is left out of a text", func(w *world) {
		m := message("tel:+1", "m1", 0)
		m.Text = "a\x00b\xffc"
		w.put(m)
		same(w, "text", w.claimOut(start)[0].Text, "ab\uFFFDc")
	}},
	{"what a provider has taken is listed by number", func(w *world) {
		w.put(message("tel:+1", "m1", 0), message("tel:+1", "m1", 1), message("tel:+2", "m1", 0), message("tel:+1", "m2", 0))
		list := func(after int64, n int) []channels.Outbound {
			return must[[]channels.Outbound](w)(w.db.Outbox.OutboundTo(w.Context(), brand, "twilio", "tel:+1", after, n))
		}
		same(w, "before", keys(list(0, 9)), "")
		for range 3 {
			for _, m := range w.claimOut(start) {
				w.end(m, channels.SendEnd{Status: channels.HandedOn, Now: start})
			}
		}
		all := list(0, 9)
		same(w, "delivery", all[0].Delivery, channels.Sent)
		same(w, "all", keys(all), "m1.0 m1.1 m2.0")
		same(w, "the first", keys(list(0, 1)), "m1.0")
		same(w, "after it", keys(list(all[0].Seq, 9)), "m1.1 m2.0")
	}},
	{"an address gets one message at a time, in order", func(w *world) {
		w.put(message("tel:+1", "a", 0), message("tel:+1", "a", 1), message("tel:+2", "b", 0))
		first := w.claimOut(start)
		same(w, "the oldest of each", keys(first), "a.0 b.0")
		same(w, "while sending", keys(w.claimOut(start)), "")
		w.end(first[0], channels.SendEnd{Status: channels.HandedOn, ProviderRef: "SM1", Now: start})
		same(w, "then the next", keys(w.claimOut(start)), "a.1")
	}},
	{"a message that waits for another try keeps the later ones waiting", func(w *world) {
		w.put(message("tel:+1", "a", 0), message("tel:+1", "a", 1))
		later := start.Add(time.Minute)
		w.end(w.claimOut(start)[0], channels.SendEnd{Status: channels.Waiting, RunAt: later, Now: start})
		same(w, "before", keys(w.claimOut(later.Add(-1))), "")
		same(w, "due", must[time.Time](w)(w.db.Outbox.NextOutbound(w.Context())), later)
		again := w.claimOut(later)
		same(w, "then", keys(again), "a.0")
		if again[0].Attempts != 2 || again[0].Lapsed {
			w.Errorf("attempts %d, lapsed %v; want 2, false", again[0].Attempts, again[0].Lapsed)
		}
	}},
	{"a provider that was not asked was not tried", func(w *world) {
		w.put(message("tel:+1", "a", 0))
		for range 3 {
			m := w.claimOut(start)[0]
			if m.Attempts != 1 || m.Lapsed {
				w.Errorf("attempts %d, lapsed %v", m.Attempts, m.Lapsed)
			}
			w.end(m, channels.SendEnd{Status: channels.Waiting, RunAt: start, Untried: true, Now: start})
		}
	}},
	{"what waits on a channel that was off is woken", func(w *world) {
		later := start.Add(time.Hour)
		off := channels.SendEnd{Status: channels.Waiting, RunAt: later, Code: channels.CodeOff, Untried: true, Now: start}
		busy := off
		busy.Code = "20429"
		w.put(message("tel:+1", "a", 0), message("tel:+2", "b", 0))
		claimed := w.claimOut(start)
		w.end(claimed[0], off)
		w.end(claimed[1], busy)
		w.ok(w.db.Outbox.WakeOutbound(w.Context(), brand, "telegram", channels.CodeOff, start))
		same(w, "another channel's", keys(w.claimOut(start)), "")
		w.ok(w.db.Outbox.WakeOutbound(w.Context(), brand, "twilio", channels.CodeOff, start))
		same(w, "only what was off", keys(w.claimOut(start)), "a.0")
	}},
	{"slots of a channel are given once, in time", func(w *world) {
		const every = 100 * time.Millisecond
		slot := func(channel string, now time.Time) (time.Duration, bool) {
			at, ok, err := w.db.Outbox.SendSlot(w.Context(), channel, now.Add(-every), now.Add(2*every), every)
			w.ok(err)
			return at.Sub(now), ok
		}
		for i, want := range []time.Duration{-every, 0, every, 2 * every} {
			at, ok := slot("demo/a", start)
			same(w, fmt.Sprint("slot ", i), at, want)
			same(w, "it is given", ok, true)
		}
		_, ok := slot("demo/a", start)
		same(w, "too late", ok, false)
		at, ok := slot("demo/b", start)
		same(w, "another channel's", at, -every)
		same(w, "it is given", ok, true)
		at, ok = slot("demo/a", start.Add(time.Millisecond+every))
		same(w, "the next in line", at, 2*every-time.Millisecond)
		same(w, "it is given", ok, true)
		at, _ = slot("demo/a", start.Add(time.Hour))
		same(w, "nothing is saved up", at, -every)
	}},
	{"no slot is given twice", func(w *world) {
		const copies, each = 4, 10
		slots := make(chan time.Time, copies*each)
		var all sync.WaitGroup
		for range copies {
			all.Go(func() {
				for range each {
					at, ok, err := w.db.Outbox.SendSlot(w.Context(), "demo/a", start, start.Add(time.Hour), time.Second)
					if err != nil || !ok {
						w.Error(ok, err)
					}
					slots <- at
				}
			})
		}
		all.Wait()
		close(slots)
		given := map[time.Duration]bool{}
		for at := range slots {
			given[at.Sub(start)] = true
		}
		same(w, "slots", len(given), copies*each)
		same(w, "the last one is given", given[(copies*each-1)*time.Second], true)
	}},
	{"figures tell how a channel fares", func(w *world) {
		same(w, "of nothing", must[map[string]operators.ChannelFigures](w)(w.db.Channels.ChannelFigures(w.Context(), brand, figured, start))["telegram"], operators.ChannelFigures{Codes: map[string]int{}})
		for i, end := range []channels.SendEnd{
			{Status: channels.HandedOn}, {Status: channels.HandedOn}, {Status: channels.GivenUp, Code: "30007"},
			{Status: channels.GivenUp, Code: string(channels.RecipientOut)}, {Status: channels.Uncertain, Code: "no answer"},
			{Status: channels.Waiting, Code: "20003", RunAt: start.Add(time.Hour)},
			{Status: channels.Waiting, Code: "rate", RunAt: start.Add(time.Hour), Untried: true},
		} {
			m := message(prepaid.Address(fmt.Sprint("tel:+", i)), "a", 0)
			m.CreatedAt = start.Add(time.Duration(i) * time.Second)
			w.put(m)
			end.Now = start.Add(time.Minute)
			w.end(w.claimOut(end.Now)[0], end)
			if i == 0 {
				w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Outbound: m.ID, Status: channels.Failed, Code: "30003"}, end.Now))
			}
		}
		want := operators.ChannelFigures{Waiting: 2, OldestWaits: start.Add(5 * time.Second), Retried: 1, RetriedSince: start.Add(5 * time.Second),
			LastSent: start.Add(time.Minute), Sent: 2, Failed: 1, Unknown: 1, Undelivered: 1,
			Codes: map[string]int{"30007": 1, "no answer": 1, "20003": 1, "30003": 1}}
		same(w, "figures", must[map[string]operators.ChannelFigures](w)(w.db.Channels.ChannelFigures(w.Context(), brand, figured, start))["twilio"], want)
		want.Sent, want.Failed, want.Unknown, want.Undelivered, want.Codes = 0, 0, 0, 0, map[string]int{"20003": 1}
		same(w, "later", must[map[string]operators.ChannelFigures](w)(w.db.Channels.ChannelFigures(w.Context(), brand, figured, start.Add(time.Hour)))["twilio"], want)
	}},
	{"a question knows whose buttons it outdates", func(w *world) {
		telegram, _ := channels.Of(channels.Telegram)
		choices := []channels.Choice{{ID: "sepa", Label: "SEPA"}}
		for i, test := range []struct {
			message channels.Outbound
			want    string
		}{
			{channels.Outbound{Buttons: choices}, ""},                   // the first to anybody
			{channels.Outbound{Buttons: choices}, "ref0"},               // asked again
			{channels.Outbound{}, ""},                                   // news
			{channels.Outbound{Answer: true, Buttons: choices}, ""},     // behind the news
			{channels.Outbound{Answer: true}, "ref3"},                   // it was answered
			{channels.Outbound{Buttons: choices, AskContact: true}, ""}, // on the keyboard, not below the message
			{channels.Outbound{Answer: true}, ""},
		} {
			m := message("telegram:1", fmt.Sprint("m", i), 0)
			m.Can, m.Buttons, m.Answer, m.AskContact = telegram, test.message.Buttons, test.message.Answer, test.message.AskContact
			w.put(m)
			got := w.claimOut(start)[0]
			same(w, got.MessageID, got.Outdated, test.want)
			w.end(got, channels.SendEnd{Status: channels.HandedOn, ProviderRef: fmt.Sprint("ref", i), Now: start})
		}
		other := message("telegram:2", "m1", 0)
		other.Can, other.Buttons = telegram, choices
		w.put(other)
		same(w, "another's", w.claimOut(start)[0].Outdated, "")
	}},
	{"a sending that never ended is claimed again as lapsed", func(w *world) {
		w.put(message("tel:+1", "a", 0))
		if first := w.claimOut(start)[0]; first.Attempts != 1 || first.Lapsed {
			w.Errorf("first: attempts %d, lapsed %v", first.Attempts, first.Lapsed)
		}
		if again := w.claimOut(start.Add(time.Minute))[0]; again.Attempts != 2 || !again.Lapsed {
			w.Errorf("again: attempts %d, lapsed %v", again.Attempts, again.Lapsed)
		}
	}},
	{"what has ended is not sent again", func(w *world) {
		for i, status := range []channels.SendStatus{channels.HandedOn, channels.GivenUp, channels.Uncertain} {
			w.put(message(prepaid.Address(fmt.Sprint("tel:+", i)), "a", 0))
			m := w.claimOut(start)[0]
			w.end(m, channels.SendEnd{Status: status, Now: start})
			w.end(m, channels.SendEnd{Status: channels.Waiting, RunAt: start, Now: start})
			same(w, string(status), keys(w.claimOut(start.Add(time.Hour))), "")
		}
	}},
	{"reports are ranked, whatever their order", func(w *world) {
		for _, c := range []struct{ reports, want string }{
			{"sent delivered", "delivered"}, {"delivered sent queued", "delivered"}, {"read delivered", "read"},
			{"delivered read", "read"}, {"failed delivered read", "failed"}, {"delivered failed", "delivered"},
			{"queued nonsense", "sent"}, // handing it on has told that much
		} {
			m := message("tel:+1", c.reports, 0)
			w.put(m)
			w.end(w.claimOut(start)[0], channels.SendEnd{Status: channels.HandedOn, ProviderRef: "SM" + c.reports, Now: start})
			for i, status := range strings.Fields(c.reports) {
				r := channels.DeliveryReport{Brand: brand, Channel: "twilio", Outbound: m.ID, Status: channels.Delivery(status)}
				if i%2 == 1 {
					r.Outbound, r.ProviderRef = "", "SM"+c.reports
				}
				w.ok(w.db.Outbox.ReportDelivery(w.Context(), r, start))
			}
			same(w, c.reports, w.column(`SELECT delivery FROM outbox WHERE id = ?`, m.ID), c.want)
		}
	}},
	{"a provider's id is its channel's, and the last message's that has it", func(w *world) {
		sent := map[string]prepaid.OutboundID{}
		for i, c := range []string{"twilio", "gateway", "gateway"} {
			m := message("tel:+1", fmt.Sprint("m", i), 0)
			m.Channel = c
			w.put(m)
			w.end(w.claimOut(start)[0], channels.SendEnd{Status: channels.HandedOn, ProviderRef: "17", Now: start})
			sent[fmt.Sprint(c, i)] = m.ID
		}
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Brand: brand, Channel: "gateway", ProviderRef: "17", Status: channels.DeliveredTo}, start))
		for of, want := range map[string]string{"twilio0": "sent", "gateway1": "sent", "gateway2": "delivered"} {
			same(w, of, w.column(`SELECT delivery FROM outbox WHERE id = ?`, sent[of]), want)
		}
	}},
}

func message(to prepaid.Address, id string, part int) channels.Outbound {
	return channels.Outbound{ID: prepaid.NewID[prepaid.OutboundID](), Brand: brand, Channel: "twilio", Address: to,
		MessageID: id, Part: part, Text: "hello", CreatedAt: start}
}

func (w *world) put(m ...channels.Outbound) {
	w.Helper()
	w.ok(w.db.Outbox.PutOutbound(w.Context(), m))
}

// claimOut leases messages for a minute.
func (w *world) claimOut(now time.Time) []channels.Outbound {
	w.Helper()
	return must[[]channels.Outbound](w)(w.db.Outbox.ClaimOutbound(w.Context(), now, now.Add(time.Minute), 9))
}

func (w *world) end(m channels.Outbound, e channels.SendEnd) {
	w.Helper()
	w.ok(w.db.Outbox.EndOutbound(w.Context(), m.ID, e))
}

func keys(messages []channels.Outbound) string {
	var keys []string
	for _, m := range messages {
		keys = append(keys, fmt.Sprint(m.MessageID, ".", m.Part))
	}
	return strings.Join(keys, " ")
}

// column reads one text behind the store's back.
func (w *world) column(query string, args ...any) string {
	w.Helper()
	var text string
	w.ok(w.db.Writer().GetContext(w.Context(), &text, w.db.Writer().Rebind(query), args...))
	return text
}

var noticeTests = []test{
	{"a notice tells whom and what", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.due(start) // of the setup
		c := declined(o)
		w.apply(c)
		same(w, "not yet", w.due(c.Notice.DueAt.Add(-1)), nil)
		got := must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), c.Notice.DueAt, c.Notice.DueAt.Add(time.Minute), 9))
		same(w, "notice", got, []conversation.Notice{{ID: c.Notice.ID, Brand: brand, Channel: "twilio", Kind: "sms",
			Address: o.ReplyTo.Address, Language: "nl", About: "order", Order: o.ID, DueAt: c.Notice.DueAt}})
	}},
	{"a notice is claimed until it is told", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.due(start)
		c := declined(o)
		w.apply(c)
		at := c.Notice.DueAt
		same(w, "next", must[time.Time](w)(w.db.Notices.NextNotice(w.Context())), at) // before the lease of the setup's lapses
		same(w, "claimed", w.due(at), []string{"order"})
		same(w, "leased", w.due(at), nil)
		same(w, "next is a lease", must[time.Time](w)(w.db.Notices.NextNotice(w.Context())), start.Add(time.Minute))
		same(w, "lapsed", w.due(at.Add(time.Minute)), []string{"registered", "order"})
		ids := must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Declined))
		same(w, "of the order", ids, []prepaid.NoticeID{c.Notice.ID})
		same(w, "of another status", must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Charging)), nil)
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{Notices: ids}, at))
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{}, at))
		same(w, "told", w.due(at.Add(time.Hour)), []string{"registered"})
		same(w, "none of the order", must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Declined)), nil)
	}},
	{"an order has one untold notice that nobody is telling", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.due(start)
		due := start.Add(13 * time.Second)
		held := func(n int, at time.Time) topup.Change {
			return topup.Change{Order: o.ID, From: topup.Charging, RunAt: start, At: at,
				Notice: &topup.NewNotice{ID: prepaid.NoticeID(fmt.Sprint("n", n)), Kind: "order", DueAt: due.Add(time.Duration(n) * time.Second)}}
		}
		w.apply(held(2, start))
		w.apply(held(1, start))
		w.apply(held(3, start))
		same(w, "one", must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Charging)), []prepaid.NoticeID{"n3"})
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{Notices: []prepaid.NoticeID{"n1", "n2"}}, start)) // by turns that told what was before
		same(w, "at the earliest time", w.due(due.Add(time.Second)), []string{"order"})
		w.apply(held(4, due.Add(time.Second))) // n3 is being told, and may tell what was before
		same(w, "two", must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Charging)), []prepaid.NoticeID{"n3", "n4"})
		other := held(5, start)
		other.Notice.Kind = "debit_returned"
		w.apply(other)
		same(w, "other news", w.column(`SELECT id FROM notices WHERE about = 'debit_returned'`), "n5")
		same(w, "is none of how it stands", len(must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Charging))), 2)
	}},
	{"what a message should have told and never will is told anew", func(w *world) {
		told := func() (id prepaid.NoticeID) {
			w.ok(w.db.Writer().GetContext(w.Context(), &id, `SELECT id FROM notices WHERE about = 'order'`))
			return id
		}
		o := w.placed(w.purchase(w.customer()))
		w.due(start)
		c := declined(o)
		w.apply(c)
		at := c.Notice.DueAt
		for i, e := range []channels.SendEnd{
			{Status: channels.GivenUp, Refused: true, Now: at}, {Status: channels.HandedOn, Now: at}, {Status: channels.GivenUp, Now: at},
		} {
			id := told()
			m := message(o.ReplyTo.Address, string(id), 0)
			w.ok(w.db.Notices.HandOver(w.Context(), id, []channels.Outbound{m}, at))
			w.ok(w.db.Notices.HandOver(w.Context(), id, []channels.Outbound{m}, at))
			same(w, "told", w.due(at.Add(-time.Second)), nil)
			w.end(w.claimOut(at)[0], e)
			held := must[[]conversation.Notice](w)(w.db.Notices.Held(w.Context(), brand, o.ReplyTo.Address))
			switch i {
			case 0:
				due := must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), at, at.Add(time.Second), 9))
				if len(due) != 1 || due[0].ID != told() || due[0].ID == id || !due[0].Retold || len(held) != 0 {
					w.Errorf("refused: due %v, held %v", due, held)
				}
			case 1: // arrived, as far as we know, until the report
				same(w, "sent", told(), id)
				r := channels.DeliveryReport{Outbound: m.ID, Status: channels.Failed, Refused: o.ReplyTo.Address}
				w.ok(w.db.Outbox.ReportDelivery(w.Context(), r, at))
				if again := told(); again == id {
					w.Errorf("what a report says was refused is told anew")
				}
			case 2:
				if len(held) != 1 || !held[0].Retold || held[0].ID != told() {
					w.Errorf("never taken: held %+v", held)
				}
			}
		}
		untold := must[[]operators.Untold](w)(w.db.Notices.Untold(w.Context(), brand, 9))
		if len(untold) != 1 || untold[0].Held != prepaid.HeldUndelivered || untold[0].Number != o.MSISDN || !untold[0].HeldAt.Equal(at) {
			w.Errorf("untold: %+v", untold)
		}
		same(w, "another brand's", len(must[[]operators.Untold](w)(w.db.Notices.Untold(w.Context(), "other", 9))), 0)
		same(w, "next", must[time.Time](w)(w.db.Notices.NextNotice(w.Context())), start.Add(time.Minute)) // the setup's alone
		w.ok(w.db.Notices.Release(w.Context(), brand, o.ReplyTo.Address))
		same(w, "released", w.due(at.Add(time.Hour)), []string{"registered", "order"})
	}},
	{"a turn that told where nothing arrives has told nothing", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		w.due(start)
		c := declined(o)
		w.apply(c)
		at := c.Notice.DueAt
		answer := message(o.ReplyTo.Address, "m1", 0)
		answer.Answer, answer.CreatedAt = true, at
		w.put(answer)
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{Notices: []prepaid.NoticeID{c.Notice.ID}}, at)) // before the refusal
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, o.ReplyTo.Address, []string{"twilio"}, true, at))
		w.end(w.claimOut(at)[0], channels.SendEnd{Status: channels.GivenUp, Refused: true, Now: at})
		anew := must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Declined))
		same(w, "untold again", len(anew), 1)
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{Notices: anew}, at)) // after it
		same(w, "still untold", must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Declined)), anew)
		w.ok(w.db.Notices.Redirect(w.Context(), conversation.Notice{ID: anew[0], Brand: brand, Channel: "bot", Kind: "telegram", Address: "telegram:2"}))
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{Notices: anew}, at))
		same(w, "told elsewhere", len(must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), o.ID, topup.Declined))), 0)
	}},
	{"a gift's recipient is told once, where they wrote from last", func(w *world) {
		giver, c := w.customer(), w.customer()
		deliver := func(o topup.Order) {
			w.apply(charged(o))
			w.apply(delivered(o))
		}
		gifts := func() []string {
			var rows []string
			w.ok(w.db.Writer().SelectContext(w.Context(), &rows, `
				SELECT channel || ' ' || kind || ' ' || address || ' ' || language FROM notices WHERE about = 'gift' ORDER BY created_at, id`))
			return rows
		}
		given := func(n *topup.NewOrder) { n.Order.MSISDN, n.Confirmed = c.MSISDN, true }
		deliver(w.placed(w.purchase(giver, given)))
		to := replyTo(c.MSISDN)
		want := []string{fmt.Sprintf("%s %s %s nl", to.Channel, to.Kind, c.MSISDN.Tel())}
		same(w, "where they registered", gifts(), want)

		w.ok(w.db.Customers.LinkAddress(w.Context(), c, accounts.Place{Address: "telegram:3527"}, start.Add(time.Hour)))
		own := w.placed(w.purchase(c, func(n *topup.NewOrder) {
			n.Order.CreatedAt = start.Add(time.Hour)
			n.Order.ReplyTo = topup.ReplyTo{Channel: "bot", Kind: "telegram", Address: "telegram:3527", Language: "nl"}
		}))
		deliver(own)
		same(w, "what they pay for themselves is no gift", gifts(), want)
		deliver(w.placed(w.purchase(giver, given, func(n *topup.NewOrder) { n.Order.CreatedAt = start.Add(2 * time.Hour) })))
		want = append(want, "bot telegram telegram:3527 nl")
		same(w, "where they wrote last", gifts(), want)

		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, "telegram:3527", []string{""}, true, start))
		stranger := w.purchase(accounts.Customer{MSISDN: c.MSISDN}, byCard("101-9"), func(n *topup.NewOrder) {
			n.Order.CreatedAt, n.Order.ReplyTo.Address = start.Add(3*time.Hour), "tel:+31600000009"
		})
		deliver(w.placed(stranger))
		want = append(want, want[0])
		same(w, "not where they want none", gifts(), want)

		from := w.purchase(accounts.Customer{MSISDN: c.MSISDN}, byCard("101-10"), func(n *topup.NewOrder) { n.Order.ReplyTo.Address = c.MSISDN.Tel() })
		deliver(w.placed(from))
		deliver(w.placed(w.purchase(giver, func(n *topup.NewOrder) { n.Order.MSISDN = "31699999999" })))
		code := w.placed(w.purchase(giver, given, func(n *topup.NewOrder) { n.Order.CreatedAt = start.Add(4 * time.Hour) }))
		w.apply(charged(code))
		byPIN := delivered(code)
		byPIN.PIN = &topup.PINDetail{Code: prepaid.NewSecret("1234567890")}
		w.apply(byPIN)
		same(w, "from themselves, to nobody known, or a code", gifts(), want)
		same(w, "is none of how the order stands", len(must[[]prepaid.NoticeID](w)(w.db.Notices.NoticesOf(w.Context(), stranger.Order.ID, topup.Delivered))), 1)
	}},
	{"a transcript entry is stored once", func(w *world) {
		entry := conversation.Transcript{Sender: "demo/twilio/tel:+1", MessageID: "m1", At: start, Entry: []byte(`{"in":"KOOP"}`)}
		w.ok(w.db.Transcripts.SaveTranscripts(w.Context(), []conversation.Transcript{entry}))
		again := entry
		again.Entry = []byte(`{}`)
		w.ok(w.db.Transcripts.SaveTranscripts(w.Context(), []conversation.Transcript{again, {Sender: entry.Sender, MessageID: "m2"}}))
		same(w, "count", w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM transcripts`), "2")
		same(w, "entry", w.column(`SELECT entry FROM transcripts WHERE message_id = 'm1'`), `{"in":"KOOP"}`)
	}},
}

// due claims notices for a minute and returns what they are about.
func (w *world) due(now time.Time) []string {
	w.Helper()
	var about []string
	for _, n := range must[[]conversation.Notice](w)(w.db.Notices.ClaimNotices(w.Context(), now, now.Add(time.Minute), 9)) {
		about = append(about, string(n.About))
	}
	return about
}

var switchTests = []test{
	{"a switch and who turned it are kept", func(w *world) {
		same(w, "none", must[map[string]bool](w)(w.db.Channels.Switches(w.Context())), map[string]bool{})
		w.ok(w.db.Channels.SetSwitch(w.Context(), operators.SwitchChange{Brand: brand, Channel: "twilio", On: true, By: prepaid.By{Who: "ann"}, At: start}))
		w.ok(w.db.Channels.SetSwitch(w.Context(), operators.SwitchChange{Brand: brand, Channel: "twilio", On: true, By: prepaid.By{Who: "bob"}, At: start.Add(time.Minute)})) // stands so already
		w.ok(w.db.Channels.SetSwitch(w.Context(), operators.SwitchChange{Brand: brand, Channel: "twilio", On: false, By: prepaid.By{Who: "cid"}, At: start.Add(time.Hour)}))
		w.ok(w.db.Channels.SetSwitch(w.Context(), operators.SwitchChange{Brand: "other", Channel: "twilio", On: true, By: prepaid.By{Who: "dee"}, At: start}))
		same(w, "switches", must[map[string]bool](w)(w.db.Channels.Switches(w.Context())), map[string]bool{"demo/twilio": false, "other/twilio": true})
		same(w, "last", must[[]operators.SwitchChange](w)(w.db.Channels.LastSwitches(w.Context(), brand)), []operators.SwitchChange{
			{Brand: brand, Channel: "twilio", On: false, By: prepaid.By{Who: "cid"}, At: start.Add(time.Hour)},
		})
		var told []string
		for _, d := range w.deeds(prepaid.OnChannel, "twilio") {
			told = append(told, d.Who+" "+d.Old+">"+d.New)
		}
		same(w, "deeds", told, []string{"ann >on", "cid on>off"})
	}},
	{"every stored text can be seen", func(w *world) {
		w.customer()
		w.card("101-1")
		texts := must[map[string]string](w)(scratch.TextsButMessages(w.Context(), w.db))
		for table, want := range map[string]string{"instruments": "token=tok_1", "cards": "serial=101-1", "customers": "language=nl"} {
			if !strings.Contains(texts[table], want) {
				w.Errorf("%s has no %s: %q", table, want, texts[table])
			}
		}
	}},
}
