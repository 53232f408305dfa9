package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pulsa/prepaid"
	simgateway "pulsa/sim/gateway"
	simnetwork "pulsa/sim/network"
)

// Tell tells the simulators in the words of a script: "network is out of funds"; "network" alone lets the number
// choose again. What happens to a charge, delivery or page happens to the newest of the number, or of anybody.
func (s *Simulators) Tell(ctx context.Context, text string, m prepaid.MSISDN) error {
	subject, phrase, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch subject {
	case "customer":
		return s.tellCustomer(ctx, strings.TrimSpace(phrase), m)
	case "payment":
		return s.tellPayment(ctx, phrase, m)
	case "network":
		return s.tellNetwork(ctx, phrase, m)
	}
	return fmt.Errorf("%q: begin with network, payment or customer", text)
}

func (s *Simulators) tellCustomer(ctx context.Context, phrase string, m prepaid.MSISDN) error {
	switch phrase {
	case "completes payment setup":
		return ofAnybody(s.Gateway.CompleteSetup, ctx, m)
	case "abandons payment setup":
		return ofAnybody(s.Gateway.AbandonSetup, ctx, m)
	case "authenticates":
		return ofAnybody(s.Gateway.Authenticate, ctx, m)
	}
	return fmt.Errorf("customer %q: understood are completes payment setup, abandons payment setup, authenticates", phrase)
}

func (s *Simulators) tellPayment(ctx context.Context, phrase string, m prepaid.MSISDN) error {
	var b simgateway.Behaviour
	var err error
	if phrase != "" {
		b, err = simgateway.ParseBehaviour(phrase)
	}
	switch {
	case err != nil:
		return err
	case b.Kind == simgateway.ReturnsDebit:
		return ofAnybody(s.Gateway.ReturnDebit, ctx, m)
	case b.Kind == simgateway.IsDisputed:
		return ofAnybody(s.Gateway.Dispute, ctx, m)
	}
	return s.Gateway.Set(ctx, b)
}

func (s *Simulators) tellNetwork(ctx context.Context, phrase string, m prepaid.MSISDN) error {
	var b simnetwork.Behaviour
	var err error
	if phrase != "" {
		b, err = simnetwork.ParseBehaviour(phrase)
	}
	switch {
	case err != nil:
		return err
	case b.Kind == simnetwork.TakesBack:
		return ofAnybody(func(ctx context.Context, m prepaid.MSISDN) error {
			return s.Network.TakeBack(ctx, simnetwork.Filter{MSISDN: m})
		}, ctx, m)
	}
	return s.Network.Set(ctx, b)
}

// ofAnybody acts for the customer's number, or for the latest where they have registered another.
func ofAnybody(act func(context.Context, prepaid.MSISDN) error, ctx context.Context, m prepaid.MSISDN) error {
	err := act(ctx, m)
	if errors.Is(err, simgateway.ErrNoSetup) || errors.Is(err, simgateway.ErrNoCharge) || errors.Is(err, simnetwork.ErrNoDelivery) {
		return act(ctx, "")
	}
	return err
}
