package app

import (
	"context"
	"slices"
)

// takeSettings puts the versions of brands' settings in force that were published since it was last called. What keeps one from being
// taken here is logged once.
func (p *Program) takeSettings(ctx context.Context) (int, error) {
	known := p.Settings.Faults()
	changed, err := p.Settings.Take(ctx)
	if err != nil || !changed {
		return 0, err
	}
	p.Log.InfoContext(ctx, "settings taken", "versions", p.Settings.Versions())
	for _, fault := range p.Settings.Faults() {
		if !slices.Contains(known, fault) {
			p.Log.ErrorContext(ctx, "settings not taken", "error", fault)
		}
	}
	return 0, nil
}
