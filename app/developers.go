package app

import (
	"context"
	"errors"
	"net/http"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// wireCatalogues sets the catalogue of each brand that has an API.
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
	if len(p.Config.API) == 0 {
		return nil
	}
	c := core.DevelopersConfig(p.Config, p.Keys, p.DB, p.Clock)
	c.Orders, c.Log, c.Catalogues = p.Topups, p.Log, p.catalogues
	p.Developers, err = developers.New(c)
	return err
}

// apiRoutes serves the developers' API, at the paths that Reloadly's clients know. It also answers every path that nothing else
// serves, so that a 404 has the API's format.
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
