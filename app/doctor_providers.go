package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/payments/stripe"
)

// tryWithin is how long a provider may take to say whether it knows us.
const tryWithin = 5 * time.Second

// ExamineGateway asks Stripe whether it knows us, and looks whether the key is of the kind that each brand needs.
func (p *Program) ExamineGateway(ctx context.Context) []Finding {
	if p.stripe == nil {
		return nil
	}
	var findings []Finding
	for _, b := range p.Config.Brands {
		if p.Config.Gateways[b.Name] != config.GatewayStripe || p.stripe.Serves(b) {
			continue
		}
		do := "set STRIPE_KEY (stripe: key) to a test key, sk_test_…: no test brand may charge real customers"
		if !b.Test {
			do = "set STRIPE_KEY (stripe: key) to a live key, sk_live_…, or mark the brand test"
		}
		findings = append(findings, Finding{LevelError, "gateway stripe", "every payment of brand " + b.Name + " is refused: " + keyOf(p.stripe), do})
	}
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	found, err := p.stripe.Probe(ctx)
	f := Finding{LevelOK, "gateway stripe", found, ""}
	switch {
	case err == nil:
	case errors.Is(err, stripe.ErrKey):
		f.Level, f.Do = LevelError, "copy the key anew from Stripe's dashboard (Developers, API keys): it is mistyped, rolled or deleted"
	case errors.Is(err, stripe.ErrRights):
		f.Level, f.Do = LevelWarn, "nothing, or give the restricted key the right to read Balance so that it can be tried"
	case errors.Is(err, stripe.ErrMode):
		f.Level, f.Do = LevelError, "check base_url: what answers there is not the Stripe of this key"
	case errors.Is(err, stripe.ErrUnreachable):
		f.Level, f.Do = LevelError, "let this machine reach api.stripe.com on port 443 (or correct stripe: base_url); status.stripe.com tells of outages"
	default:
		f.Level, f.Do = LevelError, "look at the account in Stripe's dashboard: it may be restricted"
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

// ExamineCredentials tries those of the channels that are on.
func (p *Program) ExamineCredentials(ctx context.Context) []Finding {
	var tries []func() Finding
	for _, s := range p.Registry.List(ctx) {
		prober, able := p.Registry.Adapter(s.Channel).(channels.Prober)
		if able && s.On && s.Problem == "" {
			tries = append(tries, func() Finding { return try(ctx, s.Channel, prober) })
		}
	}
	findings := make([]Finding, len(tries))
	var all sync.WaitGroup
	for i, one := range tries { // many that do not answer take no longer than one
		all.Go(func() { findings[i] = one() })
	}
	all.Wait()
	return findings
}

func try(ctx context.Context, c channels.Channel, prober channels.Prober) Finding {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	what := "credentials of " + c.ID()
	whose, err := prober.Probe(ctx, c)
	if err == nil {
		return Finding{LevelOK, what, whose, ""}
	}
	f := Finding{LevelError, what, "the provider says no: " + Refusal(err), fmt.Sprintf("correct the credentials of %s in the environment, or switch the channel off", c.ID())}
	var failure *channels.SendError
	switch {
	case !errors.As(err, &failure):
	case failure.Class == channels.Throttled:
		f.Level, f.Do = LevelWarn, "try again in a minute: the provider is asked too often"
	case failure.Class == channels.Retryable, failure.Class == channels.UnknownIfSent:
		f.Found, f.Do = "no answer: "+Refusal(err), "let this machine reach the provider (or correct base_url), and look whether it has an outage"
	}
	return f
}
