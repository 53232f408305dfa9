package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"pulsa/app/config"
	"pulsa/app/version"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/channels/telegram"
	"pulsa/channels/twilio"
	"pulsa/channels/ussd"
	"pulsa/conversation"
	"pulsa/developers"
	"pulsa/payments/stripe"
	"pulsa/prepaid"
	simgateway "pulsa/sim/gateway"
	simnetwork "pulsa/sim/network"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// program is the whole of Pulsa, wired: what every subcommand that touches the stores works with.
type program struct {
	*core

	sims    *simulators
	ownSims bool              // they are closed with the program
	remote  *remoteSimulators // nil: the simulated gateway is among sims

	reloadly   *reloadly.Client                // nil: no brand's network is Reloadly
	stripe     *stripe.Gateway                 // nil: no brand's gateway is Stripe
	developers *developers.Service             // nil: no brand has an API
	catalogues map[string]developers.Catalogue // by brand
	metrics    *metrics
	turns      recentTurns // for the test endpoints
	instance   string      // names this run of the program
}

// wiring is what differs between a server, a chat and a test.
type wiring struct {
	clock    prepaid.Clock
	log      *slog.Logger
	sims     *simulators // nil: opened in the data folder, and closed with the program
	volatile bool        // commits do not wait for the disk: for tests
	reached  func(point string)
	network  func(topup.Network) topup.Network // goes around the simulated one; nil leaves it as it is

	// See storeOptions.
	redisPrefix string
	sessions    func(conversation.Sessions) conversation.Sessions
}

// simulators play the payment gateway and the network of test brands. They outlive the program in conversation
// scripts, as the real ones would.
type simulators struct {
	gateway *simgateway.Gateway
	network *simnetwork.Network
}

func openSimulators(c config.Config, clock prepaid.Clock, log *slog.Logger, book func(name string) string) (*simulators, error) {
	gateway, err := simgateway.New(simgateway.Config{
		Clock: clock, Book: book("gateway"), BaseURL: c.PublicURL, Log: log,
	})
	if err != nil {
		return nil, err
	}
	network, err := simnetwork.New(simnetwork.Config{Clock: clock, Book: book("network"), Log: log})
	if err != nil {
		return nil, errors.Join(err, gateway.Close())
	}
	return &simulators{gateway: gateway, network: network}, nil
}

// redeliver tells again what the program has not taken.
func (s *simulators) redeliver(ctx context.Context) error {
	return errors.Join(s.gateway.Redeliver(ctx), s.network.Redeliver(ctx))
}

func (s *simulators) close() error { return errors.Join(s.gateway.Close(), s.network.Close()) }

// wire opens the stores and puts the program together. What was opened is closed again where it fails.
func wire(ctx context.Context, c config.Config, w wiring) (p *program, err error) {
	c0, err := openStores(ctx, c, storeOptions{
		clock: w.clock, log: w.log, volatile: w.volatile, redisPrefix: w.redisPrefix, sessions: w.sessions,
	})
	if err != nil {
		return nil, err
	}
	opened := &program{core: c0, sims: w.sims, metrics: newMetrics(w.clock), instance: prepaid.NewToken()}
	defer func() {
		if err != nil {
			_ = opened.close()
		}
	}()
	return opened, opened.wire(w)
}

func (p *program) wire(w wiring) error {
	if err := p.openOwnSimulators(); err != nil {
		return err
	}
	p.remote = newRemoteSimulators(p.config.Simulator, p.log)
	if err := p.wireStripe(); err != nil {
		return err
	}
	p.wireReloadly()
	p.wireCatalogues()
	err := p.assemble(parts{
		gateways: p.gateways(), networks: p.networks(w), adapters: append(providers(p.clock), fake.New(p.db.Outbox, p.clock)),
		fundings: map[topup.FundingKind]topup.Funding{
			topup.ByDeveloper: developers.Funding{Order: p.db.Orders.Order, Catalogues: p.catalogues},
		},
		redeliver: p.sims.redeliver, reached: w.reached, moved: p.metrics.orderMoved, codeRefused: p.metrics.codeRefused,
		observe: func(r conversation.Record) {
			p.metrics.turn(r)
			p.turns.observe(r)
		},
	})
	if err != nil {
		return err
	}
	if err := p.wireDevelopers(); err != nil {
		return err
	}
	p.sims.gateway.Connect(p.gatewayNews.Handle)
	p.sims.network.Connect(p.deliveryTakenBack)
	p.metrics.watchOrders(p.db.Orders.OpenOrders)
	p.metrics.watchUntold(p.db.Notices.CountUntold)
	p.metrics.watchCards(p.cards.Guessing)
	p.metrics.watchCodes(p.db.Codes.CodeFigures)
	return nil
}

// openOwnSimulators opens those in the data folder, where the program was given none.
func (p *program) openOwnSimulators() (err error) {
	if p.sims != nil {
		return nil
	}
	book, log := func(name string) string { return filepath.Join(p.config.Data, name+".book") }, p.log
	if !p.config.Simulates() { // nobody meets them: they need no book, and have nothing to warn of
		book, log = func(string) string { return "" }, slog.New(slog.DiscardHandler)
	}
	p.sims, err = openSimulators(p.config, p.clock, log, book)
	p.ownSims = err == nil
	return err
}

// networks are all that brands may name.
func (p *program) networks(w wiring) map[string]topup.Network {
	simulated := topup.Network(p.sims.network)
	if w.network != nil {
		simulated = w.network(simulated)
	}
	all := map[string]topup.Network{"sim": simulated}
	if p.reloadly != nil {
		all[config.NetworkReloadly] = p.reloadly
	}
	return all
}

// close closes what wire has opened. Turns and calls in flight should have ended before.
func (p *program) close() error {
	var err error
	if p.ownSims {
		err = p.sims.close()
	}
	return errors.Join(err, p.core.close())
}

// providers are the adapters of all that messages come from and go to, but for the fake channel.
func providers(clock prepaid.Clock) []channels.Adapter {
	return []channels.Adapter{twilio.New(clock), twilio.NewWhatsApp(clock), telegram.New(clock), ussd.New(clock)}
}

// noRedisLog keeps go-redis from writing lines of its own into our log: what it would say, its callers say.
type noRedisLog struct{}

// Printf implements go-redis's logger.
func (noRedisLog) Printf(context.Context, string, ...any) {}

func quietRedis() { redis.SetLogger(noRedisLog{}) }

// routes serves providers and customers.
func (p *program) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/webhooks/", p.webhooks)
	p.healthRoutes(mux)
	p.consoleRoutes(mux)
	p.stripeRoutes(mux)
	p.apiRoutes(mux)
	if p.reloadly != nil {
		mux.Handle(reloadlyHook, p.reloadlyNews())
	}
	if p.config.Simulates() {
		p.sims.gateway.Routes(mux)
	}
	if p.remote != nil {
		mux.Handle("POST "+simHook, p.remote.gateway.Webhook(p.gatewayNews.Handle))
	}
	return withoutPanics(mux, p.log)
}

// adminRoutes serves operators and their monitoring: on a listener of its own, on loopback by default.
func (p *program) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.handler())
	if p.hasTestBrand() {
		p.testRoutes(mux)
		p.handRoutes(mux)
	}
	p.healthRoutes(mux)
	return withoutPanics(mux, p.log)
}

// versionHeader says in /healthz which build answers.
const versionHeader = "Pulsa-Version"

func (p *program) healthRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(instanceHeader, p.instance)
		w.Header().Set(versionHeader, version.Current().String())
		fmt.Fprintln(w, "alive")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := p.ready(ctx); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		switch fault, level := p.clockFault(ctx); level {
		case wrong:
			http.Error(w, fault, http.StatusServiceUnavailable)
		case warn:
			fmt.Fprintln(w, "ready, but "+fault)
		default:
			fmt.Fprintln(w, "ready")
		}
	})
}

func (p *program) hasTestBrand() bool {
	for _, b := range p.config.Brands {
		if b.Test {
			return true
		}
	}
	return false
}
