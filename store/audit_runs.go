package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

var _ operators.AuditRuns = Audit{}

var auditRunTable = newTable[operators.AuditRun]("audit_runs", names{"From": "origin", "ApprovedBy": "-", "Operation": "-"})

// SaveAuditRun implements operators.AuditRuns.
func (db Audit) SaveAuditRun(ctx context.Context, r operators.AuditRun) error {
	return db.write(ctx, "save audit run", func(tx *sqlx.Tx) error {
		_, err := auditRunTable.insert(ctx, tx, r, `
			ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, violations = excluded.violations, found = excluded.found, failed = excluded.failed`)
		if err != nil || !r.EndedAt.IsZero() {
			return err
		}
		return recordDeed(ctx, tx, prepaid.Deed{What: "audit", Kind: prepaid.OnHouse, Object: "audit", By: r.By, At: r.StartedAt})
	})
}

// LastAuditRun implements operators.AuditRuns.
func (db Audit) LastAuditRun(ctx context.Context) (operators.AuditRun, bool, error) {
	r, found, err := auditRunTable.get(ctx, db.reader, `ORDER BY started_at DESC LIMIT 1`)
	if err != nil {
		return operators.AuditRun{}, false, fmt.Errorf("read audit run: %w", err)
	}
	return r, found, nil
}
