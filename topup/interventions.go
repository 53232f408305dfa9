package topup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pulsa/prepaid"
)

// CodeByHand is the code of an attempt that an operator has answered, and the reason of what followed.
const CodeByHand = "BY_HAND"

// Verdict is what an operator has found out about an order that the program can't settle by itself.
type Verdict string

// The verdicts.
const (
	WasDelivered Verdict = "delivered"
	NotDelivered Verdict = "not-delivered"
	WasCharged   Verdict = "charged"
	NotCharged   Verdict = "not-charged"
	WasRefunded  Verdict = "refunded" // also: paid back by other means than the gateway
	NotRefunded  Verdict = "not-refunded"
)

// Deeds keeps the record of what operators do.
type Deeds interface {
	// Record writes a deed.
	Record(ctx context.Context, d prepaid.Deed) error
}

// Why an operator's action is not carried out, besides a *NotAllowedError.
var (
	ErrNoReason     = errors.New("say who does it, and why")
	ErrContradicted = errors.New("the provider says otherwise")
	ErrNotReversed  = errors.New("the network does not say that it took the delivery back")
)

// Intervene carries out an operator's action by Resolve, Refund or Goodwill, and returns what that returns.
func (s *Service) Intervene(ctx context.Context, id prepaid.OrderID, a OperatorAction, by prepaid.By) (History, error) {
	switch a {
	case RefundOrder:
		return s.Refund(ctx, id, by)
	case RefundAsGoodwill:
		return s.Goodwill(ctx, id, prepaid.Money{}, by)
	}
	return s.Resolve(ctx, id, Verdict(strings.TrimPrefix(string(a), resolveAs)), by)
}

// Resolve settles an order by what an operator has found out, and carries it on from there. The provider is
// asked once more: where its answer is clear and says otherwise nothing is settled, and the error is
// ErrContradicted. Other errors: ErrNoOrder, ErrNoReason, *NotAllowedError, or the store's. The order
// is returned as it then stands.
func (s *Service) Resolve(ctx context.Context, id prepaid.OrderID, v Verdict, by prepaid.By) (History, error) {
	return s.intervene(ctx, id, v.Action(), by, func(ctx context.Context, h *History) error { return s.resolve(ctx, h, v) })
}

func (s *Service) resolve(ctx context.Context, h *History, v Verdict) error {
	yes, no := Result{Outcome: Done, Code: CodeByHand}, Result{Outcome: Refused, Code: CodeByHand}
	switch v {
	case WasCharged:
		return s.unlessContradicted(ctx, s.chargeLookUp(h), []Outcome{Refused, Returned}, func(Result) error {
			return s.chargeAnswered(ctx, h, h.last(StepCharge), yes)
		})
	case NotCharged:
		return s.unlessContradicted(ctx, s.chargeLookUp(h), []Outcome{Done, Pending}, func(Result) error { return s.neverCharged(ctx, h) })
	case WasDelivered:
		return s.unlessContradicted(ctx, s.creditLookUp(h), []Outcome{Refused, Passing}, func(told Result) error {
			if told.Outcome == Done {
				yes = told // its cost and its PIN, too
			}
			return s.creditAnswered(ctx, h, h.last(StepCredit), yes)
		})
	case NotDelivered:
		return s.unlessContradicted(ctx, s.creditLookUp(h), []Outcome{Done, Pending}, func(Result) error {
			return s.creditAnswered(ctx, h, h.last(StepCredit), no)
		})
	case NotRefunded:
		return s.unlessContradicted(ctx, s.refundLookUp(h), []Outcome{Done}, func(Result) error {
			_, err := s.settle(ctx, h, h.last(StepRefund), no, s.afterRefund)
			return err
		})
	}
	if h.Status == RefundUnknown {
		_, err := s.settle(ctx, h, h.last(StepRefund), yes, s.afterRefund)
		return err
	}
	return s.paidBack(ctx, h)
}

// neverCharged declines an order whose charge an operator knows not to have happened. The gateway is told
// never to make it; where it answers that it has, that counts.
func (s *Service) neverCharged(ctx context.Context, h *History) error {
	if h.awaitsDebit() { // no gateway cancels a debit that it has sent to the bank
		_, err := s.settle(ctx, h, h.last(StepCharge), Result{Outcome: Refused, Code: CodeByHand}, s.afterCharge)
		return err
	}
	if err := s.cancel(ctx, h, s.toldNothing(h, StepCharge), ReasonNotCharged); err != nil {
		return err
	}
	switch h.Status {
	case Declined:
		return nil
	case ChargeUnknown:
		_, err := s.settle(ctx, h, h.last(StepCharge), Result{Outcome: Refused, Code: CodeByHand}, s.afterCharge)
		return err
	}
	return ErrContradicted
}

// paidBack ends an order whose refund the gateway would not make: the customer got the money by other means.
func (s *Service) paidBack(ctx context.Context, h *History) error {
	c := Change{Charge: ChargeRefunded, Reason: CodeByHand, Postings: []Entry{h.paidBackEntry()}}
	if h.Status == RefundFailed {
		c.To, c.Notice = []Status{Refunded}, s.notice(h)
	}
	return s.applyOrFail(ctx, h, c)
}

// Refund gives an order's money back by hand: of one that is held, of one whose refund has failed, or of a
// delivered one that the network has reversed (it is asked). Errors as Resolve, and ErrNotReversed.
func (s *Service) Refund(ctx context.Context, id prepaid.OrderID, by prepaid.By) (History, error) {
	return s.intervene(ctx, id, RefundOrder, by, s.refundByHand)
}

func (s *Service) refundByHand(ctx context.Context, h *History) error {
	switch h.Status {
	case Held:
		return s.giveUpDelivery(ctx, h, CodeByHand)
	case Delivered:
		return s.refundReversed(ctx, h)
	case Declined:
		return s.lateCharge(ctx, h)
	}
	now := s.c.Clock.Now()
	again := leased(Change{To: []Status{Refunding}, Reason: CodeByHand, Next: h.nextAttempt(StepRefund, now)}, now)
	if err := s.applyOrFail(ctx, h, again); err != nil {
		return err
	}
	return s.giveBack(ctx, h)
}

func (s *Service) refundReversed(ctx context.Context, h *History) error {
	if err := s.checkDelivery(ctx, h); err != nil {
		return err
	}
	if h.Status == Delivered {
		return ErrNotReversed
	}
	return nil
}

// intervene carries out an operator's action if the order allows it. A deed tells of it before, and a second one of its outcome
// after. As everywhere, it is the condition of each change that keeps others from moving the order meanwhile.
func (s *Service) intervene(ctx context.Context, id prepaid.OrderID, action OperatorAction, by prepaid.By,
	carryOut func(context.Context, *History) error,
) (History, error) {
	if by.Who == "" || by.Why == "" {
		return History{}, ErrNoReason
	}
	h, err := s.c.Orders.Order(ctx, id)
	if err != nil {
		return History{}, err
	}
	if err := h.check(action, s.c.Clock.Now()); err != nil {
		return h, err
	}
	d := prepaid.Deed{
		ID: prepaid.NewID[string](), Brand: h.Brand, What: string(action), Kind: prepaid.OnOrder, Object: string(id), Old: string(h.Status),
		New: prepaid.Begun, By: by, At: s.c.Clock.Now(),
	}
	switch err := s.c.Deeds.Record(ctx, d); {
	case errors.Is(err, prepaid.ErrDone): // an earlier try of the same operation was cut off, and the order still allows it: it goes on
		d.ID, d.Operation = "", ""
	case err != nil:
		return h, err
	}
	s.c.Log.InfoContext(ctx, "by hand", "order", id, "brand", h.Brand, "what", action, "who", by.Who)
	ctx, ended := s.detach(ctx)
	defer ended()
	err = s.guard(ctx, &h, func() error { return carryOut(ctx, &h) })
	if now, readErr := s.c.Orders.Order(ctx, id); readErr == nil {
		h = now
	}
	d.ID, d.Of, d.New, d.At = prepaid.NewID[string](), d.ID, string(h.Status), s.c.Clock.Now()
	if err != nil {
		d.New = "refused: " + err.Error()
	}
	return h, errors.Join(err, s.c.Deeds.Record(ctx, d))
}

// unlessContradicted looks an operation up once more and goes on with do, unless the outcome is one of those that contradict
// the operator: then it returns ErrContradicted.
func (s *Service) unlessContradicted(ctx context.Context, lookUp func(context.Context) Result, contradicting []Outcome, do func(Result) error) error {
	r, err := s.callProvider(ctx, lookUp)
	if err != nil {
		return err
	}
	if slices.Contains(contradicting, r.Outcome) {
		return fmt.Errorf("%w: %s %s", ErrContradicted, r.Outcome, r.Code)
	}
	return do(r)
}

func (s *Service) chargeLookUp(h *History) func(context.Context) Result {
	return func(ctx context.Context) Result { return s.funding(h).LookUp(ctx, h.Order, h.Charge.ID) }
}

func (s *Service) refundLookUp(h *History) func(context.Context) Result {
	return func(ctx context.Context) Result { return s.funding(h).LookUpGivenBack(ctx, h.Order, h.Charge.ID) }
}

func (s *Service) creditLookUp(h *History) func(context.Context) Result {
	network := s.network(h.Network)
	return func(ctx context.Context) Result { return network.LookUp(ctx, string(h.ID)) }
}

// applyOrFail applies a change, and returns ErrWorkedOn if somebody else moved the order first.
func (s *Service) applyOrFail(ctx context.Context, h *History, c Change) error {
	moved, err := s.apply(ctx, h, c)
	if err == nil && !moved {
		err = ErrWorkedOn
	}
	return err
}
