package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

// counts counts the rows of tables: "outbox 1, outbox_archive 2".
func (w *world) counts(tables ...string) string {
	w.Helper()
	text := ""
	for _, t := range tables {
		text += fmt.Sprintf(", %s %s", t, w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM `+t))
	}
	return text[2:]
}

// archiveAll moves what has ended by a time, a row at a time.
func (w *world) archiveAll(now time.Time) (moved int) {
	w.Helper()
	for {
		n := must[int](w)(w.db.Archives.Move(w.Context(), now, 1))
		if n == 0 {
			return moved
		}
		moved += n
	}
}

// forgetAll forgets by a time what the brand of the tests keeps no longer, a row at a time.
func (w *world) forgetAll(now time.Time, r prepaid.Retention) {
	w.Helper()
	w.ok(w.db.Retention.SetRetention(w.Context(), []*prepaid.Brand{{Name: brand, Retention: r}}))
	for n := 1; n > 0; {
		n = must[int](w)(w.db.Retention.Forget(w.Context(), now, 1))
	}
}

// traces leaves one of everything that is archived, at start, of a customer.
func (w *world) traces() accounts.Customer {
	w.Helper()
	c := w.customer()
	a := c.MSISDN.Tel()
	m := message(a, "m1", 0)
	w.put(m)
	claimed := w.claimOut(start)
	w.end(claimed[0], channels.SendEnd{Status: channels.HandedOn, ProviderRef: "SM1", Now: start})
	w.ok(w.db.Transcripts.SaveTranscripts(w.Context(), []conversation.Transcript{
		{Sender: brand + "/twilio/" + string(a), MessageID: "m1", At: start, Entry: []byte(`{"in":"KOOP"}`)}}))
	if _, _, err := w.db.PINs.CountPINTry(w.Context(), c.ID, "m1", start); err != nil {
		w.Fatal(err)
	}
	w.ok(w.db.PINs.KeepPINTry(w.Context(), c.ID, "m1", start))
	must[int](w)(w.db.CardTries.CountWrongCode(w.Context(), brand, []string{"address:" + string(a)}, "m1", start, func(int) time.Time { return time.Time{} }))
	code := accounts.Code{Brand: brand, Address: a, MSISDN: c.MSISDN, Hash: "h", OperationKey: "m1", CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
	must[accounts.CodeCap](w)(w.db.Codes.SaveCode(w.Context(), code, accounts.CodeCaps{Since: start.Add(-time.Hour), Budget: prepaid.CodeBudget{}.OrDefault()}))
	must[accounts.Code](w)(w.db.Codes.TryCode(w.Context(), brand, a, c.MSISDN, "m2"))
	return c
}

var hotTables = []string{"outbox", "transcripts", "pin_tries", "card_try_keys", "one_time_code_requests"}

func archived() (names []string) {
	for _, t := range hotTables {
		names = append(names, t+"_archive")
	}
	return names
}

const (
	noneHot     = "outbox 0, transcripts 0, pin_tries 0, card_try_keys 0, one_time_code_requests 0"
	oneHot      = "outbox 1, transcripts 1, pin_tries 1, card_try_keys 1, one_time_code_requests 1"
	noneArchive = "outbox_archive 0, transcripts_archive 0, pin_tries_archive 0, card_try_keys_archive 0, one_time_code_requests_archive 0"
	oneArchive  = "outbox_archive 1, transcripts_archive 1, pin_tries_archive 1, card_try_keys_archive 1, one_time_code_requests_archive 1"
)

var archiveTests = []test{
	{"what ended a week ago is archived, and nothing else", func(w *world) {
		w.traces()
		waiting := message("tel:+31600000001", "waits", 0)
		w.put(waiting)
		same(w, "within the week", w.archiveAll(start.Add(7*24*time.Hour)), 0)
		same(w, "moved", w.archiveAll(start.Add(7*24*time.Hour+time.Second)), 5)
		same(w, "hot", w.counts(hotTables...), "outbox 1"+noneHot[len("outbox 0"):])
		same(w, "archived", w.counts(archived()...), oneArchive)
		same(w, "text", w.column(`SELECT text FROM outbox_archive`), "hello")
		same(w, "entry", w.column(`SELECT entry FROM transcripts_archive`), `{"in":"KOOP"}`)
		same(w, "still waits", keys(w.claimOut(start.Add(30*24*time.Hour))), "waits.0")
		w.clean()
	}},
	{"many who archive at once lose nothing and double nothing", func(w *world) {
		const n = 60
		var entries []conversation.Transcript
		for i := range n {
			entries = append(entries, conversation.Transcript{Sender: fmt.Sprintf("demo/sms/tel:+%d", i), MessageID: "m", At: start.Add(time.Duration(i)), Entry: []byte("{}")})
		}
		w.ok(w.db.Transcripts.SaveTranscripts(w.Context(), entries))
		var moved atomic.Int64
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for {
					rows, err := w.db.Archives.Move(w.Context(), start.Add(8*24*time.Hour), 7)
					if err != nil {
						w.Error(err)
					}
					if moved.Add(int64(rows)); rows == 0 {
						return
					}
				}
			})
		}
		all.Wait()
		same(w, "moved", moved.Load(), n)
		same(w, "rows", w.counts("transcripts", "transcripts_archive"), fmt.Sprintf("transcripts 0, transcripts_archive %d", n))
	}},
	{"what is archived is reported on, and seen in a channel's figures", func(w *world) {
		w.traces()
		later := start.Add(8 * 24 * time.Hour)
		w.archiveAll(later)
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Brand: brand, Channel: "twilio", ProviderRef: "SM1", Status: channels.DeliveredTo}, later))
		same(w, "delivery", w.column(`SELECT delivery FROM outbox_archive`), string(channels.DeliveredTo))
		w.ok(w.db.Outbox.ReportDelivery(w.Context(), channels.DeliveryReport{Brand: brand, Channel: "twilio", ProviderRef: "SM1", Status: channels.Sent}, later))
		same(w, "what is less", w.column(`SELECT delivery FROM outbox_archive`), string(channels.DeliveredTo))
		figures := must[map[string]operators.ChannelFigures](w)(w.db.Channels.ChannelFigures(w.Context(), brand, []string{"twilio"}, later))
		if f := figures["twilio"]; !f.LastSent.Equal(start) || f.Sent != 0 {
			w.Errorf("figures %+v", f)
		}
	}},
	{"a PIN that an archived message could not hand on is kept", func(w *world) {
		o := w.saleByPIN()
		m := message(o.ReplyTo.Address, "m1", 0)
		m.PIN = o.ID
		w.put(m)
		w.end(w.claimOut(start)[0], channels.SendEnd{Status: channels.GivenUp, Now: start})
		w.archiveAll(start.Add(8 * 24 * time.Hour))
		w.ok(w.db.Notices.MarkTold(w.Context(), prepaid.Told{PINs: []prepaid.OrderID{o.ID}}, start.Add(8*24*time.Hour)))
		same(w, "kept", must[bool](w)(w.db.Orders.HasPIN(w.Context(), o.ID)), true)
	}},
	{"erasing a customer reaches the archives", func(w *world) {
		c := w.traces()
		w.archiveAll(start.Add(8 * 24 * time.Hour))
		erased := must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}, start))
		same(w, "addresses", erased, []prepaid.Address{c.MSISDN.Tel()})
		same(w, "archived", w.counts("outbox_archive", "transcripts_archive", "pin_tries_archive"), "outbox_archive 0, transcripts_archive 0, pin_tries_archive 0")
		same(w, "number in requests", w.column(`SELECT CAST(COUNT(*) AS TEXT) FROM one_time_code_requests_archive WHERE msisdn = '`+string(c.MSISDN)+
			`' OR address = '`+string(c.MSISDN.Tel())+`'`), "0")
	}},
	{"each kind is kept as long as its brand says", func(w *world) {
		w.traces()
		days := func(n int) time.Time { return start.AddDate(0, 0, n) }
		kept := prepaid.Retention{prepaid.KeepMessages: 30, prepaid.KeepCodes: 65, prepaid.KeepTries: 100, prepaid.KeepTranscripts: 200}
		w.archiveAll(days(30))
		w.forgetAll(days(30), kept)
		same(w, "after 30 days", w.counts(archived()...), oneArchive)
		w.forgetAll(days(62), kept) // PostgreSQL forgets whole months
		same(w, "messages", w.counts(archived()...), "outbox_archive 0"+oneArchive[len("outbox_archive 1"):])
		w.forgetAll(days(97), kept)
		same(w, "codes", w.counts("one_time_code_requests_archive", "one_time_codes", "one_time_code_tries", "pin_tries_archive"),
			"one_time_code_requests_archive 0, one_time_codes 0, one_time_code_tries 0, pin_tries_archive 1")
		w.forgetAll(days(235), kept)
		same(w, "all", w.counts(archived()...), noneArchive)
	}},
	{"another brand's rows are kept as long as that brand says", func(w *world) {
		for _, b := range []string{brand, "other"} {
			w.ok(w.db.Transcripts.SaveTranscripts(w.Context(), []conversation.Transcript{{Sender: b + "/sms/tel:+1", MessageID: "m", At: start, Entry: []byte("{}")}}))
		}
		now := start.Add(60 * 24 * time.Hour)
		w.archiveAll(now)
		w.ok(w.db.Retention.SetRetention(w.Context(), []*prepaid.Brand{{Name: "other"}}))
		w.forgetAll(now, prepaid.Retention{prepaid.KeepTranscripts: 14})
		same(w, "left", w.column(`SELECT brand FROM transcripts_archive`), "other")
	}},
	{"news is kept while it waits, and an audit knows what was forgotten", func(w *world) {
		o := w.sale()
		now := start.AddDate(0, 0, 440)
		w.forgetAll(now, prepaid.Retention{})
		same(w, "untold", w.counts("notices"), "notices 2")
		w.exec(`UPDATE notices SET told_at = 1`)
		w.forgetAll(now, prepaid.Retention{})
		same(w, "told", w.counts("notices"), "notices 0")
		w.clean()
		same(w, "order", must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).Status, topup.Delivered)
	}},
	{"how far back each kind goes is told, and how far behind forgetting is", func(w *world) {
		w.traces()
		o := w.sale()
		now := start.Add(100 * 24 * time.Hour)
		w.archiveAll(now)
		w.ok(w.db.Retention.SetRetention(w.Context(), []*prepaid.Brand{{Name: brand, Retention: prepaid.Retention{prepaid.KeepTranscripts: 10}}}))
		behind := map[prepaid.RetentionKind]time.Duration{}
		for _, k := range must[[]store.Oldest](w)(w.db.Retention.Oldest(w.Context())) {
			behind[k.Kind] = k.Behind(now).Round(time.Hour)
			if k.Kind == prepaid.KeepOrders && !k.At.Equal(o.CreatedAt) {
				w.Errorf("oldest order %s", k.At)
			}
		}
		const day = 24 * time.Hour
		same(w, "behind", behind, map[prepaid.RetentionKind]time.Duration{"transcripts": 90 * day, "messages": 10 * day, "codes": 70 * day, "tries": 70 * day,
			"news": 0, "orders": 0, "ledger": 0, "mandates": 0, "deeds": 0})
	}},
}
