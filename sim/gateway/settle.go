package gateway

import (
	"context"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Cancel implements payments.Gateway. A reference that was never charged is refused from then on.
func (g *Gateway) Cancel(ctx context.Context, reference string) topup.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok, err := g.current(reference)
	if err != nil {
		return g.notBooked(ctx, reference, err)
	}
	switch {
	case !ok:
		c = charge{Reference: reference, At: g.c.Clock.Now()}
	case c.Status == declined || c.Status == cancelled:
		return topup.Result{Outcome: topup.Done}
	case c.Status != processing && c.Status != action:
		return topup.Result{Outcome: topup.Refused, Code: "already_charged"}
	}
	c.Status, c.Code, c.Becomes = cancelled, "cancelled", ""
	if err := g.write(line{Charge: &c}); err != nil {
		return g.notBooked(ctx, reference, err)
	}
	return topup.Result{Outcome: topup.Done}
}

// Refund implements payments.Gateway. Repeated, it refunds once and is Done again.
func (g *Gateway) Refund(ctx context.Context, reference string, part prepaid.Money) topup.Result {
	r, b := g.refund(ctx, reference, part)
	if b.After > 0 && g.c.Clock.Sleep(ctx, b.After) != nil || b.Kind == TimesOutRefunding || b.Kind == TimesOutAfterRefunding {
		return g.timeOut(ctx)
	}
	return r
}

// refund books the refund unless the behaviour is against it, and returns the behaviour.
func (g *Gateway) refund(ctx context.Context, reference string, part prepaid.Money) (topup.Result, Behaviour) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok, err := g.current(reference)
	if err != nil {
		return g.notBooked(ctx, reference, err), Behaviour{}
	}
	b := g.refunds
	if b == (Behaviour{}) {
		_, b = byNumber(c.MSISDN)
	}
	switch {
	case !ok || c.TakenAt.IsZero():
		return topup.Result{Outcome: topup.Refused, Code: "nothing_charged"}, b
	case c.Status == refunded, !part.Zero() && !c.PartAt.IsZero():
		return g.refundAnswer(c), b
	case part.Minor > c.Amount.Minor:
		return topup.Result{Outcome: topup.Refused, Code: "more_than_charged"}, b
	case c.Status == returned:
		return topup.Result{Outcome: topup.Refused, Code: "debit_returned"}, b
	case b.Kind == RefusesToRefund:
		return topup.Result{Outcome: topup.Refused, Code: "refund_refused"}, b
	case b.Kind == TimesOutRefunding:
		return topup.Result{}, b
	}
	if part.Zero() {
		c.Status, c.RefundedAt, c.Becomes = refunded, g.c.Clock.Now(), ""
	} else {
		c.Part, c.PartAt = part, g.c.Clock.Now()
	}
	if err := g.write(line{Charge: &c}); err != nil {
		return g.notBooked(ctx, reference, err), b
	}
	return g.refundAnswer(c), b
}

// LookUp implements payments.Gateway. A charge that was refunded is Done, its refund too; a refund that
// was refused leaves no record, and is Absent. So is what is not reported yet.
func (g *Gateway) LookUp(ctx context.Context, what payments.Operation, reference string) topup.Result {
	if what == payments.OpCharge {
		return g.lookUpCharge(ctx, reference)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if c, ok := g.charges.get(reference); ok && c.Status == refunded && g.reported(c) {
		return g.refundAnswer(c)
	}
	return topup.Result{Outcome: topup.Absent}
}

func (g *Gateway) refundAnswer(c charge) topup.Result {
	return topup.Result{Outcome: topup.Done, ProviderRef: "sim_refund_" + c.Reference}
}

// notBooked answers where the book could not be written: nobody can know what happened.
func (g *Gateway) notBooked(ctx context.Context, reference string, err error) topup.Result {
	g.c.Log.ErrorContext(ctx, "simulated payment not booked", "reference", reference, "error", err)
	return topup.Result{Outcome: topup.Unknown, Code: "book"}
}

// lookUpCharge reads a charge and tells what became of it.
func (g *Gateway) lookUpCharge(ctx context.Context, reference string) topup.Result {
	g.mu.Lock()
	c, ok, err := g.current(reference)
	ok = ok && g.reported(c)
	g.mu.Unlock()
	switch {
	case err != nil:
		return g.notBooked(ctx, reference, err)
	case !ok:
		return topup.Result{Outcome: topup.Absent}
	}
	return g.answer(c)
}

// answer says what a charge has come to.
func (g *Gateway) answer(c charge) topup.Result {
	r := topup.Result{Code: c.Code, ProviderRef: "sim_charge_" + c.Reference}
	switch c.Status {
	case captured, refunded:
		r.Outcome = topup.Done
	case pending:
		r.Outcome = topup.Pending
	case action:
		r.Outcome, r.ActionURL = topup.Action, g.c.BaseURL+confirmPath+c.Page
	case declined, cancelled:
		r.Outcome = topup.Refused
	case returned:
		r.Outcome = topup.Returned
	default: // processing: Pending would mean that a debit is on its way
		r.Outcome, r.Code = topup.Unknown, string(processing)
	}
	return r
}
