package operators

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/developers"
	"pulsa/prepaid"
)

// WebhookStore keeps developers' webhooks and the deliveries to them. A key without a webhook is developers.ErrNoWebhook, a
// delivery that does not exist developers.ErrNoDelivery.
type WebhookStore interface {
	Webhook(ctx context.Context, key string) (developers.Webhook, error)
	// Deliveries lists the newest n deliveries of a key, newest first; status "" means any.
	Deliveries(ctx context.Context, key string, status developers.DeliveryStatus, n int) ([]developers.Delivery, error)
	Delivery(ctx context.Context, id string) (developers.Delivery, error)
	// RepeatDelivery schedules a delivery again for now, whatever its status. It sets the deed's key.
	RepeatDelivery(ctx context.Context, id string, d prepaid.Deed) error
}

// WebhookRow is a key's webhook: where its developer is told how top-ups ended.
type WebhookRow struct {
	CreatedAt time.Time `json:"created_at"`
	Key       string    `json:"key"`
	URL       string    `json:"url"`
}

// Text describes it for people.
func (w WebhookRow) Text() string { return w.URL + " since " + w.CreatedAt.Format(time.DateTime) }

// NoWebhook is a key whose webhook was removed.
type NoWebhook struct {
	Key string  `json:"key"`
	URL *string `json:"url"` // nil
}

// Text describes it for people.
func (n NoWebhook) Text() string { return "Key " + n.Key + " has no webhook any more." }

// Webhook returns a key's webhook; developers.ErrNoWebhook.
func (a APIKeys) Webhook(ctx context.Context, key string) (WebhookRow, error) {
	w, err := a.Webhooks.Webhook(ctx, key)
	if errors.Is(err, developers.ErrNoWebhook) {
		err = developers.ErrNoWebhook // without the store's wrapping
	}
	return WebhookRow{w.CreatedAt, key, w.URL}, err
}

// SetWebhook gives a key a webhook. It returns the secret that deliveries are signed with, which can't be read again. Errors:
// *FieldError for an address that is refused, developers.ErrNoKey, developers.ErrRevoked.
func (a APIKeys) SetWebhook(ctx context.Context, key, address string, by prepaid.By) (prepaid.Secret, error) {
	if err := needsReason(by); err != nil {
		return prepaid.Secret{}, err
	}
	secret, err := a.Service.SetWebhook(ctx, key, address, by)
	if err != nil && !errors.Is(err, developers.ErrNoKey) && !errors.Is(err, developers.ErrRevoked) {
		err = &FieldError{Field: "url", Err: err}
	}
	return secret, err
}

// RemoveWebhook removes a key's webhook. What is undelivered then is never delivered. Errors: developers.ErrNoKey.
func (a APIKeys) RemoveWebhook(ctx context.Context, key string, by prepaid.By) (NoWebhook, error) {
	if err := needsReason(by); err != nil {
		return NoWebhook{}, err
	}
	return NoWebhook{Key: key}, a.Service.RemoveWebhook(ctx, key, by)
}

// DeliveryRow is a delivery as it is listed.
type DeliveryRow struct {
	Delivery    string                    `json:"delivery"`
	Key         string                    `json:"key"`
	Order       prepaid.OrderID           `json:"order"`
	Transaction int64                     `json:"transaction"` // what the API calls the order
	State       developers.State          `json:"state"`       // the state reported
	Status      developers.DeliveryStatus `json:"status"`
	Attempts    int                       `json:"attempts"`
	CreatedAt   time.Time                 `json:"created_at"`
	GiveUpAt    time.Time                 `json:"give_up_at"`
	NextAt      *time.Time                `json:"next_at"`  // nil: it does not wait
	TriedAt     *time.Time                `json:"tried_at"` // nil: never
	HTTPStatus  int                       `json:"http_status"`
	Code        string                    `json:"code"`
	Excerpt     string                    `json:"excerpt"` // of the answer, with digits masked

	progress string
}

func newDeliveryRow(d developers.Delivery, now time.Time) DeliveryRow {
	row := DeliveryRow{
		d.ID, d.Key, d.Order, d.Transaction, d.State, d.Status, d.Attempts, d.CreatedAt, d.GiveUpAt, nil, orNil(d.Last.At),
		d.Last.HTTPStatus, d.Last.Code, d.Last.Excerpt, progress(d, now),
	}
	if d.Status == developers.DeliveryWaiting {
		row.NextAt = &d.RunAt
	}
	return row
}

// Cells are what people see of the row.
func (d DeliveryRow) Cells() [][2]string {
	return [][2]string{
		{"delivery", d.Delivery}, {"created_at", stamp(d.CreatedAt)}, {"transaction", fmt.Sprint(d.Transaction)}, {"order", d.Order.Grouped()},
		{"state", string(d.State)}, {"status", d.Progress()}, {"code", d.Code},
	}
}

// Facts are what people see of the delivery alone.
func (d DeliveryRow) Facts() [][]string {
	tried := ""
	if d.TriedAt != nil {
		tried = stamp(*d.TriedAt)
	}
	return [][]string{
		{"delivery", d.Delivery}, {"key", d.Key}, {"transaction", fmt.Sprint(d.Transaction)}, {"order", d.Order.Grouped()}, {"state", string(d.State)},
		{"status", d.Progress()}, {"created at", stamp(d.CreatedAt)}, {"tried at", tried}, {"code", d.Code}, {"excerpt", d.Excerpt},
	}
}

// Progress describes the delivery's progress for people: "waiting after 2 tries until 2026-11-21T11:00:00Z".
func (d DeliveryRow) Progress() string { return d.progress }

func progress(d developers.Delivery, now time.Time) string {
	tries := fmt.Sprintf("%d tries", d.Attempts)
	if d.Attempts == 1 {
		tries = "1 try"
	}
	switch {
	case d.Status == developers.DeliveryWaiting && d.LeaseUntil.After(now):
		return fmt.Sprintf("being sent, try %d", d.Attempts)
	case d.Status == developers.DeliveryWaiting && d.Attempts > 0:
		return fmt.Sprintf("waiting after %s until %s", tries, stamp(d.RunAt))
	case d.Status == developers.DeliveryGivenUp:
		return "given up after " + tries
	}
	return string(d.Status)
}

// Deliveries lists the newest deliveries of a key, up to limit, newest first; status "" means any. Errors: developers.ErrNoKey,
// *FieldError for the limit.
func (a APIKeys) Deliveries(ctx context.Context, key string, status developers.DeliveryStatus, limit int) ([]DeliveryRow, error) {
	if err := positiveLimit(limit); err != nil {
		return nil, err
	}
	if _, err := a.Keys.Key(ctx, key); err != nil {
		return nil, err
	}
	deliveries, err := a.Webhooks.Deliveries(ctx, key, status, limit)
	if err != nil {
		return nil, err
	}
	rows, now := make([]DeliveryRow, len(deliveries)), a.Clock.Now()
	for i, d := range deliveries {
		rows[i] = newDeliveryRow(d, now)
	}
	return rows, nil
}

// Delivery returns a delivery. Errors: developers.ErrNoDelivery.
func (a APIKeys) Delivery(ctx context.Context, id string) (DeliveryRow, error) {
	d, err := a.Webhooks.Delivery(ctx, id)
	if err != nil {
		return DeliveryRow{}, err
	}
	return newDeliveryRow(d, a.Clock.Now()), nil
}

// RepeatDelivery schedules a delivery again for now, to the webhook that its key has now, and retries it for as long as a new one.
// Errors: developers.ErrNoDelivery, developers.ErrNoWebhook.
func (a APIKeys) RepeatDelivery(ctx context.Context, id string, by prepaid.By) (Done, error) {
	if err := needsReason(by); err != nil {
		return "", err
	}
	d, err := a.Delivery(ctx, id)
	if err != nil {
		return "", err
	}
	if _, err := a.Webhook(ctx, d.Key); err != nil {
		return "", err
	}
	return Done("Delivery " + id + " is sent again by the server that runs."), a.Webhooks.RepeatDelivery(ctx, id, prepaid.Deed{What: "repeat delivery " + id, Kind: prepaid.OnKey, By: by, At: a.Clock.Now()})
}
