package topup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// Place creates an order and works on it until it ends or the request's patience runs out, and returns it as it then
// stands. It is idempotent: repeated with the same operation key and request it returns the same order without working on
// it. Cancelling the context stops the creation, not the work. Errors: ErrRecipient,
// prepaid.ErrNotAnAccount, ErrOutOfRange, ErrWrongStep, *KeyReusedError, ErrBlocked, ErrFrozen, ErrInstrumentEnded,
// *InFlightError, *RepeatError, *LimitError, ErrNoFunds, ErrNoKey, ErrInactive, ErrNumberBlocked,
// *PausedError, or the store's.
func (s *Service) Place(ctx context.Context, r Request) (Order, error) {
	brand := s.c.Brands.Named(r.Brand)
	if brand == nil {
		return Order{}, fmt.Errorf("place order: no brand %q", r.Brand)
	}
	err := checkRequest(brand, r)
	if err == nil && s.c.Refuses != nil {
		err = s.c.Refuses(r)
	}
	if err != nil {
		// What was ordered before the brand's settings changed stays ordered: a repeated request finds it.
		if h, missing := s.c.Finder.ByOperation(ctx, r.Brand, r.OperationKey); missing == nil && h.RequestHash == requestHash(r) && h.Customer == r.Customer {
			return h.Order, nil
		}
		return Order{}, fmt.Errorf("place order of %s: %w", r.Amount, err)
	}
	h, existing, err := s.create(ctx, brand, r)
	if err != nil {
		return Order{}, fmt.Errorf("place order: %w", err)
	}
	if existing {
		return h.Order, nil
	}
	stored := h.Order
	s.reportMoves(ctx, stored, Change{From: Requested, To: Beginning(stored.Status)})
	if s.runDetached(ctx, r.Patience, func(ctx context.Context) {
		_ = s.guard(ctx, &h, func() error { // guard has logged it
			s.reached("order")
			if h.Status == Charged {
				return s.creditAnew(ctx, &h)
			}
			return s.charge(ctx, &h)
		})
	}) {
		return h.Order, nil
	}
	if now, err := s.c.Orders.Order(prepaid.WithTimeLimit(ctx, s.c.Clock, s.c.Clock.Now()), stored.ID); err == nil {
		return now.Order, nil
	}
	return stored, nil // the order is taken, whether or not it can be read just now
}

// create stores the order with its first attempt, and draws another id where one is taken.
func (s *Service) create(ctx context.Context, brand *prepaid.Brand, r Request) (History, bool, error) {
	for {
		h := s.newHistory(brand, r)
		n := NewOrder{
			Order: h.Order, Charge: h.Charge, Attempt: h.Attempts[0],
			Limits: brand.Limits, HoldLimits: brand.HoldLimits(), Hold: brand.Recovery.Hold,
			Confirmed: r.Confirmed, Since: h.CreatedAt.Add(-repeatWithin),
		}
		if r.Funding.Kind == ByCard {
			// Limits protect whoever is charged, and no card is spent twice by mistake.
			n.Limits, n.Confirmed = prepaid.Limits{}, true
		}
		if h.Sale != nil {
			n.Sale, n.Limits = h.Sale, prepaid.Limits{}
			if h.Status == Charged {
				n.Postings = []Entry{h.captureEntry()}
			}
		}
		order, existing, err := s.c.Orders.Create(ctx, n)
		if errors.Is(err, ErrOrderIDTaken) {
			continue
		}
		h.Order = order
		return h, existing, err
	}
}

func (s *Service) newHistory(brand *prepaid.Brand, r Request) History {
	now := s.c.Clock.Now()
	h := History{Order: Order{
		ID: prepaid.NewOrderID(), Brand: r.Brand, Customer: r.Customer, MSISDN: r.MSISDN, Email: r.Email, Amount: r.Amount,
		Funding: r.Funding, Network: brand.Network, Settings: brand.Version, OperationKey: r.OperationKey, RequestHash: requestHash(r), ReplyTo: r.ReplyTo,
		AuthorisedBy: r.AuthorisedBy, Status: Charging, InFlight: r.Funding.Kind == ByCharge, CreatedAt: now, StatusAt: now,
		RunAt: now, LeaseUntil: now.Add(leaseFor),
	}}
	h.Charge = Charge{ID: prepaid.NewID[prepaid.ChargeID](), Order: h.ID, Status: ChargeSending}
	h.Attempts = []Attempt{*h.nextAttempt(StepCharge, now)}
	if r.Funding.Kind == ByDeveloper {
		h.Sale = r.Sale
		if !r.DebitLater { // the creation itself debits the account
			h.Status, h.Charge.Status = Charged, ChargeCaptured
			h.Attempts[0].Outcome, h.Attempts[0].EndedAt = Done, now
		}
	}
	return h
}

// Beginning lists the statuses that an order has passed when it is created in the given one, that one included.
func Beginning(stored Status) []Status {
	if stored == Charged {
		return []Status{Charging, Charged}
	}
	return []Status{stored}
}

// Placed finds the order that was placed before with the request's operation key: ErrNoOrder, or *KeyReusedError where
// the request was another.
func (s *Service) Placed(ctx context.Context, r Request) (History, error) {
	h, err := s.c.Finder.ByOperation(ctx, r.Brand, r.OperationKey)
	if err == nil && h.RequestHash != requestHash(r) {
		err = &KeyReusedError{Order: h.Order}
	}
	return h, err
}

// ErrNumberBlocked says that an operator has blocked the number.
var ErrNumberBlocked = errors.New("the number is blocked")

// PausedError says that the brand sells nothing now.
type PausedError struct {
	Until time.Time         // zero: nobody knows
	Texts map[string]string // what customers read, by language
}

func (*PausedError) Error() string { return "the brand is paused" }
