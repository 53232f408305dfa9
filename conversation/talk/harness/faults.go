package harness

import (
	"context"
	"time"

	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/conversation"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// unsteadySessions are sessions whose store a script can take away.
type unsteadySessions struct {
	conversation.Sessions
	story *Program
}

func (u *unsteadySessions) down() error {
	if u.story.clock.Now().Before(u.story.redis) {
		return errCut
	}
	return nil
}

func (u *unsteadySessions) Begin(ctx context.Context, b conversation.Begin) (conversation.Begun, error) {
	if err := u.down(); err != nil {
		return conversation.Begun{}, err
	}
	return u.Sessions.Begin(ctx, b)
}

func (u *unsteadySessions) Commit(ctx context.Context, c conversation.Commit) (conversation.Committed, error) {
	if err := u.down(); err != nil {
		return conversation.Committed{}, err
	}
	return u.Sessions.Commit(ctx, c)
}

func (u *unsteadySessions) Leave(ctx context.Context, sender, token string) error {
	if err := u.down(); err != nil {
		return err
	}
	return u.Sessions.Leave(ctx, sender, token)
}

func (u *unsteadySessions) DrainTranscripts(ctx context.Context, n int, save func(context.Context, []conversation.Transcript) error) (int, error) {
	if u.down() != nil {
		return 0, nil // later
	}
	return u.Sessions.DrainTranscripts(ctx, n, save)
}

// unsteadyFake is the fake channel when a script has taken its provider away, so that nothing can be pushed, or
// has closed a customer's window, so that nothing can be pushed to them.
type unsteadyFake struct {
	*fake.Adapter
	story *Program
}

func (u *unsteadyFake) Send(ctx context.Context, c channels.Channel, m channels.Outbound) (string, error) {
	if now := u.story.clock.Now(); now.Before(u.story.offline) {
		return "", &channels.SendError{Class: channels.Throttled, Code: "down", After: u.story.offline.Sub(now)}
	}
	if u.story.closed[m.Address] {
		return "", &channels.SendError{Class: channels.RefusedFor, Code: "outside window"}
	}
	return u.Adapter.Send(ctx, c, m)
}

// cutGateway is the gateway as seen by a program that a script may kill. After that, its calls do not reach the gateway.
type cutGateway struct {
	payments.Gateway
	life *life
}

func (c cutGateway) StartSetup(ctx context.Context, r payments.SetupRequest) (payments.Page, error) {
	if c.life.cut.Load() {
		return payments.Page{}, errCut
	}
	return c.Gateway.StartSetup(ctx, r)
}

func (c cutGateway) CloseSetup(ctx context.Context, s payments.Setup) error {
	if c.life.cut.Load() {
		return errCut
	}
	return c.Gateway.CloseSetup(ctx, s)
}

func (c cutGateway) Charge(ctx context.Context, r payments.ChargeRequest) topup.Result {
	return c.life.unless(func() topup.Result { return c.Gateway.Charge(ctx, r) })
}

func (c cutGateway) Cancel(ctx context.Context, reference string) topup.Result {
	return c.life.unless(func() topup.Result { return c.Gateway.Cancel(ctx, reference) })
}

func (c cutGateway) Refund(ctx context.Context, reference string, part prepaid.Money) topup.Result {
	return c.life.unless(func() topup.Result { return c.Gateway.Refund(ctx, reference, part) })
}

// Sign implements payments.Signer, which the simulated gateway is.
func (c cutGateway) Sign(ctx context.Context, a payments.Agreement) (s payments.Signed) {
	s.Result = c.life.unless(func() topup.Result {
		s = c.Gateway.(payments.Signer).Sign(ctx, a)
		return s.Result
	})
	return s
}

func (c cutGateway) LookUpSigned(ctx context.Context, a payments.Agreement) payments.Signed {
	return c.Gateway.(payments.Signer).LookUpSigned(ctx, a)
}

// cutNetwork does the same for the network.
type cutNetwork struct {
	topup.Network
	life *life
}

func (c cutNetwork) Credit(ctx context.Context, r topup.Credit) topup.Result {
	return c.life.unless(func() topup.Result { return c.Network.Credit(ctx, r) })
}

func (c cutNetwork) Recognise(ctx context.Context, m prepaid.MSISDN) error {
	if c.life.cut.Load() {
		return topup.ErrNetworkDown
	}
	return c.Network.Recognise(ctx, m)
}

// unless makes a call that changes something at a provider. If the program has been killed, it makes none, and the outcome is
// unknown.
func (l *life) unless(call func() topup.Result) topup.Result {
	if l.cut.Load() {
		return topup.Result{Outcome: topup.Unknown, Code: "killed"}
	}
	return call()
}

// outage returns the end of an outage that begins now.
func (s *Program) outage(d time.Duration) time.Time { return s.clock.Now().Add(d) }
