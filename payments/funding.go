package payments

import (
	"context"
	"errors"

	"pulsa/prepaid"
	"pulsa/topup"
)

var _ topup.Funding = (*Service)(nil)

// Codes of results that the Service gives without having asked a gateway.
const (
	CodeNoInstrument = "no_instrument"     // the order's instrument does not exist, or is not the customer's
	CodeBlocked      = "blocked"           // by an operator
	CodeNoGateway    = "no_gateway"        // the order's gateway is not configured
	CodeStore        = "store_unavailable" // the instrument could not be read
)

// Take implements topup.Funding. The order's funding names the instrument; one that does not exist or
// belongs to somebody else is Refused. Where it can't be read the answer is Unknown: nothing was sent,
// and the look-ups that follow will find the charge absent.
func (s *Service) Take(ctx context.Context, o topup.Order, charge prepaid.ChargeID) topup.Result {
	gateway, brand := s.c.Gateways[o.Funding.Provider], s.c.Brands.Known(o.Brand)
	if gateway == nil || brand == nil {
		return topup.Result{Outcome: topup.Refused, Code: CodeNoGateway}
	}
	i, err := s.c.Store.Instrument(ctx, prepaid.InstrumentID(o.Funding.Ref))
	if errors.Is(err, ErrNoInstrument) {
		return topup.Result{Outcome: topup.Refused, Code: CodeNoInstrument}
	}
	if err != nil {
		s.c.Log.ErrorContext(ctx, "instrument not read", "order", o.ID, "error", err)
		return topup.Result{Outcome: topup.Unknown, Code: CodeStore}
	}
	if i.Customer != o.Customer || i.Brand != o.Brand || i.Gateway != o.Funding.Provider {
		return topup.Result{Outcome: topup.Refused, Code: CodeNoInstrument}
	}
	if s.blocked(&i) {
		return topup.Result{Outcome: topup.Refused, Code: CodeBlocked}
	}
	return gateway.Charge(ctx, ChargeRequest{
		Reference: string(charge), Brand: brand, Customer: o.Customer, Token: i.Token, Method: i.Method,
		Amount: o.Amount, MSISDN: o.MSISDN, Language: brand.Language(o.ReplyTo.Language),
		Since: o.CreatedAt,
	})
}

// LookUp implements topup.Funding.
func (s *Service) LookUp(ctx context.Context, o topup.Order, charge prepaid.ChargeID) topup.Result {
	return s.ask(o, func(g Gateway) topup.Result { return g.LookUp(ctx, OpCharge, string(charge)) })
}

// Cancel implements topup.Funding.
func (s *Service) Cancel(ctx context.Context, o topup.Order, charge prepaid.ChargeID) topup.Result {
	return s.ask(o, func(g Gateway) topup.Result { return g.Cancel(ctx, string(charge)) })
}

// GiveBack implements topup.Funding.
func (s *Service) GiveBack(ctx context.Context, o topup.Order, charge prepaid.ChargeID, part prepaid.Money) topup.Result {
	return s.ask(o, func(g Gateway) topup.Result { return g.Refund(ctx, string(charge), part) })
}

// LookUpGivenBack implements topup.Funding.
func (s *Service) LookUpGivenBack(ctx context.Context, o topup.Order, charge prepaid.ChargeID) topup.Result {
	return s.ask(o, func(g Gateway) topup.Result { return g.LookUp(ctx, OpRefund, string(charge)) })
}

// ask asks the order's gateway. Where it is configured no longer, nothing can be found out.
func (s *Service) ask(o topup.Order, question func(Gateway) topup.Result) topup.Result {
	gateway := s.c.Gateways[o.Funding.Provider]
	if gateway == nil {
		return topup.Result{Outcome: topup.Unknown, Code: CodeNoGateway}
	}
	return question(gateway)
}
