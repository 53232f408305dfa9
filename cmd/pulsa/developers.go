package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"pulsa/app/config"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/store"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// newDevelopers makes what keeps developers' keys; orders is nil for whoever takes none.
func newDevelopers(p *program, c config.Config, db *store.DB, clock prepaid.Clock) (*developers.Service, error) {
	config := developers.Config{
		Keys: db.Developers, Usage: db.Developers, Sales: db.Sales, Webhooks: db.Webhooks, Terms: c.API, Secrets: c.Peppers, Audience: c.PublicURL, Clock: clock,
	}
	if p != nil {
		config.Orders, config.Log, config.Catalogues = p.Topups, p.Log, p.catalogues
	}
	return developers.New(config)
}

// wireCatalogues finds what each brand with an API sells by it.
func (p *program) wireCatalogues() {
	p.catalogues = map[string]developers.Catalogue{}
	for brand := range p.Config.API {
		if p.Config.Networks[brand] == config.NetworkReloadly {
			p.catalogues[brand] = p.reloadly
			continue
		}
		p.catalogues[brand] = simCatalogue{sim.NewFace(context.Background(), p.sims.Network, p.Clock, p.Brands[brand].Currency)}
	}
}

// wireDevelopers lets developers top up where a brand has an API.
func (p *program) wireDevelopers() (err error) {
	if len(p.Config.API) > 0 {
		p.developers, err = newDevelopers(p, p.Config, p.DB, p.Clock)
	}
	return err
}

// ratesGoodFor is how old a rate of api.fx may be without anybody wondering.
const ratesGoodFor = 31 * 24 * time.Hour

// examineRates looks at how old the rates are by which developers pay.
func (p *program) examineRates(context.Context) []finding {
	var findings []finding
	for _, brand := range slices.Sorted(maps.Keys(p.Config.API)) {
		rates := p.Config.API[brand].FX
		for _, currency := range slices.Sorted(maps.Keys(rates)) {
			found := fmt.Sprintf("%s: %s of %s", brand, currency, rates[currency].Date.Format(time.DateOnly))
			if p.Clock.Now().Sub(rates[currency].Date) > ratesGoodFor {
				findings = append(findings, finding{warn, "api rates", found, "write today's rate and date into the brand's api.fx"})
				continue
			}
			findings = append(findings, finding{fine, "api rates", found, ""})
		}
	}
	return findings
}

// apiRoutes serves the developers' API, at the paths that Reloadly's clients know, and what nobody else serves: it says in
// its own words that there is no such path.
func (p *program) apiRoutes(mux *http.ServeMux) {
	if p.developers == nil {
		return
	}
	mux.Handle("/", reloadly.NewServer(p.developers, p.developers, p.Clock, p.Log))
}

// simCatalogue is what the simulated network sells: what its face shows.
type simCatalogue struct{ face *sim.Face }

// Operators implements developers.Catalogue.
func (s simCatalogue) Operators(ctx context.Context) ([]reloadly.Operator, error) {
	return s.face.Operators(ctx, "")
}

// OperatorOf implements developers.Catalogue.
func (s simCatalogue) OperatorOf(ctx context.Context, m prepaid.MSISDN) (reloadly.Operator, error) {
	o, err := s.face.Detect(ctx, "", reloadly.Phone{CountryCode: reloadly.Text(sim.CountryOf(m)), Number: reloadly.Text(m.String())})
	var refused *reloadly.Error
	switch {
	case err == nil:
		return o, nil
	case errors.As(err, &refused) && refused.Code == topup.CodeUnavailable:
		return o, topup.ErrNetworkDown
	}
	return o, topup.ErrUnknownNumber
}
