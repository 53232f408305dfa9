package conversation

import (
	"context"
	"errors"

	"pulsa/accounts"
)

// evResetPIN is what an operator asks for on a customer's behalf.
const evResetPIN Event = "reset_pin"

// identifyForgetful finds the customer whose PIN is forgotten. A stranger is asked for their number first.
func identifyForgetful(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.sender(ctx, s)
	switch {
	case err != nil:
		t.session.Recovers = true
		return "stranger"
	case c.Frozen():
		return "frozen"
	}
	t.setCustomer(c)
	t.session.Recovers = true
	return "known"
}

// sendPINCode sends the code that a new PIN needs, by SMS to the number, also where the channel vouches for it.
func sendPINCode(ctx context.Context, s *Services, t *Turn) Event {
	event := sendCode(ctx, s, t)
	if errors.Is(t.err, errNoSMS) {
		t.err = errNoPINCode
	}
	return event
}

// recoverPIN sets the PIN of this message without the old one. It needs a code that was sent to the number and typed in this flow.
func (t *Turn) recoverPIN(ctx context.Context, s *Services) Event {
	if !t.session.Coded {
		return t.fail(errNotAuthorised)
	}
	c, err := s.Accounts.Recover(ctx, accounts.Recovery{
		Brand: t.brand.Name, MSISDN: t.session.MSISDN, Holder: t.session.Holder, PIN: t.pin, Places: t.places(), OperationKey: t.key("recover"),
	})
	if err != nil {
		return t.fail(err)
	}
	t.setCustomer(c)
	if !c.Registered() { // never had a way to pay
		return "recovered_cards"
	}
	return "recovered"
}

// freezeTakenAccount answers NOT ME: it freezes the account that a recovery took away from the sender's address.
func freezeTakenAccount(ctx context.Context, s *Services, t *Turn) {
	c, err := s.Accounts.NotMe(ctx, t.brand.Name, t.in.Address)
	if err != nil {
		t.answerError(err)
		return
	}
	t.Say("account.frozen_now", "number", c.MSISDN.String())
}
