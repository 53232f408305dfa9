package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// object is what an event is about: as much as is needed to know whose it is.
type object struct {
	ID            string            `json:"id"`
	Mode          string            `json:"mode"`   // of a Checkout session
	Status        string            `json:"status"` // of a mandate or dispute
	Amount        int64             `json:"amount"` // of a dispute, as the next
	Currency      string            `json:"currency"`
	Metadata      map[string]string `json:"metadata"`
	SetupIntent   reference         `json:"setup_intent"`
	PaymentIntent reference         `json:"payment_intent"`
	PaymentMethod reference         `json:"payment_method"`
}

// reference is another object's id. Stripe gives it alone or, expanded, within the object.
type reference string

// UnmarshalJSON implements json.Unmarshaler.
func (r *reference) UnmarshalJSON(text []byte) error {
	var id string
	if json.Unmarshal(text, &id) == nil {
		*r = reference(id)
		return nil
	}
	var expanded struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(text, &expanded)
	*r = reference(expanded.ID)
	return err
}

// heeded reports whether events of a type may concern us.
func heeded(kind string) bool {
	return slices.Contains([]string{
		"checkout.session.completed", "checkout.session.expired", "setup_intent.succeeded",
		"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.requires_action",
		"payment_intent.processing", "payment_intent.canceled",
		"charge.refunded", "charge.dispute.created", "charge.dispute.closed", "refund.failed", "mandate.updated",
	}, kind)
}

// news turns an event into what it means; nothing where it does not concern us. What it is about is read at
// Stripe: events come in any order, and late.
func (g *Gateway) news(ctx context.Context, kind string, o object) (payments.Event, error) {
	switch kind {
	case "checkout.session.completed":
		if o.Mode != "setup" || o.Metadata[metaSetup] == "" {
			return payments.Event{}, nil
		}
		return g.completed(ctx, string(o.SetupIntent), o.Metadata[metaSetup])
	case "setup_intent.succeeded":
		if o.Metadata[metaSetup] == "" {
			return payments.Event{}, nil
		}
		return g.completed(ctx, o.ID, o.Metadata[metaSetup])
	case "checkout.session.expired":
		if o.Mode != "setup" || o.Metadata[metaSetup] == "" {
			return payments.Event{}, nil
		}
		return payments.Event{Setup: prepaid.SetupID(o.Metadata[metaSetup]), Ended: payments.SetupAbandoned}, nil
	case "mandate.updated":
		if o.Status != "inactive" {
			return payments.Event{}, nil
		}
		return g.revoked(ctx, string(o.PaymentMethod))
	case "refund.failed":
		return g.refundFailed(ctx, o)
	}
	return g.chargeChanged(ctx, o)
}

// refundFailed is news that a bank did not take a refund. The log tells it to people where the charge is in our books.
func (g *Gateway) refundFailed(ctx context.Context, o object) (payments.Event, error) {
	e, err := g.chargeChanged(ctx, o)
	if err != nil || e.Charge == "" {
		return e, err
	}
	switch _, err := g.c.Recorded(ctx, e.Charge); {
	case errors.Is(err, topup.ErrNoOrder):
		return e, nil
	case err != nil:
		return e, fmt.Errorf("read books of charge %s: %w", e.Charge, err)
	}
	g.c.Log.ErrorContext(ctx, "refund failed at stripe: the customer's money has come back to us",
		"charge", e.Charge, "refund", word(o.ID), "intent", word(string(o.PaymentIntent)))
	return e, nil
}

// chargeChanged is news of a charge. A dispute does not say whose it is: its PaymentIntent does.
func (g *Gateway) chargeChanged(ctx context.Context, o object) (payments.Event, error) {
	charge := o.Metadata[metaCharge]
	if id := string(o.PaymentIntent); charge == "" && isID(id) {
		intent, err := g.now.Load().api.V1PaymentIntents.Retrieve(ctx, id, nil)
		if err != nil {
			return payments.Event{}, problemOf(ctx, err)
		}
		charge = intent.Metadata[metaCharge]
	}
	return payments.Event{Charge: prepaid.ChargeID(charge)}, nil
}

// completed reads what the customer has set up. One that is still being set up is told again by
// setup_intent.succeeded.
func (g *Gateway) completed(ctx context.Context, intent, setup string) (payments.Event, error) {
	if !isID(intent) {
		return payments.Event{}, nil
	}
	params := &api.SetupIntentRetrieveParams{}
	params.AddExpand("payment_method")
	i, err := g.now.Load().api.V1SetupIntents.Retrieve(ctx, intent, params)
	if err != nil {
		return payments.Event{}, problemOf(ctx, err)
	}
	if i.Status != api.SetupIntentStatusSucceeded || i.Metadata[metaSetup] != setup || i.Customer == nil || i.PaymentMethod == nil {
		return payments.Event{}, nil
	}
	return payments.Event{
		Setup: prepaid.SetupID(setup), Ended: payments.SetupCompleted,
		Token: instrument{i.Customer.ID, i.PaymentMethod.ID}.token(), Display: display(i.PaymentMethod),
	}, nil
}

// revoked finds the instrument of a mandate that has ended. A method that belongs to nobody any more can't be
// told apart; charging it is refused anyhow.
func (g *Gateway) revoked(ctx context.Context, method string) (payments.Event, error) {
	if !isID(method) {
		return payments.Event{}, nil
	}
	m, err := g.now.Load().api.V1PaymentMethods.Retrieve(ctx, method, nil)
	if err != nil {
		return payments.Event{}, problemOf(ctx, err)
	}
	if m.Customer == nil {
		return payments.Event{}, nil
	}
	return payments.Event{Revoked: instrument{m.Customer.ID, m.ID}.token()}, nil
}
