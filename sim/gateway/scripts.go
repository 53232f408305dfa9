package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
)

// Why nothing happened that a script wanted to happen.
var (
	ErrNoSetup  = errors.New("no open payment page")
	ErrNoCharge = errors.New("no such charge")
)

// CompleteSetup completes the newest open setup of a number, or of anyone for "", as a click on its page
// does, and tells it. ErrNoSetup where there is none; an error of whoever takes the news, who is told
// again by Redeliver.
func (g *Gateway) CompleteSetup(ctx context.Context, m prepaid.MSISDN) error {
	return g.endSetup(ctx, func(s setup) bool { return m == "" || s.MSISDN == m }, completed)
}

// AbandonSetup is CompleteSetup's other button.
func (g *Gateway) AbandonSetup(ctx context.Context, m prepaid.MSISDN) error {
	return g.endSetup(ctx, func(s setup) bool { return m == "" || s.MSISDN == m }, abandoned)
}

func (g *Gateway) endSetup(ctx context.Context, fits func(setup) bool, to status) error {
	s, err := g.bookSetup(fits, to)
	if err != nil {
		return fmt.Errorf("end simulated setup: %w", err)
	}
	return g.tellSetup(ctx, s)
}

func (g *Gateway) bookSetup(fits func(setup) bool, to status) (setup, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, ok := g.setups.latest(func(s setup) bool { return s.Status == open && fits(s) })
	if !ok {
		return setup{}, ErrNoSetup
	}
	s.Status, s.Untold = to, true
	if to == completed {
		s.Token = "sim_" + prepaid.NewToken()
	}
	return s, g.write(line{Setup: &s})
}

// Authenticate lets the customer confirm the newest charge of a number, or of anyone for "", that waits
// for it; the money is captured, and told. ErrNoCharge where none waits.
func (g *Gateway) Authenticate(ctx context.Context, m prepaid.MSISDN) error {
	return g.moveCharge(ctx, func(c charge) bool { return c.Status == action && (m == "" || c.MSISDN == m) },
		func(c *charge, now time.Time) { c.Status, c.TakenAt = captured, now })
}

// ReturnDebit lets the bank take back the newest charge of a number, or of anyone for "", that is
// captured or pending, and tells it. ErrNoCharge where there is none.
func (g *Gateway) ReturnDebit(ctx context.Context, m prepaid.MSISDN) error {
	return g.takeBack(ctx, m, codeReturned, captured, pending)
}

// Dispute lets the customer have the newest captured charge of a number, or of anyone for "", taken back, and
// tells it. ErrNoCharge where there is none.
func (g *Gateway) Dispute(ctx context.Context, m prepaid.MSISDN) error {
	return g.takeBack(ctx, m, codeDisputed, captured)
}

func (g *Gateway) takeBack(ctx context.Context, m prepaid.MSISDN, code string, from ...status) error {
	return g.moveCharge(ctx, func(c charge) bool { return slices.Contains(from, c.Status) && (m == "" || c.MSISDN == m) },
		func(c *charge, now time.Time) { c.Status, c.ReturnedAt, c.Code, c.Becomes = returned, now, code, "" })
}

// SettleDebits captures every pending charge, as weeks of waiting do, and tells each. It goes on after
// an error, and returns them all.
func (g *Gateway) SettleDebits(ctx context.Context) error {
	g.mu.Lock()
	g.ripen()
	waiting := g.charges.all(func(c charge) bool { return c.Status == pending })
	g.mu.Unlock()
	var failed []error
	for _, w := range waiting {
		err := g.moveCharge(ctx, func(c charge) bool { return c.Reference == w.Reference && c.Status == pending },
			func(c *charge, _ time.Time) { c.Status = captured })
		if !errors.Is(err, ErrNoCharge) { // it has left pending meanwhile
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// moveCharge changes the newest charge that fits, books it, and tells it.
func (g *Gateway) moveCharge(ctx context.Context, fits func(charge) bool, move func(*charge, time.Time)) error {
	c, err := g.bookMove(fits, move)
	if err != nil {
		return fmt.Errorf("move simulated charge: %w", err)
	}
	return g.tellCharge(ctx, c)
}

func (g *Gateway) bookMove(fits func(charge) bool, move func(*charge, time.Time)) (charge, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ripen()
	c, ok := g.charges.latest(fits)
	if !ok {
		return charge{}, ErrNoCharge
	}
	move(&c, g.c.Clock.Now())
	c.Untold = true
	return c, g.write(line{Charge: &c})
}

// Filter narrows what is counted; its zero fields fit everything.
type Filter struct {
	Reference string
	Brand     string
	MSISDN    prepaid.MSISDN
	Amount    prepaid.Money
}

func (f Filter) fits(c charge) bool {
	return (f.Reference == "" || f.Reference == c.Reference) && (f.Brand == "" || f.Brand == c.Brand) &&
		(f.MSISDN == "" || f.MSISDN == c.MSISDN) && (f.Amount == prepaid.Money{} || f.Amount == c.Amount)
}

// Entry is one movement of money in the book.
type Entry struct {
	Reference string // the charge's
	Brand     string
	Customer  prepaid.CustomerID
	MSISDN    prepaid.MSISDN
	Method    payments.Method
	Amount    prepaid.Money
	At        time.Time
	Pending   bool // of Charged: a debit still on its way
	// Setup is the reference of the setup that made what was charged, and SetUpAt when that began; empty where the gateway
	// has made no such token.
	Setup   string    `json:",omitempty"`
	SetUpAt time.Time `json:",omitzero"`
}

// Charged lists what was charged, oldest request first: also what is pending, and what was refunded or
// returned later. What was charged again under its reference is listed again, at the end.
func (g *Gateway) Charged(f Filter) []Entry {
	found := g.entries(f, func(c charge) time.Time { return c.TakenAt })
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range found {
		c, _ := g.charges.get(e.Reference)
		for range c.Again {
			found = append(found, e)
		}
	}
	return found
}

// Refunded lists what was given back: parts first.
func (g *Gateway) Refunded(f Filter) []Entry {
	parts := g.entries(f, func(c charge) time.Time { return c.PartAt })
	rest := g.entries(f, func(c charge) time.Time { return c.RefundedAt })
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, e := range parts {
		c, _ := g.charges.get(e.Reference)
		parts[i].Amount = c.Part
	}
	for i, e := range rest {
		c, _ := g.charges.get(e.Reference)
		rest[i].Amount.Minor -= c.Part.Minor
	}
	return append(parts, rest...)
}

// Returned lists what banks took back.
func (g *Gateway) Returned(f Filter) []Entry {
	return g.entries(f, func(c charge) time.Time { return c.ReturnedAt })
}

// entries lists the charges to which something happened, with the time when it did.
func (g *Gateway) entries(f Filter, when func(charge) time.Time) []Entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ripen()
	var found []Entry
	for _, c := range g.charges.all(func(c charge) bool { return f.fits(c) && !when(c).IsZero() }) {
		s, _ := g.setups.get(c.Setup)
		found = append(found, Entry{Reference: c.Reference, Brand: c.Brand, Customer: c.Customer, MSISDN: c.MSISDN,
			Method: c.Method, Amount: c.Amount, At: when(c), Pending: c.Status == pending, Setup: c.Setup, SetUpAt: s.At})
	}
	return found
}
