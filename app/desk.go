package app

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/desk"
	"pulsa/web/guard"
)

// DeskRoutes serves the operators' pages, which people reach at url: on a listener of its own, on loopback by default.
func (p *Program) DeskRoutes(url string) (http.Handler, error) {
	c := p.deskConfig()
	c.Door = p.door(url)
	pages, err := desk.New(c)
	if err != nil {
		return nil, err
	}
	return guard.BehindProxies(pages, p.Config.TrustedProxies), nil
}

// deskConfig is the operators' pages without who is signed in.
func (p *Program) deskConfig() desk.Config {
	return desk.Config{
		Desk: p.operatorsDesk(), Forms: p.DB.Forms, Figures: p.daily(), Health: health{p},
		Record: operators.Record{Deeds: p.DB.Deeds, Clock: p.Clock}, Seals: p.DB.Deeds, Brands: p.Brands, Clock: p.Clock, Log: p.Log,
	}
}

// signIn checks who people are.
func (p *Program) signIn() *operators.SignIn {
	return operators.NewSignIn(operators.SignInConfig{People: p.DB.People, Tries: p.DB.People, Deeds: p.DB.Deeds, Vault: p.PeopleVault, Clock: p.Clock})
}

// door is where people sign in.
func (p *Program) door(url string) *desk.Door {
	return desk.NewDoor(desk.DoorConfig{
		Check: p.signIn(), Sessions: p.DB.People, URL: url, OIDC: desk.OIDC(p.Config.DeskOIDC), Demo: p.onlyTestBrands,
		Vault: p.PeopleVault, Clock: p.Clock, Log: p.Log,
	})
}

// people are the operations on our own staff.
func (p *Program) people() operators.People {
	return operators.People{Store: p.DB.People, Clock: p.Clock, Brands: p.Brands, DeskURL: p.Config.DeskURL}
}

// demoLink is the link that lets its reader into the desk while there are test brands alone; "" else.
func (p *Program) demoLink(ctx context.Context, url string) (string, error) {
	if !p.onlyTestBrands() {
		return "", p.signIn().EndDemo(ctx)
	}
	zone := "UTC"
	for _, b := range p.Brands.All() {
		if b.TimeZone != nil {
			zone = b.TimeZone.String()
			break
		}
	}
	token, err := p.signIn().DemoLink(ctx, zone)
	return operators.LinkTo(url, operators.LinkDemo, token), err
}

// operatorsDesk is what people do on the desk.
func (p *Program) operatorsDesk() *operators.Desk {
	db := p.DB
	return &operators.Desk{
		Orders: operators.Orders{
			Orders: db.Orders, Sales: db.Sales, Ledger: db.Ledger, Notices: db.Notices, Deeds: db.Deeds, Clock: p.Clock,
		},
		Customers: p.deskCustomers(),
		Search:    operators.Search{Store: db.Search, Sightings: db.Desk, Brands: p.Brands, Clock: p.Clock},
		Waits:     db.Waits, Assignments: db.Waits, Presence: db.Waits, Items: db.Waits, Lists: db.Customers, Audits: db.Audit, Audit: p.Audit().Check, APIKeys: p.apiKeys(), Channels: p.channelsOf,
		Topups: p.Topups, Deeds: db.Deeds, Forms: db.Forms, Approvals: db.Approvals, Blocks: db.Blocks, Pauses: db.Blocks, BlockValue: p.blockValue,
		Tells: slices.Sorted(maps.Keys(p.tells())),
		Says:  p.Handler, Staff: p.people(), People: p.people(), Brands: p.Brands, Clock: p.Clock,
	}
}

// deskCustomers is what people do with customers.
func (p *Program) deskCustomers() operators.Customers {
	db := p.DB
	return operators.Customers{
		Customers: db.Customers, Addresses: db.OptOuts, Orders: db.Orders, Deeds: db.Deeds, Mandates: db.Mandates,
		Moves: db.Moves, Notices: db.Notices, Switches: db.Channels, Brands: p.Brands, Clock: p.Clock,
		Reader: db.Desk, CardLocks: db.CardTries, Notes: db.Desk, Sightings: db.Desk, Callers: db.Desk, Codes: p.Accounts,
		Results: db.Desk, Endings: db.Desk, Conversations: p.Talks, Pseudonyms: p.Accounts, Says: p.customerReads, Blocks: p.Gate.Blocked,
	}
}

// customerReads is a prompt of a brand in a language, as its customers read it; "" where there is none.
func (p *Program) customerReads(brand, language, prompt string, values ...string) string {
	of := p.Handler.Prompts(brand)
	if of == nil || of.ByLanguage[language] == nil {
		return ""
	}
	return of.ByLanguage[language].Part(conversation.Key(prompt), values...).Text
}

// blockValue is the pseudonym that something is blocked by, under the pepper in use.
func (p *Program) blockValue(k operators.BlockKind, brand, what string) string {
	return p.Accounts.BlockValues(string(k), brand, what)[0]
}

// onlyTestBrands reports whether nobody's real money is here.
func (p *Program) onlyTestBrands() bool {
	return !slices.ContainsFunc(p.Brands.AllKnown(), func(b *prepaid.Brand) bool { return !b.Test })
}
