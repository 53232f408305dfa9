package conversation

import (
	"context"
	"errors"
	"fmt"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// noticeKind is all that the conversation knows of a kind of notice.
type noticeKind struct {
	Kind prepaid.NoticeKind

	// Say is the prompt that tells it, or Tell what finds the words, which Says lists but for PINs. Neither is set for a kind that only
	// moves a conversation.
	Say  Key
	Tell func(ctx context.Context, h *Handler, t *Turn, n Notice) error
	Says []Key
	// Setup is the event by which a conversation moves on that waits for this: it is told by the states that follow.
	Setup Event
	// Begins begins a conversation of its own instead, and ends what was under way.
	Begins func(ctx context.Context, h *Handler, t *Turn) error

	// Answers is set for a kind that goes even to a customer who has texted STOP: it tells how something ended that they began
	// themselves, however long ago, or what they can only contest for 72 hours.
	Answers bool
	// OnlyHere is set for a kind that no other address of the customer's may hear.
	OnlyHere bool
	// Optional is set for a kind that no operator need tell where no message arrives.
	Optional bool
	// Money is set for a kind that tells what became of the customer's money.
	Money bool
}

// againMark stands before news about money that is sent once more, because it is unknown whether it was sent.
const againMark Key = "order.again"

// doubt is what follows where it stays unknown whether the news was sent.
func (k noticeKind) doubt() channels.Doubt {
	switch {
	case k.Money:
		return channels.AgainInDoubt
	case k.Optional || k.Begins != nil: // a code
		return channels.DropInDoubt
	}
	return channels.HoldInDoubt
}

// noticeKinds is the table of all kinds of notices. A test finds those that are missing.
func noticeKinds() []noticeKind {
	return []noticeKind{
		{Kind: prepaid.NoticeOrder, Tell: tellOrder, Says: orderNews, Answers: true, Money: true},
		{Kind: prepaid.NoticeGoodwill, Tell: tellGoodwill, Says: []Key{"order.goodwill"}, Money: true},
		{Kind: prepaid.NoticeDebitReturned, Tell: tellDebitReturned, Says: []Key{"order.debit_returned"}, Money: true},
		{Kind: prepaid.NoticeGift, Tell: tellGift, Says: []Key{"order.gift"}, Optional: true}, // it was no order of theirs
		{Kind: prepaid.NoticeRegistered, Say: "registration.done", Setup: "completed", Answers: true},
		{Kind: prepaid.NoticeSetupCompleted, Say: "pay.done", Setup: "completed", Answers: true},
		{Kind: prepaid.NoticeSetupAbandoned, Setup: "abandoned", Answers: true},
		{Kind: prepaid.NoticeMandateRefused, Say: "mandate.refused", Setup: "abandoned", Answers: true},
		{Kind: prepaid.NoticeSetupOver, Say: "pay.page_over", Answers: true},
		{Kind: prepaid.NoticeInstrumentEnded, Say: "pay.ended"},
		{Kind: prepaid.NoticeNumberTaken, Tell: tellNumberTaken, Says: []Key{"account.taken"}, Answers: true},
		{Kind: prepaid.NoticePINReset, Begins: sendPINReset, Answers: true, OnlyHere: true}, // its code proves the number's own phone
		{Kind: prepaid.NoticeCallerCode, Tell: tellCallerCode, Says: []Key{"code.caller"}, Answers: true, OnlyHere: true, Optional: true},
		{Kind: prepaid.NoticeNumberLeft, Tell: tellUnlinked("account.number_left"), Says: []Key{"account.number_left"}},
		{Kind: prepaid.NoticeAddressUnlinked, Tell: tellUnlinked("account.address_unlinked"), Says: []Key{"account.address_unlinked"}},
		{Kind: prepaid.NoticeNumberMoved, Tell: tellNumberMoved, Says: []Key{"account.number_moved"}},
	}
}

func noticeKindOf(about prepaid.NoticeKind) (noticeKind, error) {
	for _, k := range noticeKinds() {
		if k.Kind == about {
			return k, nil
		}
	}
	return noticeKind{}, fmt.Errorf("unknown kind of notice %q", about)
}

// answerNotice makes the message that tells a notice: its words, and the question that stood before once more; or the next
// question of the conversation that has waited for it.
func (h *Handler) answerNotice(ctx context.Context, t *Turn, n Notice, kind noticeKind) error {
	t.result = "news"
	if t.session.Language == "" {
		t.setLanguage(t.brand.Language(n.Language))
	}
	t.session.expire(t.now, h.engine.table)
	switch {
	case kind.Begins != nil:
		return kind.Begins(ctx, h, t)
	case kind.Setup != noEvent:
		if event := h.setupEvent(t, n, kind); event != noEvent {
			t.session.Expired = false
			return h.follow(ctx, t, event)
		}
	}
	before := len(t.said)
	if err := h.sayNotice(ctx, t, n, kind); err != nil {
		return err
	}
	t.told.PINs = nil // the outbox hands it on
	if t.silent = len(t.said) == before; !t.silent {
		h.repeatQuestion(t)
	}
	return nil
}

// sayNotice says what happened, unless it was said before.
func (h *Handler) sayNotice(ctx context.Context, t *Turn, n Notice, kind noticeKind) error {
	switch {
	case kind.Tell != nil:
		return kind.Tell(ctx, h, t, n)
	case kind.Say != "":
		t.Say(kind.Say)
	}
	return nil
}

// setupEvent is the event that moves a conversation which waits for this setup; noEvent for one that waits for another, or for
// something else: the notice may be late. Only a registration that has no page yet ends by whatever page has completed it.
func (h *Handler) setupEvent(t *Turn, n Notice, kind noticeKind) Event {
	event := kind.Setup
	if kind.Kind == prepaid.NoticeRegistered && t.session.Setup == "" {
		event = "registered"
	} else if !t.awaits(n.ID) {
		return noEvent
	}
	if n.Retold || h.engine.table.transitions[t.session.State][event] == nil {
		return noEvent
	}
	return event
}

func tellGift(ctx context.Context, h *Handler, t *Turn, n Notice) error {
	o, err := h.c.Services.Topups.Order(ctx, n.Order)
	if err == nil && o.Status == topup.Delivered {
		t.sayGift(o.Order, "")
	}
	return err
}

func tellGoodwill(ctx context.Context, h *Handler, t *Turn, n Notice) error {
	o, err := h.c.Services.Topups.Order(ctx, n.Order)
	if errors.Is(err, topup.ErrNoOrder) {
		return nil
	}
	if err != nil {
		return err
	}
	given := o.Charge.GivenAway
	if given.Zero() {
		given = o.Amount
	}
	t.said = append(t.said, t.prompts.goodwill(o.Order, given))
	return nil
}

func tellDebitReturned(ctx context.Context, h *Handler, t *Turn, n Notice) error {
	o, err := h.c.Services.Topups.Order(ctx, n.Order)
	if err != nil {
		return err
	}
	t.sayDebitReturned(o.Order)
	return nil
}

func (t *Turn) sayDebitReturned(o topup.Order) {
	t.Say("order.debit_returned", "amount", t.prompts.writes.money(o.Amount), "order", o.ID.Grouped())
}

// tellOrder says how an order stands, unless they have heard just that, by a turn or an earlier notice. A PIN is told until it is
// known that they have it.
func tellOrder(ctx context.Context, h *Handler, t *Turn, n Notice) error {
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
	heard := t.session.hears(report) && !n.Retold || report.prompt == pinTold
	if heard && report.pin == nil {
		return nil
	}
	report.sayTo(t)
	if o.Status == topup.Delivered && o.Charge.Status == topup.ChargeReturned {
		t.sayDebitReturned(o.Order)
	}
	return nil
}

// awaits reports whether a notice tells how a setup of the present flow has ended: the last one that it is known to have
// opened, or the mandate that is being read, which a turn that was killed may have given.
func (t *Turn) awaits(id prepaid.NoticeID) bool {
	s := t.session
	return s.Setup != "" && id == payments.NoticeOf(s.Setup) ||
		s.Mandate.Reference != "" && id == payments.NoticeOf(payments.MandateSetup(t.brand.Name, s.Mandate.Reference))
}

// tellNumberTaken tells an address that its number has another holder. What was under way there ends.
func tellNumberTaken(ctx context.Context, h *Handler, t *Turn, _ Notice) error {
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

// tellUnlinked tells an address that it is no longer an account's, unless it is again. What was under way there ends.
func tellUnlinked(say Key) func(context.Context, *Handler, *Turn, Notice) error {
	return func(ctx context.Context, h *Handler, t *Turn, _ Notice) error {
		_, err := t.sender(ctx, &h.c.Services)
		if errors.Is(err, accounts.ErrNoCustomer) {
			t.sayMoved(say)
			return nil
		}
		return err
	}
}

// tellNumberMoved tells an address that an account has come to it, unless it has left again. What was under way there ends.
func tellNumberMoved(ctx context.Context, h *Handler, t *Turn, _ Notice) error {
	_, err := t.sender(ctx, &h.c.Services)
	if err == nil {
		t.sayMoved("account.number_moved")
	}
	if errors.Is(err, accounts.ErrNoCustomer) {
		return nil
	}
	return err
}

func (t *Turn) sayMoved(say Key) {
	t.session.endFlow()
	t.session.State = idle
	t.Say(say, "number", t.placeOf(t.in.Address))
}

// sendPINReset sends the number's own phone the code that an operator has asked for, and the question for it: what was under way
// there ends.
func sendPINReset(ctx context.Context, h *Handler, t *Turn) error {
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

// tellCallerCode sends the number's own phone a code that whoever is on the phone with an operator reads back. What was under way goes on.
func tellCallerCode(ctx context.Context, h *Handler, t *Turn, n Notice) error {
	number, _ := t.in.Address.Tel()
	_, err := h.c.Services.Accounts.ByMSISDN(ctx, t.brand.Name, number)
	if errors.Is(err, accounts.ErrNoCustomer) { // since it was asked for
		return nil
	}
	if err != nil {
		return err
	}
	code, err := h.c.Services.Accounts.NewCode(ctx, accounts.CodeRequest{
		Brand: t.brand.Name, Channel: t.channel.Name, Address: prepaid.CallerAddress(n.ID), MSISDN: number, OperationKey: string(n.ID),
	})
	if errors.Is(err, accounts.ErrTooManyCodes) || errors.Is(err, accounts.ErrCodesSpent) {
		return nil // the operator waits in vain, and sees that none arrives
	}
	if err != nil {
		return err
	}
	t.Say("code.caller", "code", code.Reveal())
	t.said[len(t.said)-1].Secret = true
	return nil
}
