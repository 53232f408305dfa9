package operators

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"pulsa/prepaid"
)

// WalletReading is what our wallet at a network held, and what our ledger had booked on it by then.
type WalletReading struct {
	Network  string
	Currency prepaid.Currency
	At       time.Time
	Balance  int64 // minor units
	Booked   int64 // minor units: the sum of all postings, below zero because filling the wallet is not booked
	Postings int64 // how many they were
}

// compareWallets compares the change of each wallet's balance since its last reading with what the ledger booked on it meanwhile.
// A first reading is only stored. Filling a wallet is not booked: it shows as an item, which whoever filled it closes. It returns
// the networks whose wallets are busy.
func (r Reconciliation) compareWallets(ctx context.Context, now time.Time) (busy []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(r.Reporters.Wallets)) {
		reading, quiet, err := r.readWallet(ctx, name, now)
		if err != nil {
			return busy, err
		}
		if !quiet {
			busy = append(busy, name)
			continue
		}
		last, found, err := r.Items.LastWalletReading(ctx, name, reading.Currency)
		if err != nil {
			return busy, err
		}
		var differs *OpenItem
		if found {
			differs = walletDifference(last, reading)
		}
		if err := r.Items.SaveWalletReading(ctx, reading, differs); err != nil {
			return busy, err
		}
	}
	return busy, nil
}

// readWallet reads a wallet's balance and what the ledger booked on it. quiet reports that both belong to the same moment: the
// ledger's sum was equal before and after the balance was read.
func (r Reconciliation) readWallet(ctx context.Context, name string, now time.Time) (reading WalletReading, quiet bool, err error) {
	first, err := r.balance(ctx, name)
	if err != nil {
		return reading, false, err
	}
	before, _, underway, err := r.Ledger.WalletBooked(ctx, name, first.Currency)
	if err != nil || underway {
		return reading, false, err
	}
	balance, err := r.balance(ctx, name)
	if err != nil {
		return reading, false, err
	}
	sum, postings, underway, err := r.Ledger.WalletBooked(ctx, name, first.Currency)
	if err != nil || underway || sum != before || balance.Currency != first.Currency {
		return reading, false, err
	}
	return WalletReading{Network: name, Currency: balance.Currency, At: now, Balance: balance.Minor, Booked: sum, Postings: postings}, true, nil
}

func (r Reconciliation) balance(ctx context.Context, name string) (prepaid.Money, error) {
	balance, err := r.Reporters.Wallets[name].Balance(ctx)
	if err != nil {
		return balance, fmt.Errorf("wallet of %s: %w", name, err)
	}
	return balance, nil
}

// walletDifference is the difference between two readings; nil where there is none. Networks count costs with more decimals
// than our books: half a unit for each posting is no difference.
func walletDifference(last, r WalletReading) *OpenItem {
	ours, theirs := r.Booked-last.Booked, r.Balance-last.Balance
	rounding := (r.Postings - last.Postings + 1) / 2
	if diff := theirs - ours; max(diff, -diff) <= rounding {
		return nil
	}
	return &OpenItem{Provider: networkPrefix + r.Network, Reference: "since " + last.At.UTC().Format(time.DateTime), Kind: "wallet",
		Currency: r.Currency, Ours: ours, Theirs: theirs, HappenedAt: r.At}
}
