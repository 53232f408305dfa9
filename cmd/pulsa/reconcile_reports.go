package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"pulsa/app/config"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/store"
	"pulsa/topup"
)

// moneyReporter is a payment gateway that reports what it has done.
type moneyReporter interface {
	Movements(ctx context.Context, from, to time.Time) iter.Seq2[payments.Movement, error]
}

// deliveryReporter is a network that reports what it has delivered.
type deliveryReporter interface {
	Deliveries(ctx context.Context, from, to time.Time) iter.Seq2[topup.Delivery, error]
}

// walletReader is a network at which we have a wallet.
type walletReader interface {
	Balance(ctx context.Context) (prepaid.Money, error)
}

// reporters are the providers that tell what they did, by name.
type reporters struct {
	gateways map[string]moneyReporter
	networks map[string]deliveryReporter
	wallets  map[string]walletReader
}

// newReporters are those of the configuration. The simulators' books may be another process's.
func newReporters(c config.Config, log *slog.Logger) (reporters, error) {
	sims, err := sim.ReadBooks(c.Data, slog.New(slog.DiscardHandler))
	if err != nil {
		return reporters{}, err
	}
	all := reporters{
		gateways: map[string]moneyReporter{"sim": sims.Gateway}, networks: map[string]deliveryReporter{"sim": sims.Network},
		wallets: map[string]walletReader{},
	}
	if c.Simulator.URL != "" {
		all.gateways["sim"] = &sim.Remote{URL: c.Simulator.URL}
	}
	clock := prepaid.SystemClock{}
	if r := newReloadly(c, clock, log); r != nil {
		all.networks[config.NetworkReloadly], all.wallets[config.NetworkReloadly] = r, r
	}
	// A report is read from Stripe alone.
	books := func(context.Context, prepaid.ChargeID) (payments.Recorded, error) {
		return payments.Recorded{}, topup.ErrNoOrder
	}
	s, err := newStripe(c, clock, log, books, nil)
	if err != nil {
		return all, err
	}
	if s != nil {
		all.gateways[config.GatewayStripe] = s
	}
	return all, nil
}

// compareWallets holds what each wallet has lost or got since it was last read against what the ledger booked on it
// meanwhile. The first reading is what the next is compared with. What fills a wallet is booked by nobody here: it
// shows as an item, which is closed by whoever filled it.
func (all reporters) compareWallets(ctx context.Context, db *store.DB, c config.Config, now time.Time, skipped func(why string)) error {
	for name, wallet := range all.wallets {
		balance, err := wallet.Balance(ctx)
		if err != nil {
			return fmt.Errorf("wallet of %s: %w", name, err)
		}
		r, quiet, err := readWallet(ctx, db, c, name, wallet, balance.Currency, now)
		if err != nil {
			return err
		}
		if !quiet {
			skipped("top-ups are under way at " + name + ": its wallet is compared next time")
			continue
		}
		last, found, err := db.Reconciliation.LastWalletReading(ctx, name, r.Currency)
		if err != nil {
			return err
		}
		var differs *store.OpenItem
		if found {
			differs = walletItem(last, r)
		}
		if err := db.Reconciliation.SaveWalletReading(ctx, r, differs); err != nil {
			return err
		}
	}
	return nil
}

// readWallet reads a wallet and our mirror of it; quiet is false where they may not be of the same moment.
func readWallet(ctx context.Context, db *store.DB, c config.Config, name string, wallet walletReader, currency prepaid.Currency, now time.Time) (r store.WalletReading, quiet bool, err error) {
	var brands []string
	for brand, network := range c.Networks {
		if network == name {
			brands = append(brands, brand)
		}
	}
	slices.Sort(brands)
	before, _, busy, err := db.Reconciliation.WalletBooked(ctx, name, currency, brands)
	if err != nil || busy {
		return r, false, err
	}
	balance, err := wallet.Balance(ctx)
	if err != nil {
		return r, false, fmt.Errorf("wallet of %s: %w", name, err)
	}
	sum, postings, busy, err := db.Reconciliation.WalletBooked(ctx, name, currency, brands)
	if err != nil || busy || sum != before || balance.Currency != currency {
		return r, false, err
	}
	return store.WalletReading{Network: name, Currency: currency, At: now, Balance: balance.Minor, Booked: sum, Postings: postings}, true, nil
}

// walletItem is the difference between two readings; nil where there is none. Networks count costs with more decimals
// than our books: half a unit for each of them is no difference.
func walletItem(last, r store.WalletReading) *store.OpenItem {
	ours, theirs := r.Booked-last.Booked, r.Balance-last.Balance
	rounding := (r.Postings - last.Postings + 1) / 2
	if diff := theirs - ours; max(diff, -diff) <= rounding {
		return nil
	}
	return &store.OpenItem{Provider: "network:" + r.Network, Reference: "since " + last.At.UTC().Format(time.DateTime), Kind: "wallet",
		Currency: r.Currency, Ours: ours, Theirs: theirs, HappenedAt: r.At}
}
