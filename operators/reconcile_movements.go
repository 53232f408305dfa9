package operators

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

const (
	// reportSlack is how far apart the two sides may book the same thing: the program settles an unknown outcome within a day, an
	// operator within a few.
	reportSlack = 8 * 24 * time.Hour
	// reportAtOnce is the period that is read of both sides at once. After each, the movements are settled whose other side can't
	// appear any more.
	reportAtOnce = 28 * 24 * time.Hour
	// gatewayPrefix and networkPrefix begin the name of a provider in an OpenItem.
	gatewayPrefix, networkPrefix = "psp:", "network:"
)

// movementKey names one thing that both sides book. What one side books twice shows as a difference of the sums.
type movementKey struct{ provider, reference, kind string }

// movement is what both sides have booked under one key.
type movement struct {
	order  prepaid.OrderID
	ours   prepaid.Money
	theirs []reportedSum
	note   string    // the provider's word for what it did not carry out
	at     time.Time // of the earlier side
}

// reportedSum sums one of the amounts that a provider reports of a movement, such as the delivered or the requested one.
type reportedSum struct {
	amount int // which of them, from 0
	prepaid.Money
}

// comparison collects both sides of a reconciliation.
type comparison struct {
	reported map[string]bool // providers that give a report
	booked   map[string]bool // providers with whom we have booked
	moved    map[movementKey]*movement
}

func newComparison() *comparison {
	return &comparison{reported: map[string]bool{}, booked: map[string]bool{}, moved: map[movementKey]*movement{}}
}

// movementAt returns the movement of a key, created if needed, and keeps the earlier of its times.
func (c *comparison) movementAt(k movementKey, at time.Time) *movement {
	m := c.moved[k]
	if m == nil {
		m = &movement{at: at}
		c.moved[k] = m
	}
	if at.Before(m.at) {
		m.at = at
	}
	return m
}

func (c *comparison) addBooked(e Booked) {
	k := movementKey{e.Provider, e.Reference, e.Kind}
	minor := e.Amount.Minor
	if e.Kind == "goodwill" { // a gateway knows no reasons
		k.kind = string(payments.MovedRefund)
	}
	if strings.HasPrefix(e.Provider, networkPrefix) {
		k.kind = "delivery"
		if e.Kind == "reversal" {
			minor = -minor // the network reports it as delivered no longer
		}
	}
	c.booked[k.provider] = true
	m := c.movementAt(k, e.At)
	m.ours = prepaid.Money{Minor: m.ours.Minor + minor, Currency: e.Amount.Currency}
	m.order = e.Order
}

func (c *comparison) addMovement(gateway string, m payments.Movement) {
	c.movementAt(movementKey{gatewayPrefix + gateway, m.Reference, string(m.Kind)}, m.At).add(m.Status, m.Amount)
}

func (c *comparison) addDelivery(network string, d topup.Delivery) {
	m := c.movementAt(movementKey{networkPrefix + network, d.Reference, "delivery"}, d.At)
	m.order = prepaid.OrderID(d.Reference)
	m.add(d.Status, d.Amount, d.Asked)
}

// add adds a report of the provider. A report may state several amounts: the first is summed with the first of the next report,
// and so on.
func (m *movement) add(note string, told ...prepaid.Money) {
	if note != "" {
		m.note = note
	}
	for n, amount := range told {
		if amount.Zero() {
			continue
		}
		i := slices.IndexFunc(m.theirs, func(t reportedSum) bool { return t.amount == n && t.Currency == amount.Currency })
		if i < 0 {
			m.theirs = append(m.theirs, reportedSum{n, amount})
			continue
		}
		m.theirs[i].Minor += amount.Minor
	}
}

// differences lists what the two sides do not agree on. They agree where one of the reported sums equals ours.
func (m *movement) differences(k movementKey) []OpenItem {
	item := func(ours int64, theirs prepaid.Money) OpenItem {
		return OpenItem{Provider: k.provider, Reference: k.reference, Kind: k.kind, Order: m.order, Currency: theirs.Currency,
			Ours: ours, Theirs: theirs.Minor, Note: m.note, HappenedAt: m.at}
	}
	inOurs := slices.IndexFunc(m.theirs, func(t reportedSum) bool { return t.Currency == m.ours.Currency })
	switch {
	case slices.ContainsFunc(m.theirs, func(t reportedSum) bool { return t.Money == m.ours }):
		return nil
	case inOurs >= 0:
		return []OpenItem{item(m.ours.Minor, m.theirs[inOurs].Money)}
	}
	var items []OpenItem
	if m.ours.Minor != 0 {
		items = append(items, item(m.ours.Minor, prepaid.Money{Currency: m.ours.Currency}))
	}
	if len(m.theirs) > 0 {
		items = append(items, item(0, m.theirs[0].Money))
	}
	return items
}

// settle removes the movements whose other side can't appear any more once everything before a time was read. It lists the
// differences among those that were first booked between two times.
func (c *comparison) settle(before, from, to time.Time) []OpenItem {
	var found []OpenItem
	for k, m := range c.moved {
		if !m.at.Add(reportSlack).Before(before) {
			continue
		}
		delete(c.moved, k)
		if c.reported[k.provider] && !m.at.Before(from) && m.at.Before(to) {
			found = append(found, m.differences(k)...)
		}
	}
	return found
}

// differences compares the ledger with all reports. It lists every difference in what was first booked between two times,
// and the providers that give no report. It reads a few weeks at a time, so memory does not grow with the period. It calls
// progress with the days read and their total.
func (r Reconciliation) differences(ctx context.Context, from, to time.Time, progress func(done, total int64)) (found []OpenItem, unreported []string, err error) {
	c := newComparison()
	begin, end := from.Add(-reportSlack), to.Add(reportSlack)
	days := func(d time.Duration) int64 { return int64(d / (24 * time.Hour)) }
	for at := begin; at.Before(end); {
		next := at.Add(reportAtOnce)
		if next.After(end) {
			next = end
		}
		progress(days(at.Sub(begin)), days(end.Sub(begin)))
		booked, err := r.Ledger.Booked(ctx, at, next)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range booked {
			c.addBooked(e)
		}
		if err := r.readReports(ctx, c, at, next); err != nil {
			return nil, nil, err
		}
		found = append(found, c.settle(next, from, to)...)
		at = next
	}
	progress(days(end.Sub(begin)), days(end.Sub(begin)))
	found = append(found, c.settle(end.Add(2*reportSlack), from, to)...)
	if err := r.nameOrders(ctx, found); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(found, func(a, b OpenItem) int {
		return cmp.Or(a.HappenedAt.Compare(b.HappenedAt), strings.Compare(a.Reference, b.Reference), strings.Compare(a.Kind, b.Kind))
	})
	return found, c.unreported(), nil
}

// unreported lists the providers with which something was booked and which gave no report.
func (c *comparison) unreported() []string {
	var names []string
	for name := range c.booked {
		if !c.reported[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
