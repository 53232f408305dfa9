package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Books tell gateways what we hold of a charge. They need no Service, so that a gateway can be made with them before the
// Service is made with the gateway.
type Books struct {
	Orders interface {
		// ByCharge returns the order of a charge; topup.ErrNoOrder.
		ByCharge(ctx context.Context, id prepaid.ChargeID) (topup.History, error)
	}
	Instruments interface {
		// Instrument returns one, with its token; ErrNoInstrument.
		Instrument(ctx context.Context, id prepaid.InstrumentID) (Instrument, error)
	}
}

// Recorded is what our books hold of a charge. A gateway whose look-up by reference can't be trusted finds
// the charge by it.
type Recorded struct {
	ProviderRef string         // the gateway's own id; empty where no answer has told it
	Token       prepaid.Secret // of the instrument to be charged; empty where it is gone
	Amount      prepaid.Money
	Since       time.Time // when it was first wanted
}

// Recorded returns what is known of a charge; topup.ErrNoOrder where it is not ours.
func (b Books) Recorded(ctx context.Context, id prepaid.ChargeID) (Recorded, error) {
	h, err := b.Orders.ByCharge(ctx, id)
	if err != nil {
		return Recorded{}, fmt.Errorf("read books of charge %s: %w", id, err)
	}
	r := Recorded{ProviderRef: h.Charge.ProviderRef, Amount: h.Amount, Since: h.CreatedAt}
	i, err := b.Instruments.Instrument(ctx, prepaid.InstrumentID(h.Funding.Ref))
	if err != nil && !errors.Is(err, ErrNoInstrument) {
		return Recorded{}, fmt.Errorf("read books of charge %s: %w", id, err)
	}
	r.Token = i.Token
	return r, nil
}
