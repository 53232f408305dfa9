package conversation

import (
	"context"
	"errors"
	"fmt"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// answerNotice says what happened, and puts the question that stood before once more.
func (h *Handler) answerNotice(ctx context.Context, t *Turn, n Notice) error {
	t.result = "news"
	if t.session.Language == "" {
		t.setLanguage(t.brand.Language(n.Language))
	}
	t.session.expire(t.now, h.engine.table)
	switch n.About {
	case "registered":
		return h.followSetup(ctx, t, "completed", n)
	case "setup_completed":
		return h.followSetup(ctx, t, "completed", n)
	case "setup_abandoned", "mandate_refused":
		return h.followSetup(ctx, t, "abandoned", n)
	case "pin_reset":
		return h.sendPINReset(ctx, t)
	}
	return h.interject(ctx, t, n)
}

// interject says what happened and puts the question that stood before once more; nothing where nothing is to be said.
func (h *Handler) interject(ctx context.Context, t *Turn, n Notice) error {
	before := len(t.said)
	if err := h.sayNotice(ctx, t, n); err != nil {
		return err
	}
	t.pins = nil // the outbox hands it on
	if t.silent = len(t.said) == before; !t.silent {
		h.repeatQuestion(t)
	}
	return nil
}

// passing are the words for news that changes no conversation.
var passing = map[string]Key{
	"registered": "registration.done", "setup_completed": "pay.done", "setup_abandoned": "", "mandate_refused": "mandate.refused",
	"instrument_ended": "pay.ended", "setup_over": "pay.page_over",
}

// sayNotice says what happened, unless it was said before.
func (h *Handler) sayNotice(ctx context.Context, t *Turn, n Notice) error {
	switch n.About {
	case "order":
		return h.sayOrderNotice(ctx, t, n)
	case "number_taken":
		return h.sayNumberTaken(ctx, t)
	case "gift":
		o, err := h.c.Services.Topups.Order(ctx, n.Order)
		if err == nil && o.Status == topup.Delivered {
			t.sayGift(o.Order)
		}
		return err
	case "number_left", "number_moved", "address_unlinked":
		return h.sayAccountMoved(ctx, t, n)
	case "debit_returned":
		o, err := h.c.Services.Topups.Order(ctx, n.Order)
		if err != nil {
			return err
		}
		t.Say("order.debit_returned", "amount", o.Amount.String(), "order", string(o.ID))
		return nil
	}
	prompt, ok := passing[n.About]
	if !ok {
		return fmt.Errorf("unknown news %q", n.About)
	}
	if prompt != "" {
		t.Say(prompt)
	}
	return nil
}

func (h *Handler) sayOrderNotice(ctx context.Context, t *Turn, n Notice) error {
	o, err := h.c.Services.Topups.Order(ctx, n.Order)
	if errors.Is(err, topup.ErrNoOrder) {
		return nil
	}
	if err != nil {
		return err
	}
	t.redirected = n.Retold
	report, err := t.orderReport(ctx, &h.c.Services, o.Order)
	if err != nil {
		return err
	}
	told := t.session.toldBefore(report) && !n.Retold || report.prompt == pinTold // by a turn or an earlier notice
	if told && report.pin == nil {                                                // a PIN is told until it is known to be handed on
		return nil
	}
	report.sayTo(t)
	if o.Status == topup.Delivered && o.Charge.Status == topup.ChargeReturned {
		t.Say("order.debit_returned", "amount", o.Amount.String(), "order", string(o.ID))
	}
	return nil
}

// followSetup moves a conversation that waits for this setup. One that waits for another, or for something else, is told
// in passing: the news may be late. Only a registration that has no page yet ends by whatever page has completed it.
func (h *Handler) followSetup(ctx context.Context, t *Turn, event Event, n Notice) error {
	if n.About == "registered" && t.session.Setup == "" {
		event = "registered"
	} else if !t.awaits(n.ID) {
		return h.interject(ctx, t, n)
	}
	if !n.Retold && h.engine.table.transitions[t.session.State][event] != nil {
		t.session.Expired = false
		return h.follow(ctx, t, event)
	}
	return h.interject(ctx, t, n)
}

// awaits reports whether a notice tells how a setup of the present flow has ended: the last one that it is known to have
// opened, or the mandate that is being read, which a turn that was killed may have given.
func (t *Turn) awaits(id prepaid.NoticeID) bool {
	s := t.session
	return s.Setup != "" && id == payments.NoticeOf(s.Setup) ||
		s.Mandate.Reference != "" && id == payments.NoticeOf(payments.MandateSetup(t.brand.Name, s.Mandate.Reference))
}

// sayNumberTaken tells an address that its number has another holder. What was under way there ends.
func (h *Handler) sayNumberTaken(ctx context.Context, t *Turn) error {
	c, err := h.c.Services.Accounts.TakenFrom(ctx, t.brand.Name, t.in.Address)
	if errors.Is(err, accounts.ErrNothingTaken) { // linked again, or too late to say anything
		return nil
	}
	if err != nil {
		return err
	}
	t.session.endFlow()
	t.session.State = idle
	t.Say("account.taken", "number", c.MSISDN.String())
	return nil
}

// movedPrompts are the words for news of where an account is.
var movedPrompts = map[string]Key{
	"number_left": "account.number_left", "number_moved": "account.number_moved", "address_unlinked": "account.address_unlinked",
}

// sayAccountMoved tells an address that the account is no longer its own, or has come to it. What was under way there ends.
func (h *Handler) sayAccountMoved(ctx context.Context, t *Turn, n Notice) error {
	_, err := t.sender(ctx, &h.c.Services)
	if err != nil && !errors.Is(err, accounts.ErrNoCustomer) {
		return err
	}
	if linked := err == nil; linked != (n.About == "number_moved") { // it has changed again since
		return nil
	}
	t.session.endFlow()
	t.session.State = idle
	t.Say(movedPrompts[n.About], "number", placeOf(t.in.Address))
	return nil
}

// sendPINReset sends the number's own phone the code that an operator has asked for, and the question for it: what was under way
// there ends.
func (h *Handler) sendPINReset(ctx context.Context, t *Turn) error {
	number, _ := t.in.Address.Tel()
	c, err := h.c.Services.Accounts.ByMSISDN(ctx, t.brand.Name, number)
	if errors.Is(err, accounts.ErrNoCustomer) || c.Frozen() { // since it was asked for
		t.silent = true
		return nil
	}
	if err != nil {
		return err
	}
	t.session.endFlow()
	t.session.State = idle
	t.session.Key, t.session.Recovers = t.in.ID, true
	t.setCustomer(c)
	code, err := h.c.Services.Accounts.NewCode(ctx, accounts.CodeRequest{
		Brand: t.brand.Name, Channel: t.channel.Name, Address: t.in.Address, MSISDN: number, OperationKey: t.key("code"),
	})
	if err != nil {
		t.answerError(err)
		return t.err
	}
	t.Say("code.sms", "code", code.Reveal())
	t.said[0].Secret = true
	return h.follow(ctx, t, evResetPIN)
}
