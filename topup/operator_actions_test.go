package topup_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/topup"
)

// carryOut carries out an operator's action.
func (w *world) carryOut(id prepaid.OrderID, a topup.OperatorAction) error {
	w.Helper()
	var err error
	w.run(func(ctx context.Context) { _, err = w.service.Intervene(ctx, id, a, anna) })
	return err
}

// put makes an order stand as h does.
func (w *world) put(h topup.History) {
	w.Helper()
	for query, args := range map[string][]any{
		`UPDATE orders SET status = ?, needs_human = ?, after_debit = ?, funding_kind = ?, run_at = 0, lease_until = ? WHERE id = ?`: {h.Status,
			h.NeedsHuman, h.AfterDebit, h.Funding.Kind, prepaid.Micros(h.LeaseUntil), h.ID},
		`UPDATE charges SET status = ? WHERE order_id = ?`: {h.Charge.Status, h.ID},
	} {
		if _, err := w.db.Writer().ExecContext(context.Background(), query, args...); err != nil {
			w.Fatalf("put order: %v", err)
		}
	}
}

// Whatever an order's status, its operations accept what Allowed lists and refuse everything else.
func TestOperationsAcceptExactlyWhatIsAllowed(t *testing.T) {
	race.Skip(t)
	w := newWorld(t)
	w.silent()
	order := w.place(w.request())
	accepted := map[topup.OperatorAction]bool{}
	for _, status := range topup.Statuses() {
		for name, vary := range map[string]func(*topup.History){
			"captured":        func(h *topup.History) { h.Charge.Status = topup.ChargeCaptured },
			"captured, human": func(h *topup.History) { h.Charge.Status, h.NeedsHuman = topup.ChargeCaptured, true },
			"debit awaited":   func(h *topup.History) { h.Charge.Status, h.AfterDebit, h.NeedsHuman = topup.ChargePending, true, true },
			"given back":      func(h *topup.History) { h.Charge.Status = topup.ChargeRefunded },
			"by a card":       func(h *topup.History) { h.Charge.Status, h.Funding.Kind = topup.ChargeCaptured, topup.ByCard },
			"somebody's at work": func(h *topup.History) {
				h.Charge.Status, h.LeaseUntil = topup.ChargeCaptured, w.clock.Now().Add(time.Minute)
			},
		} {
			for _, action := range topup.OperatorActions() {
				h := w.history(order.ID)
				h.Status, h.NeedsHuman, h.AfterDebit, h.LeaseUntil, h.Funding.Kind = status, false, false, time.Time{}, topup.ByCharge
				vary(&h)
				w.put(h)
				h = w.history(order.ID)
				allowed := h.Allowed(w.clock.Now())
				var refused *topup.NotAllowedError
				err := w.carryOut(order.ID, action)
				asked := status == topup.Delivered && errors.Is(err, topup.ErrNotReversed)
				if (errors.As(err, &refused) || asked) == slices.Contains(allowed, action) {
					t.Errorf("%s, %s: allowed are %q, %s: %v", status, name, allowed, action, err)
				}
				if refused == nil {
					accepted[action] = accepted[action] || !asked
					continue
				}
				if refused.Action != action || refused.Status != status || !slices.Equal(refused.Allowed, allowed) {
					t.Errorf("%s, %s: allowed are %q, %s: %+v", status, name, allowed, action, refused)
				}
				if refusedAs := errors.Is(err, topup.ErrWorkedOn); refusedAs && len(allowed) > 0 {
					t.Errorf("%s, %s: being worked on, it allows %q", status, name, allowed)
				}
			}
		}
	}
	if len(accepted) != len(topup.OperatorActions()) {
		t.Errorf("only %v are ever allowed", accepted)
	}
}

func TestARefundOfADeliveredOrderIsListedWhereTheNetworkMayHaveTakenItBack(t *testing.T) {
	w := newWorld(t)
	o := w.place(w.request())
	listed := func(when string, want ...topup.OperatorAction) {
		t.Helper()
		h := w.history(o.ID)
		if got := h.Allowed(w.clock.Now()); h.Status != topup.Delivered || !slices.Equal(got, want) {
			t.Errorf("%s: it is %s and allows %q, want %q", when, h.Status, got, want)
		}
	}
	listed("delivered", topup.RefundAsGoodwill)
	w.network.lookUps.then(act{answer: topup.Unknown})
	w.run(func(ctx context.Context) { _ = w.service.DeliveryChanged(ctx, o.ID) })
	listed("the network tells of a change, and does not say which", topup.RefundOrder, topup.RefundAsGoodwill)
	w.work(time.Hour)
	listed("it says that it delivered", topup.RefundAsGoodwill)
	w.gateway.givesBack.then(act{answer: topup.Unknown})
	_ = w.goodwill(o.ID)
	w.clock.AdvanceTo(w.history(o.ID).LeaseUntil)
	listed("the money is being given away", topup.RefundAsGoodwill)
	w.work(3 * time.Hour)
	listed("it was given away")
}

func TestARefusalSaysWhyAndWhatIsAllowedInstead(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Passing})
	held := w.place(w.request())
	w.gateway.pending = true
	for want, err := range map[string]error{
		"resolve delivered: the order's status does not allow it: it is held, which allows: refund": w.resolve(held.ID, topup.WasDelivered),
		"refund as goodwill: only what a customer paid through a gateway, finally and once, is given back as goodwill; " +
			"the order allows nothing by hand": func() error {
			r := w.sepa()
			r.Customer, r.Funding.Ref = w.customer, w.instrument
			if err := w.refund(held.ID); err != nil {
				t.Fatal(err)
			}
			return w.goodwill(w.place(r).ID)
		}(),
		"refund: the order's status does not allow it: it is refunded, which allows nothing by hand": w.refund(held.ID),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
