package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"pulsa/channels"
	"pulsa/operators"
	"pulsa/prepaid"
)

// How a Telegram bot is kept connected. One copy of the program polls a bot at a time: Telegram refuses two.
const (
	botLook  = 2 * time.Second // how soon a switch is noticed, while the provider can be told
	botLease = time.Minute
)

// botPause is how long after so many failures in a row the provider is told again: 4 s, 8 s and so on, a minute at most.
func botPause(failures int) time.Duration { return min(botLook<<min(failures, 9), botLease) }

// connectBots keeps the channels whose adapters are Pollers connected while they are on, until ctx ends: by webhook where the program has a
// public https address, else by long polling.
func (p *Program) connectBots(ctx context.Context) {
	holder := prepaid.NewToken()
	var all sync.WaitGroup
	var connected sync.Map // ids of channels
	for ; ctx.Err() == nil; _ = p.Clock.Sleep(ctx, botLook) {
		for _, c := range p.bots() {
			if _, already := connected.LoadOrStore(c.ID(), true); already {
				continue
			}
			all.Go(func() {
				defer connected.Delete(c.ID())
				prepaid.KeepGoing(ctx, p.Clock, p.Log, "bot of "+c.ID(), func() { p.connectBot(ctx, c.Brand.Name, c.Name, holder) })
			})
		}
	}
	all.Wait()
}

// bots lists the channels of brands in force whose adapters are Pollers.
func (p *Program) bots() []channels.Channel {
	var bots []channels.Channel
	for _, b := range p.Brands.All() {
		for _, c := range b.Channels {
			declared, _ := p.Registry.Declared(b.Name, c.Name)
			if _, ok := p.Registry.Adapter(declared).(channels.Poller); ok {
				bots = append(bots, declared)
			}
		}
	}
	return bots
}

// connectBot keeps a bot connected while its channel is declared.
func (p *Program) connectBot(ctx context.Context, brand, name, holder string) {
	var hooked *prepaid.Brand // whose settings the webhook was set by
	failures := 0
	for ; ctx.Err() == nil; _ = p.Clock.Sleep(ctx, botPause(failures)) {
		c, a, on := p.Registry.Channel(ctx, brand, name)
		if !on {
			hooked, failures = nil, 0 // set the webhook again once the channel is on
			if _, declared := p.Registry.Declared(brand, name); !declared || p.Brands.Named(brand) == nil {
				return
			}
			continue
		}
		bot, isBot := a.(channels.Poller)
		if !isBot { // the channel of that name is of another type now
			return
		}
		ok := true
		switch {
		case !operators.IsPublic(c.WebhookURL):
			ok = !p.holdsBot(ctx, c, holder) || p.poll(ctx, bot, c, holder)
		case hooked != c.Brand:
			if ok = p.hook(ctx, bot, c); ok {
				hooked = c.Brand
			}
		}
		if failures++; ok {
			failures = 0
		}
	}
}

func (p *Program) hook(ctx context.Context, bot channels.Poller, c channels.Channel) bool {
	if err := bot.SetWebhook(ctx, c); err != nil {
		p.Log.Warn("webhook not set", "channel", c.ID(), "error", err)
		return false
	}
	p.Log.Info("webhook set", "channel", c.ID(), "url", c.WebhookURL)
	return true
}

// BotLeaseOf names the lease that the poller of a bot holds.
func BotLeaseOf(c channels.Channel) string { return "poll " + c.ID() }

func (p *Program) holdsBot(ctx context.Context, c channels.Channel, holder string) bool {
	now := p.Clock.Now()
	held, err := p.DB.Leases.HoldLease(ctx, BotLeaseOf(c), holder, now, now.Add(botLease))
	if err != nil && ctx.Err() == nil {
		p.Log.Warn("lease of a bot", "channel", c.ID(), "error", err)
	}
	return held && err == nil
}

// poll fetches a bot's messages for as long as the lease is held, the channel is on, and its brand's settings stay as they are. It reports
// whether the provider has let it begin.
func (p *Program) poll(ctx context.Context, bot channels.Poller, c channels.Channel, holder string) bool {
	if err := bot.DeleteWebhook(ctx, c); err != nil {
		p.Log.Warn("webhook not removed", "channel", c.ID(), "error", err)
		return false
	}
	p.Log.Info("polling", "channel", c.ID())
	polling, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		defer stop()
		handle := func(ctx context.Context, in channels.Inbound) error {
			err := prepaid.Guard(func() error { return p.Webhooks.Handle(ctx, c, in) })
			if errors.As(err, new(*prepaid.PanicError)) {
				p.Log.Error("message panicked", "channel", c.ID(), "error", err)
			}
			return err
		}
		ended <- prepaid.Guard(func() error { return bot.Poll(polling, c, handle) })
	}()
	for p.Clock.Sleep(polling, botLook) == nil {
		if now, _, on := p.Registry.Channel(ctx, c.Brand.Name, c.Name); !on || now.Brand != c.Brand || !p.holdsBot(ctx, c, holder) {
			stop()
		}
	}
	var refused *channels.SendError
	var panicked *prepaid.PanicError
	if err := <-ended; (errors.As(err, &refused) || errors.As(err, &panicked)) && ctx.Err() == nil {
		p.Log.Warn("polling ended", "channel", c.ID(), "error", err)
		_ = p.Clock.Sleep(ctx, botLease)
		return true
	}
	p.leaveBot(ctx, c, holder)
	return true
}

// leaveBot releases the lease, so that another copy of the server can poll at once.
func (p *Program) leaveBot(ctx context.Context, c channels.Channel, holder string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), botLook)
	defer cancel()
	now := p.Clock.Now()
	if _, err := p.DB.Leases.HoldLease(ctx, BotLeaseOf(c), holder, now, now); err != nil {
		p.Log.Warn("lease of a bot not given back", "channel", c.ID(), "error", err)
	}
}
