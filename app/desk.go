package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/desk"
)

// DeskRoutes serves the operators' pages: on a listener of its own, on loopback by default.
func (p *Program) DeskRoutes(signIn desk.SignIn) (http.Handler, error) {
	forms := &memoryForms{clock: p.Clock, done: map[formKey]formDone{}}
	return desk.New(desk.Config{
		Desk: p.operatorsDesk(forms), Results: forms, SignIn: signIn, Brands: p.Brands, Clock: p.Clock, Log: p.Log,
	})
}

// operatorsDesk is what people do on the desk.
func (p *Program) operatorsDesk(forms operators.FormStore) *operators.Desk {
	db := p.DB
	return &operators.Desk{
		Orders: operators.Orders{
			Orders: db.Orders, Sales: db.Sales, Ledger: db.Ledger, Notices: db.Notices, Interventions: db.Interventions, Clock: p.Clock,
		},
		Customers: operators.Customers{
			Customers: db.Customers, Addresses: db.OptOuts, Orders: db.Orders, Interventions: db.Interventions, Mandates: db.Mandates,
			Moves: db.Moves, Notices: db.Notices, Switches: db.Channels, Brands: p.Brands, Clock: p.Clock,
		},
		Topups: p.Topups, Deeds: db.Deeds, Forms: forms, Approvals: nobodyAsks{}, Brands: p.Brands, Clock: p.Clock,
	}
}

// FixedActor is a desk.SignIn for which one person is always signed in.
type FixedActor struct{ Person operators.Actor }

// Around implements desk.SignIn.
func (FixedActor) Around(next http.Handler) http.Handler { return next }

// Actor implements desk.SignIn.
func (f FixedActor) Actor(*http.Request) (operators.Actor, bool) { return f.Person, true }

// Again implements desk.SignIn: every code is right.
func (f FixedActor) Again(*http.Request, prepaid.Secret) (operators.Actor, error) {
	f.Person.FreshAt = prepaid.SystemClock{}.Now()
	return f.Person, nil
}

// demoPerson is who looks at test brands while nobody can sign in.
func (p *Program) demoPerson() operators.Actor {
	roles := map[string][]operators.Role{}
	for _, b := range p.Brands.All() {
		if b.Test {
			roles[b.Name] = operators.Roles()
		}
	}
	return operators.Actor{
		Person: "demo", Name: "Demo", Email: "demo@localhost", Language: "en", Roles: roles, From: "127.0.0.1",
		Goodwill: map[prepaid.Currency]int64{"EUR": 2500},
	}
}

// onlyTestBrands reports whether nobody's real money is here.
func (p *Program) onlyTestBrands() bool {
	return !slices.ContainsFunc(p.Brands.AllKnown(), func(b *prepaid.Brand) bool { return !b.Test })
}

// memoryForms keeps forms for as long as the program runs. The store takes its place.
type memoryForms struct {
	clock prepaid.Clock
	mu    sync.Mutex
	done  map[formKey]formDone
}

type formKey struct {
	person operators.PersonID
	key    string
}

type formDone struct {
	result operators.Result
	at     time.Time
}

// Begin implements operators.FormStore.
func (m *memoryForms) Begin(_ context.Context, person operators.PersonID, key string) (operators.Result, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done, sent := m.done[formKey{person, key}]
	if !sent {
		m.done[formKey{person, key}] = formDone{at: m.clock.Now()}
	}
	return done.result, sent, nil
}

// End implements operators.FormStore.
func (m *memoryForms) End(_ context.Context, person operators.PersonID, key string, r operators.Result) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done[formKey{person, key}] = formDone{r, m.clock.Now()}
	return nil
}

// Result implements desk.FormResults.
func (m *memoryForms) Result(_ context.Context, person operators.PersonID, key string) (operators.Result, time.Time, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done, known := m.done[formKey{person, key}]
	return done.result, done.at, known, nil
}

// nobodyAsks stands in for approvals.
type nobodyAsks struct{}

// Ask implements operators.Asker.
func (nobodyAsks) Ask(context.Context, operators.Actor, operators.Operation, operators.Plan, prepaid.By) (operators.ApprovalID, error) {
	return "", errors.New("approvals are not there yet")
}
