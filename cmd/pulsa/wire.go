package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"pulsa/accounts"
	"pulsa/app/config"
	"pulsa/app/version"
	"pulsa/cards"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/channels/telegram"
	"pulsa/channels/twilio"
	"pulsa/channels/ussd"
	"pulsa/conversation"
	"pulsa/developers"
	"pulsa/payments"
	"pulsa/payments/stripe"
	"pulsa/prepaid"
	simgateway "pulsa/sim/gateway"
	simnetwork "pulsa/sim/network"
	"pulsa/store"
	"pulsa/store/sessions"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// program is the whole of Pulsa, wired: what every subcommand that touches the stores works with.
type program struct {
	config config.Config
	clock  prepaid.Clock
	log    *slog.Logger
	brands map[string]*prepaid.Brand

	db       *store.DB
	redis    redis.UniversalClient // nil: sessions are in the SQLite file
	sessions conversation.Sessions
	forget   func(ctx context.Context, sender string) error // a conversation in them
	sims     *simulators
	vault    *prepaid.Vault    // for PINs of operators, under the card keys
	remote   *remoteSimulators // nil: the simulated gateway is among sims

	accounts   *accounts.Service
	payments   *payments.Service
	topups     *topup.Service
	reloadly   *reloadly.Client // nil: no brand's network is Reloadly
	stripe     *stripe.Gateway  // nil: no brand's gateway is Stripe
	cards      *cards.Service
	developers *developers.Service             // nil: no brand has an API
	catalogues map[string]developers.Catalogue // by brand
	registry   *channels.Registry
	webhooks   *channels.Webhooks
	sender     *channels.Sender
	handler    *conversation.Handler
	metrics    *metrics
	turns      recentTurns // for the test endpoints
	instance   string      // names this run of the program
}

// wiring is what differs between a server, a chat and a conversation script.
type wiring struct {
	clock       prepaid.Clock
	log         *slog.Logger
	sims        *simulators // nil: opened in the data folder, and closed with the program
	volatile    bool        // do not wait for the disk
	reached     func(point string)
	observe     func(conversation.Record)
	redisPrefix string // keeps the sessions of stories apart that share a Redis

	// What a conversation script puts around the real ones, to take them away; nil leaves them.
	sessions func(conversation.Sessions) conversation.Sessions
	fake     func(*fake.Adapter) channels.Adapter
	gateway  func(payments.Gateway) payments.Gateway
	network  func(topup.Network) topup.Network
}

// simulators play the payment gateway and the network of test brands. They outlive the program in conversation
// scripts, as the real ones would.
type simulators struct {
	gateway *simgateway.Gateway
	network *simnetwork.Network
	own     bool
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

func brandsByName(c config.Config) map[string]*prepaid.Brand {
	brands := map[string]*prepaid.Brand{}
	for _, b := range c.Brands {
		brands[b.Name] = b
	}
	return brands
}

// wire opens the stores and puts the program together. What was opened is closed again where it fails.
func wire(ctx context.Context, c config.Config, w wiring) (p *program, err error) {
	if err := c.OpenKeys(); err != nil {
		return nil, err
	}
	p = &program{config: c, clock: w.clock, log: w.log, brands: brandsByName(c), sims: w.sims, metrics: newMetrics(w.clock), instance: prepaid.NewToken()}
	opened := p // p is nil once an error is returned
	defer func() {
		if err != nil {
			_ = opened.close()
		}
	}()
	if err := p.openStores(ctx, w); err != nil {
		return nil, err
	}
	if p.sims == nil {
		book, log := func(name string) string { return filepath.Join(c.Data, name+".book") }, w.log
		if !p.config.Simulates() { // nobody meets them: they need no book, and have nothing to warn of
			book, log = func(string) string { return "" }, slog.New(slog.DiscardHandler)
		}
		p.sims, err = openSimulators(c, w.clock, log, book)
		if err != nil {
			return nil, err
		}
		p.sims.own = true
	}
	if err := p.wireServices(w); err != nil {
		return nil, err
	}
	if err := checkPepper(ctx, c, p.db); err != nil {
		return nil, err
	}
	if err := checkCardKeys(ctx, c, p.db, p.cards); err != nil {
		return nil, err
	}
	if err := p.wireDevelopers(); err != nil {
		return nil, err
	}
	if err := p.wireChannels(w); err != nil {
		return nil, err
	}
	p.sims.gateway.Connect(p.payments.Handle)
	p.sims.network.Connect(p.deliveryTakenBack)
	p.metrics.watchOrders(p.db.Orders.OpenOrders)
	p.metrics.watchUntold(p.db.Notices.CountUntold)
	p.metrics.watchCards(p.cards.Guessing)
	p.metrics.watchCodes(p.db.Codes.CodeFigures)
	return p, nil
}

// deliveryTakenBack takes the simulated network's news.
func (p *program) deliveryTakenBack(ctx context.Context, reference string) error {
	err := p.topups.DeliveryChanged(ctx, prepaid.OrderID(reference))
	if errors.Is(err, topup.ErrNoOrder) {
		return nil // somebody else's, on the same book
	}
	return err
}

func (p *program) openStores(ctx context.Context, w wiring) error {
	var err error
	if p.vault, err = prepaid.NewVault(p.config.CardKeys, "operators' pins"); err != nil {
		return fmt.Errorf("card keys: %w", err)
	}
	db, err := store.Open(ctx, p.config.Database(), store.Options{Volatile: w.volatile, Vault: p.vault})
	if err != nil {
		return err
	}
	p.db = db
	if p.config.RedisURL.Empty() {
		kept := sessions.NewSQLite(db.Writer())
		p.sessions, p.forget = around(conversation.Sessions(kept), w.sessions), kept.ForgetSession
		return nil
	}
	if p.redis, err = sessions.DialRedis(p.config.RedisURL.Reveal()); err != nil {
		return err
	}
	var options []sessions.RedisOption
	if w.redisPrefix != "" {
		options = append(options, sessions.WithPrefix(w.redisPrefix))
	}
	kept := sessions.NewRedis(p.redis, options...)
	p.sessions, p.forget = around(conversation.Sessions(kept), w.sessions), kept.ForgetSession
	return nil
}

// around puts a script's wrapping around the real thing, where there is one.
func around[T any](real T, wrap func(T) T) T {
	if wrap == nil {
		return real
	}
	return wrap(real)
}

func (p *program) wireServices(w wiring) (err error) {
	p.accounts, err = accounts.New(accounts.Config{
		Customers: p.db.Customers, Tries: p.db.PINs, Codes: p.db.Codes, OptOuts: p.db.OptOuts, Moves: p.db.Moves, Brands: p.brands, Clock: p.clock, Peppers: p.config.Peppers,
		PeppersFit:  func(ctx context.Context) error { return checkPepper(ctx, p.config, p.db) },
		CodeRefused: p.metrics.codeRefused,
	})
	if err != nil {
		return err
	}
	if p.cards, err = newCards(p.config, p.db, p.clock, p.log); err != nil {
		return err
	}
	p.remote = newRemoteSimulators(p.config.Simulator, p.log)
	if err := p.wireStripe(); err != nil {
		return err
	}
	p.payments, err = payments.New(payments.Config{
		Store: p.db.Payments, Mandates: p.db.Mandates, Keys: p.config.CardKeys, Reached: w.reached, Gateways: p.gateways(w), Order: p.db.Orders.ByCharge,
		Gateway: func(brand string) string { return p.config.Gateways[brand] },
		Charges: func(ctx context.Context, id prepaid.ChargeID) error { return p.topups.ChargeChanged(ctx, id) },
		Brands:  p.brands, Clock: p.clock, Log: p.log,
	})
	if err != nil {
		return err
	}
	simulated := around(topup.Network(p.sims.network), w.network)
	p.wireReloadly()
	p.topups = topup.New(topup.Config{
		Orders: p.db.Orders, Finder: p.db.Orders, Interventions: p.db.Interventions, Clock: p.clock, Log: p.log, Brands: p.brands, Reached: w.reached, Moved: p.metrics.orderMoved,
		Network: func(brand string) (string, topup.Network) {
			if name := p.config.Networks[brand]; name == config.NetworkReloadly {
				return name, p.reloadly
			}
			return p.config.Networks[brand], simulated
		},
		Fundings: map[topup.FundingKind]topup.Funding{
			topup.ByCharge: p.payments, topup.ByCard: p.cards, topup.ByDeveloper: developers.Funding{Order: p.db.Orders.Order, Catalogue: p.catalogue},
		},
	})
	return nil
}

func newCards(c config.Config, db *store.DB, clock prepaid.Clock, log *slog.Logger) (*cards.Service, error) {
	return cards.New(cards.Config{
		Store: db.Cards, Releaser: db.Cards, Tries: db.CardTries, Jobs: db.CardJobs, Batches: db.CardJobs, Shelf: db.Cards, Codes: db.CardJobs, KeyChecks: db.CardKeys, Reports: db.CardReports,
		Brands: brandsByName(c), Keys: c.CardKeys, Clock: clock, Log: log,
	})
}

// providers are the adapters of all that messages come from and go to, but for the fake channel.
func providers(clock prepaid.Clock) []channels.Adapter {
	return []channels.Adapter{twilio.New(clock), twilio.NewWhatsApp(clock), telegram.New(clock), ussd.New(clock)}
}

func (p *program) wireChannels(w wiring) (err error) {
	p.registry = channels.NewRegistry(p.config.Brands, p.config.PublicURL, p.db.Channels, p.clock)
	faked := fake.New(p.db.Outbox, p.clock)
	var faulty channels.Adapter = faked
	if w.fake != nil {
		faulty = w.fake(faked)
	}
	for _, a := range append(providers(p.clock), faulty) {
		if err := p.registry.Register(a); err != nil {
			return err
		}
	}
	p.sender = channels.NewSender(channels.SenderConfig{
		Outbox: p.db.Outbox, Slot: p.db.Outbox.SendSlot, Registry: p.registry, Clock: p.clock, Log: p.log,
		OptedOut: p.wantsNothing, OptOut: p.accounts.OptOutAt, Jitter: rand.Float64,
	})
	p.handler, err = conversation.New(conversation.Config{
		Brands: p.brands, Sessions: p.sessions, Outbox: p.db.Outbox, Clock: p.clock, Log: p.log, Vault: p.vault, Channel: p.registry.Declared,
		On: func(ctx context.Context, brand, name string) bool {
			_, _, on := p.registry.Channel(ctx, brand, name)
			return on
		},
		Ways: p.registry.Ways,
		Services: conversation.Services{
			Accounts: p.accounts, Payments: p.payments, Topups: p.topups, Cards: p.cards, Notices: p.db.Notices, Held: p.db.Notices,
			Forget: p.forget,
		},
		Reached: w.reached,
		Observe: func(r conversation.Record) {
			p.metrics.turn(r)
			p.turns.observe(r)
			if w.observe != nil {
				w.observe(r)
			}
		},
	})
	if err != nil {
		return err
	}
	p.webhooks = channels.NewWebhooks(channels.WebhookConfig{
		Registry: p.registry, Outbox: p.db.Outbox, Turn: p.handler.Turn, OptOut: p.accounts.OptOutAt, Wake: p.sender.Wake, Clock: p.clock, Log: p.log,
	})
	return nil
}

// wantsNothing is the sender's OptedOut.
func (p *program) wantsNothing(ctx context.Context, brand, channel string, a prepaid.Address) (bool, error) {
	out, err := p.accounts.OptedOut(ctx, brand, a)
	return !out.Wants(channel), err
}

// close closes what wire has opened. Turns and calls in flight should have ended before.
func (p *program) close() error {
	var errs []error
	if p.sims != nil && p.sims.own {
		errs = append(errs, p.sims.close())
	}
	if p.redis != nil {
		errs = append(errs, p.redis.Close())
	}
	if p.db != nil {
		errs = append(errs, p.db.Close())
	}
	return errors.Join(errs...)
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
		mux.Handle("POST "+simHook, p.remote.gateway.Webhook(p.payments.Handle))
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

// ready says which store does not answer, without its address.
func (p *program) ready(ctx context.Context) error {
	var down []string
	if p.db.Ping(ctx) != nil {
		down = append(down, "SQL does not answer")
	}
	if p.redis != nil && p.redis.Ping(ctx).Err() != nil {
		down = append(down, "Redis does not answer")
	}
	if len(down) > 0 {
		return errors.New(strings.Join(down, "; "))
	}
	return nil
}

func (p *program) hasTestBrand() bool {
	for _, b := range p.config.Brands {
		if b.Test {
			return true
		}
	}
	return false
}
