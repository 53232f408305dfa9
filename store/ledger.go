package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Ledger reads the double-entry ledger. Orders and Developers write it, each in the transaction that it belongs to.
type Ledger struct{ *core }

// checkEntries refuses entries that do not sum to zero in every currency.
func checkEntries(entries []topup.Entry) error {
	for _, e := range entries {
		if len(e.Postings) == 0 {
			return fmt.Errorf("ledger entry %s is empty", e.Kind)
		}
		sums := map[prepaid.Currency]prepaid.Money{}
		for _, p := range e.Postings {
			currency := p.Amount.Currency
			sum, err := prepaid.Money{Minor: sums[currency].Minor, Currency: currency}.Add(p.Amount)
			if err != nil {
				return fmt.Errorf("ledger entry %s: %w", e.Kind, err)
			}
			sums[currency] = sum
		}
		for _, currency := range slices.Sorted(maps.Keys(sums)) {
			if sum := sums[currency]; !sum.Zero() {
				return fmt.Errorf("ledger entry %s sums to %s", e.Kind, sum)
			}
		}
	}
	return nil
}

// hasEntry reports whether one of the change's ledger entries is stored already. Under the order's lock.
func hasEntry(ctx context.Context, tx *sqlx.Tx, o topup.Order, c topup.Change) (bool, error) {
	if len(c.Postings) == 0 {
		return false, nil
	}
	kinds := make([]string, len(c.Postings))
	for i, e := range c.Postings {
		kinds[i] = e.Kind
	}
	var known []string
	err := listIn(ctx, tx, &known, `SELECT kind FROM ledger_entries WHERE `+ofOrder+` AND kind IN (?)`, keyOf(o).args(kinds)...)
	return len(known) > 0, err
}

// insertEntries writes entries about an order, or about a developer's credit, which has its own id and time in the key. What they post to a developer's account changes
// its balance: topup.ErrNoFunds where it does not hold that much.
func insertEntries(ctx context.Context, tx *sqlx.Tx, about childKey, entries []topup.Entry, at time.Time) error {
	for _, e := range entries {
		_, err := exec(ctx, tx, `INSERT INTO ledger_entries (brand, order_id, ordered_at, kind, at) VALUES (?, ?, ?, ?, ?)`,
			about.args(e.Kind, prepaid.Micros(at))...)
		if err != nil {
			return fmt.Errorf("ledger entry %s: %w", e.Kind, err)
		}
		for i, p := range e.Postings {
			_, err := exec(ctx, tx, `
				INSERT INTO ledger_postings (brand, order_id, ordered_at, kind, number, account, currency, minor)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, about.args(e.Kind, i+1, p.Account, p.Amount.Currency, p.Amount.Minor)...)
			if err != nil {
				return fmt.Errorf("posting to %s: %w", p.Account, err)
			}
			if err := postToDeveloper(ctx, tx, about.Brand, p, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// entryOfPosting joins a posting (p) with its entry (e).
const entryOfPosting = `e.brand = p.brand AND e.order_id = p.order_id AND e.ordered_at = p.ordered_at AND e.kind = p.kind`

// Balances returns the balance of every account of a brand in every currency, by account and currency; a
// positive one is a debit.
func (db Ledger) Balances(ctx context.Context, brand string) ([]topup.Posting, error) {
	var rows []postingRow
	err := list(ctx, db.orderReader, &rows, `
		SELECT account, currency, CAST(SUM(minor) AS BIGINT) AS minor
		FROM ledger_postings WHERE brand = ? GROUP BY account, currency ORDER BY account, currency`, brand)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	balances := make([]topup.Posting, len(rows))
	for i, r := range rows {
		balances[i] = r.posting()
	}
	return balances, nil
}

// Entries returns an order's ledger entries, oldest first.
func (db Ledger) Entries(ctx context.Context, id prepaid.OrderID) ([]topup.Entry, error) {
	var rows []postingRow
	err := list(ctx, db.orderReader, &rows, `
		SELECT p.kind, p.account, p.currency, p.minor
		FROM ledger_postings p JOIN ledger_entries e ON `+entryOfPosting+`
		WHERE (p.brand, p.order_id, p.ordered_at) = (SELECT o.brand, o.id, o.created_at FROM orders o WHERE o.id = ?)
		ORDER BY e.at, p.kind, p.number`, id)
	if err != nil {
		return nil, fmt.Errorf("ledger entries: %w", err)
	}
	var entries []topup.Entry
	for _, r := range rows {
		if n := len(entries); n == 0 || entries[n-1].Kind != r.Kind {
			entries = append(entries, topup.Entry{Kind: r.Kind})
		}
		last := &entries[len(entries)-1]
		last.Postings = append(last.Postings, r.posting())
	}
	return entries, nil
}

type postingRow struct {
	Kind     string
	Account  string
	Currency prepaid.Currency
	Minor    int64
}

func (r postingRow) posting() topup.Posting {
	return topup.Posting{Account: r.Account, Amount: prepaid.Money{Minor: r.Minor, Currency: r.Currency}}
}
