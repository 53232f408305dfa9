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
		return Plan{}, &FieldError{Field: "name", Err: fmt.Errorf("write up to %d characters on one line", maxKeyName)}
	}
	return Plan{Does: "Makes a key for " + o.New.Name + ". Its secret is shown once, on the next page."}, nil
}

// Carry implements Operation.
func (o CreateKey) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	row, secret, err := d.APIKeys.Create(ctx, o.New, by)
	if err != nil {
		return Result{}, err
	}
	return Result{Text: "Key " + row.Key + " is made.", Once: &HandedOut{Client: row.Key, Secret: secret}}, nil
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
	state := "the key works"
	if k.Suspended() {
		state = "the key is suspended"
	}
	switch o.To {
	case KeySuspend:
		return Plan{Does: k.Name + " can buy nothing until the key is resumed. It can still read.", State: state}, nil
	case KeyResume:
		return Plan{Does: k.Name + " may buy again.", State: state}, nil
	case KeyRevoke:
		return Plan{Does: "Ends the key of " + k.Name + " for good, and its tokens at once. " + k.Balance.String() + " stay on its account and can be paid back.", State: state}, nil
	}
	return Plan{}, fmt.Errorf("nothing is called %q", o.To)
}

// Carry implements Operation.
func (o ChangeKey) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	var done Done
	var err error
	r := Result{}
	switch o.To {
	case KeySuspend:
		done, err = d.APIKeys.Suspend(ctx, o.Key, by)
		r.Undo = ChangeKey{o.Brand, o.Key, KeyResume}
	case KeyResume:
		done, err = d.APIKeys.Resume(ctx, o.Key, by)
		r.Undo = ChangeKey{o.Brand, o.Key, KeySuspend}
	default:
		done, err = d.APIKeys.Revoke(ctx, o.Key, by)
	}
	r.Text = done.Text()
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
		return Plan{}, &FieldError{Field: "amount", Value: o.Credit.Amount, Err: fmt.Errorf("write an amount of %s such as 100 or 99.50; -20 pays back", k.Balance.Currency)}
	}
	does := fmt.Sprintf("Books %s, paid in advance by %s.", amount, k.Name)
	if back {
		does = fmt.Sprintf("Books %s, paid back to %s.", amount, k.Name)
	}
	return Plan{Does: does, State: map[bool]string{false: "the key is in force", true: "the key is revoked"}[k.Revoked()]}, nil
}

// Carry implements Operation.
func (o CreditKey) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	booked, err := d.APIKeys.Credit(ctx, o.Credit, by)
	return Result{Text: booked.Text()}, err
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
	return Plan{Does: fmt.Sprintf("Sends %s that transaction %d is %s, once more, to the address that the key has now.", k.Name, row.Transaction, row.State)}, nil
}

// Carry implements Operation. Errors: developers.ErrNoWebhook.
func (o RepeatDelivery) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	done, err := d.APIKeys.RepeatDelivery(ctx, o.Delivery, by)
	return Result{Text: done.Text()}, err
}
