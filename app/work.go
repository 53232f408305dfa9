package app

import (
	"context"
	"sync"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
)

// How often due work is looked for. Each look is one indexed read where there is nothing to do.
const (
	LookEvery       = 250 * time.Millisecond
	transcriptEvery = 2 * time.Second
	afterError      = 2 * time.Second
	partitionsEvery = time.Hour
	approvalsEvery  = 2 * time.Second
	settingsEvery   = 2 * time.Second // less than operators.SettingsKnownWithin
	// couriers send webhooks side by side: each waits for its receiver.
	couriers     = 4
	couriersLook = time.Second
	// carriers work on orders side by side: a mobile operator may take a minute over one, and the others must not wait for it.
	carriers     = 8
	carriersLook = time.Second
)

// job is one kind of due work. It returns how much it did.
type job struct {
	name  string
	every time.Duration
	run   func(context.Context) (int, error)
}

func (p *Program) jobs() []job {
	jobs := []job{
		{"orders", LookEvery, p.ordersDue},
		{"news", LookEvery, p.tellDue},
		{"doubtful messages", couriersLook, p.doubtsDue},
		{"mandates", LookEvery, p.mandatesDue},
		{"transcripts", transcriptEvery, p.DrainTranscripts},
		{"partitions", partitionsEvery, p.PreparePartitions},
		{"copy", operators.CopyBeat, p.saysCopy},
		{"archive", archiveEvery, p.archive},
		{"retention", forgetEvery, p.forget},
		{"misses of links", forgetEvery, p.forgetMisses},
		{"blocks and pauses", settingsEvery, func(ctx context.Context) (int, error) { return 0, p.Gate.Load(ctx) }},
		{"seal", sealEvery, p.sealDeeds},
		{"approvals", approvalsEvery, p.operatorsDesk().RunApprovals},
		{"notices to our staff", approvalsEvery, p.notifier().RunDue},
		{"forms", forgetEvery, p.forgetForms},
		{"sessions of the desk", forgetEvery, p.forgetSessions},
		{"developers' pins", time.Hour, p.Developers.ForgetPINs},
		{"settings", settingsEvery, p.takeSettings},
		{"simulated news", transcriptEvery, func(ctx context.Context) (int, error) { return 0, p.Sims.Redeliver(ctx) }},
	}
	for range carriers - 1 {
		jobs = append(jobs, job{"orders", carriersLook, p.ordersDue})
	}
	for range couriers {
		jobs = append(jobs, job{"webhooks", couriersLook, p.deliverDue})
	}
	if p.reloadly != nil {
		jobs = append(jobs, job{"wallet", walletEvery, p.watchWallet})
	}
	return jobs
}

// deliverDue sends a webhook to a developer.
func (p *Program) deliverDue(ctx context.Context) (int, error) {
	if due, err := p.isDue(p.DB.Webhooks.NextDelivery(ctx)); !due {
		return 0, err
	}
	return p.Developers.DeliverDue(ctx)
}

// ordersDue and the jobs like it look before they claim: a claim takes the write lock of an embedded store.
func (p *Program) ordersDue(ctx context.Context) (int, error) {
	if due, err := p.isDue(p.Topups.NextDue(ctx)); !due {
		return 0, err
	}
	return p.Topups.RunDue(ctx)
}

func (p *Program) doubtsDue(ctx context.Context) (int, error) {
	if due, err := p.isDue(p.DB.Outbox.NextDoubt(ctx)); !due {
		return 0, err
	}
	return p.Sender.SettleDue(ctx)
}

func (p *Program) mandatesDue(ctx context.Context) (int, error) {
	if due, err := p.isDue(p.Payments.NextDue(ctx)); !due {
		return 0, err
	}
	return p.Payments.SignDue(ctx)
}

func (p *Program) tellDue(ctx context.Context) (int, error) {
	if err := p.Handler.MarkTold(ctx); err != nil {
		return 0, err
	}
	if due, err := p.isDue(p.DB.Notices.NextNotice(ctx)); !due {
		return 0, err
	}
	return p.Handler.NotifyDue(ctx)
}

func (p *Program) isDue(at time.Time, err error) (bool, error) {
	return err == nil && !at.IsZero() && !at.After(p.Clock.Now()), err
}

// Work runs all jobs, the sender and the bots until ctx ends, and returns when the last one has.
func (p *Program) Work(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { p.Sender.Run(ctx) })
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
					p.Log.Warn("due work", "job", j.name, "error", err)
					pause = afterError
				case done > 0:
					pause = 0 // there may be more
				}
				_ = p.Clock.Sleep(ctx, pause)
			}
		})
	}
	all.Wait()
}
