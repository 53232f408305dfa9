package stripe

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

const (
	// clockSkew is how far Stripe's clock may be behind ours.
	clockSkew = time.Hour
	// maxListed is how many PaymentIntents of one customer are read: far more than limits let anyone make.
	maxListed = 2000
)

// Why it can't be told whether there is a charge.
var (
	errNoBooks = errors.New(codeNoBooks)
	errUnsure  = errors.New(codeUnsure)
)

// found is a charge as Stripe and our books have it.
type found struct {
	intent *api.PaymentIntent // nil: there surely is none
	books  payments.Recorded
}

// find finds a charge. It returns errNoBooks, errUnsure or a *problem where it can't tell.
func (g *Gateway) find(ctx context.Context, reference string) (f found, err error) {
	f.books, err = g.c.Recorded(ctx, prepaid.ChargeID(reference))
	if err != nil && !errors.Is(err, topup.ErrNoOrder) {
		g.c.Log.ErrorContext(ctx, "books of a charge not read", "reference", reference, "error", err)
		return found{}, errNoBooks
	}
	if strings.HasPrefix(f.books.ProviderRef, "pi_") && isID(f.books.ProviderRef) {
		if f.intent, err = g.read(ctx, f.books.ProviderRef, reference); err != nil || f.intent != nil {
			return f, err
		}
	}
	if i, ok := instrumentOf(f.books.Token); ok {
		f.intent, err = g.list(ctx, i.customer, reference, f.books.Since)
		return f, err
	}
	f.intent, err = g.search(ctx, reference)
	return f, err
}

// read reads a PaymentIntent; nil where there is none, or it is another charge's.
func (g *Gateway) read(ctx context.Context, id, reference string) (*api.PaymentIntent, error) {
	params := &api.PaymentIntentRetrieveParams{}
	params.AddExpand("latest_charge")
	intent, err := g.now.Load().api.V1PaymentIntents.Retrieve(ctx, id, params)
	if err != nil {
		if p := problemOf(ctx, err); p.status != 404 {
			return nil, p
		}
		return nil, nil
	}
	if intent.Metadata[metaCharge] != reference {
		return nil, nil
	}
	return intent, nil
}

// list finds a charge among those of a Stripe customer; nil where it is not among them. The list holds what
// was made a moment ago.
func (g *Gateway) list(ctx context.Context, customer, reference string, since time.Time) (*api.PaymentIntent, error) {
	params := &api.PaymentIntentListParams{Customer: &customer}
	params.Limit = api.Int64(100)
	params.AddExpand("data.latest_charge")
	if !since.IsZero() {
		params.CreatedRange = &api.RangeQueryParams{GreaterThanOrEqual: since.Add(-clockSkew).Unix()}
	}
	var ours []*api.PaymentIntent
	read := 0
	for intent, err := range g.now.Load().api.V1PaymentIntents.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		if read++; read > maxListed {
			return nil, errUnsure
		}
		if intent.Metadata[metaCharge] == reference {
			ours = append(ours, intent)
		}
	}
	if len(ours) == 0 {
		return nil, nil
	}
	return slices.MaxFunc(ours, func(a, b *api.PaymentIntent) int { return weight(a) - weight(b) }), nil
}

// weight orders PaymentIntents of one charge by how much they matter. There should be one only.
func weight(i *api.PaymentIntent) int {
	order := []api.PaymentIntentStatus{
		api.PaymentIntentStatusCanceled, api.PaymentIntentStatusRequiresConfirmation,
		api.PaymentIntentStatusRequiresPaymentMethod, api.PaymentIntentStatusRequiresAction,
		api.PaymentIntentStatusRequiresCapture, api.PaymentIntentStatusProcessing, api.PaymentIntentStatusSucceeded,
	}
	return slices.Index(order, i.Status)
}

// search finds a charge of which our books know too little. It never knows that there is none: errUnsure.
func (g *Gateway) search(ctx context.Context, reference string) (*api.PaymentIntent, error) {
	if !isID(reference) {
		return nil, errUnsure // it would have to be quoted
	}
	params := &api.PaymentIntentSearchParams{}
	params.Query = "metadata['" + metaCharge + "']:'" + reference + "'"
	for intent, err := range g.now.Load().api.V1PaymentIntents.Search(ctx, params).All(ctx) {
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		// What the search holds may be old: it is read again.
		if current, err := g.read(ctx, intent.ID, reference); err != nil || current != nil {
			return current, err
		}
	}
	return nil, errUnsure
}
