package topup_test

import (
	"context"
	"sync"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// act is what the other side does when it is called.
type act struct {
	answer topup.Outcome
	effect bool          // it happens, whatever the answer
	after  time.Duration // before it happens
	lag    time.Duration // of a credit: it happens only so long after the answer
	panics bool          // instead of answering
	during func()        // meanwhile
}

// acts are done one after the other; when none is left, all goes well.
type acts struct {
	mu   sync.Mutex
	list []act
}

func (a *acts) then(more ...act) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, more...)
}

func (a *acts) next(well act) act {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.list) == 0 {
		return well
	}
	first := a.list[0]
	a.list = a.list[1:]
	return first
}

// do waits, lets the effect happen, and answers.
func (a act) do(ctx context.Context, clock prepaid.Clock, effect func()) topup.Result {
	if clock.Sleep(ctx, a.after) != nil {
		return topup.Result{Outcome: topup.Unknown, Code: "CUT"}
	}
	if a.effect {
		effect()
	}
	if a.during != nil {
		a.during()
	}
	if a.panics {
		panic("foreign implementation")
	}
	return topup.Result{Outcome: a.answer, Code: "CODE_" + string(a.answer), ProviderRef: "ref"}
}

var well = act{answer: topup.Done, effect: true}

// network delivers as often as it is asked to: a repeated reference is not refused.
type network struct {
	w         *world
	mu        sync.Mutex
	operators acts // which operator a number has: Done is the right one, Refused another, Absent none
	credits   acts
	lookUps   acts             // an answer other than Unknown is replaced by the truth
	recipient string           // of the last credit
	pin       *topup.PINDetail // what credits are used with
	credited  map[string]int   // in the end
	visible   map[string]time.Time
	unanswers topup.Outcome // what a look-up of what was not credited answers; "" is Absent
	lookedUp  []time.Duration
	known     error
	slow      time.Duration
}

func (n *network) Recognise(ctx context.Context, _ prepaid.MSISDN) error {
	if err := n.w.clock.Sleep(ctx, n.slow); err != nil {
		return err
	}
	return n.known
}

// OperatorOf implements developers.Catalogue, as Operators does.
func (n *network) OperatorOf(ctx context.Context, _ prepaid.MSISDN) (reloadly.Operator, error) {
	switch r := n.operators.next(act{answer: topup.Done}).do(ctx, n.w.clock, nil); r.Outcome {
	case topup.Done:
		return reloadly.Operator{OperatorID: 1349}, nil
	case topup.Refused:
		return reloadly.Operator{OperatorID: 7}, nil
	case topup.Absent:
		return reloadly.Operator{}, topup.ErrUnknownNumber
	}
	return reloadly.Operator{}, topup.ErrNetworkDown
}

func (n *network) Operators(context.Context) ([]reloadly.Operator, error) {
	return nil, topup.ErrNetworkDown
}

func (n *network) Credit(ctx context.Context, c topup.Credit) topup.Result {
	a := n.credits.next(well)
	r := a.do(ctx, n.w.clock, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.credited[c.Reference]++
		n.recipient = string(c.MSISDN) + "/" + string(c.Email)
		n.visible[c.Reference] = n.w.clock.Now().Add(a.lag)
	})
	if r.Outcome == topup.Done {
		r.Cost, r.PIN = eur(c.Amount.Minor*96/100), n.pin
	}
	return r
}

func (n *network) LookUp(ctx context.Context, reference string) topup.Result {
	n.mu.Lock()
	n.lookedUp = append(n.lookedUp, n.w.clock.Now().Sub(noon))
	n.mu.Unlock()
	r := n.lookUps.next(act{}).do(ctx, n.w.clock, nil)
	if r.Outcome != "" {
		return r
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.credited[reference] > 0 && !n.w.clock.Now().Before(n.visible[reference]):
		return topup.Result{Outcome: topup.Done, ProviderRef: "found", PIN: n.pin}
	case n.unanswers != "":
		return topup.Result{Outcome: n.unanswers, Code: "FOUND_" + string(n.unanswers)}
	}
	return topup.Result{Outcome: topup.Absent}
}

// money is one charge as the gateway has it.
type money struct {
	state        topup.Outcome // Absent, Done, Pending, Action, Refused
	taken, given int
	part         int64 // given back before, in minor units
	returned     bool
}

// gateway keeps its contract: every call is harmless to repeat.
type gateway struct {
	w                                  *world
	mu                                 sync.Mutex
	charges                            map[prepaid.ChargeID]*money
	takes, lookUps, cancels, givesBack acts
	lookUpsBack                        acts
	pending                            bool // debits are pending at first
	calls                              []string
}

func (g *gateway) of(id prepaid.ChargeID) *money {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.row(id)
}

func (g *gateway) row(id prepaid.ChargeID) *money {
	m, ok := g.charges[id]
	if !ok {
		m = &money{state: topup.Absent}
		g.charges[id] = m
	}
	return m
}

// with does something to a charge under the lock, and notes the call.
func (g *gateway) with(id prepaid.ChargeID, call string, do func(*money)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if call != "" {
		g.calls = append(g.calls, call)
	}
	if do != nil {
		do(g.row(id))
	}
}

func (g *gateway) Take(ctx context.Context, o topup.Order, id prepaid.ChargeID) topup.Result {
	g.with(id, "take", nil)
	if setUpBy := g.w.setUpBy[o.Funding.Ref]; o.Funding.Kind == topup.ByCharge && setUpBy != g.w.holder {
		g.w.Errorf("holder %d is charged what holder %d has set up", g.w.holder, setUpBy)
	}
	a, pending := g.takes.next(well), g.pending && o.Funding.Method == "sepa"
	r := a.do(ctx, g.w.clock, func() {
		g.with(id, "", func(m *money) {
			m.state, m.taken = topup.Done, 1
			if pending {
				m.state = topup.Pending
			}
		})
	})
	switch {
	case r.Outcome == topup.Action:
		g.with(id, "", func(m *money) { m.state = topup.Action })
		r.ActionURL = "https://pay.example/confirm"
	case r.Outcome == topup.Refused:
		g.with(id, "", func(m *money) { m.state = topup.Refused })
	case r.Outcome == topup.Done && pending:
		r.Outcome = topup.Pending
	}
	return r
}

func (g *gateway) LookUp(ctx context.Context, _ topup.Order, id prepaid.ChargeID) topup.Result {
	g.with(id, "look up", nil)
	if r := g.lookUps.next(act{}).do(ctx, g.w.clock, nil); r.Outcome != "" {
		return r
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.row(id)
	if m.returned {
		return topup.Result{Outcome: topup.Returned}
	}
	return topup.Result{Outcome: m.state, ActionURL: "https://pay.example/confirm"}
}

func (g *gateway) Cancel(ctx context.Context, _ topup.Order, id prepaid.ChargeID) topup.Result {
	g.with(id, "cancel", nil)
	a := g.cancels.next(well)
	r := a.do(ctx, g.w.clock, func() {
		g.with(id, "", func(m *money) {
			if m.taken == 0 {
				m.state = topup.Refused
			}
		})
	})
	if r.Outcome == topup.Done && g.of(id).taken > 0 {
		r.Outcome = topup.Refused
	}
	return r
}

func (g *gateway) GiveBack(ctx context.Context, _ topup.Order, id prepaid.ChargeID, part prepaid.Money) topup.Result {
	g.with(id, "give back", nil)
	return g.givesBack.next(well).do(ctx, g.w.clock, func() {
		g.with(id, "", func(m *money) {
			if part.Zero() {
				m.given = 1
				return
			}
			m.part = part.Minor
		})
	})
}

func (g *gateway) LookUpGivenBack(ctx context.Context, _ topup.Order, id prepaid.ChargeID) topup.Result {
	g.with(id, "look up back", nil)
	if r := g.lookUpsBack.next(act{}).do(ctx, g.w.clock, nil); r.Outcome != "" {
		return r
	}
	if g.of(id).given > 0 {
		return topup.Result{Outcome: topup.Done}
	}
	return topup.Result{Outcome: topup.Absent}
}
