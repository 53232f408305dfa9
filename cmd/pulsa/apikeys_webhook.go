package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"pulsa/developers"
)

type apikeysWebhookCommand struct {
	whichKey
	deed
	URL    string `help:"Where to: an https address; for a test brand also http://127.0.0.1." placeholder:"URL"`
	Remove bool   `help:"Tell this developer no more."`
	JSON   bool   `help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (apikeysWebhookCommand) Help() string {
	return "Each address gets a secret of its own, printed once. Without --url or --remove it shows where the webhook is.\n\n" +
		`Example: pulsa apikeys webhook --key bcdfghjklmnpqrstvwxz --url https://shop.example/pulsa --reason "asked for by mail"`
}

// Run implements the command.
func (k *apikeysWebhookCommand) Run(ctx context.Context, e environ) error {
	if k.URL != "" && k.Remove {
		return errors.New("choose --url or --remove")
	}
	_, db, d, err := k.openDevelopers(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	if k.URL == "" && !k.Remove {
		w, err := db.Webhooks.Webhook(ctx, k.Key)
		if errors.Is(err, developers.ErrNoWebhook) {
			err = fmt.Errorf("%w: --url URL gives it one", developers.ErrNoWebhook)
		}
		if err != nil {
			return err
		}
		return k.print(e, fmt.Sprintf("%s since %s\n", w.URL, w.CreatedAt.Format(time.DateTime)), map[string]any{"url": w.URL, "created_at": w.CreatedAt})
	}
	by, err := k.by(e)
	if err != nil {
		return err
	}
	if k.Remove {
		if err := d.RemoveWebhook(ctx, k.Key, by); err != nil {
			return err
		}
		return k.print(e, fmt.Sprintf("Key %s has no webhook any more.\n", k.Key), map[string]any{"url": nil})
	}
	secret, err := d.SetWebhook(ctx, k.Key, k.URL, by)
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	return k.print(e, fmt.Sprintf("webhook_secret  %s\n\nThe secret is shown this once.\n", secret.Reveal()),
		map[string]any{"url": k.URL, "webhook_secret": secret.Reveal()})
}

func (k *apikeysWebhookCommand) print(e environ, text string, object map[string]any) error {
	if k.JSON {
		object["key"] = k.Key
		return json.NewEncoder(e.stdout).Encode(object)
	}
	_, err := fmt.Fprint(e.stdout, text)
	return err
}

type apikeysDeliveriesCommand struct {
	List   deliveriesListCommand   `cmd:"" help:"List what a key was told, or waits to be, newest first."`
	Show   deliveriesShowCommand   `cmd:"" help:"Show one, with what its receiver answered last."`
	Repeat deliveriesRepeatCommand `cmd:"" help:"Tell it again, now."`
}

type deliveriesListCommand struct {
	whichKey
	Status string `help:"Only these: waiting, taken, given_up." enum:",waiting,taken,given_up" default:""`
	Limit  int    `help:"How many at most." default:"50"`
	JSON   bool   `help:"Print one JSON object per delivery."`
}

// Help implements kong.HelpProvider.
func (deliveriesListCommand) Help() string {
	return "Example: pulsa apikeys deliveries list --key bcdfghjklmnpqrstvwxz --status waiting"
}

// Run implements the command.
func (l *deliveriesListCommand) Run(ctx context.Context, e environ) error {
	if l.Limit < 1 {
		return wrongFlag("--limit is more than nothing: --limit 50")
	}
	_, db, err := l.openDB(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Developers.Key(ctx, l.Key); err != nil {
		return err
	}
	deliveries, err := db.Webhooks.Deliveries(ctx, l.Key, developers.DeliveryStatus(l.Status), l.Limit)
	if err != nil {
		return err
	}
	table, out := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0), json.NewEncoder(e.stdout)
	for _, d := range deliveries {
		if l.JSON {
			if err := out.Encode(deliveryJSON(d)); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\ttransaction %d\t%s\t%s\t%s\t%s\n", d.ID, d.CreatedAt.Format(time.DateTime), d.Transaction, d.Order, d.State,
			deliveryStatus(d, time.Now()), d.Last.Code)
	}
	return table.Flush()
}

func deliveryStatus(d developers.Delivery, now time.Time) string {
	tries := fmt.Sprintf("%d tries", d.Attempts)
	if d.Attempts == 1 {
		tries = "1 try"
	}
	switch {
	case d.Status == developers.DeliveryWaiting && d.LeaseUntil.After(now):
		return fmt.Sprintf("being sent, try %d", d.Attempts)
	case d.Status == developers.DeliveryWaiting && d.Attempts > 0:
		return fmt.Sprintf("waiting after %s until %s", tries, d.RunAt.Format(time.DateTime))
	case d.Status == developers.DeliveryGivenUp:
		return "given up after " + tries
	}
	return string(d.Status)
}

func deliveryJSON(d developers.Delivery) map[string]any {
	out := map[string]any{
		"delivery": d.ID, "key": d.Key, "order": d.Order, "transaction": d.Transaction, "state": d.State, "status": d.Status, "attempts": d.Attempts,
		"created_at": d.CreatedAt, "give_up_at": d.GiveUpAt, "next_at": nil, "tried_at": nil, "http_status": d.Last.HTTPStatus,
		"code": d.Last.Code, "excerpt": d.Last.Excerpt,
	}
	if d.Status == developers.DeliveryWaiting {
		out["next_at"] = d.RunAt
	}
	if !d.Last.At.IsZero() {
		out["tried_at"] = d.Last.At
	}
	return out
}

type deliveriesShowCommand struct {
	settings
	Delivery string `required:"" help:"Which one." placeholder:"ID"`
	JSON     bool   `help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (deliveriesShowCommand) Help() string {
	return "Example: pulsa apikeys deliveries show --delivery bcdfghjklmnpqrstvwxz"
}

// Run implements the command.
func (s *deliveriesShowCommand) Run(ctx context.Context, e environ) error {
	_, db, err := s.openDB(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	d, err := db.Webhooks.Delivery(ctx, s.Delivery)
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(e.stdout).Encode(deliveryJSON(d))
	}
	table := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "delivery\t%s\nkey\t%s\ntransaction\t%d\norder\t%s\ntells\t%s\nstatus\t%s\n", d.ID, d.Key, d.Transaction, d.Order, d.State,
		deliveryStatus(d, time.Now()))
	fmt.Fprintf(table, "since\t%s\n", d.CreatedAt.Format(time.DateTime))
	if !d.Last.At.IsZero() {
		fmt.Fprintf(table, "last try\t%s: %s\nanswer\t%s\n", d.Last.At.Format(time.DateTime), d.Last.Code, strings.TrimSpace(d.Last.Excerpt))
	}
	return table.Flush()
}

type deliveriesRepeatCommand struct {
	settings
	deed
	Delivery string `required:"" help:"Which one." placeholder:"ID"`
}

// Help implements kong.HelpProvider.
func (deliveriesRepeatCommand) Help() string {
	return "It goes to the webhook that the key has now, whatever became of it before, and is tried for three days.\n\n" +
		`Example: pulsa apikeys deliveries repeat --delivery bcdfghjklmnpqrstvwxz --reason "their server was down"`
}

// Run implements the command.
func (r *deliveriesRepeatCommand) Run(ctx context.Context, e environ) error {
	by, err := r.by(e)
	if err != nil {
		return err
	}
	_, db, err := r.openDB(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	d, err := db.Webhooks.Delivery(ctx, r.Delivery)
	if err == nil {
		_, err = db.Webhooks.Webhook(ctx, d.Key)
	}
	if errors.Is(err, developers.ErrNoWebhook) {
		err = fmt.Errorf("%w: give it one with pulsa apikeys webhook --key %s --url URL", developers.ErrNoWebhook, d.Key)
	}
	if err != nil {
		return err
	}
	err = db.Webhooks.RepeatDelivery(ctx, r.Delivery, developers.Deed{What: "repeat delivery " + r.Delivery, By: by, At: time.Now()})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "Delivery %s is sent again by the server that runs.\n", r.Delivery)
	return nil
}
