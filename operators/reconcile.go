package operators

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// ErrNoOpenItem says that there is no such open item, or that it is closed.
var ErrNoOpenItem = errors.New("no such open item")

// Booked is one movement that our ledger says a provider has made.
type Booked struct {
	Provider  string // "psp:sim", as the ledger's account; "network:sim" for deliveries
	Reference string // under which the provider knows it: the charge's id, or the order's
	Kind      string // "charge", "refund", "return", "delivery" or "reversal"
	Brand     string
	Order     prepaid.OrderID
	Amount    prepaid.Money // positive
	At        time.Time
}

// OpenItem is a difference between our ledger and a provider's report.
type OpenItem struct {
	ID           string
	Provider     string
	Reference    string
	Kind         string
	Order        prepaid.OrderID
	Currency     prepaid.Currency
	Ours, Theirs int64  // minor units; 0 where one side has nothing
	Note         string // the provider's word for what it has and did not carry out
	HappenedAt   time.Time
	FoundAt      time.Time
	ClosedAt     time.Time // zero: open
	ClosedBy     string
	Reason       string
}

// MoneyReporter is a payment gateway that reports what it has done.
type MoneyReporter interface {
	Movements(ctx context.Context, from, to time.Time) iter.Seq2[payments.Movement, error]
}

// DeliveryReporter is a network that reports what it has delivered.
type DeliveryReporter interface {
	Deliveries(ctx context.Context, from, to time.Time) iter.Seq2[topup.Delivery, error]
}

// WalletReader is a network at which we have a wallet.
type WalletReader interface {
	Balance(ctx context.Context) (prepaid.Money, error)
}

// Reporters are the providers that report what they did, by name.
type Reporters struct {
	Gateways map[string]MoneyReporter
	Networks map[string]DeliveryReporter
	Wallets  map[string]WalletReader
}

// ReconciledLedger is what the ledger has booked with providers.
type ReconciledLedger interface {
	// Booked lists what was booked from one time until before another, oldest first.
	Booked(ctx context.Context, from, to time.Time) ([]Booked, error)
	// WalletBooked sums, in minor units, and counts what was booked on a wallet. It also reports whether top-ups of the
	// brands are under way: their costs may have been taken already, and are not booked yet.
	WalletBooked(ctx context.Context, network string, c prepaid.Currency) (sum, postings int64, underway bool, err error)
}

// OpenItems stores differences, and the readings of wallets from which some follow.
type OpenItems interface {
	// OpenItems lists the open items, or also the closed ones, oldest first.
	OpenItems(ctx context.Context, closed bool) ([]OpenItem, error)
	// SaveDifferences stores the differences found between two times (from included, to not). Stored items stay as they are; open
	// items of the period that are not found again are closed.
	SaveDifferences(ctx context.Context, found []OpenItem, from, to, now time.Time) error
	// CloseItem closes an open item; ErrNoOpenItem.
	CloseItem(ctx context.Context, id string, by prepaid.By, now time.Time) error
	// LastWalletReading returns the newest reading of a wallet; false where there is none.
	LastWalletReading(ctx context.Context, network string, c prepaid.Currency) (WalletReading, bool, error)
	// SaveWalletReading stores a reading, and the difference from the one before; nil: none.
	SaveWalletReading(ctx context.Context, r WalletReading, differs *OpenItem) error
}

// ChargedOrders finds the order of a charge; topup.ErrNoOrder.
type ChargedOrders interface {
	ByCharge(ctx context.Context, id prepaid.ChargeID) (topup.History, error)
}

// Reconciliation compares our ledger with what providers report, and keeps each difference as an open item until somebody
// closes it, or the next comparison no longer finds it.
type Reconciliation struct {
	Ledger    ReconciledLedger
	Items     OpenItems
	Orders    ChargedOrders
	Reporters Reporters
	Clock     prepaid.Clock
}

// LeftOut is what a comparison could not compare.
type LeftOut struct {
	Unreported  []string // providers, as the ledger's accounts, that have bookings and give no report
	BusyWallets []string // networks whose wallets were not compared, because top-ups are under way
}

// List lists the open items, oldest first.
func (r Reconciliation) List(ctx context.Context) ([]OpenItemRow, error) {
	items, err := r.Items.OpenItems(ctx, false)
	return openItemRows(items), err
}

// ListAll lists the open and the closed items, oldest first.
func (r Reconciliation) ListAll(ctx context.Context) ([]OpenItemRow, error) {
	items, err := r.Items.OpenItems(ctx, true)
	return openItemRows(items), err
}

// Close closes an open item; ErrNoOpenItem.
func (r Reconciliation) Close(ctx context.Context, id string, by prepaid.By) error {
	if err := needsReason(by); err != nil {
		return err
	}
	return r.Items.CloseItem(ctx, id, by, r.Clock.Now())
}

// Compare compares what was booked from one time until before another, and all wallets as they are now, and stores the
// differences. If a report can't be read, it returns an error and closes nothing. It calls progress with the days read and their
// total. LeftOut is valid with an error too.
func (r Reconciliation) Compare(ctx context.Context, from, to time.Time, progress func(done, total int64)) (LeftOut, error) {
	now := r.Clock.Now()
	found, unreported, err := r.differences(ctx, from, to, progress)
	left := LeftOut{Unreported: unreported}
	if err != nil {
		return left, err
	}
	if err := r.Items.SaveDifferences(ctx, found, from, to, now); err != nil {
		return left, err
	}
	left.BusyWallets, err = r.compareWallets(ctx, now)
	return left, err
}

// nameOrders adds the orders of charges that only the gateway has booked, such as one whose outcome is still unknown.
func (r Reconciliation) nameOrders(ctx context.Context, items []OpenItem) error {
	for i, item := range items {
		if item.Order != "" || !strings.HasPrefix(item.Provider, gatewayPrefix) {
			continue
		}
		o, err := r.Orders.ByCharge(ctx, prepaid.ChargeID(item.Reference))
		if err != nil && !errors.Is(err, topup.ErrNoOrder) {
			return err
		}
		items[i].Order = o.ID
	}
	return nil
}

// readReports adds all reports of a period to the comparison.
func (r Reconciliation) readReports(ctx context.Context, c *comparison, from, to time.Time) error {
	for name, gateway := range r.Reporters.Gateways {
		c.reported[gatewayPrefix+name] = true
		for m, err := range gateway.Movements(ctx, from, to) {
			if err != nil {
				return fmt.Errorf("report of gateway %s: %w", name, err)
			}
			c.addMovement(name, m)
		}
	}
	for name, network := range r.Reporters.Networks {
		c.reported[networkPrefix+name] = true
		for d, err := range network.Deliveries(ctx, from, to) {
			if err != nil {
				return fmt.Errorf("report of network %s: %w", name, err)
			}
			c.addDelivery(name, d)
		}
	}
	return nil
}
