package developers

import (
	"context"
	"errors"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// Funding is how a developer's account pays. The account is ours: the transaction that takes the order for charged debits
// it, or declines to, and what changes the order to refunded gives the money back. So what is left to be found out, of an
// order that was stored before anybody knew, is whether the number is its operator's. Asking that does nothing: it may be
// repeated, and what can't be answered may fail.
type Funding struct {
	Order     func(ctx context.Context, id prepaid.OrderID) (topup.History, error)
	Catalogue func(brand string) Catalogue // nil where it sells by the API no more
}

var _ topup.Funding = Funding{}

// detectWithin bounds the question which operator has a number. The client has its own patience, which is shorter.
const detectWithin = time.Minute

// Take implements topup.Funding: Done where the account may be debited.
func (f Funding) Take(ctx context.Context, o topup.Order, _ prepaid.ChargeID) topup.Result {
	h, err := f.Order(ctx, o.ID)
	if err != nil || h.Sale == nil {
		return topup.Result{Outcome: topup.Unknown, Code: topup.ReasonNoAnswer}
	}
	within, cancel := context.WithTimeout(ctx, detectWithin)
	defer cancel()
	err = fits(within, f.Catalogue(o.Brand), reloadly.ID(h.Sale.Operator), o.MSISDN)
	var refused *reloadly.Error
	switch {
	case ctx.Err() != nil: // the program ends, and nobody has refused anything
		return topup.Result{Outcome: topup.Unknown, Code: topup.ReasonNoAnswer}
	case errors.As(err, &refused):
		return topup.Result{Outcome: topup.Refused, Code: refused.Code}
	case err != nil:
		return topup.Result{Outcome: topup.Refused, Code: topup.CodeUnavailable}
	}
	return done()
}

// LookUp implements topup.Funding: it asks again.
func (f Funding) LookUp(ctx context.Context, o topup.Order, charge prepaid.ChargeID) topup.Result {
	return f.Take(ctx, o, charge)
}

// Cancel implements topup.Funding. Nobody but the order debits the account, and it is declined then.
func (Funding) Cancel(context.Context, topup.Order, prepaid.ChargeID) topup.Result { return done() }

// GiveBack implements topup.Funding.
func (Funding) GiveBack(context.Context, topup.Order, prepaid.ChargeID, prepaid.Money) topup.Result {
	return done()
}

// LookUpGivenBack implements topup.Funding.
func (Funding) LookUpGivenBack(context.Context, topup.Order, prepaid.ChargeID) topup.Result {
	return done()
}

func done() topup.Result { return topup.Result{Outcome: topup.Done} }

// fits asks the network whether a number is the operator's: nil, or why not. Where it is a mail account that is topped up,
// there is none, and nothing to ask.
func fits(ctx context.Context, c Catalogue, operator reloadly.ID, m prepaid.MSISDN) error {
	if m == "" {
		return nil
	}
	found, err := operatorOf(ctx, c, m)
	switch {
	case errors.Is(err, topup.ErrUnknownNumber):
		return reloadly.RefuseCode(topup.CodeInvalidNumber)
	case err == nil && found.OperatorID != operator:
		return reloadly.RefuseCode(topup.CodeMismatch)
	}
	return err
}
