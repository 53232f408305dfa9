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
	botLook  = 2 * time.Second // how soon a switch is noticed
	botLease = time.Minute
)

// connectBots keeps the channels whose adapters are Pollers connected while they are on, until ctx ends: by webhook where the program has a
// public https address, else by long polling.
func (p *Program) connectBots(ctx context.Context) {
	holder := prepaid.NewToken()
	var all sync.WaitGroup
	for _, b := range p.Config.Brands {
		for _, c := range b.Channels {
			declared, _ := p.Registry.Declared(b.Name, c.Name)
			if _, ok := p.Registry.Adapter(declared).(channels.Poller); ok {
				all.Go(func() {
					prepaid.KeepGoing(ctx, p.Clock, p.Log, "bot of "+b.Name+"/"+c.Name, func() { p.connectBot(ctx, b.Name, c.Name, holder) })
				})
			}
		}
	}
	all.Wait()
}

func (p *Program) connectBot(ctx context.Context, brand, name, holder string) {
	hooked := false
	for ; ctx.Err() == nil; _ = p.Clock.Sleep(ctx, botLook) {
		c, a, on := p.Registry.Channel(ctx, brand, name)
		if !on {
			hooked = false // set the webhook again once the channel is on
			continue
		}
		bot := a.(channels.Poller)
		if operators.IsPublic(c.WebhookURL) {
			if !hooked {
				hooked = p.hook(ctx, bot, c)
			}
			continue
		}
		if p.holdsBot(ctx, c, holder) {
			p.poll(ctx, bot, c, holder)
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

// poll fetches a bot's messages for as long as the lease is held and the channel is on.
func (p *Program) poll(ctx context.Context, bot channels.Poller, c channels.Channel, holder string) {
	if err := bot.DeleteWebhook(ctx, c); err != nil {
		p.Log.Warn("webhook not removed", "channel", c.ID(), "error", err)
		return
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
		if _, _, on := p.Registry.Channel(ctx, c.Brand.Name, c.Name); !on || !p.holdsBot(ctx, c, holder) {
			stop()
		}
	}
	var refused *channels.SendError
	var panicked *prepaid.PanicError
	if err := <-ended; (errors.As(err, &refused) || errors.As(err, &panicked)) && ctx.Err() == nil {
		p.Log.Warn("polling ended", "channel", c.ID(), "error", err)
		_ = p.Clock.Sleep(ctx, botLease)
		return
	}
	p.leaveBot(ctx, c, holder)
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
