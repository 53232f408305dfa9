package topup_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pulsa/prepaid/race"
	"pulsa/topup"
)

// Whatever the providers answer, whenever the program crashes, however often messages and news are repeated, and
// whoever takes the number over: at rest every order has been delivered once or not at all, and paid for exactly if it
// was, by whoever had set up what was charged.
func TestOrdersComeToRestWithBooksThatAgree(t *testing.T) {
	race.Skip(t)
	rapid.Check(t, func(r *rapid.T) {
		w := worldOver(r, openStore(r, r.Cleanup), msisdn)
		if rapid.Bool().Draw(r, "recovered before") {
			w.recover()
			w.sign()
		}
		requests := []topup.Request{w.request(), w.sepa(), w.resale(), w.laterSale(), w.laterSale()}
		w.gateway.pending = rapid.Bool().Draw(r, "debits are pending")
		w.gateway.takes.then(drawActs(r, "charges", true)...)
		w.gateway.lookUps.then(drawLookUps(r, "charge look-ups")...)
		w.gateway.cancels.then(drawUnclear(r, "cancellations")...)
		w.gateway.givesBack.then(drawUnclear(r, "refunds")...)
		w.gateway.lookUpsBack.then(drawLookUps(r, "refund look-ups")...)
		w.network.operators.then(drawOperators(r)...)
		w.network.credits.then(drawActs(r, "credits", false)...)
		w.network.lookUps.then(drawLookUps(r, "credit look-ups", act{answer: topup.Pending})...)
		for range rapid.IntRange(1, 8).Draw(r, "events") {
			w.crashAt = rapid.SampledFrom([]string{"", "", "order", "charge", "charged", "delivery", "delivered", "refund"}).Draw(r, "crash")
			w.sever = rapid.Bool().Draw(r, "sever")
			requests = w.event(r, requests)
			w.clock.AdvanceTo(w.clock.Now().Add(time.Duration(rapid.IntRange(0, 200).Draw(r, "seconds")) * time.Second))
		}
		w.crashAt = ""
		w.orders.cut.Store(false)
		w.work(time.Hour)                     // every call has its answer
		for _, m := range w.gateway.charges { // what waits for its debit waits for weeks
			if m.state == topup.Pending {
				m.state = topup.Done
			}
		}
		if !w.work(30 * 24 * time.Hour) {
			r.Errorf("not at rest after a month")
		}
		w.check()
	})
}

// event is one thing that happens; it may make more requests possible.
func (w *world) event(r *rapid.T, requests []topup.Request) []topup.Request {
	switch rapid.IntRange(0, 5).Draw(r, "event") {
	case 0, 1:
		request := rapid.SampledFrom(requests).Draw(r, "request")
		w.run(func(ctx context.Context) { _, _ = w.service.Place(ctx, request) }) // refused while the other is in flight
	case 2:
		w.work(time.Duration(rapid.IntRange(0, 3600).Draw(r, "work")) * time.Second)
	case 3:
		for id, m := range w.gateway.charges {
			if m.state == topup.Action && rapid.Bool().Draw(r, "authenticates") {
				m.state, m.taken = topup.Done, 1
			}
			w.run(func(ctx context.Context) { _ = w.service.ChargeChanged(ctx, id) })
		}
	case 4: // the debit of a delivered order comes back, or is there for good
		w.gateway.lookUps.list = nil // news that can't be read comes again, until it can
		for id, m := range w.gateway.charges {
			h, err := w.db.Orders.ByCharge(context.Background(), id)
			if err == nil && (h.Status == topup.Delivered || h.AfterDebit && h.Charge.Status == topup.ChargePending) && m.state == topup.Pending {
				m.state, m.returned = topup.Done, rapid.Bool().Draw(r, "returned")
				w.run(func(ctx context.Context) { _ = w.service.ChargeChanged(ctx, id) })
			}
		}
	case 5: // the number has its next holder, who may set up another way to pay; the earlier one goes on asking
		if rapid.Bool().Draw(r, "recovery") {
			w.recover()
		}
		if rapid.Bool().Draw(r, "by text") {
			w.sign()
		} else {
			w.setUp()
		}
		requests = append(requests, w.request(), w.sepa(), w.sepa())
	}
	if w.crashed {
		w.crashed = false
		w.start()
	}
	return requests
}

// check compares every order at rest with what the providers did.
func (w *world) check() {
	rows, err := w.db.Writer().DB.Query(`SELECT charges.id FROM charges`)
	if err != nil {
		w.Fatalf("read charges: %v", err)
	}
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			w.Fatalf("read charges: %v", err)
		}
		ids = append(ids, id)
	}
	_ = rows.Close()
	violations, err := w.db.Audit.Violations(context.Background())
	if err != nil {
		w.Fatalf("audit: %v", err)
	}
	for _, v := range violations {
		w.Errorf("audit: %s", v)
	}
	spent := int64(0)
	for _, id := range ids {
		h := w.history(w.orderOf(id))
		m, credited := w.gateway.of(h.Charge.ID), w.network.credited[string(h.ID)]
		if !h.Status.Ended() || h.Status == topup.RefundFailed {
			w.Errorf("order %s is still %s", h.ID, h.Status)
		}
		if (credited == 1) != (h.Status == topup.Delivered) || credited > 1 {
			w.Errorf("order %s is %s, credited %d times", h.ID, h.Status, credited)
		}
		if h.Sale != nil {
			spent += int64(credited) * h.Sale.Price.Minor
			if debited := h.Status != topup.Declined; debited == h.Sale.DebitedAt.IsZero() {
				w.Errorf("order %s is %s, debited at %s", h.ID, h.Status, h.Sale.DebitedAt)
			}
			continue
		}
		back := m.returned && h.Status == topup.Declined // a debit that was waited for
		if (m.taken-m.given == 1 && !back) != (h.Status == topup.Delivered) {
			w.Errorf("order %s is %s, charged %d times and refunded %d", h.ID, h.Status, m.taken, m.given)
		}
		w.wantLedger(h)
		if len(w.notices(h.ID)) == 0 {
			w.Errorf("order %s is %s, and nobody is told", h.ID, h.Status)
		}
	}
	if spent > 0 && w.left() != usd(5000-spent) {
		w.Errorf("developers were delivered for %d, and have %s left of 5000", spent, w.left())
	}
}

// drawActs draws what a provider does with charges or credits. What is definitely refused has no effect.
func drawActs(r *rapid.T, label string, charges bool) []act {
	kinds := []act{
		well, well, {answer: topup.Refused}, {answer: topup.Unknown}, {answer: topup.Unknown, effect: true},
		{answer: topup.Unknown, effect: true, after: 70 * time.Second}, {answer: topup.Done, effect: true, after: 40 * time.Second},
		{answer: topup.Unknown, after: time.Hour}, {effect: true, panics: true}, {panics: true}, {answer: "garbage", effect: true},
	}
	if charges {
		kinds = append(kinds, act{answer: topup.Action})
	} else {
		kinds = append(kinds, act{answer: topup.Passing}, act{answer: topup.Pending, effect: true},
			act{answer: topup.Unknown, effect: true, lag: 110 * time.Second}, // we hung up; the network went on
			act{answer: topup.Unknown, effect: true, after: 80 * time.Second, lag: 30 * time.Second})
	}
	return rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 6).Draw(r, label)
}

// drawOperators draws answers to whose number it is.
func drawOperators(r *rapid.T) []act {
	kinds := []act{
		{answer: topup.Done}, {answer: topup.Refused}, {answer: topup.Absent}, {answer: topup.Unknown}, {panics: true},
		{answer: topup.Done, after: 40 * time.Second}, {answer: topup.Done, after: time.Hour}, {answer: topup.Refused, after: 80 * time.Second},
	}
	return rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 6).Draw(r, "operators")
}

// drawLookUps draws look-ups that don't answer, or late; the zero act answers the truth.
func drawLookUps(r *rapid.T, label string, more ...act) []act {
	kinds := append([]act{{}, {}, {answer: topup.Unknown}, {after: 80 * time.Second}, {panics: true}}, more...)
	return rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 6).Draw(r, label)
}

// drawUnclear draws answers to calls that are harmless to repeat.
func drawUnclear(r *rapid.T, label string) []act {
	kinds := []act{well, {answer: topup.Unknown}, {answer: topup.Unknown, effect: true}, {panics: true}, {effect: true, panics: true}}
	return rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 4).Draw(r, label)
}
