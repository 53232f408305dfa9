package operators

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Violation is one breach of an invariant.
type Violation struct {
	Invariant int             `json:"invariant"` // 1 to 11, as package store's rules are numbered
	Order     prepaid.OrderID `json:"order"`     // "" where it is about no order
	Card      string          `json:"card"`      // the serial; "" where it is about no card
	Text      string          `json:"text"`      // one sentence for operators; no secret, no number
}

// String is the violation on one line.
func (v Violation) String() string {
	subject := ""
	switch {
	case v.Order != "":
		subject = "order " + v.Order.Grouped() + ": "
	case v.Card != "":
		subject = "card " + v.Card + ": "
	}
	return fmt.Sprintf("%d: %s%s", v.Invariant, subject, v.Text)
}

// Cells are what people see of the row.
func (v Violation) Cells() [][2]string { return [][2]string{{"violation", v.String()}} }

// Failing is true of each.
func (v Violation) Failing() bool { return true }

// ProviderBooks are the providers' own records of what they did. Simulators keep such books.
type ProviderBooks struct {
	Charged, Refunded, Returned []Moved
	Delivered                   []prepaid.OrderID // once for each delivery
}

// Moved is money that a gateway has moved.
type Moved struct {
	Charge prepaid.ChargeID
	Setup  prepaid.SetupID // what made the instrument; "" where the book does not say
	Minor  int64
}

// Rules checks the invariants that SQL alone can show.
type Rules interface {
	Violations(ctx context.Context) ([]Violation, error)
	// ChargedForOthers returns the order of a charge whose instrument was made by a setup that somebody other than the order's
	// customer began; "" for none.
	ChargedForOthers(ctx context.Context, charge prepaid.ChargeID, setup prepaid.SetupID) (prepaid.OrderID, error)
}

// AuditedOrders are the orders that an audit reads. An order that does not exist is a topup.ErrNoOrder.
type AuditedOrders interface {
	AllOrders(ctx context.Context) ([]topup.History, error)
	Order(ctx context.Context, id prepaid.OrderID) (topup.History, error)
	ByCharge(ctx context.Context, id prepaid.ChargeID) (topup.History, error)
}

// Audit checks that no money and no airtime is lost, made or spent twice. It changes nothing.
type Audit struct {
	Rules  Rules
	Orders AuditedOrders
	Seal   SealChecker // nil: the record is not checked
	Clock  prepaid.Clock
	Kept   []Link // links of the record that were kept outside of the database
}

// Check returns every violation that SQL alone shows.
func (a Audit) Check(ctx context.Context) ([]Violation, error) {
	found, err := a.Rules.Violations(ctx)
	if err != nil || a.Seal == nil {
		return found, err
	}
	sealed, err := a.Seal.CheckSeal(ctx, a.Kept, a.Clock.Now())
	return append(found, sealed...), err
}

// CheckWithBooks returns every violation that SQL or the providers' books show. It reads the orders before the books, because a
// book records a movement before the order does. sees tells which of an order's providers have shown their books; nil means all.
func (a Audit) CheckWithBooks(ctx context.Context, books func(context.Context) (ProviderBooks, error), sees func(topup.History) SeenBooks) ([]Violation, error) {
	violations, err := a.Check(ctx)
	if err != nil {
		return nil, err
	}
	orders, err := a.Orders.AllOrders(ctx)
	if err != nil {
		return violations, err
	}
	b, err := books(ctx)
	if err != nil {
		return violations, err
	}
	if sees == nil {
		sees = func(topup.History) SeenBooks { return SeenBooks{Network: true, Gateway: true} }
	}
	found, err := a.compare(ctx, orders, b, sees)
	return append(violations, found...), err
}

// compare compares what the books say was charged and delivered with our orders. It also finds money and airtime that belong to
// none of them.
func (a Audit) compare(ctx context.Context, orders []topup.History, books ProviderBooks, sees func(topup.History) SeenBooks) ([]Violation, error) {
	delivered := map[prepaid.OrderID]int{}
	for _, id := range books.Delivered {
		delivered[id]++
	}
	kept := map[prepaid.ChargeID]int64{} // charged and neither refunded nor returned
	for _, m := range books.Charged {
		kept[m.Charge] += m.Minor
	}
	for _, m := range slices.Concat(books.Refunded, books.Returned) {
		kept[m.Charge] -= m.Minor
	}
	found, err := a.compareSetups(ctx, books.Charged)
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		found = append(found, compareOrder(o, delivered[o.ID], kept[o.Charge.ID], sees(o))...)
		delete(delivered, o.ID)
		delete(kept, o.Charge.ID)
	}
	unknown, err := a.withoutOrder(ctx, delivered, kept)
	return append(found, unknown...), err
}

// withoutOrder finds deliveries and charges that belong to no order. It looks up each order again, because it may have been placed
// while the books were read.
func (a Audit) withoutOrder(ctx context.Context, delivered map[prepaid.OrderID]int, kept map[prepaid.ChargeID]int64) ([]Violation, error) {
	var found []Violation
	for id, n := range delivered {
		_, err := a.Orders.Order(ctx, id)
		if errors.Is(err, topup.ErrNoOrder) {
			text := fmt.Sprintf("the network delivered %d times for an order that we do not have", n)
			found, err = append(found, Violation{Invariant: 4, Order: id, Text: text}), nil
		}
		if err != nil {
			return nil, err
		}
	}
	for id, minor := range kept {
		_, err := a.Orders.ByCharge(ctx, id)
		if errors.Is(err, topup.ErrNoOrder) && minor != 0 {
			text := fmt.Sprintf("the gateway keeps %d for charge %s, of which we have no order", minor, id)
			found = append(found, Violation{Invariant: 5, Text: text})
		}
		if err != nil && !errors.Is(err, topup.ErrNoOrder) {
			return nil, err
		}
	}
	return found, nil
}

// compareSetups finds charges to an instrument that somebody other than the order's customer set up.
func (a Audit) compareSetups(ctx context.Context, charged []Moved) ([]Violation, error) {
	var found []Violation
	for _, m := range charged {
		if m.Setup == "" {
			continue
		}
		order, err := a.Rules.ChargedForOthers(ctx, m.Charge, m.Setup)
		if err != nil {
			return nil, err
		}
		if order != "" {
			text := fmt.Sprintf("the gateway charged what setup %s has made, which somebody else than the buyer had begun", m.Setup)
			found = append(found, Violation{Invariant: 10, Order: order, Text: text})
		}
	}
	return found, nil
}

func compareOrder(o topup.History, delivered int, kept int64, seen SeenBooks) []Violation {
	var found []Violation
	add := func(invariant int, format string, args ...any) {
		found = append(found, Violation{Invariant: invariant, Order: o.ID, Text: fmt.Sprintf(format, args...)})
	}
	if delivered > 1 {
		add(2, "the network delivered it %d times", delivered)
	}
	if !o.Status.Ended() {
		return found // its money and airtime are on their way
	}
	if answeredByHand(o, topup.StepCharge) || answeredByHand(o, topup.StepCredit) || o.Status == topup.Refunded && o.Reason == topup.CodeByHand {
		return found // an operator knew what the books did not tell
	}
	if wantsDelivery := o.Status == topup.Delivered; seen.Network && wantsDelivery != (delivered > 0) {
		add(3, "is %s, but the network delivered it %d times", o.Status, delivered)
	}
	if o.Funding.Kind != topup.ByCharge || !seen.Gateway {
		return found
	}
	want := int64(0)
	// A delivered order's refund is goodwill; the SQL rules check that it is booked so.
	if (o.Status == topup.Delivered || o.Status == topup.RefundFailed) && o.Charge.Status != topup.ChargeReturned && o.Charge.Status != topup.ChargeRefunded {
		want = o.Amount.Minor - o.Charge.GivenAway.Minor
	}
	if kept != want {
		add(3, "is %s, and the gateway keeps %d where %d is right", o.Status, kept, want)
	}
	return found
}

// answeredByHand reports whether an operator has answered for a step of the order.
func answeredByHand(o topup.History, step topup.Step) bool {
	return slices.ContainsFunc(o.Attempts, func(a topup.Attempt) bool { return a.Step == step && a.Code == topup.CodeByHand })
}
