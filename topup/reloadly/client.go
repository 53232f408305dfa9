package reloadly

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Where Reloadly is.
const (
	LiveURL    = "https://topups.reloadly.com"
	SandboxURL = "https://topups-sandbox.reloadly.com"
	AuthURL    = "https://auth.reloadly.com/oauth/token"
)

// topupWithin is how long a top-up may take: on a failing operator Reloadly has been seen to hold one for 52 s.
const topupWithin = 90 * time.Second

// Credentials are how Reloadly knows us, and we know its webhooks.
type Credentials struct {
	ClientID      string
	ClientSecret  prepaid.Secret
	WebhookSecret prepaid.Secret // of the dashboard; empty: every webhook is refused
}

// Config is what a Client is made of. Where there is no default, the field is needed.
type Config struct {
	Credentials
	BaseURL  string // default: LiveURL
	AuthURL  string // of the tokens; default: AuthURL
	Audience string // default: BaseURL
	// Async asks for top-ups by /topups-async, and polls for what they came to.
	Async bool
	// PINs says that whoever calls Credit hands Result.PIN on to the customer. Otherwise numbers of operators whose credit
	// is a PIN to be typed are refused, before anything is bought.
	PINs        bool
	TopupWithin time.Duration // how long a top-up may take; default 90 s
	HTTP        *http.Client  // default: one of its own. Redirects are never followed
	Clock       prepaid.Clock
	Log         *slog.Logger
}

// Client is Reloadly as a mobile network. Safe for concurrent use. Requests under one reference are never
// sent at the same time: while one is under way, another is answered Unknown.
type Client struct {
	c         Config
	http      *http.Client
	access    atomic.Pointer[access]
	numbers   *cache[prepaid.MSISDN, Operator]
	countries *cache[string, []Operator]
	operators *cache[ID, Operator]

	mu       sync.Mutex
	inFlight map[string]bool // references
}

var _ topup.Network = (*Client)(nil)

// New returns a Client. Nothing is asked of Reloadly yet.
func New(c Config) *Client {
	set(&c.BaseURL, LiveURL)
	set(&c.AuthURL, AuthURL)
	set(&c.Audience, c.BaseURL)
	set(&c.TopupWithin, topupWithin)
	client := http.Client{Transport: transport()}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	// A redirect would repeat the request elsewhere, with its token.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	made := &Client{
		c: c, http: &client, inFlight: map[string]bool{},
		numbers: newCache[prepaid.MSISDN, Operator](c.Clock), countries: newCache[string, []Operator](c.Clock),
		operators: newCache[ID, Operator](c.Clock),
	}
	made.access.Store(&access{Credentials: c.Credentials, turn: make(chan struct{}, 1)})
	return made
}

// transport keeps as many connections as top-ups may be under way: the standard one closes all but two.
func transport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := standard.Clone()
	own.MaxIdleConnsPerHost = 64
	return own
}

func set[T comparable](field *T, standard T) {
	var none T
	if *field == none {
		*field = standard
	}
}

// Recognise implements topup.Network: Reloadly tells which operator has the number.
func (c *Client) Recognise(ctx context.Context, m prepaid.MSISDN) error {
	o, err := c.OperatorOf(ctx, m)
	if err == nil && o.PIN && !c.c.PINs {
		return topup.ErrUnknownNumber
	}
	return err
}

// Credit implements topup.Network. The top-up is asked for once. Whatever does not come to a delivery is then
// held against the record under the reference, which an earlier request may have used: what was bought is
// never taken for failed.
func (c *Client) Credit(ctx context.Context, r topup.Credit) topup.Result {
	if !c.begin(r.Reference) {
		return topup.Result{Outcome: topup.Unknown, Code: codeInFlight}
	}
	defer c.end(r.Reference)
	result := c.order(ctx, r)
	if result.Outcome == topup.Done || result.Outcome == topup.Pending || result.Code == codeNotSent || ctx.Err() != nil {
		return result
	}
	found := c.LookUp(ctx, r.Reference)
	switch found.Outcome {
	case topup.Done, topup.Pending, topup.Refused: // a reference is used up even by what was not delivered
		if found.Outcome == result.Outcome {
			found.Code = result.Code // the answer says more than the record
		}
		return found
	case topup.Unknown:
		if result.Outcome == topup.Refused {
			result.Outcome = topup.Unknown // a refund follows a refusal: it waits until the record can be read
		}
	}
	return result
}

func (c *Client) begin(reference string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inFlight[reference] {
		return false
	}
	c.inFlight[reference] = true
	return true
}

func (c *Client) end(reference string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.inFlight, reference)
}

// Balance reads our wallet.
func (c *Client) Balance(ctx context.Context) (prepaid.Money, error) {
	var b Balance
	if err := c.get(ctx, "/accounts/balance", &b); err != nil {
		return prepaid.Money{}, fmt.Errorf("read reloadly balance: %w", err)
	}
	m, ok := b.Balance.Money(prepaid.Currency(b.CurrencyCode))
	if !ok {
		return prepaid.Money{}, errors.New("read reloadly balance: no amount in the answer")
	}
	return m, nil
}
