package cards

import (
	"context"
	"errors"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Codes of a Result: why a card does not pay for an order.
const (
	codeStore   = "store" // the database did not answer
	codeUnknown = "unknown_card"
	codeAmount  = "other_amount"
	codeSpent   = "spent"
	codeExpired = "expired"
	codeNotLive = "not_live"
	codeLocked  = "locked"
	codeVoid    = "void"
	codeInUse   = "in_use"
)

var _ topup.Funding = (*Service)(nil)

// Take implements topup.Funding: it reserves the card for the order. A card pays for an order of exactly its
// amount; the order that settles it as delivered spends it.
func (s *Service) Take(ctx context.Context, o topup.Order, _ prepaid.ChargeID) topup.Result {
	card, err := s.c.Store.CardBySerial(ctx, o.Brand, o.Funding.Ref)
	if err != nil {
		return notRead(err)
	}
	if card.Amount != o.Amount {
		return topup.Result{Outcome: topup.Refused, Code: codeAmount}
	}
	reserved, err := s.c.Store.ReserveCard(ctx, o.Brand, o.Funding.Ref, o.ID, s.c.Clock.Now())
	switch {
	case err != nil:
		return topup.Result{Outcome: topup.Unknown, Code: codeStore}
	case reserved:
		return topup.Result{Outcome: topup.Done}
	}
	if card, err = s.c.Store.CardBySerial(ctx, o.Brand, o.Funding.Ref); err != nil {
		return notRead(err)
	}
	if has(card, o) {
		return topup.Result{Outcome: topup.Done}
	}
	return topup.Result{Outcome: topup.Refused, Code: s.refusalCode(card)}
}

// LookUp implements topup.Funding.
func (s *Service) LookUp(ctx context.Context, o topup.Order, _ prepaid.ChargeID) topup.Result {
	card, err := s.c.Store.CardBySerial(ctx, o.Brand, o.Funding.Ref)
	switch {
	case err != nil:
		return notRead(err)
	case has(card, o):
		return topup.Result{Outcome: topup.Done}
	}
	if err := redeemable(card, s.c.Clock.Now()); err == nil || errors.Is(err, ErrInUse) {
		return topup.Result{Outcome: topup.Absent} // it may still be had
	}
	return topup.Result{Outcome: topup.Refused, Code: s.refusalCode(card)}
}

// Cancel implements topup.Funding: it releases the card, so that the order never spends it.
func (s *Service) Cancel(ctx context.Context, o topup.Order, _ prepaid.ChargeID) topup.Result {
	return s.release(ctx, o)
}

// GiveBack implements topup.Funding: it releases the card. A spent card is spent for good.
func (s *Service) GiveBack(ctx context.Context, o topup.Order, _ prepaid.ChargeID, _ prepaid.Money) topup.Result {
	return s.release(ctx, o)
}

// LookUpGivenBack implements topup.Funding.
func (s *Service) LookUpGivenBack(ctx context.Context, o topup.Order, _ prepaid.ChargeID) topup.Result {
	card, err := s.c.Store.CardBySerial(ctx, o.Brand, o.Funding.Ref)
	switch {
	case errors.Is(err, ErrUnknown): // there is nothing that could be given back
		return topup.Result{Outcome: topup.Done, Code: codeUnknown}
	case err != nil:
		return notRead(err)
	case !has(card, o):
		return topup.Result{Outcome: topup.Done}
	case card.State == Spent:
		return topup.Result{Outcome: topup.Refused, Code: codeSpent}
	}
	return topup.Result{Outcome: topup.Absent}
}

func (s *Service) release(ctx context.Context, o topup.Order) topup.Result {
	released, err := s.c.Releaser.ReleaseCard(ctx, o.Brand, o.Funding.Ref, o.ID)
	switch {
	case err != nil:
		return topup.Result{Outcome: topup.Unknown, Code: codeStore}
	case !released:
		return topup.Result{Outcome: topup.Refused, Code: codeSpent}
	}
	return topup.Result{Outcome: topup.Done}
}

// has reports whether the order has reserved or spent the card.
func has(c Card, o topup.Order) bool {
	return c.Order == o.ID && (c.State == Reserved || c.State == Spent)
}

// notRead is the result where a card could not be read.
func notRead(err error) topup.Result {
	if errors.Is(err, ErrUnknown) {
		return topup.Result{Outcome: topup.Refused, Code: codeUnknown}
	}
	return topup.Result{Outcome: topup.Unknown, Code: codeStore}
}

// refusalCode names what keeps a card from paying; "in_use" also where it has just been released by another order.
func (s *Service) refusalCode(c Card) string {
	switch err := redeemable(c, s.c.Clock.Now()); {
	case errors.Is(err, ErrSpent):
		return codeSpent
	case errors.Is(err, ErrExpired):
		return codeExpired
	case errors.Is(err, ErrNotLive):
		return codeNotLive
	case errors.Is(err, ErrWithdrawn) && c.State == Void:
		return codeVoid
	case errors.Is(err, ErrWithdrawn):
		return codeLocked
	}
	return codeInUse
}
