package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"pulsa/accounts"
	"pulsa/app/config"
	"pulsa/cards"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/sessions"
	"pulsa/topup"
)

// core is a running Pulsa without anything that is particular to a provider: stores, services, conversations, due work.
type core struct {
	config config.Config
	clock  prepaid.Clock
	log    *slog.Logger
	brands map[string]*prepaid.Brand // by name

	db       *store.DB
	redis    redis.UniversalClient // nil: sessions are in the SQLite file
	sessions conversation.Sessions
	forget   func(ctx context.Context, sender string) error // removes a sender's session
	vault    *prepaid.Vault                                 // seals the PINs of PIN operators, under the card keys

	accounts    *accounts.Service
	payments    *payments.Service
	topups      *topup.Service
	gatewayNews *payments.News
	cards       *cards.Service
	registry    *channels.Registry
	webhooks    *channels.Webhooks
	sender      *channels.Sender
	handler     *conversation.Handler

	redeliver func(context.Context) error // see parts
}

// storeOptions are what stores are opened with.
type storeOptions struct {
	clock       prepaid.Clock
	log         *slog.Logger
	volatile    bool   // commits do not wait for the disk: for tests
	redisPrefix string // keeps programs apart that share a Redis; "" for none

	// sessions goes around the store of sessions; nil leaves it as it is.
	sessions func(conversation.Sessions) conversation.Sessions
}

// parts are what assemble puts into the program.
type parts struct {
	gateways map[string]payments.Gateway // by the name that brands use
	networks map[string]topup.Network    // by the name that brands use
	fundings map[topup.FundingKind]topup.Funding
	adapters []channels.Adapter

	// redeliver has the simulators repeat the news that was not taken; nil where there are none.
	redeliver func(context.Context) error
	// reached is called at each crash point; nil for never.
	reached func(point string)
	// observe is told of every turn; nil for nobody.
	observe func(conversation.Record)
	// moved is told of every change of an order's status; nil for nobody.
	moved func(brand string, from, to topup.Status)
	// codeRefused is told of one-time codes that a cap has refused; nil for nobody.
	codeRefused func(brand, channel string, by accounts.CodeCap)
}

// openStores opens SQL and the sessions, migrates the schema, and checks that the keys are those that the data was made
// with (a *keyFault says which are not). The caller adds the rest with assemble, and closes the program in any case.
func openStores(ctx context.Context, c config.Config, o storeOptions) (*core, error) {
	if err := c.OpenKeys(); err != nil {
		return nil, err
	}
	p := &core{config: c, clock: o.clock, log: o.log, brands: brandsByName(c)}
	if err := p.openStores(ctx, o); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *core) openStores(ctx context.Context, o storeOptions) (err error) {
	if p.vault, err = prepaid.NewVault(p.config.CardKeys, "operators' pins"); err != nil {
		return fmt.Errorf("card keys: %w", err)
	}
	if p.db, err = store.Open(ctx, p.config.Database(), store.Options{Volatile: o.volatile, Vault: p.vault}); err != nil {
		return err
	}
	if err := p.openSessions(o); err != nil {
		return err
	}
	if p.cards, err = newCards(p.config, p.db, p.clock, p.log); err != nil {
		return err
	}
	if err := checkPepper(ctx, p.config, p.db); err != nil {
		return err
	}
	return checkCardKeys(ctx, p.config, p.db, p.cards)
}

func (p *core) openSessions(o storeOptions) (err error) {
	around := func(kept conversation.Sessions) conversation.Sessions {
		if o.sessions == nil {
			return kept
		}
		return o.sessions(kept)
	}
	if p.config.RedisURL.Empty() {
		kept := sessions.NewSQLite(p.db.Writer())
		p.sessions, p.forget = around(kept), kept.ForgetSession
		return nil
	}
	if p.redis, err = sessions.DialRedis(p.config.RedisURL.Reveal()); err != nil {
		return err
	}
	var options []sessions.RedisOption
	if o.redisPrefix != "" {
		options = append(options, sessions.WithPrefix(o.redisPrefix))
	}
	kept := sessions.NewRedis(p.redis, options...)
	p.sessions, p.forget = around(kept), kept.ForgetSession
	return nil
}

// assemble makes the services and the conversations on the open stores.
func (p *core) assemble(with parts) (err error) {
	p.redeliver = with.redeliver
	p.accounts, err = accounts.New(accounts.Config{
		Customers: p.db.Customers, Tries: p.db.PINs, Codes: p.db.Codes, OptOuts: p.db.OptOuts, Moves: p.db.Moves, Brands: p.brands, Clock: p.clock, Peppers: p.config.Peppers,
		PeppersFit:  func(ctx context.Context) error { return checkPepper(ctx, p.config, p.db) },
		CodeRefused: with.codeRefused,
	})
	if err != nil {
		return err
	}
	if err := p.assembleMoney(with); err != nil {
		return err
	}
	return p.assembleChannels(with)
}

func (p *core) assembleMoney(with parts) (err error) {
	p.payments, err = payments.New(payments.Config{
		Store: p.db.Payments, Mandates: p.db.Mandates, Keys: p.config.CardKeys, Reached: with.reached, Gateways: with.gateways,
		Gateway: func(brand string) string { return p.config.Gateways[brand] },
		Brands:  p.brands, Clock: p.clock, Log: p.log,
	})
	if err != nil {
		return err
	}
	fundings := map[topup.FundingKind]topup.Funding{topup.ByCharge: p.payments, topup.ByCard: p.cards}
	for kind, funding := range with.fundings {
		fundings[kind] = funding
	}
	p.topups = topup.New(topup.Config{
		Orders: p.db.Orders, Finder: p.db.Orders, Interventions: p.db.Interventions, Clock: p.clock, Log: p.log, Brands: p.brands, Reached: with.reached, Moved: with.moved,
		Patience: func(kind string) time.Duration {
			can, _ := channels.Of(channels.Kind(kind))
			return can.Patience
		},
		Network: func(brand string) (string, topup.Network) {
			name := p.config.Networks[brand]
			return name, with.networks[name]
		},
		Fundings: fundings,
	})
	p.gatewayNews = payments.NewNews(p.payments, p.topups)
	return nil
}

func newCards(c config.Config, db *store.DB, clock prepaid.Clock, log *slog.Logger) (*cards.Service, error) {
	return cards.New(cards.Config{
		Store: db.Cards, Releaser: db.Cards, Tries: db.CardTries, Jobs: db.CardJobs, Batches: db.CardJobs, Shelf: db.Cards, Codes: db.CardJobs, KeyChecks: db.CardKeys, Reports: db.CardReports,
		Brands: brandsByName(c), Keys: c.CardKeys, Clock: clock, Log: log,
	})
}

func (p *core) assembleChannels(with parts) (err error) {
	p.registry = channels.NewRegistry(p.config.Brands, p.config.PublicURL, p.db.Channels, p.clock)
	for _, a := range with.adapters {
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
		Reached: with.reached, Observe: with.observe,
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
func (p *core) wantsNothing(ctx context.Context, brand, channel string, a prepaid.Address) (bool, error) {
	out, err := p.accounts.OptedOut(ctx, brand, a)
	return !out.Wants(channel), err
}

// deliveryTakenBack takes a network's news that it has reversed a delivery. Of an order that is not ours, on the same
// account, nothing is to be done.
func (p *core) deliveryTakenBack(ctx context.Context, reference string) error {
	err := p.topups.DeliveryChanged(ctx, prepaid.OrderID(reference))
	if errors.Is(err, topup.ErrNoOrder) {
		return nil
	}
	return err
}

// close closes the stores. Turns and calls in flight should have ended before.
func (p *core) close() error {
	var errs []error
	if p.redis != nil {
		errs = append(errs, p.redis.Close())
	}
	if p.db != nil {
		errs = append(errs, p.db.Close())
	}
	return errors.Join(errs...)
}

// ready says which store does not answer, without its address.
func (p *core) ready(ctx context.Context) error {
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

func brandsByName(c config.Config) map[string]*prepaid.Brand {
	brands := map[string]*prepaid.Brand{}
	for _, b := range c.Brands {
		brands[b.Name] = b
	}
	return brands
}

// job is one kind of due work. It returns how much it did.
type job struct {
	name  string
	every time.Duration
	run   func(context.Context) (int, error)
}

// settle does all work that is due now, until nothing is: how scripts let things come to rest. News for a sender
// whose turn holds the lock, or has died with it, comes later. Transcripts are nobody's wait.
func (p *core) settle(ctx context.Context) error {
	for range 1000 {
		err := p.handler.MarkTold(ctx)
		if p.redeliver != nil {
			err = errors.Join(err, p.redeliver(ctx))
		}
		if err != nil {
			return err
		}
		next, err := p.nextDue(ctx)
		if err != nil || next.IsZero() || next.After(p.clock.Now()) {
			return err
		}
		total := 0
		for _, j := range []job{{name: "orders", run: p.topups.RunDue}, {name: "mandates", run: p.payments.SignDue}, {name: "news", run: p.handler.NotifyDue}, {name: "outbox", run: p.sender.SendDue}} {
			done, err := j.run(ctx)
			if err != nil && !errors.Is(err, conversation.ErrBusy) {
				return fmt.Errorf("%s: %w", j.name, err)
			}
			total += done
		}
		if total == 0 {
			return nil
		}
	}
	return errors.New("due work never comes to rest")
}

// nextDue tells when there is something to do again; zero for never.
func (p *core) nextDue(ctx context.Context) (time.Time, error) {
	var next time.Time
	for _, look := range []func(context.Context) (time.Time, error){p.topups.NextDue, p.payments.NextDue, p.db.Notices.NextNotice, p.db.Outbox.NextOutbound} {
		at, err := look(ctx)
		if err != nil {
			return time.Time{}, err
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, nil
}

// transcriptBatch is how many entries of transcripts are moved to SQL at once.
const transcriptBatch = 500

func (p *core) drainTranscripts(ctx context.Context) (int, error) {
	return p.sessions.DrainTranscripts(ctx, transcriptBatch, func(ctx context.Context, entries []conversation.Transcript) error {
		return p.db.Transcripts.SaveTranscripts(ctx, entries)
	})
}
