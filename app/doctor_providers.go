package app

import (
	"context"
	"errors"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/payments/stripe"
)

// examineGateway asks Stripe whether it knows us, and looks whether the key is of the kind that each brand needs.
func (p *Program) examineGateway(ctx context.Context) []operators.Finding {
	if p.stripe == nil {
		return nil
	}
	var findings []operators.Finding
	for _, b := range p.Brands.All() {
		if b.Gateway != config.GatewayStripe || p.stripe.Serves(b) {
			continue
		}
		do := "set STRIPE_KEY (stripe: key) to a test key, sk_test_…: no test brand may charge real customers"
		if !b.Test {
			do = "set STRIPE_KEY (stripe: key) to a live key, sk_live_…, or mark the brand test"
		}
		findings = append(findings, operators.Failure("gateway stripe", "every payment of brand "+b.Name+" is refused: "+keyOf(p.stripe), do))
	}
	ctx, cancel := context.WithTimeout(ctx, operators.ProbeWithin)
	defer cancel()
	found, err := p.stripe.Probe(ctx)
	f := operators.OK("gateway stripe", found)
	switch {
	case err == nil:
	case errors.Is(err, stripe.ErrKey):
		f.Level, f.Do = operators.LevelError, "copy the key anew from Stripe's dashboard (Developers, API keys): it is mistyped, rolled or deleted"
	case errors.Is(err, stripe.ErrRights):
		f.Level, f.Do = operators.LevelWarn, "nothing, or give the restricted key the right to read Balance so that it can be tried"
	case errors.Is(err, stripe.ErrMode):
		f.Level, f.Do = operators.LevelError, "check base_url: what answers there is not the Stripe of this key"
	case errors.Is(err, stripe.ErrUnreachable):
		f.Level, f.Do = operators.LevelError, "let this machine reach api.stripe.com on port 443 (or correct stripe: base_url); status.stripe.com tells of outages"
	default:
		f.Level, f.Do = operators.LevelError, "look at the account in Stripe's dashboard: it may be restricted"
	}
	if err != nil {
		f.Found = oneLine(err)
	}
	return append(findings, f)
}

func keyOf(g *stripe.Gateway) string {
	if g.Live() {
		return "the key is a live one, and the brand is marked test"
	}
	return "the key is a test one, and the brand is not marked test"
}

// oneLine is a joined error without its line breaks.
func oneLine(err error) string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		text := ""
		for _, e := range joined.Unwrap() {
			if text != "" {
				text += ": "
			}
			text += e.Error()
		}
		return text
	}
	return err.Error()
}
