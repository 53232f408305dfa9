package app

import (
	"context"
	"errors"
	"net/http"

	"pulsa/app/config"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/store"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// NewDevelopers makes what keeps developers' keys; orders is nil for whoever takes none.
func NewDevelopers(p *Program, c config.Config, db *store.DB, clock prepaid.Clock) (*developers.Service, error) {
	config := developers.Config{
		Keys: db.Developers, Usage: db.Developers, Sales: db.Sales, Webhooks: db.Webhooks, Terms: c.API, Secrets: c.Peppers, Audience: c.PublicURL, Clock: clock,
	}
	if p != nil {
		config.Orders, config.Log, config.Catalogues = p.Topups, p.Log, p.catalogues
	}
	return developers.New(config)
}

// wireCatalogues finds what each brand with an API sells by it.
func (p *Program) wireCatalogues() {
	p.catalogues = map[string]developers.Catalogue{}
	for brand := range p.Config.API {
		if p.Config.Networks[brand] == config.NetworkReloadly {
			p.catalogues[brand] = p.reloadly
			continue
		}
		p.catalogues[brand] = simCatalogue{sim.NewFace(context.Background(), p.Sims.Network, p.Clock, p.Brands[brand].Currency)}
	}
}

// wireDevelopers lets developers top up where a brand has an API.
func (p *Program) wireDevelopers() (err error) {
	if len(p.Config.API) > 0 {
		p.Developers, err = NewDevelopers(p, p.Config, p.DB, p.Clock)
	}
	return err
}

// apiRoutes serves the developers' API, at the paths that Reloadly's clients know, and what nobody else serves: it says in
// its own words that there is no such path.
func (p *Program) apiRoutes(mux *http.ServeMux) {
	if p.Developers == nil {
		return
	}
	mux.Handle("/", reloadly.NewServer(p.Developers, p.Developers, p.Clock, p.Log))
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
