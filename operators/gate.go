package operators

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pulsa/prepaid"
)

// GateStore reads what Gate keeps at hand.
type GateStore interface {
	// GateVersion changes with every block, pause, and end of one.
	GateVersion(ctx context.Context) (int64, error)
	// ActiveBlocks lists what is blocked, in all brands.
	ActiveBlocks(ctx context.Context, now time.Time) ([]Block, error)
	// Pauses lists the brands that are paused.
	Pauses(ctx context.Context) ([]Pause, error)
}

// Gate knows what is blocked and which brands are paused, without asking the store: each copy loads it anew every two seconds. Safe for
// concurrent use.
type Gate struct {
	Store GateStore
	Clock prepaid.Clock
	// Values are the pseudonyms that something may be blocked by, the one in use first.
	Values func(k BlockKind, brand, what string) []string

	mu      sync.RWMutex
	version int64
	loaded  bool
	blocks  map[gateKey]time.Time // until when; zero: until somebody ends it
	pauses  map[string]Pause
}

type gateKey struct {
	brand string
	kind  BlockKind
	value string
}

// Load reads what has changed.
func (g *Gate) Load(ctx context.Context) error {
	version, err := g.Store.GateVersion(ctx)
	if err != nil {
		return fmt.Errorf("load blocks: %w", err)
	}
	g.mu.RLock()
	known := g.loaded && g.version == version
	g.mu.RUnlock()
	if known {
		return nil
	}
	all, err := g.Store.ActiveBlocks(ctx, g.Clock.Now())
	if err != nil {
		return err
	}
	paused, err := g.Store.Pauses(ctx)
	if err != nil {
		return err
	}
	blocks, pauses := make(map[gateKey]time.Time, len(all)), map[string]Pause{}
	for _, b := range all {
		blocks[gateKey{b.Brand, b.Kind, b.Value}] = b.Until
	}
	for _, p := range paused {
		pauses[p.Brand] = p
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.version, g.loaded, g.blocks, g.pauses = version, true, blocks, pauses
	return nil
}

// Blocked reports whether a brand has blocked something.
func (g *Gate) Blocked(k BlockKind, brand, what string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if len(g.blocks) == 0 { // most brands have none
		return false
	}
	for _, value := range g.Values(k, brand, what) {
		until, blocked := g.blocks[gateKey{brand, k, value}]
		if blocked && (until.IsZero() || g.Clock.Now().Before(until)) {
			return true
		}
	}
	return false
}

// Paused returns the pause of a brand; false where it sells.
func (g *Gate) Paused(brand string) (Pause, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	p, paused := g.pauses[brand]
	return p, paused && p.Active(g.Clock.Now())
}
