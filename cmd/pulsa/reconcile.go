package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

// moneyReporter is a payment gateway that reports what it has done.
type moneyReporter interface {
	Movements(ctx context.Context, from, to time.Time) ([]payments.Movement, error)
}

// deliveryReporter is a network that reports what it has delivered.
type deliveryReporter interface {
	Deliveries(ctx context.Context, from, to time.Time) ([]topup.Delivery, error)
}

// reportSlack is how far apart the two sides may have booked the same thing: what was unknown is settled within
// a day, and what a human settled within a few.
const reportSlack = 8 * 24 * time.Hour

type reconcileCommand struct {
	settings
	From  string `help:"First day, UTC (default: yesterday)." placeholder:"DATE"`
	To    string `help:"Last day, UTC (default: the first)." placeholder:"DATE"`
	Close string `help:"Close an open item instead; say why with --reason." placeholder:"ITEM"`
	List  bool   `help:"Compare nothing: list the open items that are stored."`
	All   bool   `help:"List closed items too."`
	JSON  bool   `help:"Print one JSON object per item."`
	deed
}

// Help implements kong.HelpProvider.
func (reconcileCommand) Help() string {
	return "Compares our ledger with the gateway's and the network's own reports, order by order. Every difference is an " +
		"open item: stored, listed, and closed with a reason. One that is gone by the next comparison is closed by it. " +
		"Exit code 1 while items are open.\n\n" +
		"Example: pulsa reconcile --from 2026-11-20 --to 2026-11-20"
}

// Run implements the command.
func (r *reconcileCommand) Run(ctx context.Context, e environ) error {
	c, err := r.load(e, nil)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, c.databaseURL(), store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	now := time.Now().UTC()
	switch {
	case r.Close != "":
		by, err := r.by(e)
		if err != nil {
			return err
		}
		return db.CloseItem(ctx, r.Close, by, now)
	case !r.List:
		if err := r.compare(ctx, e, c, db, now); err != nil {
			return err
		}
	}
	items, err := db.OpenItems(ctx, r.All)
	if err != nil {
		return err
	}
	return r.print(e.stdout, items)
}

func (r *reconcileCommand) compare(ctx context.Context, e environ, c Config, db *store.DB, now time.Time) error {
	from, to, err := r.days(now)
	if err != nil {
		return err
	}
	sims, err := readBooks(c, c.Data, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	booked, err := db.Booked(ctx, from.Add(-reportSlack), to.Add(reportSlack))
	if err != nil {
		return err
	}
	books := newBooks(c)
	for _, b := range booked {
		books.ours(b)
	}
	if err := books.theirs(ctx, "sim", sims.gateway, sims.network, from.Add(-reportSlack), to.Add(reportSlack)); err != nil {
		return err
	}
	for _, name := range books.unreported() {
		fmt.Fprintf(e.stderr, "%s gives us no report yet: what was booked with it is not compared\n", name)
	}
	return db.SaveDifferences(ctx, books.differences(from, to), from, to, now)
}

// days are the times from which and before which is compared.
func (r *reconcileCommand) days(now time.Time) (from, to time.Time, err error) {
	from = now.Truncate(24*time.Hour).AddDate(0, 0, -1)
	if r.From != "" {
		if from, err = time.Parse(time.DateOnly, r.From); err != nil {
			return from, to, fmt.Errorf("--from %s: write a day like 2026-11-20", r.From)
		}
	}
	last := from
	if r.To != "" {
		if last, err = time.Parse(time.DateOnly, r.To); err != nil {
			return from, to, fmt.Errorf("--to %s: write a day like 2026-11-20", r.To)
		}
	}
	if last.Before(from) {
		return from, to, fmt.Errorf("--to %s is before --from %s", r.To, r.From)
	}
	return from, last.AddDate(0, 0, 1), nil
}

// movementKey names one thing that both sides book. A repetition at one side is a difference of the sums.
type movementKey struct {
	provider, reference, kind string
	currency                  prepaid.Currency
}

type movement struct {
	order        prepaid.OrderID
	ours, theirs int64
	at           time.Time // of the earlier side
}

// books hold both sides of a reconciliation against each other.
type books struct {
	networks map[string]string // by brand
	reported map[string]bool   // providers that gave a report
	moved    map[movementKey]*movement
}

func newBooks(c Config) *books {
	return &books{networks: c.Networks, reported: map[string]bool{}, moved: map[movementKey]*movement{}}
}

func (b *books) at(k movementKey, at time.Time) *movement {
	m := b.moved[k]
	if m == nil {
		m = &movement{at: at}
		b.moved[k] = m
	}
	if at.Before(m.at) {
		m.at = at
	}
	return m
}

func (b *books) ours(e store.Booked) {
	k := movementKey{e.Provider, e.Reference, e.Kind, e.Amount.Currency}
	minor := e.Amount.Minor
	if e.Provider == "airtime" {
		k.provider, k.kind = "network:"+b.networks[e.Brand], "delivery"
		if e.Kind == "reversal" {
			minor = -minor // the network reports it as delivered no longer
		}
	}
	m := b.at(k, e.At)
	m.ours += minor
	m.order = e.Order
}

// theirs takes the reports of the provider of a name.
func (b *books) theirs(ctx context.Context, name string, g moneyReporter, n deliveryReporter, from, to time.Time) error {
	moved, err := g.Movements(ctx, from, to)
	if err != nil {
		return fmt.Errorf("report of gateway %s: %w", name, err)
	}
	b.reported["psp:"+name] = true
	for _, m := range moved {
		b.at(movementKey{"psp:" + name, m.Reference, string(m.Kind), m.Amount.Currency}, m.At).theirs += m.Amount.Minor
	}
	delivered, err := n.Deliveries(ctx, from, to)
	if err != nil {
		return fmt.Errorf("report of network %s: %w", name, err)
	}
	b.reported["network:"+name] = true
	for _, d := range delivered {
		m := b.at(movementKey{"network:" + name, d.Reference, "delivery", d.Amount.Currency}, d.At)
		m.theirs += d.Amount.Minor
		m.order = prepaid.OrderID(d.Reference)
	}
	return nil
}

// unreported lists the providers with whom we booked and who gave no report.
func (b *books) unreported() []string {
	var names []string
	for k := range b.moved {
		if !b.reported[k.provider] && !slices.Contains(names, k.provider) {
			names = append(names, k.provider)
		}
	}
	slices.Sort(names)
	return names
}

// differences lists what the two sides do not agree on, among what the earlier of them booked in that time.
func (b *books) differences(from, to time.Time) []store.OpenItem {
	var found []store.OpenItem
	for k, m := range b.moved {
		if m.ours == m.theirs || !b.reported[k.provider] || m.at.Before(from) || !m.at.Before(to) {
			continue
		}
		found = append(found, store.OpenItem{Provider: k.provider, Reference: k.reference, Kind: k.kind, Order: m.order,
			Currency: k.currency, Ours: m.ours, Theirs: m.theirs, HappenedAt: m.at})
	}
	slices.SortFunc(found, func(a, b store.OpenItem) int {
		return cmp.Or(a.HappenedAt.Compare(b.HappenedAt), strings.Compare(a.Reference, b.Reference), strings.Compare(a.Kind, b.Kind))
	})
	return found
}

func (r *reconcileCommand) print(w io.Writer, items []store.OpenItem) error {
	open := 0
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	out := json.NewEncoder(w)
	for _, i := range items {
		if i.ClosedAt.IsZero() {
			open++
		}
		if r.JSON {
			if err := out.Encode(openItemJSON(i)); err != nil {
				return err
			}
			continue
		}
		state := "open"
		if !i.ClosedAt.IsZero() {
			state = "closed by " + i.ClosedBy + ": " + i.Reason
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s %s\torder %s\tours %s\ttheirs %s\t%s\n", i.ID, i.HappenedAt.Format(time.DateTime), i.Provider,
			i.Kind, i.Reference, cmp.Or(string(i.Order), "-"), prepaid.Money{Minor: i.Ours, Currency: i.Currency},
			prepaid.Money{Minor: i.Theirs, Currency: i.Currency}, state)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if open > 0 {
		return exitCode(1)
	}
	if !r.JSON {
		fmt.Fprintln(w, "no open item")
	}
	return nil
}

func openItemJSON(i store.OpenItem) map[string]any {
	line := map[string]any{
		"id": i.ID, "provider": i.Provider, "reference": i.Reference, "kind": i.Kind, "order": i.Order, "currency": i.Currency,
		"ours": i.Ours, "theirs": i.Theirs, "happened_at": i.HappenedAt, "found_at": i.FoundAt, "open": i.ClosedAt.IsZero(),
	}
	if !i.ClosedAt.IsZero() {
		line["closed_at"], line["closed_by"], line["reason"] = i.ClosedAt, i.ClosedBy, i.Reason
	}
	return line
}
