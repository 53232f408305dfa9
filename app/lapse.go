package app

import (
	"context"
	"time"
)

const (
	// lapseEvery is how soon after its last day a card is booked as expired. Nobody can redeem it meanwhile.
	lapseEvery = 30 * time.Second
	lapseLease = 5 * time.Minute
)

// lapseCards books the expiry of cards whose last day has passed where their brand sells. One copy does it; another goes on where it
// stopped, since each chunk is a transaction.
func (p *Program) lapseCards(ctx context.Context) (int, error) {
	now := p.Clock.Now()
	if mine, err := p.DB.Leases.HoldLease(ctx, "expired cards", p.instance, now, now.Add(lapseLease)); !mine {
		return 0, err
	}
	lapsed := 0
	for _, b := range p.Brands.All() {
		n, err := p.Cards.Lapse(ctx, b.Name)
		if lapsed += n; err != nil {
			return lapsed, err
		}
	}
	return lapsed, nil
}
