package app

import (
	"context"

	"pulsa/operators"
)

// AuditAll checks the invariants over the SQL, and over the simulators' own books.
func (p *Program) AuditAll(ctx context.Context) ([]operators.Violation, error) {
	violations, err := p.Audit().Check(ctx)
	if err != nil {
		return nil, err
	}
	found, err := p.Audit().CheckBooks(ctx, func(ctx context.Context) (operators.ProviderBooks, error) {
		books, err := p.books(ctx)
		return books.Provider(), err
	}, nil)
	return append(violations, found...), err
}
