package developers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// Catalogue is what a brand's network sells.
type Catalogue interface {
	// Operators lists all operators, as the network shows them to our wallet there.
	Operators(ctx context.Context) ([]reloadly.Operator, error)
	// OperatorOf finds the operator of a number; topup.ErrUnknownNumber, topup.ErrNetworkDown.
	OperatorOf(ctx context.Context, m prepaid.MSISDN) (reloadly.Operator, error)
}

// Orders takes orders: a topup.Service.
type Orders interface {
	Placed(ctx context.Context, r topup.Request) (topup.History, error)
	Place(ctx context.Context, r topup.Request) (topup.Order, error)
	Order(ctx context.Context, id prepaid.OrderID) (topup.History, error)
	PIN(ctx context.Context, id prepaid.OrderID) (*topup.PINDetail, error)
}

// Config is what a Service is made of. All fields are needed; whoever only keeps keys can do without Orders, Sales and
// Catalogue.
type Config struct {
	Keys     Keys
	Usage    Usage
	Sales    Sales
	Webhooks Webhooks
	Orders   Orders
	// Catalogue returns what a brand sells; Terms on which terms, false where it has no API. Both may change while the program runs.
	Catalogue func(brand string) Catalogue
	Terms     func(brand string) (Terms, bool)
	Secrets   *prepaid.Keyring // what hashes and signatures are keyed with
	Audience  string           // our own address, as tokens are asked for
	Clock     prepaid.Clock
	Log       *slog.Logger
}

// Service lets developers top up. Safe for concurrent use.
type Service struct {
	c        Config
	seals    seals
	vault    *prepaid.Vault // of webhooks' secrets
	couriers couriers
}

var (
	_ reloadly.Accounts = (*Service)(nil)
	_ reloadly.Airtime  = (*Service)(nil)
)

// isTest reports whether a brand is marked test, so that its webhooks may go anywhere.
func (s *Service) isTest(brand string) bool {
	terms, _ := s.c.Terms(brand)
	return terms.Test
}

// New returns a Service.
func New(c Config) (*Service, error) {
	s, err := newSeals(c.Secrets)
	if err != nil {
		return nil, fmt.Errorf("developers: %w", err)
	}
	vault, err := prepaid.NewVault(c.Secrets, "webhooks' secrets")
	if err != nil {
		return nil, fmt.Errorf("developers: %w", err)
	}
	return &Service{c: c, seals: s, vault: vault, couriers: newCouriers()}, nil
}

// Why a key can't be made.
var (
	ErrNoAPI  = errors.New("the brand has no API: write api: in its configuration")
	ErrNoRate = errors.New("the brand's api.fx has no rate for the currency")
)

// Create makes a key, and returns it with its secret, which nobody can read later. A currency of "" is the brand's.
// ErrNoAPI, ErrNoRate, ErrNameTaken.
func (s *Service) Create(ctx context.Context, k Key, by prepaid.By) (Key, prepaid.Secret, error) {
	terms, ok := s.c.Terms(k.Brand)
	if !ok {
		return k, prepaid.Secret{}, ErrNoAPI
	}
	if k.Balance.Currency == "" {
		k.Balance.Currency = terms.Currency
	}
	if !terms.Sells(k.Balance.Currency) {
		return k, prepaid.Secret{}, ErrNoRate
	}
	secret := prepaid.NewSecret(prepaid.NewToken())
	k.ID, k.CreatedAt = prepaid.NewID[string](), s.c.Clock.Now()
	k.ChangedAt, k.SecretHash = k.CreatedAt, s.seals.hash(k.ID, secret)
	err := s.c.Keys.CreateKey(ctx, k, keyDeed(k.ID, "create", by, k.CreatedAt))
	return k, secret, err
}

// keyDeed is a deed on a key. The store adds the key's brand.
func keyDeed(id, what string, by prepaid.By, now time.Time) prepaid.Deed {
	return prepaid.Deed{What: what, Kind: prepaid.OnKey, Object: id, By: by, At: now}
}

// Revoke ends a key for good, and every token of it at once. What its account holds stays, and orders under way go on.
func (s *Service) Revoke(ctx context.Context, id string, by prepaid.By) error {
	return s.c.Keys.RevokeKey(ctx, keyDeed(id, "revoke", by, s.c.Clock.Now()))
}

// Suspend keeps a key from buying until it is resumed. Its tokens go on reading, and what was debited is still delivered.
func (s *Service) Suspend(ctx context.Context, id string, by prepaid.By) error {
	return s.c.Keys.SuspendKey(ctx, keyDeed(id, "suspend", by, s.c.Clock.Now()))
}

// Resume lets a suspended key buy again.
func (s *Service) Resume(ctx context.Context, id string, by prepaid.By) error {
	return s.c.Keys.ResumeKey(ctx, keyDeed(id, "resume", by, s.c.Clock.Now()))
}

// Credit books money that a developer has paid in advance, or with a negative amount got back, and returns the balance.
// The reference, if there is one, is the payment's: it is booked once. ErrNoKey, ErrBooked, ErrCurrency, ErrRevoked,
// topup.ErrNoFunds.
func (s *Service) Credit(ctx context.Context, id string, amount prepaid.Money, reference string, by prepaid.By) (prepaid.Money, error) {
	what := "credit " + amount.String()
	if reference != "" {
		what += ", " + reference
	}
	return s.c.Keys.CreditKey(ctx, amount, reference, keyDeed(id, what, by, s.c.Clock.Now()))
}

// key is who calls, by a token that we have signed: a *reloadly.Error for one whom we do not have (any more), who is
// revoked, or whose brand sells by the API no more.
func (s *Service) key(ctx context.Context, id string) (Key, Terms, error) {
	k, err := s.c.Keys.Key(ctx, id)
	terms, sells := s.c.Terms(k.Brand)
	switch {
	case errors.Is(err, ErrNoKey):
		err = reloadly.RefuseCode("ACCOUNT_NOT_FOUND")
	case err == nil && (k.Revoked() || !sells):
		err = reloadly.RefuseCode("INVALID_TOKEN")
	}
	return k, terms, err
}

// tokenLife is how long a token is good.
const tokenLife = 24 * time.Hour

// audiences are those that Reloadly's own clients ask for.
func audiences() []string {
	return []string{reloadly.LiveURL, reloadly.SandboxURL, "https://topups-hs256.reloadly.com", "https://topups-hs256-sandbox.reloadly.com"}
}

// Token implements reloadly.Accounts.
func (s *Service) Token(ctx context.Context, clientID string, secret prepaid.Secret, audience string) (reloadly.Token, error) {
	k, _, err := s.key(ctx, clientID)
	var unknown *reloadly.Error
	switch {
	case errors.As(err, &unknown), err == nil && !s.seals.fits(k.SecretHash, k.ID, secret):
		return reloadly.Token{}, reloadly.RefuseCode("INVALID_CREDENTIALS") // which of them is nobody's to know
	case err != nil:
		return reloadly.Token{}, err
	case !s.isOurs(audience):
		return reloadly.Token{}, reloadly.RefuseCode("INVALID_AUDIENCE")
	}
	return reloadly.Token{
		AccessToken: s.seals.token(k.ID, s.c.Clock.Now().Add(tokenLife)), Scope: ScopeText(k.Scopes),
		ExpiresIn: reloadly.ID(tokenLife / time.Second), TokenType: "Bearer",
	}, nil
}

func (s *Service) isOurs(audience string) bool {
	audience = strings.TrimRight(audience, "/")
	for _, ours := range append(audiences(), s.c.Audience) {
		if audience == ours {
			return true
		}
	}
	return false
}

// Account implements reloadly.Accounts. It counts the request: above the limit RATE_LIMIT_REACHED.
func (s *Service) Account(ctx context.Context, token string) (reloadly.Caller, error) {
	id, expiry, ok := s.seals.open(token)
	if !ok {
		return reloadly.Caller{}, reloadly.RefuseCode("INVALID_TOKEN")
	}
	now := s.c.Clock.Now()
	if !now.Before(expiry) {
		return reloadly.Caller{}, reloadly.RefuseCode("TOKEN_EXPIRED")
	}
	k, terms, err := s.key(ctx, id)
	if err != nil {
		return reloadly.Caller{}, err
	}
	started := now.Truncate(time.Minute)
	count, err := s.c.Usage.CountRequest(ctx, k.ID, started)
	if err != nil {
		return reloadly.Caller{}, err
	}
	header := reloadly.RateLimit(terms.PerMinute, terms.PerMinute-count, started.Add(time.Minute))
	if count > terms.PerMinute {
		refused := reloadly.RefuseCode("RATE_LIMIT_REACHED")
		refused.Header = header.Clone()
		refused.Header.Set("Retry-After", strconv.Itoa(int(started.Add(time.Minute).Sub(now)/time.Second)+1))
		return reloadly.Caller{}, refused
	}
	return reloadly.Caller{Account: k.ID, Scopes: k.Scopes, Header: header}, nil
}

// Balance implements reloadly.Accounts.
func (s *Service) Balance(ctx context.Context, account string) (reloadly.Balance, error) {
	k, err := s.c.Keys.Key(ctx, account)
	if err != nil {
		return reloadly.Balance{}, err
	}
	code := reloadly.Text(k.Balance.Currency)
	return reloadly.Balance{
		Balance: reloadly.NumberOf(k.Balance), CurrencyCode: code, CurrencyName: reloadly.CurrencyName(code), UpdatedAt: wireTime(k.ChangedAt),
	}, nil
}

func wireTime(t time.Time) reloadly.Text { return reloadly.Text(t.UTC().Format(time.DateTime)) }
