package app

import (
	"context"

	"pulsa/operators"
)

// AuditAll checks the invariants over the SQL, and over the simulators' own books.
func (p *Program) AuditAll(ctx context.Context) ([]operators.Violation, error) {
	return p.Audit().CheckWithBooks(ctx, func(ctx context.Context) (operators.ProviderBooks, error) {
		books, err := p.books(ctx)
		return books.Provider(), err
	}, nil)
}
