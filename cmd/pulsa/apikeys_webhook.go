package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pulsa/cmd/pulsa/term"
	"pulsa/developers"
	"pulsa/prepaid"
)

type apikeysWebhookCommand struct {
	whichKey
	deed
	URL    string `help:"Where to: an https address; for a test brand also http://127.0.0.1." placeholder:"URL"`
	Remove bool   `help:"Tell this developer no more."`
	JSON   bool   `help:"Print JSON."`
}

// Run implements the command.
func (k *apikeysWebhookCommand) Run(ctx context.Context, e term.Env) error {
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

func (k *apikeysWebhookCommand) print(e term.Env, text string, object map[string]any) error {
	if k.JSON {
		object["key"] = k.Key
		return json.NewEncoder(e.Stdout).Encode(object)
	}
	_, err := fmt.Fprint(e.Stdout, text)
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
	term.Output
}

// Run implements the command.
func (l *deliveriesListCommand) Run(ctx context.Context, e term.Env) error {
	if l.Limit < 1 {
		return wrongFlag("--limit must be positive")
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
	rows := make([]deliveryRow, len(deliveries))
	for i, d := range deliveries {
		rows[i] = newDeliveryRow(d)
	}
	now := time.Now()
	return term.NewTable[deliveryRow](e, l.Output).Columns("delivery", "created_at", "transaction", "order", "state", "status", "code").
		Show("status", func(d deliveryRow) string { return d.progress(now) }).Least("order", "created_at").Print(rows)
}

// deliveryRow is a delivery as it is listed.
type deliveryRow struct {
	Delivery    string                    `json:"delivery"`
	Key         string                    `json:"key"`
	Order       prepaid.OrderID           `json:"order"`
	Transaction int64                     `json:"transaction"`
	State       developers.State          `json:"state"`
	Status      developers.DeliveryStatus `json:"status"`
	Attempts    int                       `json:"attempts"`
	CreatedAt   time.Time                 `json:"created_at"`
	GiveUpAt    time.Time                 `json:"give_up_at"`
	NextAt      *time.Time                `json:"next_at"`
	TriedAt     *time.Time                `json:"tried_at"`
	HTTPStatus  int                       `json:"http_status"`
	Code        string                    `json:"code"`
	Excerpt     string                    `json:"excerpt"`

	leaseUntil time.Time
}

func newDeliveryRow(d developers.Delivery) deliveryRow {
	row := deliveryRow{
		d.ID, d.Key, d.Order, d.Transaction, d.State, d.Status, d.Attempts, d.CreatedAt, d.GiveUpAt, nil, orNil(d.Last.At),
		d.Last.HTTPStatus, d.Last.Code, d.Last.Excerpt, d.LeaseUntil,
	}
	if d.Status == developers.DeliveryWaiting {
		row.NextAt = &d.RunAt
	}
	return row
}

// progress says for people how far a delivery is.
func (d deliveryRow) progress(now time.Time) string {
	tries := fmt.Sprintf("%d tries", d.Attempts)
	if d.Attempts == 1 {
		tries = "1 try"
	}
	switch {
	case d.Status == developers.DeliveryWaiting && d.leaseUntil.After(now):
		return fmt.Sprintf("being sent, try %d", d.Attempts)
	case d.Status == developers.DeliveryWaiting && d.Attempts > 0:
		return fmt.Sprintf("waiting after %s until %s", tries, term.Stamp(*d.NextAt))
	case d.Status == developers.DeliveryGivenUp:
		return "given up after " + tries
	}
	return string(d.Status)
}

type deliveriesShowCommand struct {
	settings
	Delivery string `required:"" help:"Which one." placeholder:"ID"`
	JSON     bool   `help:"Print JSON."`
}

// Run implements the command.
func (s *deliveriesShowCommand) Run(ctx context.Context, e term.Env) error {
	_, db, err := s.openDB(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	d, err := db.Webhooks.Delivery(ctx, s.Delivery)
	if err != nil {
		return err
	}
	now := time.Now()
	return term.NewTable[deliveryRow](e, term.Output{JSON: s.JSON}).
		Columns("delivery", "key", "transaction", "order", "state", "status", "created_at", "tried_at", "code", "excerpt").
		Show("status", func(d deliveryRow) string { return d.progress(now) }).
		Show("excerpt", func(d deliveryRow) string { return strings.TrimSpace(d.Excerpt) }).Record(newDeliveryRow(d))
}

type deliveriesRepeatCommand struct {
	settings
	deed
	Delivery string `required:"" help:"Which one." placeholder:"ID"`
}

// Run implements the command.
func (r *deliveriesRepeatCommand) Run(ctx context.Context, e term.Env) error {
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
	fmt.Fprintf(e.Stdout, "Delivery %s is sent again by the server that runs.\n", r.Delivery)
	return nil
}
