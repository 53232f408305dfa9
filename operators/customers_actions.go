package operators

import (
	"context"
	"errors"
	"fmt"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
)

// Refusals of operations on customers, beside those of package accounts.
var (
	ErrNotFrozen = errors.New("account is not frozen")
	ErrNoMandate = errors.New("no mandate's reference begins with")
	ErrNoCode    = errors.New("no code can be sent")
)

// Unlocked is the state of a customer after Unlock.
type Unlocked struct {
	Number string // masked
	Status accounts.Status
	PIN    string
	// StillBlocked reports that the PIN was not locked, and that the customer stays blocked for a debt.
	StillBlocked bool
}

// Text describes it for people.
func (u Unlocked) Text() string { return fmt.Sprintf("%s is %s, PIN: %s", u.Number, u.Status, u.PIN) }

// Unfinished says what keeps the customer from buying, and what to do next; nil where it was a lock alone.
func (u Unlocked) Unfinished() error {
	if !u.StillBlocked {
		return nil
	}
	return errors.New("the PIN was not locked: the customer is blocked for a debt that the bank took back; once it is paid, add --paid")
}

// findFor finds the customer of an operation that needs a reason. Errors: ErrNoReason, accounts.ErrNoCustomer.
func (s Customers) findFor(ctx context.Context, w Whom, by prepaid.By) (accounts.Customer, error) {
	if err := needsReason(by); err != nil {
		return accounts.Customer{}, err
	}
	return s.find(ctx, w)
}

// Unlock removes a customer's PIN locks. Errors: accounts.ErrNoCustomer.
func (s Customers) Unlock(ctx context.Context, w Whom, by prepaid.By) (Unlocked, error) {
	return s.unlock(ctx, w, false, by)
}

// UnlockPaid is Unlock for a customer who has paid their debt by other means: it removes the block too.
func (s Customers) UnlockPaid(ctx context.Context, w Whom, by prepaid.By) (Unlocked, error) {
	return s.unlock(ctx, w, true, by)
}

func (s Customers) unlock(ctx context.Context, w Whom, paid bool, by prepaid.By) (Unlocked, error) {
	c, err := s.findFor(ctx, w, by)
	if err != nil {
		return Unlocked{}, err
	}
	now := s.Clock.Now()
	locked := c.PIN.HardLocked || c.PIN.Locked(now) || c.PIN.Tries > 0
	if err := s.Customers.Unlock(ctx, c.ID, paid, by, now); err != nil {
		return Unlocked{}, err
	}
	if c, err = s.Customers.CustomerByID(ctx, c.ID); err != nil {
		return Unlocked{}, err
	}
	return Unlocked{c.MSISDN.Masked(), c.Status, pinState(c, now), c.Status == accounts.Blocked && !locked}, nil
}

// Unfreeze decides that a frozen account stays with whoever set its last PIN; accounts.ErrNoCustomer, ErrNotFrozen.
func (s Customers) Unfreeze(ctx context.Context, w Whom, by prepaid.By) (Done, error) {
	c, err := s.findFor(ctx, w, by)
	if err != nil {
		return "", err
	}
	done := Done(w.MSISDN.Masked() + " is no longer frozen and stays with whoever set its last PIN")
	return done, w.wrap(s.Customers.Unfreeze(ctx, c.ID, by, s.Clock.Now()))
}

// UnfreezeForNobody decides that whoever set the last PIN of a frozen account loses it, with their PIN, ways to pay and addresses:
// the owner of the number gets it back by a code. Errors as Unfreeze.
func (s Customers) UnfreezeForNobody(ctx context.Context, w Whom, by prepaid.By) (Done, error) {
	c, err := s.findFor(ctx, w, by)
	if err != nil {
		return "", err
	}
	done := Done(w.MSISDN.Masked() + " is no longer frozen and is nobody's until the owner of the number texts FORGOT and types the code sent by SMS")
	return done, w.wrap(s.Customers.UnfreezeForNobody(ctx, c.ID, by, s.Clock.Now()))
}

// ResetPIN has the running server send the customer's number a code by SMS, with which its owner chooses a new PIN. Errors:
// accounts.ErrNoCustomer, accounts.ErrFrozen, ErrNoCode (the brand's channel for SMS is off); a withdrawn brand's is refused.
func (s Customers) ResetPIN(ctx context.Context, w Whom, by prepaid.By) (Done, error) {
	c, err := s.findFor(ctx, w, by)
	if err != nil {
		return "", err
	}
	if s.Brands.Named(w.Brand) == nil {
		return "", fmt.Errorf("brand %s is withdrawn: nobody chooses a PIN there any more", w.Brand)
	}
	line, on, err := s.smsLine(ctx, w.Brand)
	if err != nil {
		return "", err
	}
	if !on {
		return "", fmt.Errorf("%w: %s/%s, which carries SMS, is off", ErrNoCode, w.Brand, line)
	}
	place := accounts.Place{Address: c.MSISDN.Tel(), Channel: line, Kind: string(channels.SMS)}
	done := Done(w.MSISDN.Masked() + " gets a code by SMS from the running server; it is valid for 10 minutes")
	return done, w.wrap(s.Customers.ResetPIN(ctx, c.ID, place, by, s.Clock.Now()))
}

// smsLine returns the channel that carries a brand's SMS, and whether it is on: by an operator's switch, or else by its settings.
func (s Customers) smsLine(ctx context.Context, brand string) (line string, on bool, err error) {
	b := s.Brands.Named(brand)
	if b == nil {
		return "", false, nil
	}
	switches, err := s.Switches.Switches(ctx)
	if err != nil {
		return b.SMSChannel, false, err
	}
	if on, set := switches[brand+"/"+b.SMSChannel]; set {
		return b.SMSChannel, on, nil
	}
	for _, channel := range b.Channels {
		if channel.Name == b.SMSChannel {
			return b.SMSChannel, !channel.Disabled, nil
		}
	}
	return b.SMSChannel, false, nil
}

// Move gives a customer another number. PIN, way to pay, limits and debts go along, and both numbers are told. Errors: accounts.ErrNoCustomer, accounts.ErrRegistered (the number is another customer's), accounts.ErrFrozen,
// *accounts.UnderWayError.
func (s Customers) Move(ctx context.Context, w Whom, to prepaid.MSISDN, by prepaid.By) (Done, error) {
	b := s.Brands.Known(w.Brand)
	if b == nil {
		return "", fmt.Errorf("no brand is named %q", w.Brand)
	}
	if _, err := prepaid.ParseMSISDN(to.String(), b.Country); err != nil {
		return "", fmt.Errorf("%s: %w", to.Masked(), err)
	}
	c, err := s.findFor(ctx, w, by)
	if err != nil {
		return "", err
	}
	if to == c.MSISDN {
		return "", fmt.Errorf("%s is the customer's number already", to.Masked())
	}
	moved, err := s.Moves.MoveByHand(ctx, accounts.Move{
		Customer: c.ID, Holder: c.Holder, From: c.MSISDN, To: to, SMS: b.SMSChannel,
		OperationKey: "by hand/" + prepaid.NewToken(), At: s.Clock.Now(),
	}, by)
	switch {
	case errors.Is(err, accounts.ErrRegistered):
		return "", fmt.Errorf("%s has an account of its own: %w", to.Masked(), err)
	case errors.Is(err, accounts.ErrFrozen):
		return "", fmt.Errorf("%s: %w", c.MSISDN.Masked(), err)
	case err != nil:
		return "", err
	}
	return Done(c.MSISDN.Masked() + " is now " + moved.MSISDN.Masked() + ": the customer's PIN, way to pay, limits and debts went along"), nil
}
