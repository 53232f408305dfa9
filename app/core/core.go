package core

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
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/sessions"
	"pulsa/topup"
)

// Program is a running Pulsa without anything that is particular to a provider: stores, services, conversations, due work.
type Program struct {
	Config   config.Config
	Clock    prepaid.Clock
	Log      *slog.Logger
	Settings *Settings
	Brands   *prepaid.Brands // those of Settings

	DB       *store.DB
	Redis    redis.UniversalClient // nil: sessions are in the SQLite file
	Sessions conversation.Sessions
	Talks    operators.ConversationEraser                   // removes all of a sender's conversation
	forget   func(ctx context.Context, sender string) error // removes a sender's session
	Keys     Keyrings
	vault    *prepaid.Vault // seals the PINs of PIN operators, under the card keys
	// PeopleVault seals the secrets of our staff's one-time passwords, under the card keys.
	PeopleVault *prepaid.Vault

	// Gate knows what is blocked and paused.
	Gate     *operators.Gate
	Accounts *accounts.Service
	Payments *payments.Service
	Links    *payments.Links
	// GatewayNews takes what gateways report of charges and setups.
	GatewayNews *payments.News
	Topups      *topup.Service
	Cards       *cards.Service
	Registry    *channels.Registry
	Webhooks    *channels.Webhooks
	Sender      *channels.Sender
	Handler     *conversation.Handler

	redeliver func(context.Context) error // see Parts.Redeliver
}

// Options are what stores are opened with.
type Options struct {
	Clock       prepaid.Clock
	Log         *slog.Logger
	Volatile    bool   // commits do not wait for the disk: for tests
	RedisPrefix string // keeps programs apart that share a Redis; "" for none
	// LeaveBrands leaves the brands in the store as they are: the program only looks. Otherwise what the file says of brands is stored,
	// as StoreFile does.
	LeaveBrands bool

	// Sessions goes around the store of sessions; nil leaves it as it is.
	Sessions func(conversation.Sessions) conversation.Sessions
}

// Parts are what Assemble puts into the program.
type Parts struct {
	Gateways map[string]payments.Gateway // by the name that brands use
	Networks map[string]topup.Network    // by the name that brands use
	Fundings map[topup.FundingKind]topup.Funding
	Adapters []channels.Adapter

	Prompts map[string]*conversation.BrandPrompts // of every brand; nil: from the configuration's languages

	// Redeliver makes the simulators repeat the news that the program did not take; nil without simulators.
	Redeliver func(context.Context) error
	// Reached is called at each crash point; it may be nil.
	Reached func(point string)
	// Observe is called with every turn; it may be nil.
	Observe func(conversation.Record)
	// Moved is called with every change of an order's status; it may be nil.
	Moved func(brand string, from, to topup.Status)
	// CodeRefused is called for each one-time code that a cap has refused; it may be nil.
	CodeRefused func(brand, channel string, by accounts.CodeCap)
}

// Open opens SQL and the sessions, migrates the schema, and checks that the keys are those that the data was made
// with (a *KeyError says which are not). The caller adds the rest with Assemble, and closes the program in any case.
func Open(ctx context.Context, c config.Config, o Options) (*Program, error) {
	if err := c.OpenKeys(config.PINPepper | config.CardKey); err != nil {
		return nil, err
	}
	p := &Program{Config: c, Clock: o.Clock, Log: o.Log}
	if err := p.openStores(ctx, o); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Program) openStores(ctx context.Context, o Options) (err error) {
	p.Keys = NewKeyrings(p.Config)
	if p.vault, err = prepaid.NewVault(p.Keys[operators.CardKey], "operators' pins"); err != nil {
		return fmt.Errorf("card keys: %w", err)
	}
	if p.PeopleVault, err = prepaid.NewVault(p.Keys[operators.CardKey], "one-time passwords"); err != nil {
		return fmt.Errorf("card keys: %w", err)
	}
	if p.DB, err = store.Open(ctx, p.Config.Database(), store.Options{
		MigrateURL: p.Config.MigrateURL.Reveal(), Volatile: o.Volatile, Vault: p.vault,
	}); err != nil {
		return err
	}
	p.Gate = &operators.Gate{Store: p.DB.Blocks, Clock: p.Clock}
	if err := p.Gate.Load(ctx); err != nil {
		return err
	}
	if _, err := p.PreparePartitions(ctx); err != nil {
		p.Log.Warn("partitions are not made ahead; their worker tries again", "error", err)
	}
	if err := p.openSessions(o); err != nil {
		return err
	}
	if err := p.openSettings(ctx, o); err != nil {
		return err
	}
	if p.Cards, err = NewCards(p.Brands, p.Keys, p.DB, p.Clock, p.Log); err != nil {
		return err
	}
	if err := p.Keys.openPepper(ctx, p.Config, p.DB); err != nil {
		return err
	}
	return p.Keys.openCardKeys(ctx, p.Config, p.DB, p.Cards)
}

func (p *Program) openSettings(ctx context.Context, o Options) (err error) {
	if !o.LeaveBrands {
		notes, err := StoreFile(ctx, p.Config, p.DB, p.Clock)
		if err != nil {
			return err
		}
		for _, note := range notes {
			p.Log.WarnContext(ctx, note)
		}
	}
	if p.Settings, err = ReadSettings(ctx, p.Config, p.DB.Brands); err != nil {
		return err
	}
	p.Brands = p.Settings.Brands
	return p.Settings.Err()
}

func (p *Program) openSessions(o Options) (err error) {
	around := func(kept conversation.Sessions) conversation.Sessions {
		if o.Sessions == nil {
			return kept
		}
		return o.Sessions(kept)
	}
	if p.Config.RedisURL.Empty() {
		kept := sessions.NewSQLite(p.DB.Writer())
		p.Sessions, p.Talks, p.forget = around(kept), kept, kept.ForgetSession
		return nil
	}
	if p.Redis, err = sessions.DialRedis(p.Config.RedisURL.Reveal()); err != nil {
		return err
	}
	var options []sessions.RedisOption
	if o.RedisPrefix != "" {
		options = append(options, sessions.WithPrefix(o.RedisPrefix))
	}
	kept := sessions.NewRedis(p.Redis, options...)
	p.Sessions, p.Talks, p.forget = around(kept), kept, kept.ForgetSession
	return nil
}

// Assemble makes the services and the conversations on the open stores.
func (p *Program) Assemble(with Parts) (err error) {
	p.redeliver = with.Redeliver
	p.Gate.Values = func(k operators.BlockKind, brand, what string) []string {
		return p.Accounts.BlockValues(string(k), brand, what)
	}
	p.Accounts, err = accounts.New(accounts.Config{
		Customers: p.DB.Customers, Tries: p.DB.PINs, Codes: p.DB.Codes, OptOuts: p.DB.OptOuts, Moves: p.DB.Moves, Brands: p.Brands, Clock: p.Clock, Peppers: p.Keys[operators.PINPepper],
		PeppersFit:  func(ctx context.Context) error { return p.Keys.pepperFits(ctx, p.Config, p.DB) },
		CodeRefused: with.CodeRefused,
		Blocked: func(brand string, m prepaid.MSISDN) bool {
			return p.Gate.Blocked(operators.BlockNumber, brand, string(m))
		},
	})
	if err != nil {
		return err
	}
	if err := p.assembleMoney(with); err != nil {
		return err
	}
	return p.assembleChannels(with)
}

func (p *Program) assembleMoney(with Parts) (err error) {
	p.Payments, err = payments.New(payments.Config{
		Store: p.DB.Payments, Mandates: p.DB.Mandates, Keys: p.Keys[operators.CardKey], Reached: with.Reached, Gateways: with.Gateways,
		Brands: p.Brands, Clock: p.Clock, Log: p.Log,
		Blocked: func(i payments.Instrument) bool {
			return p.Gate.Blocked(operators.BlockInstrument, i.Brand, operators.InstrumentName(i.Gateway, i.Display))
		},
		BlockedIBAN: func(brand string, i payments.IBAN) bool {
			return p.Gate.Blocked(operators.BlockIBAN, brand, i.Reveal())
		},
	})
	if err != nil {
		return err
	}
	p.Links = &payments.Links{Store: p.DB.Links, PublicURL: p.Config.PublicURL, Clock: p.Clock, Log: p.Log}
	fundings := map[topup.FundingKind]topup.Funding{topup.ByCharge: p.Payments, topup.ByCard: p.Cards}
	for kind, funding := range with.Fundings {
		fundings[kind] = funding
	}
	p.Topups = topup.New(topup.Config{
		Orders: p.DB.Orders, Finder: p.DB.Orders, Deeds: p.DB.Deeds, Clock: p.Clock, Log: p.Log, Brands: p.Brands, Reached: with.Reached, Moved: with.Moved,
		Patience: func(kind string) time.Duration {
			can, _ := channels.Of(channels.Kind(kind))
			return can.Patience
		},
		Networks: with.Networks, Fundings: fundings, Refuses: p.refuses,
	})
	p.GatewayNews = payments.NewNews(p.Payments, p.Topups)
	return nil
}

// NewCards makes the card business on an open store.
func NewCards(brands *prepaid.Brands, keys Keyrings, db *store.DB, clock prepaid.Clock, log *slog.Logger) (*cards.Service, error) {
	return cards.New(cards.Config{
		Store: db.Cards, Releaser: db.Cards, Tries: db.CardTries, Jobs: db.CardJobs, Batches: db.CardJobs, Shelf: db.Cards, Codes: db.CardJobs, KeyChecks: db.CardKeys, Reports: db.CardReports,
		Brands: brands, Keys: keys[operators.CardKey], Clock: clock, Log: log,
	})
}

func (p *Program) assembleChannels(with Parts) (err error) {
	p.Registry = channels.NewRegistry(p.Brands, p.Config.PublicURL, p.DB.Channels, p.Clock)
	for _, a := range with.Adapters {
		if err := p.Registry.Register(a); err != nil {
			return err
		}
	}
	p.Sender = channels.NewSender(channels.SenderConfig{
		Outbox: p.DB.Outbox, Doubts: p.DB.Outbox, Slot: p.DB.Outbox.SendSlot, Registry: p.Registry, Clock: p.Clock, Log: p.Log,
		OptedOut: p.wantsNothing, OptOut: p.Accounts.OptOutAt, Jitter: rand.Float64,
	})
	prompts := with.Prompts
	if prompts == nil {
		if prompts, err = p.Config.Languages.ForBrands(p.Brands.AllKnown()); err != nil {
			return err
		}
	}
	p.Handler, err = conversation.New(conversation.Config{
		Brands: p.Brands, Prompts: prompts, Sessions: p.Sessions, Outbox: p.DB.Outbox, Clock: p.Clock, Log: p.Log, Vault: p.vault,
		Channel: p.Registry.Declared,
		Pushes:  p.Registry.Pushes, RepliesOnly: p.Registry.RepliesOnly, Ways: p.Registry.Ways,
		Services: conversation.Services{
			Accounts: p.Accounts, Payments: p.Payments, Links: p.Links, Topups: p.Topups, Cards: p.Cards, Notices: p.DB.Notices, Held: p.DB.Notices, Windows: p.DB.Windows,
			Forget: p.forget,
		},
		Blocked: func(brand string, a prepaid.Address) bool {
			return p.Gate.Blocked(operators.BlockAddress, brand, string(a))
		},
		Paused:  p.paused,
		Reached: with.Reached, Observe: with.Observe,
	})
	if err != nil {
		return err
	}
	p.Settings.prepare = p.Handler.Prepare
	p.Webhooks = channels.NewWebhooks(channels.WebhookConfig{
		Registry: p.Registry, Outbox: p.DB.Outbox, Turn: p.Handler.Turn, OptOut: p.Accounts.OptOutAt, Wake: p.Sender.Wake, Clock: p.Clock, Log: p.Log,
	})
	return nil
}

// paused returns a *topup.PausedError while a brand sells nothing.
func (p *Program) paused(brand string) error {
	if pause, is := p.Gate.Paused(brand); is {
		return &topup.PausedError{Until: pause.Until, Texts: pause.Texts}
	}
	return nil
}

// refuses is the Refuses of the orders' configuration: nothing is sold to a blocked number, from one, or while the brand is paused.
func (p *Program) refuses(r topup.Request) error {
	numbers := []prepaid.MSISDN{r.MSISDN}
	if m, ok := r.ReplyTo.Address.Tel(); ok && m != r.MSISDN {
		numbers = append(numbers, m)
	}
	for _, m := range numbers {
		if m != "" && p.Gate.Blocked(operators.BlockNumber, r.Brand, string(m)) {
			return topup.ErrNumberBlocked
		}
	}
	return p.paused(r.Brand)
}

// wantsNothing reports whether an address has opted out of a channel: the OptedOut of the sender's configuration.
func (p *Program) wantsNothing(ctx context.Context, brand, channel string, a prepaid.Address) (bool, error) {
	out, err := p.Accounts.OptedOut(ctx, brand, a)
	return !out.Wants(channel), err
}

// DeliveryTakenBack handles a network's news that it has reversed a delivery. It ignores an order that is not ours, made by
// somebody else with the same account.
func (p *Program) DeliveryTakenBack(ctx context.Context, reference string) error {
	err := p.Topups.DeliveryChanged(ctx, prepaid.OrderID(reference))
	if errors.Is(err, topup.ErrNoOrder) {
		return nil
	}
	return err
}

// Close closes the stores. Turns and calls in flight must have ended.
func (p *Program) Close() error {
	var errs []error
	if p.Redis != nil {
		errs = append(errs, p.Redis.Close())
	}
	if p.DB != nil {
		errs = append(errs, p.DB.Close())
	}
	return errors.Join(errs...)
}

// Ready returns an error that names the stores that do not answer, without their addresses.
func (p *Program) Ready(ctx context.Context) error {
	var down []string
	if p.DB.Ping(ctx) != nil {
		down = append(down, "SQL does not answer")
	}
	if p.Redis != nil && p.Redis.Ping(ctx).Err() != nil {
		down = append(down, "Redis does not answer")
	}
	if len(down) > 0 {
		return errors.New(strings.Join(down, "; "))
	}
	return nil
}

// Settle does all work that is due now, until nothing is: how scripts let things come to rest. News for a sender
// whose turn holds the lock, or has died with it, comes later. It does not wait for transcripts.
func (p *Program) Settle(ctx context.Context) error {
	for range 1000 {
		err := p.Handler.MarkTold(ctx)
		if p.redeliver != nil {
			err = errors.Join(err, p.redeliver(ctx))
		}
		if err != nil {
			return err
		}
		next, err := p.NextDue(ctx)
		if err != nil || next.IsZero() || next.After(p.Clock.Now()) {
			return err
		}
		total := 0
		for _, due := range []struct {
			what string
			do   func(context.Context) (int, error)
		}{{"orders", p.Topups.RunDue}, {"mandates", p.Payments.SignDue}, {"news", p.Handler.NotifyDue}, {"outbox", p.Sender.SendDue}, {"doubts", p.Sender.SettleDue}} {
			done, err := due.do(ctx)
			if err != nil && !errors.Is(err, conversation.ErrBusy) {
				return fmt.Errorf("%s: %w", due.what, err)
			}
			total += done
		}
		if total == 0 {
			return nil
		}
	}
	return errors.New("due work never comes to rest")
}

// NextDue returns when work is due next; zero for never.
func (p *Program) NextDue(ctx context.Context) (time.Time, error) {
	var next time.Time
	for _, look := range []func(context.Context) (time.Time, error){p.Topups.NextDue, p.Payments.NextDue, p.DB.Notices.NextNotice, p.DB.Outbox.NextOutbound, p.DB.Outbox.NextDoubt} {
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

// DrainTranscripts moves a batch of transcript entries from the sessions to SQL, and returns how many.
func (p *Program) DrainTranscripts(ctx context.Context) (int, error) {
	return p.Sessions.DrainTranscripts(ctx, transcriptBatch, func(ctx context.Context, entries []conversation.Transcript) error {
		return p.DB.Transcripts.SaveTranscripts(ctx, entries)
	})
}

// Audit checks the invariants of what is stored.
func (p *Program) Audit() operators.Audit {
	return operators.Audit{Rules: p.DB.Audit, Orders: p.DB.Orders, Seal: p.DB.Deeds, Clock: p.Clock}
}

// PreparePartitions makes the database's months ahead, and says so in the log where rows came before their month was made. It returns the
// rows that were moved.
func (p *Program) PreparePartitions(ctx context.Context) (int, error) {
	strays, err := p.DB.Partitions.Prepare(ctx, p.Clock.Now())
	moved := 0
	for _, s := range strays {
		moved += int(s.Rows)
		p.Log.Error("rows came before the partition of their month was made, and are there now: this worker has not run for months, or a clock is wrong",
			"table", s.Table, "rows", s.Rows, "oldest", s.First)
	}
	return moved, err
}
