package gateway

import (
	"context"
	"fmt"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

var _ payments.Signer = (*Gateway)(nil)

// Sign implements payments.Signer. The number chooses nothing: there is none in an agreement. Told to decline, the
// gateway refuses the account; the IBAN is in no book.
func (g *Gateway) Sign(ctx context.Context, a payments.Agreement) payments.Signed {
	if a.Brand == nil || !a.Brand.Test {
		return refusedToSign(codeNotTest)
	}
	if a.IBAN.Empty() || a.Holder == "" {
		return refusedToSign("no_account")
	}
	s, kind, err := g.signed(a)
	switch {
	case err != nil:
		return payments.Signed{Result: g.notBooked(ctx, a.Reference, err)}
	case kind == TimesOut || kind == TimesOutAfterCharging:
		return payments.Signed{Result: g.timeOut(ctx)}
	case kind == AnswersGarbage:
		return payments.Signed{Result: topup.Result{Outcome: topup.Unknown, Code: codeGarbage}}
	case kind == Declines:
		return refusedToSign("account_closed")
	}
	return answerSigned(s)
}

func refusedToSign(code string) payments.Signed {
	return payments.Signed{Result: topup.Result{Outcome: topup.Refused, Code: code}}
}

// signed books a completed setup as the behaviour wants it. The kind is empty for one that was there before.
func (g *Gateway) signed(a payments.Agreement) (setup, Kind, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.setups.get(a.Reference); ok {
		return s, "", nil
	}
	if g.told.Kind == TimesOut || g.told.Kind == Declines {
		return setup{}, g.told.Kind, nil
	}
	s := setup{
		Reference: a.Reference, Brand: a.Brand.Name, Title: a.Brand.Title, Country: a.Brand.Country, Customer: a.Customer, Method: payments.SEPA, Status: completed,
		Token: "sim_" + prepaid.NewToken(), Display: a.IBAN.Display(), At: g.c.Clock.Now(),
	}
	return s, g.told.Kind, g.write(line{Setup: &s})
}

// LookUpSigned implements payments.Signer.
func (g *Gateway) LookUpSigned(_ context.Context, a payments.Agreement) payments.Signed {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, ok := g.setups.get(a.Reference)
	if !ok {
		return payments.Signed{Result: topup.Result{Outcome: topup.Absent}}
	}
	return answerSigned(s)
}

func answerSigned(s setup) payments.Signed {
	return payments.Signed{
		Result: topup.Result{Outcome: topup.Done, ProviderRef: "sim_setup_" + s.Reference},
		Token:  prepaid.NewSecret(s.Token), Display: s.Display,
	}
}

// Revoke ends the mandate or agreement of the newest completed setup of a customer, or of anyone for "", as its owner does
// at a bank or at PayPal, and tells it. Charges of its token are declined from then on. ErrNoSetup where there is none.
func (g *Gateway) Revoke(ctx context.Context, c prepaid.CustomerID) error {
	g.mu.Lock()
	s, ok := g.setups.latest(func(s setup) bool { return s.Status == completed && (c == "" || s.Customer == c) })
	if !ok {
		g.mu.Unlock()
		return fmt.Errorf("revoke simulated mandate: %w", ErrNoSetup)
	}
	s.Status, s.Untold = revoked, true
	err := g.write(line{Setup: &s})
	g.mu.Unlock()
	if err != nil {
		return err
	}
	return g.tellSetup(ctx, s)
}

// revokedToken reports whether a token's owner has ended what it stands for. Under mu.
func (g *Gateway) revokedToken(token prepaid.Secret) bool {
	_, ended := g.setups.latest(func(s setup) bool { return s.Status == revoked && s.Token == token.Reveal() })
	return ended
}
