package operators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
)

// How long texts may be, in bytes.
const (
	maxKeyName   = 60
	maxReference = 100 // of a payment
)

// KeyReader reads developers' keys. A key that does not exist is developers.ErrNoKey.
type KeyReader interface {
	Key(ctx context.Context, id string) (developers.Key, error)
	// Keys lists the keys of a brand, or of all brands (""), oldest first.
	Keys(ctx context.Context, brand string) ([]developers.Key, error)
}

// APIKeys holds the operations on developers' keys, their webhooks and the deliveries to these. Reading and repeating a delivery
// need no Service; everything else does. A change without a reason is ErrNoReason. Safe for concurrent use.
type APIKeys struct {
	Keys     KeyReader
	Deeds    DeedReader
	Webhooks WebhookStore
	Service  *developers.Service
	Clock    prepaid.Clock
	Brands   *prepaid.Brands
	Terms    func(brand string) (developers.Terms, bool) // false where the brand has no API
}

// KeyRow is a key as it is listed.
type KeyRow struct {
	Key         string     `json:"key"` // the client id
	Brand       string     `json:"brand"`
	Name        string     `json:"name"`
	Scopes      string     `json:"scopes"`
	Balance     string     `json:"balance"`
	Currency    string     `json:"currency"`
	CreatedAt   time.Time  `json:"created_at"`
	LastUsedAt  *time.Time `json:"last_used_at"` // to the minute; nil: never
	Revoked     bool       `json:"revoked"`
	RevokedAt   *time.Time `json:"revoked_at"`
	Suspended   bool       `json:"suspended"`
	SuspendedAt *time.Time `json:"suspended_at"`
}

func newKeyRow(k developers.Key) KeyRow {
	return KeyRow{
		k.ID, k.Brand, k.Name, developers.ScopeText(k.Scopes), k.Balance.Number(), string(k.Balance.Currency), k.CreatedAt,
		orNil(k.LastUsedAt), k.Revoked(), orNil(k.RevokedAt), k.Suspended(), orNil(k.SuspendedAt),
	}
}

// orNil returns nil for the zero time, so that JSON has null.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// State says for people whether the key works, and since when.
func (k KeyRow) State() string {
	switch {
	case k.Revoked:
		return "revoked " + stamp(*k.RevokedAt)
	case k.Suspended:
		return "suspended " + stamp(*k.SuspendedAt)
	case k.LastUsedAt == nil:
		return "never used"
	}
	return "last used " + stamp(*k.LastUsedAt)
}

// Cells are what people see of the row.
func (k KeyRow) Cells() [][2]string {
	return [][2]string{{"key", k.Key}, {"brand", k.Brand}, {"name", k.Name}, {"balance", k.money()}, {"state", k.State()}}
}

func (k KeyRow) money() string { return k.Currency + " " + k.Balance }

// KeyDetail is a key as it is shown alone.
type KeyDetail struct {
	KeyRow
	ByHand    []DeedRow `json:"by_hand"`
	ChangedAt time.Time `json:"-"` // when the balance last changed
}

// Facts are what people see of the key alone.
func (k KeyDetail) Facts() [][]string {
	f := facts{
		{"key", k.Key}, {"brand", k.Brand}, {"name", k.Name}, {"scopes", k.Scopes}, {"balance", k.money() + " since " + stamp(k.ChangedAt)},
		{"state", k.State()},
	}
	for _, d := range k.ByHand {
		f.add("by hand", d.At.Format(time.DateTime)+" by "+d.Who, d.What, d.Why)
	}
	return f
}

// List lists the keys of a brand, or of all brands (""), oldest first.
func (a APIKeys) List(ctx context.Context, brand string) ([]KeyRow, error) {
	keys, err := a.Keys.Keys(ctx, brand)
	if err != nil {
		return nil, err
	}
	rows := make([]KeyRow, len(keys))
	for i, key := range keys {
		rows[i] = newKeyRow(key)
	}
	return rows, nil
}

// Show returns a key, and what operators have done to it. Errors: developers.ErrNoKey.
func (a APIKeys) Show(ctx context.Context, id string) (KeyDetail, error) {
	key, err := a.Keys.Key(ctx, id)
	if err != nil {
		return KeyDetail{}, err
	}
	deeds, err := a.Deeds.Of(ctx, Object{key.Brand, prepaid.OnKey, id})
	if err != nil {
		return KeyDetail{}, err
	}
	return KeyDetail{newKeyRow(key), deedRows(deeds), key.ChangedAt}, nil
}

// NewKey describes a key to create.
type NewKey struct {
	Brand    string
	Name     string // up to 60 bytes on one line
	Scopes   string // separated by blanks or commas; "" means all
	Currency string // of the account; "" is the brand's
}

// Create makes a key and returns it with its secret, which can't be read again. It needs no reason. Errors: *FieldError for name,
// scopes, brand (wraps developers.ErrNoAPI) or currency (wraps developers.ErrNoRate); developers.ErrNameTaken.
func (a APIKeys) Create(ctx context.Context, n NewKey, by prepaid.By) (KeyRow, prepaid.Secret, error) {
	scopes, known := developers.ParseScopes(n.Scopes)
	if !known {
		all, _ := developers.ParseScopes("")
		return KeyRow{}, prepaid.Secret{}, &FieldError{Field: "scopes", Value: n.Scopes, Err: fmt.Errorf("known are %s", developers.ScopeText(all))}
	}
	name := strings.TrimSpace(n.Name)
	if name == "" || !oneLine(name, maxKeyName) {
		return KeyRow{}, prepaid.Secret{}, &FieldError{Field: "name", Err: fmt.Errorf("write up to %d characters on one line", maxKeyName)}
	}
	by.Why = cmp.Or(by.Why, "new key")
	key, secret, err := a.Service.Create(ctx, developers.Key{
		Brand: n.Brand, Name: name, Scopes: scopes, Balance: prepaid.Money{Currency: prepaid.Currency(strings.ToUpper(n.Currency))},
	}, by)
	switch {
	case errors.Is(err, developers.ErrNoAPI):
		err = &FieldError{Field: "brand", Value: n.Brand, Err: developers.ErrNoAPI, Known: a.sellers()}
	case errors.Is(err, developers.ErrNoRate):
		terms, _ := a.Terms(n.Brand)
		err = &FieldError{Field: "currency", Value: n.Currency, Err: fmt.Errorf("%w; it has %v", developers.ErrNoRate, terms.Currencies())}
	case errors.Is(err, developers.ErrNameTaken):
		err = &FieldError{Field: "name", Value: n.Name, Err: developers.ErrNameTaken}
	}
	return newKeyRow(key), secret, err
}

// sellers lists the brands that have an API.
func (a APIKeys) sellers() []string {
	var names []string
	for _, b := range a.Brands.All() {
		if _, sells := a.Terms(b.Name); sells {
			names = append(names, b.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Revoke ends a key for good, and its tokens at once. Errors: developers.ErrNoKey, developers.ErrRevoked.
func (a APIKeys) Revoke(ctx context.Context, id string, by prepaid.By) (Done, error) {
	if err := needsReason(by); err != nil {
		return "", err
	}
	return Done("Key " + id + " is revoked."), a.Service.Revoke(ctx, id, by)
}

// Suspend stops a key from buying; it can still read. Errors: developers.ErrNoKey, developers.ErrRevoked, developers.ErrSuspended.
func (a APIKeys) Suspend(ctx context.Context, id string, by prepaid.By) (Done, error) {
	if err := needsReason(by); err != nil {
		return "", err
	}
	return Done("Key " + id + " is suspended."), a.Service.Suspend(ctx, id, by)
}

// Resume lets a suspended key buy again. Errors: developers.ErrNoKey, developers.ErrRevoked, developers.ErrNotSuspended.
func (a APIKeys) Resume(ctx context.Context, id string, by prepaid.By) (Done, error) {
	if err := needsReason(by); err != nil {
		return "", err
	}
	return Done("Key " + id + " may buy again."), a.Service.Resume(ctx, id, by)
}

// KeyCredit describes a prepayment by a developer, or its repayment, to be booked.
type KeyCredit struct {
	Key       string
	Amount    string // in the account's currency: "100", "99.50"; "-20" pays back
	Reference string // of the payment, up to 100 bytes on one line; each is booked once. It may be empty
}

// Credited is what was booked, and the account's balance after it.
type Credited struct {
	Balance  string `json:"balance"`
	Credited string `json:"credited"`
	Currency string `json:"currency"`
	Key      string `json:"key"`
}

// Text describes it for people.
func (c Credited) Text() string {
	return fmt.Sprintf("%s %s booked, the balance is %s %s.", c.Currency, c.Credited, c.Currency, c.Balance)
}

// ShortError says that an account holds less than the repayment asked for. It matches topup.ErrNoFunds.
type ShortError struct{ Balance prepaid.Money }

func (e *ShortError) Error() string { return fmt.Sprintf("the account holds %s only", e.Balance) }

func (e *ShortError) Unwrap() error { return topup.ErrNoFunds }

// Credit books a prepayment or a repayment. Errors: *FieldError for amount or reference, developers.ErrNoKey,
// developers.ErrBooked, developers.ErrRevoked for a prepayment, *ShortError.
func (a APIKeys) Credit(ctx context.Context, c KeyCredit, by prepaid.By) (Credited, error) {
	if err := needsReason(by); err != nil {
		return Credited{}, err
	}
	key, err := a.Keys.Key(ctx, c.Key)
	if err != nil {
		return Credited{}, err
	}
	digits, back := strings.CutPrefix(c.Amount, "-")
	amount, err := prepaid.ParseMoney(digits, key.Balance.Currency)
	if err != nil || amount.Zero() {
		return Credited{}, &FieldError{Field: "amount", Value: c.Amount, Err: fmt.Errorf("write an amount of %s such as 100 or 99.50", key.Balance.Currency)}
	}
	if back {
		amount = amount.Neg()
	}
	if !oneLine(c.Reference, maxReference) {
		return Credited{}, &FieldError{Field: "reference", Err: fmt.Errorf("write at most %d characters, on one line", maxReference)}
	}
	balance, err := a.Service.Credit(ctx, key.ID, amount, strings.TrimSpace(c.Reference), by)
	switch {
	case errors.Is(err, topup.ErrNoFunds):
		err = &ShortError{key.Balance}
	case errors.Is(err, developers.ErrBooked):
		err = &FieldError{Field: "reference", Value: c.Reference, Err: fmt.Errorf("%w, nothing was booked now", developers.ErrBooked)}
	case errors.Is(err, developers.ErrRevoked):
		err = &FieldError{Field: "amount", Value: c.Amount, Err: fmt.Errorf("%w: money can only be paid back, with -%s", developers.ErrRevoked, digits)}
	}
	if err != nil {
		return Credited{}, err
	}
	return Credited{balance.Number(), amount.Number(), string(balance.Currency), key.ID}, nil
}
