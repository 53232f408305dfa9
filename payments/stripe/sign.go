package stripe

import (
	"context"
	"errors"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/payments"
	"pulsa/topup"
)

var _ payments.Signer = (*Gateway)(nil)

const (
	metaMandate = "mandate"
	// maxPrefix is how much of our reference Stripe takes into the mandate's own.
	maxPrefix = 12
)

// Sign implements payments.Signer: one SetupIntent, confirmed at once, whose mandate was accepted offline (there is no
// browser to tell of). Its Stripe customer is made for it alone, so that the look-up finds the same one again. Stripe
// gives the mandate a reference that begins with ours.
func (g *Gateway) Sign(ctx context.Context, a payments.Agreement) payments.Signed {
	if !g.serves(a.Brand) {
		return payments.Signed{Result: topup.Result{Outcome: topup.Refused, Code: codeWrongMode}}
	}
	ctx, cancel := context.WithTimeout(ctx, setupWithin)
	defer cancel()
	customer, err := g.signer(ctx, a)
	if err != nil {
		return g.notSigned(ctx, a, err)
	}
	params := &api.SetupIntentCreateParams{
		Confirm: api.Bool(true), Customer: &customer, Usage: api.String("off_session"), Description: &a.Brand.Title,
		PaymentMethodTypes: api.StringSlice([]string{"sepa_debit"}),
		PaymentMethodData: &api.SetupIntentCreatePaymentMethodDataParams{
			Type:           api.String("sepa_debit"),
			SEPADebit:      &api.SetupIntentCreatePaymentMethodDataSEPADebitParams{IBAN: api.String(a.IBAN.Reveal())},
			BillingDetails: billing(a),
		},
		PaymentMethodOptions: &api.SetupIntentCreatePaymentMethodOptionsParams{
			SEPADebit: &api.SetupIntentCreatePaymentMethodOptionsSEPADebitParams{
				MandateOptions: &api.SetupIntentCreatePaymentMethodOptionsSEPADebitMandateOptionsParams{
					ReferencePrefix: api.String(a.Mandate[:min(maxPrefix, len(a.Mandate))]),
				},
			},
		},
		MandateData: &api.SetupIntentCreateMandateDataParams{
			CustomerAcceptance: &api.SetupIntentCreateMandateDataCustomerAcceptanceParams{
				Type: api.String("offline"), AcceptedAt: api.Int64(a.AgreedAt.Unix()),
				Offline: &api.SetupIntentCreateMandateDataCustomerAcceptanceOfflineParams{},
			},
		},
		Metadata: map[string]string{metaSetup: a.Reference, metaBrand: a.Brand.Name, metaMandate: a.Mandate},
	}
	params.SetIdempotencyKey("sign:" + a.Reference)
	params.AddExpand("payment_method")
	i, err := g.now.Load().api.V1SetupIntents.Create(ctx, params)
	if err != nil {
		return g.notSigned(ctx, a, problemOf(ctx, err))
	}
	return signed(i)
}

// billing is who the account belongs to. Stripe wants an address of its own to write to for every debit: where the
// customer has none, the brand's.
func billing(a payments.Agreement) *api.SetupIntentCreatePaymentMethodDataBillingDetailsParams {
	b := &api.SetupIntentCreatePaymentMethodDataBillingDetailsParams{Name: &a.Holder}
	if email := a.Brand.Creditor.Email; email != "" {
		b.Email = &email
	}
	return b
}

// signer is the Stripe customer of one agreement.
func (g *Gateway) signer(ctx context.Context, a payments.Agreement) (string, error) {
	return g.customer(ctx, "customer:"+a.Reference, a.Customer, a.Brand)
}

// LookUpSigned implements payments.Signer. It lists the SetupIntents of the agreement's own Stripe customer, a list that
// lags behind nothing; it may not be asked for longer than Stripe knows a reference.
func (g *Gateway) LookUpSigned(ctx context.Context, a payments.Agreement) payments.Signed {
	if g.c.Clock.Now().Sub(a.AgreedAt) > keyKept {
		return payments.Signed{Result: topup.Result{Outcome: topup.Unknown, Code: codeTooLate}}
	}
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	customer, err := g.signer(ctx, a)
	if err != nil {
		return g.unclearSigned(ctx, a, err)
	}
	params := &api.SetupIntentListParams{Customer: &customer}
	params.AddExpand("data.payment_method")
	for i, err := range g.now.Load().api.V1SetupIntents.List(ctx, params).All(ctx) {
		if err != nil {
			return g.unclearSigned(ctx, a, problemOf(ctx, err))
		}
		if i.Metadata[metaSetup] == a.Reference {
			return signed(i)
		}
	}
	return payments.Signed{Result: topup.Result{Outcome: topup.Absent}}
}

// signed says what a SetupIntent has come to.
func signed(i *api.SetupIntent) payments.Signed {
	r := payments.Signed{Result: topup.Result{Outcome: topup.Unknown, Code: word(string(i.Status)), ProviderRef: i.ID}}
	switch {
	case i.Status == api.SetupIntentStatusSucceeded && i.Customer != nil && i.PaymentMethod != nil:
		r.Outcome, r.Code = topup.Done, ""
		r.Token, r.Display = instrument{i.Customer.ID, i.PaymentMethod.ID}.token(), display(i.PaymentMethod)
	case i.Status == api.SetupIntentStatusRequiresPaymentMethod, i.Status == api.SetupIntentStatusCanceled:
		r.Outcome = topup.Refused
		if i.LastSetupError != nil {
			r.Code = word(string(i.LastSetupError.Code))
		}
	}
	return r
}

// notSigned is why nothing was made. That we asked too often, or with a bad key, is no fault of the account: it is asked
// for again.
func (g *Gateway) notSigned(ctx context.Context, a payments.Agreement, err error) payments.Signed {
	var p *problem
	if !errors.As(err, &p) || p.status == 401 || p.status == 403 || p.status == 429 {
		return g.unclearSigned(ctx, a, err)
	}
	return payments.Signed{Result: g.answer(ctx, a.Reference, p)}
}

func (g *Gateway) unclearSigned(ctx context.Context, a payments.Agreement, err error) payments.Signed {
	return payments.Signed{Result: g.unclear(ctx, a.Reference, err)}
}
