package harness

import (
	"context"
	"errors"
	"fmt"

	"pulsa/accounts"
	"pulsa/app/core"
	"pulsa/cards"
	"pulsa/conversation/talk"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/sim"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
)

// Do implements talk.Program.
func (s *Program) Do(ctx context.Context, who talk.Customer, e talk.Event) error {
	switch e.Kind {
	case talk.ChannelDown:
		s.offline = s.outage(e.For)
	case talk.WindowCloses:
		s.closed[who.Address()] = true
	case talk.RedisDown:
		s.redis = s.outage(e.For)
	case talk.RedisLost:
		forgetter, ok := s.p.Sessions.(*unsteadySessions).Sessions.(interface{ Forget(context.Context) error })
		if !ok {
			return talk.ErrNotOffered
		}
		return forgetter.Forget(ctx)
	case talk.Restart:
		err := s.run(func() error { return s.p.Topups.Drain(ctx) })
		s.life.cut.Store(true)
		if err = errors.Join(err, s.p.Close()); err != nil {
			return err
		}
		return s.start(ctx)
	case talk.CrashAfter:
		s.mu.Lock()
		s.armed = e.Point
		s.mu.Unlock()
	default:
		err := s.run(func() error { return Simulate(ctx, s.sims, who, e) })
		return s.reborn(ctx, err) // the simulators repeat news that the killed program did not take
	}
	return nil
}

// Simulate sets the behaviour of the simulators, or acts as the customer on their pages.
func Simulate(ctx context.Context, s *sim.Simulators, who talk.Customer, e talk.Event) error {
	m, err := prepaid.ParseE164(who.Number)
	if err != nil {
		return err
	}
	switch e.Kind {
	case talk.SetupCompleted, talk.SetupAbandoned, talk.CustomerAuthenticates:
		err = s.Tell(ctx, string(e.Kind), m)
	case talk.PaymentBehaves, talk.NetworkBehaves:
		err = s.Tell(ctx, string(e.Kind)+" "+e.Behaviour, m)
	default:
		return talk.ErrNotOffered
	}
	for nothing, needs := range map[error]string{
		simgateway.ErrNoSetup:    "there is no payment page or way to pay for it",
		simgateway.ErrNoCharge:   "there is no charge for it",
		simnetwork.ErrNoDelivery: "nothing was delivered",
	} {
		if errors.Is(err, nothing) {
			return fmt.Errorf("%w: %s", talk.ErrCantHappen, needs)
		}
	}
	return err
}

// Check implements talk.Program.
func (s *Program) Check(ctx context.Context, who talk.Customer, f talk.Fact) (talk.Finding, error) {
	switch f.Kind {
	case talk.InState:
		state, err := s.State(ctx, who)
		return is(state, f.Name), err
	case talk.Charged:
		return Counted(f, len(s.sims.Gateway.Charged(simgateway.Filter{Amount: f.Amount})), len(s.sims.Gateway.Charged(simgateway.Filter{}))), nil
	case talk.Refunded:
		return Counted(f, len(s.sims.Gateway.Refunded(simgateway.Filter{Amount: f.Amount})), len(s.sims.Gateway.Refunded(simgateway.Filter{}))), nil
	case talk.ToppedUp:
		return Counted(f, len(s.sims.Network.Delivered(simnetwork.Filter{Amount: f.Amount})), len(s.sims.Network.Delivered(simnetwork.Filter{}))), nil
	case talk.AuditClean:
		return AuditFinding(s.audit(ctx))
	}
	return CheckFact(ctx, s.p, s.setup.Brand, who, f)
}

// audit checks the invariants over the story's SQL and the books of its simulators.
func (s *Program) audit(ctx context.Context) ([]operators.Violation, error) {
	return s.p.Audit().CheckWithBooks(ctx, func(context.Context) (operators.ProviderBooks, error) { return s.sims.Books().Provider(), nil }, nil)
}

// CheckFact finds what SQL tells of a customer or card.
func CheckFact(ctx context.Context, p *core.Program, brand string, who talk.Customer, f talk.Fact) (talk.Finding, error) {
	c, err := p.Accounts.ByAddress(ctx, brand, who.Address())
	if err != nil && !errors.Is(err, accounts.ErrNoCustomer) {
		return talk.Finding{}, err
	}
	switch f.Kind {
	case talk.OrderIs:
		m := c.MSISDN
		if m == "" {
			m, _ = prepaid.ParseE164(who.Number)
		}
		latest, err := p.Topups.Latest(ctx, brand, topup.Whose{Customer: c.ID, Address: who.Address(), MSISDN: m}, 1)
		if err != nil || len(latest) == 0 {
			return talk.Finding{Actual: "no order"}, err
		}
		return is(string(latest[0].Status), f.Name), nil
	case talk.CardIs:
		card, err := p.Cards.Card(ctx, brand, f.Serial)
		if errors.Is(err, cards.ErrUnknown) {
			return talk.Finding{Actual: "no such card"}, nil
		}
		return is(card.Shown(p.Clock.Now()), f.Name), err
	case talk.Registered:
		return yes(c.Registered(), f), nil
	case talk.Locked:
		return yes(c.PIN.Locked(p.Clock.Now()), f), nil
	case talk.PaysBy:
		if c.Pays.Method == "" {
			return is(talk.Nothing, f.Name), nil
		}
		return is(c.Pays.Method, f.Name), nil
	case talk.Automatic: // not built yet, so nobody has it
		none := talk.Fact{Kind: talk.Automatic, Name: talk.Off}
		return is(none.String(), f.String()), nil
	case talk.OptedOut:
		out, err := p.Accounts.OptedOut(ctx, brand, who.Address())
		return yes(!out.None(), f), err
	}
	return talk.Finding{}, talk.ErrNotOffered
}

func is(actual, want string) talk.Finding { return talk.Finding{Holds: actual == want, Actual: actual} }

func yes(holds bool, f talk.Fact) talk.Finding {
	actual := talk.Fact{Kind: f.Kind, Not: !holds}
	return talk.Finding{Holds: holds != f.Not, Actual: actual.String()}
}

// Counted compares a fact with how often its amount was moved: n times of all movements.
func Counted(f talk.Fact, n, all int) talk.Finding {
	actual := fmt.Sprintf("%s %s %s", f.Kind, f.Amount, talk.Count(n))
	if all != n {
		actual += fmt.Sprintf(" (and %d of other amounts)", all-n)
	}
	return talk.Finding{Holds: n == f.Times, Actual: actual}
}

// AuditFinding holds if an audit found nothing; otherwise it shows the first violation.
func AuditFinding(violations []operators.Violation, err error) (talk.Finding, error) {
	if err != nil || len(violations) == 0 {
		return talk.Finding{Holds: err == nil}, err
	}
	actual := violations[0].String()
	if more := len(violations) - 1; more > 0 {
		actual += fmt.Sprintf(" (and %d more)", more)
	}
	return talk.Finding{Actual: actual}, nil
}

// given sets up what a story begins with.
func (s *Program) given(ctx context.Context, g talk.Given) error {
	switch {
	case g.Event != nil:
		return s.Do(ctx, s.setup.Customer, *g.Event)
	case g.Customer != nil:
		return s.run(func() error { return GivenCustomer(ctx, s.p, s.sims.Gateway.CompleteSetup, s.setup, *g.Customer) })
	}
	return GivenCard(ctx, s.p, s.setup.Brand, *g.Card)
}
