package app

import (
	"context"
	"sync"
	"time"
)

const (
	sealEvery = 10 * time.Second
	sealLease = time.Minute
	// sealBack is how long before its last look a copy looks for deeds again: no transaction is open for longer.
	sealBack = 24 * time.Hour
)

// sealer remembers how far a copy has looked for deeds to seal.
type sealer struct {
	mu    sync.Mutex
	since time.Time // zero: it has not looked at all of them yet
}

// sealDeeds makes the new deeds of each brand a link of its chain, and logs it, so that whoever keeps the log can tell later whether the
// record is still the same.
func (p *Program) sealDeeds(ctx context.Context) (int, error) {
	p.seals.mu.Lock()
	defer p.seals.mu.Unlock()
	now := p.Clock.Now()
	brands, err := p.DB.Deeds.Unsealed(ctx, p.seals.since)
	if err != nil {
		return 0, err
	}
	if len(brands) == 0 {
		p.seals.since = now.Add(-sealBack)
		return 0, nil
	}
	if mine, err := p.DB.Leases.HoldLease(ctx, "seal", p.instance, now, now.Add(sealLease)); !mine {
		return 0, err
	}
	made := 0
	for _, brand := range brands {
		l, sealed, err := p.DB.Deeds.Seal(ctx, brand, p.seals.since, now)
		if err != nil {
			return made, err
		}
		if sealed {
			made++
			p.Log.InfoContext(ctx, "the record is sealed", "link", l.String(), "deeds", l.Deeds)
		}
	}
	return made, nil
}
