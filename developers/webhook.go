package developers

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// Webhook is where a key's developer is told how its top-ups have ended.
type Webhook struct {
	Key       string
	URL       string
	Secret    []byte // what deliveries are signed with, sealed
	CreatedAt time.Time
}

// DeliveryStatus is how far the news of one end of one order has come.
type DeliveryStatus string

// The statuses.
const (
	DeliveryWaiting DeliveryStatus = "waiting"
	DeliveryTaken   DeliveryStatus = "taken"    // answered 2xx
	DeliveryGivenUp DeliveryStatus = "given_up" // three days without that, or there is no webhook any more
)

// State is how a top-up stands, as the API tells it.
type State = reloadly.State

// Delivery is the news of one end of one order. It is written in the transaction that ends the order, where the key
// has a webhook then, and goes to the webhook that the key has when it is sent.
type Delivery struct {
	ID          string
	Key         string
	Order       prepaid.OrderID
	Transaction int64 // what the API calls the order
	State       State // what it tells
	Status      DeliveryStatus
	Attempts    int
	RunAt       time.Time // when it is sent next
	LeaseUntil  time.Time // until then somebody may be sending it
	GiveUpAt    time.Time // what fails from then on is not sent again
	CreatedAt   time.Time
	Last        DeliveryTry
}

// DeliveryTry is what came of sending; zero where nothing was sent yet.
type DeliveryTry struct {
	At         time.Time
	HTTPStatus int    // 0: no answer
	Code       string // "taken", or why not
	Excerpt    string // of the answer, with digits masked
}

// Webhooks keeps webhooks and deliveries. Each method is one transaction.
type Webhooks interface {
	// SetWebhook stores a key's webhook in the place of the one that it had, or with no URL removes that; with the deed.
	// ErrNoKey.
	SetWebhook(ctx context.Context, w Webhook, d prepaid.Deed) error
	// Webhook returns a key's webhook; ErrNoWebhook.
	Webhook(ctx context.Context, key string) (Webhook, error)
	// ClaimDelivery leases one that is due, and counts the attempt; false where there is none. Of a key only one is
	// leased at a time, and what was never tried comes first, so that receivers that are down keep nobody else waiting.
	ClaimDelivery(ctx context.Context, now, until time.Time) (Delivery, bool, error)
	// EndDelivery writes what came of an attempt; one that is waiting still is sent next at d.RunAt. Where it was taken,
	// those of its key that had not reached the receiver are due at once.
	EndDelivery(ctx context.Context, d Delivery) error
	// NextDelivery tells when the next is due, or its lease lapses, whichever is later; zero for none.
	NextDelivery(ctx context.Context) (time.Time, error)
}

// Why there is nothing to be done about a webhook.
var (
	ErrNoWebhook  = errors.New("the key has no webhook")
	ErrNoDelivery = errors.New("no such delivery")
)

const maxURL = 2000

// SetWebhook gives a key a webhook, and returns the secret that its deliveries are signed with, which nobody can read
// later. An address that is refused is an error that says what is wrong. ErrNoKey, ErrRevoked.
func (s *Service) SetWebhook(ctx context.Context, key, address string, by prepaid.By) (prepaid.Secret, error) {
	k, err := s.c.Keys.Key(ctx, key)
	if err == nil && k.Revoked() {
		err = ErrRevoked
	}
	if err == nil {
		err = checkURL(address, s.isTest(k.Brand))
	}
	if err != nil {
		return prepaid.Secret{}, err
	}
	secret := prepaid.NewSecret(prepaid.NewToken())
	now := s.c.Clock.Now()
	w := Webhook{Key: k.ID, URL: address, Secret: s.vault.Seal([]byte(secret.Reveal()), k.ID), CreatedAt: now}
	return secret, s.c.Webhooks.SetWebhook(ctx, w, keyDeed(k.ID, "set webhook", by, now))
}

// RemoveWebhook takes a key's webhook away: what was not delivered by then never is. ErrNoKey.
func (s *Service) RemoveWebhook(ctx context.Context, key string, by prepaid.By) error {
	return s.c.Webhooks.SetWebhook(ctx, Webhook{Key: key}, keyDeed(key, "remove webhook", by, s.c.Clock.Now()))
}

// checkURL refuses what a webhook can't be sent to. Only a test brand's may go to this machine, and then by http too.
func checkURL(text string, test bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxURL || u.Hostname() == "":
		return errors.New("write an address such as https://shop.example/pulsa")
	case u.User != nil:
		return errors.New("write the address without a user or password: deliveries are signed")
	case u.Fragment != "":
		return errors.New("write the address without #")
	case u.Scheme == "http" && !test:
		return errors.New("write an https address: only test brands may use http")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return errors.New("write an https address, or one of this machine, such as http://127.0.0.1:9000/")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s is no https address", u.Scheme)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !test && !isPublic(ip) {
		return errors.New("the address is a private one")
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// EndState is the state that an order's status ends a top-up with; "" where it is not at an end.
func EndState(status topup.Status) State {
	if state := stateOf(status); state != reloadly.Processing {
		return state
	}
	return ""
}
