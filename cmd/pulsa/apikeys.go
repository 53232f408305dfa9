package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

type apikeysCommand struct {
	Create apikeysCreateCommand `cmd:"" help:"Make a key for a developer, and print its secret, once."`
	List   apikeysListCommand   `cmd:"" help:"List keys with their balance and when they were last used."`
	Show   apikeysShowCommand   `cmd:"" help:"Show a key, and what operators have done to it."`
	Revoke apikeysRevokeCommand `cmd:"" help:"End a key for good, and its tokens at once."`

	Suspend apikeysSuspendCommand `cmd:"" help:"Keep a key from buying. It can still read."`
	Resume  apikeysResumeCommand  `cmd:"" help:"Let a suspended key buy again."`

	Credit apikeysCreditCommand `cmd:"" help:"Book money that a developer has paid in advance."`

	Webhook    apikeysWebhookCommand    `cmd:"" help:"Say where a developer is told how top-ups ended, and print what that is signed with, once."`
	Deliveries apikeysDeliveriesCommand `cmd:"" help:"Look at what developers were told, and tell it again."`
}

// openDevelopers opens what keeps keys; a server may be running beside it. The caller closes the store.
func (s settings) openDevelopers(ctx context.Context, e term.Env) (config.Config, *store.DB, *developers.Service, error) {
	c, db, err := s.openDB(ctx, e)
	if err != nil {
		return c, nil, nil, err
	}
	err = c.OpenKeys()
	if err == nil {
		err = core.CheckPepper(ctx, c, db)
	}
	if err != nil {
		return c, nil, nil, errors.Join(err, db.Close())
	}
	d, err := app.NewDevelopers(nil, c, db, prepaid.SystemClock{})
	if err != nil {
		return c, nil, nil, errors.Join(err, db.Close())
	}
	return c, db, d, nil
}

type apikeysCreateCommand struct {
	settings
	Brand    string `required:"" help:"Whose airtime it sells."`
	Name     string `required:"" help:"What operators call it: shop-backend."`
	Scopes   string `help:"What it may do (default: everything): send-topups, read-operators, read-promotions, read-topups-history, read-prepaid-balance, read-prepaid-commissions." placeholder:"SCOPE,…"`
	Currency string `help:"Of its prepaid account (default: the brand's)." placeholder:"EUR"`
	deed
	JSON bool `help:"Print JSON."`
}

// Run implements the command.
func (k *apikeysCreateCommand) Run(ctx context.Context, e term.Env) error {
	by, err := deed{k.actor, cmp.Or(k.Reason, "new key")}.by(e)
	if err != nil {
		return err
	}
	scopes, known := developers.ParseScopes(k.Scopes)
	if !known {
		return fmt.Errorf("--scopes %s: known are %s", k.Scopes, developers.ScopeText(reloadly.Scopes()))
	}
	if name := strings.TrimSpace(k.Name); name == "" || len(name) > 60 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return errors.New("--name: write up to 60 characters on one line")
	}
	c, db, d, err := k.openDevelopers(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, ok := c.API[k.Brand]; !ok {
		return wrongFlag("--brand %s: no such brand has api: in %s%s", k.Brand, c.File, config.DidYouMean(k.Brand, slices.Sorted(maps.Keys(c.API))))
	}
	key, secret, err := d.Create(ctx, developers.Key{Brand: k.Brand, Name: strings.TrimSpace(k.Name), Scopes: scopes,
		Balance: prepaid.Money{Currency: prepaid.Currency(strings.ToUpper(k.Currency))}}, by)
	switch {
	case errors.Is(err, developers.ErrNoRate):
		return wrongFlag("--currency %s: api.fx of brand %s in %s has no rate for it: known are %s", k.Currency, k.Brand, c.File, soldIn(c.API[k.Brand]))
	case errors.Is(err, developers.ErrNameTaken):
		return wrongFlag("--name %s: %w", k.Name, developers.ErrNameTaken)
	case err != nil:
		return err
	}
	if k.JSON {
		return json.NewEncoder(e.Stdout).Encode(struct {
			keyRow
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
		}{newKeyRow(key), key.ID, secret.Reveal()})
	}
	fmt.Fprintf(e.Stdout, "client_id      %s\nclient_secret  %s\n\n", key.ID, secret.Reveal())
	fmt.Fprintf(e.Stdout, "The secret is shown this once. The account is in %s and empty:\n", key.Balance.Currency)
	fmt.Fprintf(e.Stdout, "  pulsa apikeys credit --key %s --amount 100 --reason \"paid by bank\"\n", key.ID)
	return nil
}

// soldIn are the currencies in which accounts can be had, with blanks between.
func soldIn(t developers.Terms) string {
	words := []string{string(t.Currency)}
	for _, c := range slices.Sorted(maps.Keys(t.FX)) {
		words = append(words, string(c))
	}
	return strings.Join(words, " ")
}

// keyRow is a key as it is listed.
type keyRow struct {
	Key         string     `json:"key"`
	Brand       string     `json:"brand"`
	Name        string     `json:"name"`
	Scopes      string     `json:"scopes"`
	Balance     string     `json:"balance"`
	Currency    string     `json:"currency"`
	CreatedAt   time.Time  `json:"created_at"`
	LastUsedAt  *time.Time `json:"last_used_at"`
	Revoked     bool       `json:"revoked"`
	RevokedAt   *time.Time `json:"revoked_at"`
	Suspended   bool       `json:"suspended"`
	SuspendedAt *time.Time `json:"suspended_at"`
}

func newKeyRow(k developers.Key) keyRow {
	return keyRow{
		k.ID, k.Brand, k.Name, developers.ScopeText(k.Scopes), k.Balance.Number(), string(k.Balance.Currency), k.CreatedAt,
		orNil(k.LastUsedAt), k.Revoked(), orNil(k.RevokedAt), k.Suspended(), orNil(k.SuspendedAt),
	}
}

// orNil is a time for JSON, which has null where there is none.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// state says for people whether a key works, and since when.
func (k keyRow) state() string {
	switch {
	case k.Revoked:
		return "revoked " + term.Stamp(*k.RevokedAt)
	case k.Suspended:
		return "suspended " + term.Stamp(*k.SuspendedAt)
	case k.LastUsedAt == nil:
		return "never used"
	}
	return "last used " + term.Stamp(*k.LastUsedAt)
}

func (k keyRow) money() string { return k.Currency + " " + k.Balance }

type apikeysListCommand struct {
	settings
	term.Output
	Brand string `help:"Of one brand only."`
}

// Run implements the command.
func (k *apikeysListCommand) Run(ctx context.Context, e term.Env) error {
	_, db, err := k.openFor(ctx, e, k.Brand)
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := db.Developers.Keys(ctx, k.Brand)
	if err != nil {
		return err
	}
	rows := make([]keyRow, len(keys))
	for i, key := range keys {
		rows[i] = newKeyRow(key)
	}
	return term.NewTable[keyRow](e, k.Output).Columns("key", "brand", "name", "balance", "state").
		Show("balance", keyRow.money).Show("state", keyRow.state).Least("brand").Print(rows)
}

// whichKey names a key.
type whichKey struct {
	settings
	Key string `required:"" help:"Which key: its client id." placeholder:"ID"`
}

type apikeysShowCommand struct {
	whichKey
	JSON bool `help:"Print JSON."`
}

// keyDeed is what an operator has done to a key.
type keyDeed struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	What string    `json:"what"`
	Why  string    `json:"why"`
}

// keyDetail is a key as it is shown alone.
type keyDetail struct {
	keyRow
	ByHand []keyDeed `json:"by_hand"`
}

// Run implements the command.
func (k *apikeysShowCommand) Run(ctx context.Context, e term.Env) error {
	_, db, err := k.openDB(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	key, err := db.Developers.Key(ctx, k.Key)
	if err != nil {
		return err
	}
	deeds, err := db.Developers.Deeds(ctx, k.Key)
	if err != nil {
		return err
	}
	detail := keyDetail{newKeyRow(key), make([]keyDeed, len(deeds))}
	for i, d := range deeds {
		detail.ByHand[i] = keyDeed{d.At, d.Who, d.What, d.Why}
	}
	err = term.NewTable[keyDetail](e, term.Output{JSON: k.JSON}).Columns("key", "brand", "name", "scopes", "balance", "state").
		Show("balance", func(k keyDetail) string { return k.money() + " since " + term.Stamp(key.ChangedAt) }).
		Show("state", func(k keyDetail) string { return k.state() }).Record(detail)
	if err != nil || k.JSON {
		return err
	}
	fmt.Fprintln(e.Stdout)
	return term.Rows(e, term.Output{}, detail.ByHand)
}

type apikeysRevokeCommand struct {
	whichKey
	deed
}

// Run implements the command.
func (k *apikeysRevokeCommand) Run(ctx context.Context, e term.Env) error {
	return k.change(ctx, e, k.deed, (*developers.Service).Revoke, "is revoked")
}

// change does something to the key for the reason told, and says what it is then.
func (w whichKey) change(ctx context.Context, e term.Env, why deed, do func(*developers.Service, context.Context, string, prepaid.By) error, is string) error {
	by, err := why.by(e)
	if err != nil {
		return err
	}
	_, db, d, err := w.openDevelopers(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := do(d, ctx, w.Key, by); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "Key %s %s.\n", w.Key, is)
	return nil
}

type apikeysSuspendCommand struct {
	whichKey
	deed
}

// Run implements the command.
func (k *apikeysSuspendCommand) Run(ctx context.Context, e term.Env) error {
	return k.change(ctx, e, k.deed, (*developers.Service).Suspend, "is suspended")
}

type apikeysResumeCommand struct {
	whichKey
	deed
}

// Run implements the command.
func (k *apikeysResumeCommand) Run(ctx context.Context, e term.Env) error {
	return k.change(ctx, e, k.deed, (*developers.Service).Resume, "may buy again")
}

// maxReference bounds a payment's reference, in bytes.
const maxReference = 100

type apikeysCreditCommand struct {
	whichKey
	deed
	Amount    string `required:"" help:"How much, in the account's currency: 100, 99.50; --amount=-20 pays back." placeholder:"AMOUNT"`
	Reference string `help:"The payment's own, such as the bank statement's: it is booked once." placeholder:"TEXT"`
	JSON      bool   `help:"Print JSON."`
}

// Run implements the command.
func (k *apikeysCreditCommand) Run(ctx context.Context, e term.Env) error {
	by, err := k.by(e)
	if err != nil {
		return err
	}
	_, db, d, err := k.openDevelopers(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	key, err := db.Developers.Key(ctx, k.Key)
	if err != nil {
		return err
	}
	digits, back := strings.CutPrefix(k.Amount, "-")
	amount, err := prepaid.ParseMoney(digits, key.Balance.Currency)
	if err != nil || amount.Zero() {
		return fmt.Errorf("--amount %s: write an amount of %s such as 100 or 99.50", k.Amount, key.Balance.Currency)
	}
	if back {
		amount = amount.Neg()
	}
	if len(k.Reference) > maxReference || strings.ContainsFunc(k.Reference, unicode.IsControl) {
		return fmt.Errorf("--reference: write at most %d characters, on one line", maxReference)
	}
	balance, err := d.Credit(ctx, key.ID, amount, strings.TrimSpace(k.Reference), by)
	switch {
	case errors.Is(err, topup.ErrNoFunds):
		return fmt.Errorf("the account holds %s only", key.Balance)
	case errors.Is(err, developers.ErrBooked):
		return fmt.Errorf("--reference %s is booked already, nothing was booked now: see pulsa apikeys show --key %s", k.Reference, key.ID)
	case errors.Is(err, developers.ErrRevoked):
		return fmt.Errorf("the key is revoked: money can only be paid back, with --amount=-%s", digits)
	}
	if err != nil {
		return err
	}
	if k.JSON {
		return json.NewEncoder(e.Stdout).Encode(map[string]any{"key": key.ID, "credited": amount.Number(),
			"balance": balance.Number(), "currency": balance.Currency})
	}
	fmt.Fprintf(e.Stdout, "%s booked, the balance is %s.\n", amount, balance)
	return nil
}
