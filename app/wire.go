package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/app/version"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/channels/httpsms"
	"pulsa/channels/telegram"
	"pulsa/channels/twilio"
	"pulsa/channels/ussd"
	"pulsa/conversation"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/payments/stripe"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/topup"
	"pulsa/topup/reloadly"
	"pulsa/web/guard"
	"pulsa/web/links"
)

// Program is the whole of Pulsa, wired: what every subcommand that touches the stores works with.
type Program struct {
	*core.Program

	Sims    *sim.Simulators
	ownSims bool        // they are closed with the program
	remote  *sim.Remote // nil: the simulated gateway is among sims

	reloadly   *reloadly.Client // nil: no account
	stripe     *stripe.Gateway  // nil: no account
	Developers *developers.Service
	faces      sync.Map // by currency: func() *sim.Face, what the simulated network shows developers
	// aroundCatalogue goes around what brands sell to developers. Only tests set it, before the first request.
	aroundCatalogue func(developers.Catalogue) developers.Catalogue
	metrics         *metrics
	turns           recentTurns // for the test endpoints
	instance        string      // names this run of the program
	seals           sealer
	walletsRead     sync.Map // by network: operators.WalletNow, as last read
}

// Wiring is what differs between a server, a chat and a test.
type Wiring struct {
	Clock    prepaid.Clock
	Log      *slog.Logger
	Volatile bool // commits do not wait for the disk: for tests

	sims    *sim.Simulators                   // nil: opened in the data folder, and closed with the program
	reached func(point string)                // called at each crash point; nil for never
	network func(topup.Network) topup.Network // goes around the simulated one; nil leaves it as it is

	leaveBrands bool // see core.Options, as the next two
	redisPrefix string
	sessions    func(conversation.Sessions) conversation.Sessions
}

// Wire opens the stores and puts the program together. If it fails, it closes what it has opened.
func Wire(ctx context.Context, c config.Config, w Wiring) (p *Program, err error) {
	c0, err := core.Open(ctx, c, core.Options{
		Clock: w.Clock, Log: w.Log, Volatile: w.Volatile, LeaveBrands: w.leaveBrands, RedisPrefix: w.redisPrefix, Sessions: w.sessions,
	})
	if err != nil {
		return nil, err
	}
	opened := &Program{Program: c0, Sims: w.sims, metrics: newMetrics(w.Clock), instance: prepaid.NewToken()}
	defer func() {
		if err != nil {
			_ = opened.Close()
		}
	}()
	return opened, opened.wire(w)
}

func (p *Program) wire(w Wiring) error {
	if err := p.openOwnSimulators(); err != nil {
		return err
	}
	p.remote = sim.NewRemote(p.Config.Simulator.URL, p.Config.Simulator.Secret, p.Log)
	if err := p.wireStripe(); err != nil {
		return err
	}
	p.wireReloadly()
	err := p.Assemble(core.Parts{
		Gateways: p.gateways(), Networks: p.networks(w), Adapters: append(Providers(p.Clock), fake.New(p.DB.Outbox, p.Clock)),
		Fundings: map[topup.FundingKind]topup.Funding{
			topup.ByDeveloper: developers.Funding{Order: p.DB.Orders.Order, Catalogue: p.catalogue},
		},
		Redeliver: p.Sims.Redeliver, Reached: w.reached, Moved: p.metrics.orderMoved, CodeRefused: p.metrics.codeRefused,
		Observe: func(r conversation.Record) {
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
	p.Sims.Gateway.Connect(p.GatewayNews.Handle)
	p.Sims.Network.Connect(p.DeliveryTakenBack)
	p.metrics.watchOrders(p.DB.Orders.OpenOrders)
	p.metrics.watchUntold(p.DB.Notices.CountUntold)
	p.metrics.watchDoubts(p.DB.Outbox.CountDoubtful)
	p.metrics.watchStrays(p.DB.Partitions.Strays)
	p.metrics.watchCards(p.Cards.Guessing)
	p.metrics.watchCodes(p.DB.Codes.CodeFigures)
	return nil
}

// openOwnSimulators opens simulators in the data folder if the program was given none.
func (p *Program) openOwnSimulators() (err error) {
	if p.Sims != nil {
		return nil
	}
	o := sim.Options{Clock: p.Clock, Log: p.Log, Folder: p.Config.Data, BaseURL: p.Config.PublicURL}
	if !p.Settings.Simulates() { // nobody uses them: they need no book and no warnings
		o.Folder, o.Log = "", slog.New(slog.DiscardHandler)
	}
	p.Sims, err = sim.Open(o)
	p.ownSims = err == nil
	return err
}

// networks returns all networks that brands may name.
func (p *Program) networks(w Wiring) map[string]topup.Network {
	simulated := topup.Network(p.Sims.Network)
	if w.network != nil {
		simulated = w.network(simulated)
	}
	all := map[string]topup.Network{"sim": simulated}
	if p.reloadly != nil {
		all[config.NetworkReloadly] = p.reloadly
	}
	return all
}

// Close closes what Wire opened. Turns and calls in flight must have ended.
func (p *Program) Close() error {
	var err error
	if p.ownSims {
		err = p.Sims.Close()
	}
	return errors.Join(err, p.Program.Close())
}

// Providers returns the adapters of all message providers; the fake channel is not among them.
func Providers(clock prepaid.Clock) []channels.Adapter {
	return []channels.Adapter{twilio.New(clock), twilio.NewWhatsApp(clock), telegram.New(clock), ussd.New(clock), httpsms.New(clock)}
}

// noRedisLog keeps go-redis from writing lines of its own into our log: what it would say, its callers say.
type noRedisLog struct{}

// Printf implements go-redis's logger.
func (noRedisLog) Printf(context.Context, string, ...any) {}

// QuietRedis keeps go-redis from writing lines of its own into our log. It is called once, at start.
func QuietRedis() { redis.SetLogger(noRedisLog{}) }

// Routes serves providers and customers.
func (p *Program) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/webhooks/", p.Webhooks)
	p.healthRoutes(mux)
	p.stripeRoutes(mux)
	p.apiRoutes(mux)
	if p.reloadly != nil {
		mux.Handle(reloadlyHook, p.reloadlyNews())
	}
	if p.remote != nil {
		mux.Handle("POST "+sim.Hook, p.remote.Gateway.Webhook(p.GatewayNews.Handle))
	}
	p.linkRoutes(mux)
	return guard.BehindProxies(guard.WithoutPanics(p.whileTesting(p.whileSimulating(mux)), p.Log), p.Config.TrustedProxies)
}

// linkRoutes serves the short links of texts.
func (p *Program) linkRoutes(mux *http.ServeMux) {
	links.New(links.Config{
		Follow: p.Links.Follow, Misses: p.DB.Links, Brands: p.Brands, PublicURL: p.Config.PublicURL, Clock: p.Clock, Log: p.Log,
		Page: func(language, name string) (spoken, title, text string) {
			return p.Settings.Languages().Page(language, name)
		},
		Preferred: func(accept string) string { return p.Settings.Languages().Preferred(accept) },
	}).Routes(mux)
}

// whileTesting serves the phone while there is a test brand, and all else by rest.
func (p *Program) whileTesting(rest http.Handler) http.Handler {
	phones := http.NewServeMux()
	p.phoneRoutes(phones)
	return firstOf(phones, p.hasTestBrand, rest)
}

// whileSimulating serves the pages of the simulated gateway while a brand meets it in the server itself, and all else by rest.
func (p *Program) whileSimulating(rest http.Handler) http.Handler {
	pages := http.NewServeMux()
	p.Sims.Gateway.Routes(pages)
	return firstOf(pages, p.Settings.Simulates, rest)
}

// firstOf serves what first has a pattern for while on returns true, and all else by rest.
func firstOf(first *http.ServeMux, on func() bool, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := first.Handler(r); pattern != "" && on() {
			first.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

// AdminRoutes serves operators and their monitoring: on a listener of its own, on loopback by default.
func (p *Program) AdminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.handler())
	p.testRoutes(mux) // for test brands alone, as the next
	p.interventionRoutes(mux)
	p.healthRoutes(mux)
	return guard.WithoutPanics(mux, p.Log)
}

// versionHeader says in /healthz which build answers.
const versionHeader = "Pulsa-Version"

// healthRoutes serves /healthz (the process lives) and /readyz (the stores answer).
func (p *Program) healthRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(instanceHeader, p.instance)
		w.Header().Set(versionHeader, version.Current().String())
		fmt.Fprintln(w, "alive")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := p.Ready(ctx); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		var doubts []string
		for _, look := range []func(context.Context) (string, operators.Level){p.clockFault, p.keyFault, p.settingsFault} {
			switch fault, level := look(ctx); level {
			case operators.LevelError:
				http.Error(w, fault, http.StatusServiceUnavailable)
				return
			case operators.LevelWarn:
				doubts = append(doubts, fault)
			}
		}
		if len(doubts) > 0 {
			fmt.Fprintln(w, "ready, but "+strings.Join(doubts, "; "))
			return
		}
		fmt.Fprintln(w, "ready")
	})
}

func (p *Program) hasTestBrand() bool {
	return slices.ContainsFunc(p.Brands.All(), func(b *prepaid.Brand) bool { return b.Test })
}
