package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	simbook "pulsa/sim/book"
	"pulsa/topup"
)

// Codes of results that no gateway gives: the caller has no answer at all, or none that can be read.
const (
	codeTimeout = "timeout"
	codeGarbage = "garbage"
	codeNotTest = "not_a_test_brand"
)

const (
	// patience is how long a time-out takes: no caller waits longer.
	patience = 90 * time.Second
	// gap is how far apart the check for a used reference and its use are, where they are not atomic.
	gap = 50 * time.Millisecond
)

// Config is what a Gateway is made of.
type Config struct {
	Clock   prepaid.Clock
	Book    string // path of the book; "" keeps it in memory only
	BaseURL string // where Routes are reached, without a slash at the end: "https://pay.example.com"
	// Events takes the gateway's news; it may be set later with Connect. It is called without any lock
	// held, in the goroutine of whoever caused the news.
	Events      func(context.Context, payments.Event) error
	Log         *slog.Logger
	SEPAPending bool          // SEPA charges are Pending until SettleDebits
	Patience    time.Duration // how long a time-out takes; 0 is longer than any caller waits
}

// Gateway is the simulated provider. Safe for concurrent use. It may outlive the program that it serves:
// Connect it to the next one.
type Gateway struct {
	c    Config
	book *simbook.Book[line]

	mu      sync.Mutex // never held while sleeping or telling news
	events  func(context.Context, payments.Event) error
	told    Behaviour // the zero value: the number chooses
	refunds Behaviour
	late    time.Duration // of look-ups and news
	meet    bool          // requests under one reference that meet are all charged
	setups  records[setup]
	charges records[charge]
}

var _ payments.Gateway = (*Gateway)(nil)

// New opens the book and returns the gateway as the book left it.
func New(c Config) (*Gateway, error) {
	if c.Patience == 0 {
		c.Patience = patience
	}
	g := &Gateway{c: c, events: c.Events}
	book, err := simbook.Open(c.Book, g.apply)
	if err != nil {
		return nil, fmt.Errorf("start simulated gateway: %w", err)
	}
	g.book = book
	c.Log.Warn("SIMULATED PAYMENTS: no money moves", "book", c.Book, "setups", len(g.setups.order),
		"charges", len(g.charges.order))
	return g, nil
}

// Close closes the book.
func (g *Gateway) Close() error { return g.book.Close() }

// Set tells how charges go from now on, or refunds, or what else the behaviour says; the zero Behaviour lets the
// customer's number choose again, and forgets all that was told. ReturnsDebit, IsDisputed, SettlesDebits
// and RevokesMandate are carried out at once, as ReturnDebit, Dispute, SettleDebits and Revoke.
func (g *Gateway) Set(ctx context.Context, b Behaviour) error {
	switch b.Kind {
	case ReturnsDebit:
		return g.ReturnDebit(ctx, "")
	case RevokesMandate:
		return g.Revoke(ctx, "")
	case IsDisputed:
		return g.Dispute(ctx, "")
	case SettlesDebits:
		return g.SettleDebits(ctx)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch b.Kind {
	case Refunds, RefusesToRefund, TimesOutRefunding, TimesOutAfterRefunding:
		g.refunds = b
	case ReportsAfter:
		g.late = b.After
	case NotAtomic, Atomic:
		g.meet = b.Kind == NotAtomic
	case "":
		g.told, g.refunds, g.late, g.meet = b, b, 0, false
	default:
		g.told = b
	}
	return nil
}

// StartSetup implements payments.Gateway. Told to time out, the gateway opens no page either, and says so at once.
func (g *Gateway) StartSetup(_ context.Context, r payments.SetupRequest) (payments.Page, error) {
	if r.Brand == nil || !r.Brand.Test {
		return payments.Page{}, errNotTest
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.told.Kind == TimesOut {
		return payments.Page{}, errTimesOut
	}
	s, ok := g.setups.get(r.Reference)
	if !ok {
		s = setup{
			Reference: r.Reference, Page: prepaid.NewToken(), Brand: r.Brand.Name, Title: r.Brand.Title,
			Country: r.Brand.Country, Customer: r.Customer,
			MSISDN: r.MSISDN, Method: r.Method, Language: r.Language, Status: open, At: g.c.Clock.Now(),
		}
		if err := g.write(line{Setup: &s}); err != nil {
			return payments.Page{}, fmt.Errorf("start simulated setup: %w", err)
		}
	}
	return payments.Page{URL: g.c.BaseURL + setupPath + s.Page, GatewayRef: "sim_setup_" + s.Reference}, nil
}

// CloseSetup implements payments.Gateway.
func (g *Gateway) CloseSetup(_ context.Context, of payments.Setup) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, ok := g.setups.get(string(of.ID))
	switch {
	case !ok:
		return ErrNoSetup
	case s.Status == superseded:
		return nil
	case s.Status != open:
		return fmt.Errorf("%w: it is %s", ErrNoSetup, s.Status)
	}
	s.Status = superseded
	return g.write(line{Setup: &s})
}

var errTimesOut = errors.New("simulated gateway was told to time out")

var errNotTest = errors.New("simulated gateway serves only brands marked test")

// Charge implements payments.Gateway. A repeated reference answers what the first came to; one repeated
// with another amount is Unknown and moves nothing.
func (g *Gateway) Charge(ctx context.Context, r payments.ChargeRequest) topup.Result {
	switch {
	case r.Brand == nil || !r.Brand.Test:
		return topup.Result{Outcome: topup.Refused, Code: codeNotTest}
	case r.Token.Empty():
		return topup.Result{Outcome: topup.Refused, Code: "no_token"}
	}
	meets := g.meets(r)
	if meets {
		_ = g.c.Clock.Sleep(ctx, gap) // whoever comes meanwhile finds the reference unused, too
	}
	c, b, err := g.begin(r, meets)
	switch {
	case err != nil:
		return g.notBooked(ctx, r.Reference, err)
	case b.Kind == TimesOut || b.Kind == TimesOutAfterCharging:
		return g.timeOut(ctx)
	case b.Kind == AnswersGarbage:
		return topup.Result{Outcome: topup.Unknown, Code: codeGarbage}
	case c.Status != cancelled && c.Amount != r.Amount:
		return topup.Result{Outcome: topup.Unknown, Code: "reference_reused"}
	case c.Status == processing:
		if g.c.Clock.Sleep(ctx, c.Due.Sub(g.c.Clock.Now())) != nil {
			return topup.Result{Outcome: topup.Unknown, Code: codeTimeout}
		}
		return g.lookUpCharge(ctx, r.Reference)
	case c.Status == returned: // long after this charge was answered for
		c.Status = captured
	}
	return g.answer(c)
}

// meets reports whether others under the same reference, which is new, may slip in.
func (g *Gateway) meets(r payments.ChargeRequest) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, used := g.charges.get(r.Reference)
	return !used && (g.meet || g.told == (Behaviour{}) && lastFour(r.MSISDN) == "9012")
}

// begin books a new charge as the behaviour wants it. The behaviour returned is the zero one for a
// charge that was there before: it is answered for as it stands. Where it meets another, both are charged.
func (g *Gateway) begin(r payments.ChargeRequest, meets bool) (charge, Behaviour, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c, ok, err := g.current(r.Reference); ok || err != nil {
		if meets && err == nil && !c.TakenAt.IsZero() && c.Amount == r.Amount {
			c.Again++
			err = g.write(line{Charge: &c})
		}
		return c, Behaviour{}, err
	}
	b, end := g.told, ""
	if b == (Behaviour{}) {
		b, _ = byNumber(r.MSISDN)
		end = lastFour(r.MSISDN)
	}
	if b.Kind == TimesOut {
		return charge{}, b, nil
	}
	now := g.c.Clock.Now()
	c := charge{
		Reference: r.Reference, Brand: r.Brand.Name, Title: r.Brand.Title, Customer: r.Customer, MSISDN: r.MSISDN,
		Method: r.Method, Amount: r.Amount, Language: r.Language, At: now,
	}
	if s, ok := g.setups.latest(func(s setup) bool { return s.Token == r.Token.Reveal() }); ok {
		c.Setup = s.Reference
	}
	switch {
	case b.Kind == Declines:
		c.Status, c.Code = declined, "card_declined"
	case g.revokedToken(r.Token):
		c.Status, c.Code = declined, "mandate_revoked"
	case b.Kind == NeedsAuthentication:
		c.Status, c.Page = action, prepaid.NewToken()
	case b.Kind == Pends || (g.c.SEPAPending && r.Method == payments.SEPA):
		c.Status, c.TakenAt = pending, now
	default:
		c.Status, c.TakenAt = captured, now
	}
	if end == "9008" || end == "9009" {
		c.Becomes, c.Due, c.BecomesCode = returned, now.Add(numberKept), codeReturned
	}
	if end == "9008" {
		c.BecomesCode = codeDisputed
	}
	if b.After > 0 {
		c.Becomes, c.Status, c.Due, c.TakenAt = c.Status, processing, now.Add(b.After), time.Time{}
	}
	return c, b, g.write(line{Charge: &c})
}

// timeOut keeps the caller waiting until it gives up.
func (g *Gateway) timeOut(ctx context.Context) topup.Result {
	_ = g.c.Clock.Sleep(ctx, g.c.Patience) // whichever ends the wait, the caller has learnt nothing
	return topup.Result{Outcome: topup.Unknown, Code: codeTimeout}
}
