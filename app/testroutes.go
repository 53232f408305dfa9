package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"pulsa/cards"
	"pulsa/conversation"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
	"pulsa/web/guard"

	simgateway "pulsa/sim/gateway"
)

// The test endpoints let conversation scripts ask a running server for what a customer can't see. They stand on the
// admin listener, and answer for brands marked test only.

func (p *Program) testRoutes(mux *http.ServeMux) {
	handle := func(what string, do func(context.Context, string, harness.Request) (any, error)) {
		mux.Handle("POST /test/{brand}/"+what, guard.OfType(func(w http.ResponseWriter, r *http.Request) {
			p.answerTest(w, r, do)
		}, "application/json"))
	}
	handle("event", func(ctx context.Context, brand string, r harness.Request) (any, error) {
		if r.Event == nil {
			return nil, errors.New("no event")
		}
		return nil, p.tellSimulators(ctx, brand, r.Customer, *r.Event)
	})
	handle("fact", func(ctx context.Context, brand string, r harness.Request) (any, error) {
		if r.Fact == nil {
			return nil, errors.New("no fact")
		}
		return p.testFact(ctx, brand, r)
	})
	handle("given", func(ctx context.Context, brand string, r harness.Request) (any, error) {
		if r.Card != nil {
			err := harness.GivenCard(ctx, p.Program, brand, talk.GivenCard{
				Serial: r.Card.Serial, Code: prepaid.NewSecret(r.Card.Code), Amount: r.Card.Amount,
				Expires: r.Card.Expires, Generated: r.Card.Generated,
			})
			if errors.Is(err, cards.ErrExists) {
				return nil, fmt.Errorf("%w: the server has such a card already", talk.ErrNotOffered)
			}
			return nil, err
		}
		setup := talk.Setup{Brand: brand, Language: r.Language, Customer: r.Customer}
		return nil, harness.GivenCustomer(ctx, p.Program, p.completeSetup, setup, talk.GivenCustomer{PIN: prepaid.NewSecret(r.PIN), Method: r.Method})
	})
	handle("settle", func(ctx context.Context, _ string, _ harness.Request) (any, error) { return nil, p.Settle(ctx) })
	handle("state", func(ctx context.Context, brand string, r harness.Request) (any, error) {
		c, _ := p.Registry.Declared(brand, "fake")
		state, secret, err := p.Handler.State(ctx, c, r.Customer.Address())
		return harness.StateAnswer{State: state, Secret: secret}, err
	})
	mux.Handle("POST /test/{brand}/turn/{id}", guard.OfType(func(w http.ResponseWriter, r *http.Request) {
		p.answerTest(w, r, func(_ context.Context, brand string, of harness.Request) (any, error) {
			return p.turns.get(turnKey{brand, of.Customer.Address(), r.PathValue("id")}), nil
		})
	}, "application/json"))
}

func (p *Program) answerTest(w http.ResponseWriter, r *http.Request, do func(context.Context, string, harness.Request) (any, error)) {
	brand := p.Brands.Named(r.PathValue("brand"))
	if brand == nil || !brand.Test {
		http.Error(w, "no test brand of that name", http.StatusNotFound)
		return
	}
	var request harness.Request
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		http.Error(w, "the body is not a request of a conversation script", http.StatusBadRequest)
		return
	}
	answer, err := do(r.Context(), brand.Name, request)
	switch {
	case errors.Is(err, talk.ErrCantHappen):
		http.Error(w, err.Error(), http.StatusConflict)
	case errors.Is(err, talk.ErrNotOffered):
		http.Error(w, err.Error(), http.StatusNotImplemented)
	case err != nil:
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the client may have gone
	}
}

// testFact counts the movements of the story's customers in the simulators' books; SQL answers all other facts.
func (p *Program) testFact(ctx context.Context, brand string, r harness.Request) (talk.Finding, error) {
	f := *r.Fact
	n, all := 0, 0
	add := func(at time.Time, m prepaid.Money) {
		if at.Before(r.Since) {
			return
		}
		all++
		if m == f.Amount {
			n++
		}
	}
	if f.Kind == talk.Charged || f.Kind == talk.Refunded || f.Kind == talk.ToppedUp {
		books, err := p.books(ctx)
		if err != nil {
			return talk.Finding{}, err
		}
		moved := map[talk.FactKind][]simgateway.Entry{talk.Charged: books.Charged, talk.Refunded: books.Refunded}[f.Kind]
		for _, e := range moved {
			if e.Brand == brand && slices.Contains(r.Numbers, e.MSISDN) {
				add(e.At, e.Amount)
			}
		}
		for _, e := range books.Delivered {
			if f.Kind == talk.ToppedUp && slices.Contains(r.Numbers, e.MSISDN) {
				add(e.At, e.Amount)
			}
		}
		return harness.Counted(f, n, all), nil
	}
	if f.Kind == talk.AuditClean {
		return harness.AuditFinding(p.AuditAll(ctx))
	}
	return harness.CheckFact(ctx, p.Program, brand, r.Customer, f)
}

// maxTurns is how many turns a server remembers for scripts.
const maxTurns = 4096

// recentTurns remembers the prompts of the last turns of test brands. Safe for concurrent use.
type recentTurns struct {
	mu   sync.Mutex
	byID map[turnKey]harness.TurnAnswer
	ids  []turnKey // oldest first
}

// turnKey names a turn by the sender and id of the message that it answered.
type turnKey struct {
	brand   string
	address prepaid.Address
	id      string
}

func (t *recentTurns) observe(r conversation.Record) {
	if !r.Channel.Brand.Test || r.Result == "seen" {
		return
	}
	var turn harness.TurnAnswer
	for _, p := range r.Parts {
		turn.Parts = append(turn.Parts, talk.Part{Key: string(p.Key), Values: p.Values, Text: p.Text})
	}
	for _, c := range r.Choices {
		turn.Choices = append(turn.Choices, talk.Choice{ID: c.ID, Label: c.Label, Button: c.Button()})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = map[turnKey]harness.TurnAnswer{}
	}
	key := turnKey{r.Channel.Brand.Name, r.Address, r.MessageID}
	if _, again := t.byID[key]; !again {
		t.ids = append(t.ids, key)
	}
	t.byID[key] = turn
	if len(t.ids) > maxTurns {
		delete(t.byID, t.ids[0])
		t.ids = t.ids[1:]
	}
}

func (t *recentTurns) get(key turnKey) harness.TurnAnswer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[key]
}
