package app

import (
	"context"
	"errors"
	"log/slog"

	"pulsa/app/config"
	"pulsa/payments/stripe"
	"pulsa/topup/reloadly"
)

// reload is something that a running server takes anew on SIGHUP: it checks what was read, and returns what takes it. It changes
// nothing itself, and take can't fail: all of what was read is taken, or nothing. An error says whose it is.
type reload func(ctx context.Context, c config.Config) (take func(), err error)

// reloads lists what SIGHUP takes anew. Keys are not among it: a copy gets them at its start, and pulsa keys use changes which one
// is in use.
func (p *Program) reloads(level *slog.LevelVar) []reload {
	return []reload{
		func(_ context.Context, c config.Config) (func(), error) {
			return func() { level.Set(levelOf(c.Log)) }, nil
		},
		p.Settings.Renew,
		func(_ context.Context, c config.Config) (func(), error) {
			if p.stripe == nil {
				return func() {}, nil
			}
			return p.stripe.Renew(stripe.Credentials{Key: c.Stripe.Key, WebhookSecrets: c.Stripe.WebhookSecrets})
		},
		func(_ context.Context, c config.Config) (func(), error) {
			if p.reloadly == nil {
				return func() {}, nil
			}
			return func() { p.reloadly.Renew(reloadlyCredentials(c.Reloadly)) }, nil
		},
	}
}

func reloadlyCredentials(r config.Reloadly) reloadly.Credentials {
	return reloadly.Credentials{ClientID: r.ClientID, ClientSecret: r.ClientSecret, WebhookSecret: r.WebhookSecret}
}

// readAgain reads the configuration again, and takes all of it that may change while the program runs; where anything is wrong it
// takes nothing, and logs all that is. What else the file says holds from the next start.
func (p *Program) readAgain(ctx context.Context, again func() (config.Config, error), list []reload) {
	if again == nil {
		p.Log.WarnContext(ctx, "SIGHUP is ignored")
		return
	}
	c, err := again()
	var takes []func()
	if err == nil {
		for _, r := range list {
			take, wrong := r(ctx, c)
			err, takes = errors.Join(err, wrong), append(takes, take)
		}
	}
	if err != nil {
		p.Log.ErrorContext(ctx, "SIGHUP: what was read again is wrong, and nothing of it was taken", "error", err)
		return
	}
	for _, take := range takes {
		take()
	}
	for _, note := range c.Notes {
		p.Log.WarnContext(ctx, note)
	}
	p.Log.InfoContext(ctx, "SIGHUP: credentials, languages and log level are read again; what else the file says of this server holds from the next start")
}
