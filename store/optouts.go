package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// OptOuts keeps who wants no messages, and where.
type OptOuts struct{ *core }

var _ accounts.OptOuts = OptOuts{}

// SetOptOut implements accounts.OptOuts.
func (db OptOuts) SetOptOut(ctx context.Context, brand string, a prepaid.Address, channels []string, out bool, now time.Time) error {
	return db.write(ctx, "set opt-out", func(tx *sqlx.Tx) error {
		for _, channel := range channels {
			_, err := exec(ctx, tx, `
				INSERT INTO opt_outs (brand, address, channel, is_out, changed_at) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (brand, address, channel) DO UPDATE SET is_out = excluded.is_out, changed_at = excluded.changed_at
				WHERE opt_outs.is_out <> excluded.is_out`,
				brand, a, channel, out, prepaid.Micros(now))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// OptedOut implements accounts.OptOuts.
func (db OptOuts) OptedOut(ctx context.Context, brand string, a prepaid.Address, pseudonyms ...prepaid.Address) ([]string, error) {
	var channels []string
	err := listIn(ctx, db.reader, &channels, `
		SELECT DISTINCT channel FROM opt_outs WHERE brand = ? AND address IN (?) AND is_out ORDER BY channel`, brand, append(pseudonyms, a))
	if err != nil {
		return nil, fmt.Errorf("read opt-outs: %w", err)
	}
	return channels, nil
}

// AddressesOf implements accounts.OptOuts.
func (db OptOuts) AddressesOf(ctx context.Context, id prepaid.CustomerID) ([]accounts.KnownAddress, error) {
	var rows []struct {
		Address  prepaid.Address
		Kind     string
		LinkedAt int64
		Channel  *string // where it has opted out; nil for nowhere
	}
	err := list(ctx, db.reader, &rows, `
		SELECT a.address, a.kind, a.linked_at, o.channel
		FROM customers c
		JOIN customer_addresses a ON a.brand = c.brand AND a.customer = c.id AND a.holder = c.holder
		LEFT JOIN opt_outs o ON o.brand = a.brand AND o.address = a.address AND o.is_out
		WHERE c.id = ? ORDER BY a.linked_at, a.address, o.channel`, id)
	if err != nil {
		return nil, fmt.Errorf("read customer's addresses: %w", err)
	}
	var known []accounts.KnownAddress
	var out []string
	for i, r := range rows {
		if r.Channel != nil {
			out = append(out, *r.Channel)
		}
		if i == len(rows)-1 || rows[i+1].Address != r.Address {
			known, out = append(known, accounts.KnownAddress{
				Address: r.Address, Kind: r.Kind, LinkedAt: prepaid.FromMicros(r.LinkedAt), Out: accounts.NewOptOut(out),
			}), nil
		}
	}
	return known, nil
}
