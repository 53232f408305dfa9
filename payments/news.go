package payments

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Event is news from a gateway, authenticated by its adapter.
type Event struct {
	// Of a setup: how it has ended, SetupCompleted with Token and Display or SetupAbandoned. While it is open there is no news.
	Setup   prepaid.SetupID
	Ended   SetupStatus
	Token   prepaid.Secret
	Display string

	Charge  prepaid.ChargeID // of a charge: it is read at the gateway
	Revoked prepaid.Secret   // of an instrument: the token of one whose mandate or agreement has ended
}

// Charges follow up news of charges: a topup.Service, which itself charges by way of the Service.
type Charges interface {
	// ChargeChanged reads a charge at its gateway and moves its order; topup.ErrNoOrder where it is no order's.
	ChargeChanged(ctx context.Context, id prepaid.ChargeID) error
}

// News takes what gateways report. Safe for concurrent use.
type News struct {
	payments *Service
	charges  Charges
	log      *slog.Logger
}

// NewNews returns what takes the gateways' news for a Service and for the orders that it pays for.
func NewNews(s *Service, charges Charges) *News {
	return &News{payments: s, charges: charges, log: s.c.Log}
}

// Handle takes news from a gateway. It is idempotent: repeated or late news changes nothing, nor does news of what is not
// ours (one account at a provider may serve several systems). An error means: send it again.
func (n *News) Handle(ctx context.Context, e Event) error {
	if e.Setup != "" && e.Ended != "" {
		if err := n.payments.endSetup(ctx, e); err != nil {
			return fmt.Errorf("handle news of payment setup %s: %w", e.Setup, err)
		}
	}
	if !e.Revoked.Empty() {
		if err := n.payments.revoke(ctx, e.Revoked); err != nil {
			return fmt.Errorf("handle news of an instrument: %w", err)
		}
	}
	if e.Charge == "" {
		return nil
	}
	err := n.charges.ChargeChanged(ctx, e.Charge)
	if errors.Is(err, topup.ErrNoOrder) {
		n.log.WarnContext(ctx, "gateway reports a charge that is not ours", "charge", e.Charge)
		return nil
	}
	if err != nil {
		return fmt.Errorf("handle news of charge %s: %w", e.Charge, err)
	}
	return nil
}

// revoke ends the instrument of a token: its customer is told, and sets up another.
func (s *Service) revoke(ctx context.Context, token prepaid.Secret) error {
	ended, err := s.c.Store.EndInstrument(ctx, token, prepaid.NewID[prepaid.NoticeID](), s.c.Clock.Now())
	if err == nil {
		s.c.Log.InfoContext(ctx, "instrument was revoked at its gateway", "ours", ended)
	}
	return err
}

func (s *Service) endSetup(ctx context.Context, e Event) error {
	setup, err := s.c.Store.Setup(ctx, e.Setup)
	if errors.Is(err, ErrNoSetup) {
		s.c.Log.WarnContext(ctx, "gateway reports a payment setup that is not ours", "setup", e.Setup)
		return nil
	}
	if err != nil {
		return err
	}
	now := s.c.Clock.Now()
	var instrument *Instrument
	if e.Ended == SetupCompleted {
		if e.Token.Empty() {
			return errors.New("completed without a token")
		}
		instrument = &Instrument{
			ID: prepaid.NewID[prepaid.InstrumentID](), Customer: setup.Customer, Brand: setup.Brand,
			Gateway: setup.Gateway, Method: setup.Method, Token: e.Token, Display: e.Display, CreatedAt: now,
		}
	}
	if s.blocked(instrument) {
		instrument = nil
	}
	ended, err := s.c.Store.EndSetup(ctx, setup.ID, instrument, NoticeOf(setup.ID), now)
	if err != nil {
		return err
	}
	if ended {
		s.c.Log.InfoContext(ctx, "payment setup ended", "setup", setup.ID, "brand", setup.Brand,
			"method", setup.Method, "status", e.Ended)
	}
	return nil
}
