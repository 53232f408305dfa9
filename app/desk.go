package app

import (
	"context"
	"net/http"
	"slices"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/desk"
)

// DeskRoutes serves the operators' pages: on a listener of its own, on loopback by default.
func (p *Program) DeskRoutes(signIn desk.SignIn) (http.Handler, error) {
	return desk.New(desk.Config{
		Desk: p.operatorsDesk(), Forms: p.DB.Forms, Figures: p.daily(), SignIn: signIn, Brands: p.Brands, Clock: p.Clock, Log: p.Log,
	})
}

// operatorsDesk is what people do on the desk.
func (p *Program) operatorsDesk() *operators.Desk {
	db := p.DB
	return &operators.Desk{
		Orders: operators.Orders{
			Orders: db.Orders, Sales: db.Sales, Ledger: db.Ledger, Notices: db.Notices, Interventions: db.Interventions, Clock: p.Clock,
		},
		Customers: operators.Customers{
			Customers: db.Customers, Addresses: db.OptOuts, Orders: db.Orders, Interventions: db.Interventions, Mandates: db.Mandates,
			Moves: db.Moves, Notices: db.Notices, Switches: db.Channels, Brands: p.Brands, Clock: p.Clock,
		},
		Waits: db.Waits, Assignments: db.Waits, Presence: db.Waits, Items: db.Waits, Lists: db.Customers, Audits: db.Audit, APIKeys: p.apiKeys(), Channels: p.channelsOf,
		Topups: p.Topups, Deeds: db.Deeds, Forms: db.Forms, Approvals: db.Approvals, Blocks: db.Blocks, Staff: onlyDemo{p.demoPerson}, Brands: p.Brands, Clock: p.Clock,
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

// onlyDemo is an operators.Staff of one person.
type onlyDemo struct{ person func() operators.Actor }

// Actors implements operators.Staff.
func (o onlyDemo) Actors(context.Context) ([]operators.Actor, error) {
	return []operators.Actor{o.person()}, nil
}
