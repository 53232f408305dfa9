package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// catalogue returns what a brand sells to developers: what its network has. nil where nothing is known of its network.
func (p *Program) catalogue(brand string) developers.Catalogue {
	c := p.catalogueOf(brand)
	if c != nil && p.aroundCatalogue != nil {
		return p.aroundCatalogue(c)
	}
	return c
}

func (p *Program) catalogueOf(brand string) developers.Catalogue {
	b := p.Brands.Known(brand)
	switch {
	case b == nil:
		return nil
	case b.Network == config.NetworkReloadly && p.reloadly != nil:
		return p.reloadly
	case b.Network == config.NetworkReloadly:
		return nil
	}
	face, _ := p.faces.LoadOrStore(b.Currency, sync.OnceValue(func() *sim.Face {
		return sim.NewFace(context.Background(), p.Sims.Network, p.Clock, b.Currency)
	}))
	return simCatalogue{face.(func() *sim.Face)()}
}

// wireDevelopers lets developers top up at the brands that have an API.
func (p *Program) wireDevelopers() (err error) {
	c := core.DevelopersConfig(p.Config, p.Settings, p.Keys, p.DB, p.Clock)
	c.Orders, c.Log, c.Catalogue = p.Topups, p.Log, p.catalogue
	p.Developers, err = developers.New(c)
	return err
}

// apiRoutes serves the developers' API, at the paths that Reloadly's clients know. It also answers every path that nothing else
// serves, so that a 404 has the API's format. While no brand has an API, there is none.
func (p *Program) apiRoutes(mux *http.ServeMux) {
	api := reloadly.NewServer(p.Developers, p.Developers, p.Clock, p.Log)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !p.sellsToDevelopers() {
			http.NotFound(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// sellsToDevelopers reports whether a brand has an API.
func (p *Program) sellsToDevelopers() bool {
	return slices.ContainsFunc(p.Brands.All(), func(b *prepaid.Brand) bool {
		_, sells := p.Settings.Terms(b.Name)
		return sells
	})
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
