package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

const (
	// reportSlack is how far apart the two sides may have booked the same thing: what was unknown is settled within
	// a day, and what a human settled within a few.
	reportSlack = 8 * 24 * time.Hour
	// reportAtOnce is how much is read of both sides before what can have no other side any more is let go.
	reportAtOnce = 28 * 24 * time.Hour
)

// movementKey names one thing that both sides book. A repetition at one side is a difference of the sums.
type movementKey struct{ provider, reference, kind string }

type movement struct {
	order  prepaid.OrderID
	ours   prepaid.Money
	theirs []theirs
	note   string    // the provider's word for what it did not carry out
	at     time.Time // of the earlier side
}

// theirs is what a provider moved, in one of the ways in which it tells amounts.
type theirs struct {
	way int
	prepaid.Money
}

// books hold both sides of a reconciliation against each other.
type books struct {
	networks map[string]string // by brand
	reported map[string]bool   // providers that give a report
	booked   map[string]bool   // providers with whom we have booked
	moved    map[movementKey]*movement
}

func newBooks(networks map[string]string) *books {
	return &books{networks: networks, reported: map[string]bool{}, booked: map[string]bool{}, moved: map[movementKey]*movement{}}
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
	k := movementKey{e.Provider, e.Reference, e.Kind}
	minor := e.Amount.Minor
	if e.Provider == "airtime" {
		k.provider, k.kind = "network:"+b.networks[e.Brand], "delivery"
		if e.Kind == "reversal" {
			minor = -minor // the network reports it as delivered no longer
		}
	}
	b.booked[k.provider] = true
	m := b.at(k, e.At)
	m.ours = prepaid.Money{Minor: m.ours.Minor + minor, Currency: e.Amount.Currency}
	m.order = e.Order
}

func (b *books) moneyMoved(gateway string, m payments.Movement) {
	b.at(movementKey{"psp:" + gateway, m.Reference, string(m.Kind)}, m.At).add(m.Status, m.Amount)
}

func (b *books) delivered(network string, d topup.Delivery) {
	m := b.at(movementKey{"network:" + network, d.Reference, "delivery"}, d.At)
	m.order = prepaid.OrderID(d.Reference)
	m.add(d.Status, d.Amount, d.Asked)
}

// add counts what the provider has moved: one amount, or the same told in two ways.
func (m *movement) add(note string, told ...prepaid.Money) {
	if note != "" {
		m.note = note
	}
	for way, amount := range told {
		if amount.Zero() {
			continue
		}
		i := slices.IndexFunc(m.theirs, func(t theirs) bool { return t.way == way && t.Currency == amount.Currency })
		if i < 0 {
			m.theirs = append(m.theirs, theirs{way, amount})
			continue
		}
		m.theirs[i].Minor += amount.Minor
	}
}

// differ lists what the two sides of one thing do not agree on.
func (m *movement) differ(k movementKey) []store.OpenItem {
	item := func(ours int64, theirs prepaid.Money) store.OpenItem {
		return store.OpenItem{Provider: k.provider, Reference: k.reference, Kind: k.kind, Order: m.order, Currency: theirs.Currency,
			Ours: ours, Theirs: theirs.Minor, Note: m.note, HappenedAt: m.at}
	}
	inOurs := slices.IndexFunc(m.theirs, func(t theirs) bool { return t.Currency == m.ours.Currency })
	switch {
	case slices.ContainsFunc(m.theirs, func(t theirs) bool { return t.Money == m.ours }):
		return nil
	case inOurs >= 0:
		return []store.OpenItem{item(m.ours.Minor, m.theirs[inOurs].Money)}
	}
	var items []store.OpenItem
	if m.ours.Minor != 0 {
		items = append(items, item(m.ours.Minor, prepaid.Money{Currency: m.ours.Currency}))
	}
	if len(m.theirs) > 0 {
		items = append(items, item(0, m.theirs[0].Money))
	}
	return items
}

// settle lets go of what the other side can't book any more before a time, and lists what differs of it among what the
// earlier side booked from one time until before another.
func (b *books) settle(before, from, to time.Time) []store.OpenItem {
	var found []store.OpenItem
	for k, m := range b.moved {
		if !m.at.Add(reportSlack).Before(before) {
			continue
		}
		delete(b.moved, k)
		if b.reported[k.provider] && !m.at.Before(from) && m.at.Before(to) {
			found = append(found, m.differ(k)...)
		}
	}
	return found
}

// compare holds our ledger against all reports, and lists every difference among what the earlier side booked from one
// time until before another, and the providers that give no report. It reads a few weeks at a time, however long
// that is; progress is told of the days read and of all.
func (all reporters) compare(ctx context.Context, db *store.DB, networks map[string]string, from, to time.Time,
	progress func(done, total int64),
) (found []store.OpenItem, unreported []string, err error) {
	b := newBooks(networks)
	begin, end := from.Add(-reportSlack), to.Add(reportSlack)
	days := func(d time.Duration) int64 { return int64(d / (24 * time.Hour)) }
	for at := begin; at.Before(end); {
		next := at.Add(reportAtOnce)
		if next.After(end) {
			next = end
		}
		progress(days(at.Sub(begin)), days(end.Sub(begin)))
		booked, err := db.Reconciliation.Booked(ctx, at, next)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range booked {
			b.ours(e)
		}
		if err := all.read(ctx, b, at, next); err != nil {
			return nil, nil, err
		}
		found = append(found, b.settle(next, from, to)...)
		at = next
	}
	progress(days(end.Sub(begin)), days(end.Sub(begin)))
	found = append(found, b.settle(end.Add(2*reportSlack), from, to)...)
	for name := range b.booked {
		if !b.reported[name] {
			unreported = append(unreported, name)
		}
	}
	if err := named(ctx, db, found); err != nil {
		return nil, nil, err
	}
	slices.Sort(unreported)
	slices.SortFunc(found, func(a, b store.OpenItem) int {
		return cmp.Or(a.HappenedAt.Compare(b.HappenedAt), strings.Compare(a.Reference, b.Reference), strings.Compare(a.Kind, b.Kind))
	})
	return found, unreported, nil
}

// named adds the orders of charges that only the gateway has booked, such as one that is still unknown.
func named(ctx context.Context, db *store.DB, items []store.OpenItem) error {
	for i, item := range items {
		if item.Order != "" || !strings.HasPrefix(item.Provider, "psp:") {
			continue
		}
		o, err := db.Orders.ByCharge(ctx, prepaid.ChargeID(item.Reference))
		if err != nil && !errors.Is(err, topup.ErrNoOrder) {
			return err
		}
		items[i].Order = o.ID
	}
	return nil
}

// read takes all reports of a time.
func (all reporters) read(ctx context.Context, b *books, from, to time.Time) error {
	for name, gateway := range all.gateways {
		b.reported["psp:"+name] = true
		for m, err := range gateway.Movements(ctx, from, to) {
			if err != nil {
				return fmt.Errorf("report of gateway %s: %w", name, err)
			}
			b.moneyMoved(name, m)
		}
	}
	for name, network := range all.networks {
		b.reported["network:"+name] = true
		for d, err := range network.Deliveries(ctx, from, to) {
			if err != nil {
				return fmt.Errorf("report of network %s: %w", name, err)
			}
			b.delivered(name, d)
		}
	}
	return nil
}
