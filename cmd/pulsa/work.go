package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"pulsa/conversation"
	"pulsa/prepaid"
)

// How often due work is looked for. Each look is one indexed read where there is nothing to do.
const (
	lookEvery       = 250 * time.Millisecond
	transcriptEvery = 2 * time.Second
	afterError      = 2 * time.Second
	transcriptBatch = 500
	// couriers send webhooks side by side: each waits for its receiver.
	couriers     = 4
	couriersLook = time.Second
	// carriers work on orders side by side: a mobile operator may take a minute over each, and keeps nobody else's waiting.
	carriers     = 8
	carriersLook = time.Second
)

// job is one kind of due work. It returns how much it did.
type job struct {
	name  string
	every time.Duration
	run   func(context.Context) (int, error)
}

func (p *program) jobs() []job {
	jobs := []job{
		{"orders", lookEvery, p.ordersDue},
		{"news", lookEvery, p.tellDue},
		{"mandates", lookEvery, p.mandatesDue},
		{"transcripts", transcriptEvery, p.drainTranscripts},
		{"simulated news", transcriptEvery, func(ctx context.Context) (int, error) { return 0, p.sims.redeliver(ctx) }},
	}
	for range carriers - 1 {
		jobs = append(jobs, job{"orders", carriersLook, p.ordersDue})
	}
	if p.developers != nil {
		for range couriers {
			jobs = append(jobs, job{"webhooks", couriersLook, p.deliverDue})
		}
	}
	if p.reloadly != nil {
		jobs = append(jobs, job{"wallet", walletEvery, p.watchWallet})
	}
	if p.developers != nil {
		jobs = append(jobs, job{"developers' pins", time.Hour, p.developers.ForgetPINs})
	}
	return jobs
}

// deliverDue sends a webhook to a developer.
func (p *program) deliverDue(ctx context.Context) (int, error) {
	if due, err := p.isDue(p.db.Webhooks.NextDelivery(ctx)); !due {
		return 0, err
	}
	return p.developers.DeliverDue(ctx)
}

// ordersDue and its like look before they claim: a claim takes the write lock of an embedded store.
func (p *program) ordersDue(ctx context.Context) (int, error) {
	if due, err := p.isDue(p.topups.NextDue(ctx)); !due {
		return 0, err
	}
	return p.topups.RunDue(ctx)
}

func (p *program) mandatesDue(ctx context.Context) (int, error) {
	if due, err := p.isDue(p.payments.NextDue(ctx)); !due {
		return 0, err
	}
	return p.payments.SignDue(ctx)
}

func (p *program) tellDue(ctx context.Context) (int, error) {
	if err := p.handler.MarkTold(ctx); err != nil {
		return 0, err
	}
	if due, err := p.isDue(p.db.Notices.NextNotice(ctx)); !due {
		return 0, err
	}
	return p.handler.NotifyDue(ctx)
}

func (p *program) isDue(at time.Time, err error) (bool, error) {
	return err == nil && !at.IsZero() && !at.After(p.clock.Now()), err
}

func (p *program) drainTranscripts(ctx context.Context) (int, error) {
	return p.sessions.DrainTranscripts(ctx, transcriptBatch, func(ctx context.Context, entries []conversation.Transcript) error {
		return p.db.Transcripts.SaveTranscripts(ctx, entries)
	})
}

// work runs all jobs, the sender and the bots until ctx ends, and returns when the last one has.
func (p *program) work(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { p.sender.Run(ctx) })
	all.Go(func() { p.connectBots(ctx) })
	for _, j := range p.jobs() {
		all.Go(func() {
			for ctx.Err() == nil {
				pause, done := j.every, 0
				err := prepaid.Guard(func() (err error) {
					done, err = j.run(ctx)
					return err
				})
				switch {
				case err != nil && ctx.Err() == nil:
					p.log.Warn("due work", "job", j.name, "error", err)
					pause = afterError
				case done > 0:
					pause = 0 // there may be more
				}
				_ = p.clock.Sleep(ctx, pause)
			}
		})
	}
	all.Wait()
}

// settle does all work that is due now, until nothing is: how scripts let things come to rest. News for a sender
// whose turn holds the lock, or has died with it, comes later. Transcripts are nobody's wait.
func (p *program) settle(ctx context.Context) error {
	for range 1000 {
		if err := errors.Join(p.handler.MarkTold(ctx), p.sims.redeliver(ctx)); err != nil {
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
func (p *program) nextDue(ctx context.Context) (time.Time, error) {
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
