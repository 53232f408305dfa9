package stripe

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"pulsa/payments"
	"pulsa/prepaid"
)

// How long Stripe may take, each call together with what it needs. The callers' own deadlines hold too.
const (
	setupWithin  = 20 * time.Second
	chargeWithin = 80 * time.Second // as Stripe advises; banks are slow
	readWithin   = 30 * time.Second
)

// keyKept is how long an Idempotency-Key is relied upon. Stripe keeps it for a day.
const keyKept = 23 * time.Hour

// Config is what a Gateway is made of. All fields are needed but Stray, BaseURL and HTTP.
type Config struct {
	Credentials
	// ReturnURL is where Stripe's pages send customers when they are done: where ReturnPage is served.
	ReturnURL string
	// Recorded tells what our books hold of a charge: payments.Books.Recorded.
	Recorded func(context.Context, prepaid.ChargeID) (payments.Recorded, error)
	// Stray is given, at least once, each dispute of a payment that Stripe does not show to our key; an error means: later
	// again. nil: nobody is told but the log.
	Stray   func(context.Context, Dispute) error
	BaseURL string       // default: Stripe's own
	HTTP    *http.Client // default: one of its own. Redirects are never followed
	Clock   prepaid.Clock
	Log     *slog.Logger
}

// Credentials are how Stripe knows us, and we know its webhooks.
type Credentials struct {
	// Key is a secret or restricted key: sk_test_…, rk_live_…. A test key charges nobody and serves brands
	// marked test only, a live key all others only.
	Key prepaid.Secret
	// WebhookSecrets are the endpoint's: whsec_…; two while one replaces the other.
	WebhookSecrets []prepaid.Secret
}

// Gateway is Stripe as a payments.Gateway. It keeps nothing of payments; safe for concurrent use.
type Gateway struct {
	c        Config
	live     bool
	backends *api.Backends
	now      atomic.Pointer[account]
	thin     sync.Map // types of thin events that the log has told of
}

// account is what we are let in by.
type account struct {
	api            *api.Client
	webhookSecrets []prepaid.Secret
}

var _ payments.Gateway = (*Gateway)(nil)

// New returns a Gateway. Nothing is asked of Stripe yet.
func New(c Config) (*Gateway, error) {
	live, err := mode(c.Key)
	switch {
	case err != nil:
		return nil, err
	case c.ReturnURL == "":
		return nil, errors.New("stripe: no return URL")
	case c.Recorded == nil:
		return nil, errors.New("stripe: no books to find charges by")
	}
	client := http.Client{}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	// A redirect would repeat the request elsewhere, with its key.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.BaseURL == "" {
		c.BaseURL = api.APIURL
	}
	backends := api.NewBackendsWithConfig(&api.BackendConfig{
		URL: &c.BaseURL, HTTPClient: &client,
		// What is unclear is looked up; the library would sleep without heeding the context.
		MaxNetworkRetries: api.Int64(0),
		EnableTelemetry:   api.Bool(false),
		LeveledLogger:     &api.LeveledLogger{Level: api.LevelNull}, // it would log what Stripe says of customers
	})
	g := &Gateway{c: c, live: live, backends: backends}
	take, err := g.Renew(c.Credentials)
	if err != nil {
		return nil, err
	}
	take()
	return g, nil
}

// Renew prepares other credentials, of the same account at Stripe. With take they hold from the next call on; calls under way end
// with those that they began with. An error is of a key that is malformed, or of the other mode: it would charge test brands'
// customers, or nobody.
func (g *Gateway) Renew(to Credentials) (take func(), err error) {
	switch live, err := mode(to.Key); {
	case err != nil:
		return nil, err
	case live != g.live:
		return nil, errors.New("stripe: a test key can't take the place of a live one, nor a live key that of a test one, before a restart")
	}
	next := &account{api: api.NewClient(to.Key.Reveal(), api.WithBackends(g.backends)), webhookSecrets: to.WebhookSecrets}
	return func() { g.now.Store(next) }, nil
}

// mode tells a live key from a test key.
func mode(key prepaid.Secret) (live bool, err error) {
	kind, rest, _ := strings.Cut(key.Reveal(), "_")
	name, secret, _ := strings.Cut(rest, "_")
	wrong := strings.Trim(secret, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") != ""
	if (kind != "sk" && kind != "rk") || (name != "live" && name != "test") || secret == "" || wrong {
		return false, errors.New("stripe: the key is not of the form sk_live_…, sk_test_…, rk_live_… or rk_test_…")
	}
	return name == "live", nil
}

// serves reports whether the brand's money is of the key's kind.
func (g *Gateway) serves(b *prepaid.Brand) bool { return b != nil && b.Test != g.live }

// Metadata by which Stripe's objects are known to be ours.
const (
	metaSetup     = "setup"
	metaCharge    = "charge"
	metaPart      = "part" // of a refund that is not of all
	metaCustomer  = "customer"
	metaBrand     = "brand"
	metaCancelled = "cancelled"
)

// typeOf is Stripe's word for a method.
func typeOf(m payments.Method) (string, bool) {
	switch m {
	case payments.Card:
		return "card", true
	case payments.SEPA:
		return "sepa_debit", true
	case payments.PayPal:
		return "paypal", true
	}
	return "", false
}
