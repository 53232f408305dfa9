package developers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// Key is what one developer program calls the API with, and its prepaid account.
type Key struct {
	ID         string // the client id
	Brand      string
	Name       string           // what operators call it, one live key of a brand has it
	Scopes     []reloadly.Scope // what its tokens allow
	SecretHash string           // keyed
	Balance    prepaid.Money
	ChangedAt  time.Time // when the balance last changed
	CreatedAt  time.Time
	RevokedAt  time.Time // zero: it is good
	LastUsedAt time.Time // to the minute; zero: never

	SuspendedAt time.Time // since when it reads and buys nothing; zero: it is not suspended
}

// Revoked reports whether the key opens nothing any more.
func (k Key) Revoked() bool { return !k.RevokedAt.IsZero() }

// Suspended reports whether the key may read and not buy.
func (k Key) Suspended() bool { return !k.SuspendedAt.IsZero() }

// Why something can't be done to a key.
var (
	ErrNoKey        = errors.New("no such key")
	ErrNameTaken    = errors.New("another key of the brand has this name")
	ErrRevoked      = errors.New("the key is revoked")
	ErrSuspended    = errors.New("the key is suspended already")
	ErrNotSuspended = errors.New("the key is not suspended")
	ErrCurrency     = errors.New("the account has another currency")
	ErrBooked       = errors.New("this reference is booked already")
)

// Keys keeps keys. Each method is one transaction, with its deed.
type Keys interface {
	// CreateKey stores a new key without money; ErrNameTaken.
	CreateKey(ctx context.Context, k Key, d prepaid.Deed) error
	// Key returns a key; ErrNoKey.
	Key(ctx context.Context, id string) (Key, error)
	// RevokeKey ends a key for good; ErrNoKey, ErrRevoked.
	RevokeKey(ctx context.Context, d prepaid.Deed) error
	// SuspendKey keeps a key from buying; ErrNoKey, ErrRevoked, ErrSuspended.
	SuspendKey(ctx context.Context, d prepaid.Deed) error
	// ResumeKey lets it buy again; ErrNoKey, ErrRevoked, ErrNotSuspended.
	ResumeKey(ctx context.Context, d prepaid.Deed) error
	// CreditKey books money paid in advance, or with a negative amount paid back, and returns the balance after it. A
	// reference that is not empty is booked once a key. ErrNoKey, ErrBooked, ErrCurrency; ErrRevoked for money paid in
	// advance, topup.ErrNoFunds where there is less to pay back.
	CreditKey(ctx context.Context, amount prepaid.Money, reference string, d prepaid.Deed) (prepaid.Money, error)
}

// Usage counts requests.
type Usage interface {
	// CountRequest counts a request of a key in the window that began at started, and returns how many it has had there.
	CountRequest(ctx context.Context, key string, started time.Time) (int, error)
}

// Filter narrows a list of sales.
type Filter = reloadly.Filter

// Sales reads what developers have bought.
type Sales interface {
	// Sales returns the page of a key's orders that fit, oldest first, without their attempts, and how many fit in all.
	Sales(ctx context.Context, key string, f Filter) (page []topup.History, total int, err error)
	// ForgetPINs drops the PINs of developers' orders that were delivered before then, and returns how many.
	ForgetPINs(ctx context.Context, before time.Time) (int, error)
}

// ParseScopes reads scopes separated by blanks or commas; "" is all of them. known is false where there is another.
func ParseScopes(text string) (scopes []reloadly.Scope, known bool) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		scope := reloadly.Scope(word)
		if scope != reloadly.ScopeAll && !slices.Contains(reloadly.Scopes(), scope) {
			return nil, false
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 || slices.Contains(scopes, reloadly.ScopeAll) {
		scopes = reloadly.Scopes()
	}
	return scopes, true
}

// ScopeText is the scopes as ParseScopes reads them and tokens show them.
func ScopeText(scopes []reloadly.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}
