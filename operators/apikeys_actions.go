package operators

import (
	"context"
	"fmt"
	"strings"

	"pulsa/developers"
	"pulsa/prepaid"
)

// keyOf reads a key of a brand; developers.ErrNoKey also where it is another's.
func (d *Desk) keyOf(ctx context.Context, brand, id string) (developers.Key, error) {
	k, err := d.APIKeys.Keys.Key(ctx, id)
	if err == nil && k.Brand != brand {
		err = developers.ErrNoKey
	}
	if err != nil {
		return developers.Key{}, err
	}
	return k, nil
}

// CreateKey makes a developer's key.
type CreateKey struct{ New NewKey }

// Kind implements Operation.
func (CreateKey) Kind() string { return "create key" }

// Act implements Operation.
func (CreateKey) Act(Actor) Act { return ActKeys }

// On implements Operation.
func (o CreateKey) On() Object { return Object{o.New.Brand, prepaid.OnKey, ""} }

// Plan implements Operation. Errors: *FieldError.
func (o CreateKey) Plan(_ context.Context, d *Desk) (Plan, error) {
	if _, sells := d.APIKeys.Terms(o.New.Brand); !sells {
		return Plan{}, developers.ErrNoAPI
	}
	if strings.TrimSpace(o.New.Name) == "" {
		return Plan{}, &FieldError{Field: "name", Err: refusal("write up to {most} characters on one line", "most", maxKeyName)}
	}
	return Plan{Does: Say("Makes a key for {name}. Its secret is shown once, on the next page.", "name", o.New.Name)}, nil
}

// Carry implements Operation.
func (o CreateKey) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	row, secret, err := d.APIKeys.Create(ctx, o.New, by)
	if err != nil {
		return Result{}, err
	}
	return Result{Text: Say("Key {key} is made.", "key", row.Key), Once: &HandedOut{Client: row.Key, Secret: secret}}, nil
}

// HandedOut is what is shown once, and kept nowhere.
type HandedOut struct {
	Client string
	Secret prepaid.Secret
}

// KeyChange is what may be done to a developer's key, beside its account.
type KeyChange string

// The changes.
const (
	KeySuspend KeyChange = "suspend"
	KeyResume  KeyChange = "resume"
	KeyRevoke  KeyChange = "revoke"
)

// ChangeKey suspends, resumes or revokes a key.
type ChangeKey struct {
	Brand, Key string
	To         KeyChange
}

// Kind implements Operation.
func (ChangeKey) Kind() string { return "change key" }

// Act implements Operation.
func (ChangeKey) Act(Actor) Act { return ActKeys }

// On implements Operation.
func (o ChangeKey) On() Object { return Object{o.Brand, prepaid.OnKey, o.Key} }

// Plan implements Operation. Errors: developers.ErrNoKey, and why it can't be done.
func (o ChangeKey) Plan(ctx context.Context, d *Desk) (Plan, error) {
	k, err := d.keyOf(ctx, o.Brand, o.Key)
	switch {
	case err != nil:
		return Plan{}, err
	case k.Revoked():
		return Plan{}, developers.ErrRevoked
	case o.To == KeySuspend && k.Suspended():
		return Plan{}, developers.ErrSuspended
	case o.To == KeyResume && !k.Suspended():
		return Plan{}, developers.ErrNotSuspended
	}
	state := Say("the key works")
	if k.Suspended() {
		state = Say("the key is suspended")
	}
	switch o.To {
	case KeySuspend:
		return Plan{Does: Say("{name} can buy nothing until the key is resumed. It can still read.", "name", k.Name), State: state}, nil
	case KeyResume:
		return Plan{Does: Say("{name} may buy again.", "name", k.Name), State: state}, nil
	case KeyRevoke:
		return Plan{Does: Say("Ends the key of {name} for good, and its tokens at once. {balance} stay on its account and can be paid back.", "name", k.Name, "balance", k.Balance), State: state}, nil
	}
	return Plan{}, fmt.Errorf("nothing is called %q", o.To)
}

// Carry implements Operation.
func (o ChangeKey) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	var err error
	r := Result{}
	switch o.To {
	case KeySuspend:
		_, err = d.APIKeys.Suspend(ctx, o.Key, by)
		r.Text = Say("Key {key} is suspended.", "key", o.Key)
		r.Undo = ChangeKey{o.Brand, o.Key, KeyResume}
	case KeyResume:
		_, err = d.APIKeys.Resume(ctx, o.Key, by)
		r.Text = Say("Key {key} may buy again.", "key", o.Key)
		r.Undo = ChangeKey{o.Brand, o.Key, KeySuspend}
	default:
		_, err = d.APIKeys.Revoke(ctx, o.Key, by)
		r.Text = Say("Key {key} is revoked.", "key", o.Key)
	}
	return r, err
}

// CreditKey books a prepayment by a developer, or its repayment.
type CreditKey struct {
	Brand  string
	Credit KeyCredit
}

// Kind implements Operation.
func (CreditKey) Kind() string { return "credit key" }

// Act implements Operation.
func (CreditKey) Act(Actor) Act { return ActCredit }

// On implements Operation.
func (o CreditKey) On() Object { return Object{o.Brand, prepaid.OnKey, o.Credit.Key} }

// Plan implements Operation. Errors: developers.ErrNoKey, *FieldError.
func (o CreditKey) Plan(ctx context.Context, d *Desk) (Plan, error) {
	k, err := d.keyOf(ctx, o.Brand, o.Credit.Key)
	if err != nil {
		return Plan{}, err
	}
	digits, back := strings.CutPrefix(o.Credit.Amount, "-")
	amount, err := prepaid.ParseMoney(digits, k.Balance.Currency)
	if err != nil || amount.Zero() {
		return Plan{}, &FieldError{Field: "amount", Value: o.Credit.Amount, Err: refusal("write an amount of {currency} such as 100 or 99.50; -20 pays back", "currency", k.Balance.Currency)}
	}
	does := Say("Books {amount}, paid in advance by {name}.", "amount", amount, "name", k.Name)
	if back {
		does = Say("Books {amount}, paid back to {name}.", "amount", amount, "name", k.Name)
	}
	state := Say("the key is in force")
	if k.Revoked() {
		state = Say("the key is revoked")
	}
	return Plan{Does: does, State: state}, nil
}

// Carry implements Operation.
func (o CreditKey) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	booked, err := d.APIKeys.Credit(ctx, o.Credit, by)
	return Result{Text: booked.says()}, err
}

// RepeatDelivery sends a webhook to a developer again.
type RepeatDelivery struct{ Brand, Key, Delivery string }

// Kind implements Operation.
func (RepeatDelivery) Kind() string { return "repeat delivery" }

// Act implements Operation.
func (RepeatDelivery) Act(Actor) Act { return ActKeys }

// On implements Operation.
func (o RepeatDelivery) On() Object { return Object{o.Brand, prepaid.OnKey, o.Key} }

// Plan implements Operation. Errors: developers.ErrNoKey, developers.ErrNoDelivery.
func (o RepeatDelivery) Plan(ctx context.Context, d *Desk) (Plan, error) {
	k, err := d.keyOf(ctx, o.Brand, o.Key)
	if err != nil {
		return Plan{}, err
	}
	row, err := d.APIKeys.Delivery(ctx, o.Delivery)
	if err == nil && row.Key != o.Key {
		err = developers.ErrNoDelivery
	}
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: Say("Sends {name} once more how transaction {transaction} ended, to the address that the key has now.", "name", k.Name, "transaction", fmt.Sprint(row.Transaction))}, nil
}

// Carry implements Operation. Errors: developers.ErrNoWebhook.
func (o RepeatDelivery) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	_, err := d.APIKeys.RepeatDelivery(ctx, o.Delivery, by)
	return Result{Text: Say("Delivery {delivery} is sent again by the server that runs.", "delivery", o.Delivery)}, err
}
