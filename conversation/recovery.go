package conversation

import (
	"context"
	"errors"

	"pulsa/accounts"
)

// evResetPIN is what an operator asks for on a customer's behalf.
const evResetPIN Event = "reset_pin"

// about notes whom the flow is about.
func (t *Turn) about(c accounts.Customer) {
	t.session.Customer, t.session.MSISDN, t.session.Holder = c.ID, c.MSISDN, c.Holder
	t.customer = nil // they may have been a stranger at this address until now
}

// still returns the customer whom the flow is about, as long as the address is theirs and the number has the same holder as
// when the flow began and the account is not frozen. Else the turn fails, and its flow ends.
func (t *Turn) still(ctx context.Context, s *Services) (accounts.Customer, error) {
	c, err := t.who(ctx, s)
	if t.err != nil {
		return c, t.err
	}
	if err != nil || c.ID != t.session.Customer || c.Holder != max(t.session.Holder, 1) {
		t.fail(errNotTheirs)
	} else if c.Frozen() {
		t.fail(accounts.ErrFrozen)
	}
	return c, t.err
}

// identifyForgetful finds whose PIN is forgotten. Who writes from an address that nobody knows says their number first.
func identifyForgetful(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.who(ctx, s)
	switch {
	case err != nil:
		t.session.Recovers = true
		return "stranger"
	case c.Frozen():
		return "frozen"
	}
	t.about(c)
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

// recover sets the PIN of this message without the old one. Only who has typed a code sent to the number comes here.
func (t *Turn) recover(ctx context.Context, s *Services) Event {
	if !t.session.Coded {
		return t.fail(errNotAuthorised)
	}
	c, err := s.Accounts.Recover(ctx, accounts.Recovery{
		Brand: t.brand.Name, MSISDN: t.session.MSISDN, Holder: t.session.Holder, PIN: t.pin, Places: t.places(), OperationKey: t.key("recover"),
	})
	if err != nil {
		return t.fail(err)
	}
	t.about(c)
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

// numberTaken tells an address that its number has another holder. What was under way there ends.
func (h *Handler) numberTaken(ctx context.Context, t *Turn) error {
	c, err := h.c.Services.Accounts.TakenFrom(ctx, t.brand.Name, t.in.Address)
	if errors.Is(err, accounts.ErrNothingTaken) { // linked again, or too late to say anything
		return nil
	}
	if err != nil {
		return err
	}
	t.session.leave()
	t.session.State = idle
	t.Say("account.taken", "number", c.MSISDN.String())
	return nil
}

// movedPrompts are the words for news of where an account is.
var movedPrompts = map[string]Key{
	"number_left": "account.number_left", "number_moved": "account.number_moved", "address_unlinked": "account.address_unlinked",
}

// accountMoved tells an address that the account is no longer its own, or has come to it. What was under way there ends.
func (h *Handler) accountMoved(ctx context.Context, t *Turn, n Notice) error {
	_, err := t.who(ctx, &h.c.Services)
	if err != nil && !errors.Is(err, accounts.ErrNoCustomer) {
		return err
	}
	if linked := err == nil; linked != (n.About == "number_moved") { // it has changed again since
		return nil
	}
	t.session.leave()
	t.session.State = idle
	t.Say(movedPrompts[n.About], "number", placeOf(t.in.Address))
	return nil
}

// pinReset sends the number's own phone the code that an operator has asked for, and the question for it: what was under way
// there ends.
func (h *Handler) pinReset(ctx context.Context, t *Turn) error {
	number, _ := t.in.Address.Tel()
	c, err := h.c.Services.Accounts.ByMSISDN(ctx, t.brand.Name, number)
	if errors.Is(err, accounts.ErrNoCustomer) || c.Frozen() { // since it was asked for
		t.silent = true
		return nil
	}
	if err != nil {
		return err
	}
	t.session.leave()
	t.session.State = idle
	t.session.Key, t.session.Recovers = t.in.ID, true
	t.about(c)
	code, err := h.c.Services.Accounts.NewCode(ctx, accounts.CodeRequest{
		Brand: t.brand.Name, Channel: t.channel.Name, Address: t.in.Address, MSISDN: number, OperationKey: t.key("code"),
	})
	if err != nil {
		t.answerError(err)
		return t.err
	}
	t.Say("code.sms", "code", code.Reveal())
	t.said[0].Secret = true
	return h.walk(ctx, t, evResetPIN)
}
