package conversation

import (
	"errors"
	"strconv"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Errors of our own. All take the message back: nothing was done.
var (
	errNoSMS        = errors.New("the channel that carries SMS is off")
	errNoNumberCode = errors.New("a new number needs the channel that carries SMS, which is off")
	errNoPINCode    = errors.New("a new PIN needs the channel that carries SMS, which is off")
	errSerial       = errors.New("a card's serial was typed for its code")
	// errNotTheirs: a recovery came in between.
	errNotTheirs = errors.New("the account is not the sender's any more")
	// errNotAuthorised is a bug: no customer hears of it.
	errNotAuthorised = errors.New("a change without proof of who asks")
)

// errorAnswer is what a customer is told of an error ("" where the transition of its event says it), and what becomes of the conversation: Event, TakesBack, or, where both
// are empty, the question again.
type errorAnswer struct {
	Of  match
	Say Key
	// Event is what the acting state that met the error answers.
	Event Event
	// TakesBack is set where nothing of the message is to count: whatever it has changed in the conversation is undone.
	TakesBack takeBack
}

// takeBack says what becomes of a conversation whose last message is taken back.
type takeBack string

const (
	stands takeBack = "stands" // as before the message: it may be sent again
	ends   takeBack = "ends"   // it is not the sender's any more
)

// match reports whether an error is the one meant, and gives the values of its prompt, names and texts in turn.
type match func(t *Turn, err error) (values []string, ok bool)

// is matches a sentinel.
func is(target error) match {
	return func(_ *Turn, err error) ([]string, bool) { return nil, errors.Is(err, target) }
}

// as matches a type of errors, which knows more. values returns nil for one that is not meant.
func as[E error](values func(t *Turn, e E) []string) match {
	return func(t *Turn, err error) ([]string, bool) {
		e, ok := errors.AsType[E](err)
		if !ok {
			return nil, false
		}
		v := values(t, e)
		return v, v != nil
	}
}

// errorAnswers is the one place where errors meet prompts. The first row that matches counts. A test finds the errors of the
// domains that are missing here.
func errorAnswers() []errorAnswer {
	return []errorAnswer{
		// What the customer has typed.
		{Of: is(prepaid.ErrOtherCountry), Say: "registration.msisdn_other_country"},
		{Of: is(prepaid.ErrNotMobile), Say: "registration.msisdn_not_mobile"},
		{Of: is(prepaid.ErrNotANumber), Say: "registration.msisdn_invalid"},
		{Of: is(payments.ErrNotSEPA), Say: "mandate.iban_not_sepa"},
		{Of: is(payments.ErrIBANLength), Say: "mandate.iban_length"},
		{Of: is(payments.ErrIBANChecked), Say: "mandate.iban_mistyped"},
		{Of: is(payments.ErrIBANs), Say: "mandate.iban_which"},
		{Of: is(payments.ErrNoIBAN), Say: "mandate.iban_invalid"},
		{Of: is(accounts.ErrWeakPIN), Say: "pin.weak"},

		// PINs and codes.
		{Of: as(wrongPIN), Say: "pin.wrong", Event: "wrong"},
		{Of: as(lockedPIN), Say: "pin.locked", Event: "locked"},
		{Of: is(accounts.ErrHardLocked), Say: "pin.hard_locked", Event: "locked"},
		{Of: is(accounts.ErrNotJudged), Say: "pin.busy", TakesBack: stands},
		{Of: is(accounts.ErrWrongCode), Say: "code.wrong", Event: "wrong"},
		{Of: is(accounts.ErrCodeExpired), Event: "expired"}, // the flow says how to get a new one
		{Of: is(accounts.ErrTooManyCodes), Say: "code.too_many", Event: "not_sent"},
		{Of: is(accounts.ErrCodesSpent), Say: "code.later", Event: "not_there"},
		{Of: is(errNoNumberCode), Say: "number.no_sms", TakesBack: stands},
		{Of: is(errNoPINCode), Say: "code.no_sms", TakesBack: stands},
		{Of: is(errNoSMS), Say: "session.try_later", TakesBack: stands},

		// The account.
		{Of: is(accounts.ErrNothingTaken), Say: "account.nothing_taken", Event: "refused"},
		{Of: is(accounts.ErrRegistered), Say: "number.taken", Event: "refused"},
		{Of: as(debitUnderWay), Say: "account.wait_debit", Event: "refused"},
		{Of: as(orderUnderWay), Say: "account.wait_order", Event: "refused"},
		{Of: as(contested), Say: "account.wait_holder", Event: "refused"},
		{Of: is(accounts.ErrInDebt), Say: "close.debt", Event: "refused"},
		{Of: is(accounts.ErrNoCustomer), Say: "account.not_yours", TakesBack: ends},
		{Of: is(errNotTheirs), Say: "account.not_yours", TakesBack: ends},
		{Of: is(accounts.ErrRecovered), Say: "account.not_yours", TakesBack: ends},
		{Of: is(accounts.ErrFrozen), Say: "account.frozen", TakesBack: ends},
		{Of: is(accounts.ErrNumberBlocked), Say: "blocked.number", TakesBack: ends},

		// Buying: nothing was charged.
		{Of: is(topup.ErrUnknownNumber), Say: "topup.number_unknown", Event: "refused"},
		{Of: is(topup.ErrNetworkDown), Say: "topup.network_down", Event: "refused"},
		{Of: as(inFlight), Say: "topup.in_flight", Event: "refused"},
		{Of: as(repeated), Say: "topup.again_refused", Event: "refused"},
		{Of: as(overLimit), Say: "topup.limit", Event: "refused"},
		{Of: is(topup.ErrBlocked), Say: "topup.blocked", Event: "refused"},
		{Of: is(topup.ErrNumberBlocked), Say: "blocked.number", Event: "refused"},
		{Of: as(pausedWithText), Say: "paused.text", Event: "refused"},
		{Of: as(pausedUntil), Say: "paused.until", Event: "refused"},
		{Of: as(paused), Say: "paused.open", Event: "refused"},
		{Of: is(topup.ErrFrozen), Say: "account.frozen", Event: "refused"},
		{Of: is(topup.ErrInstrumentEnded), Say: "pay.ended", Event: "refused"},
		{Of: is(topup.ErrOutOfRange), Say: "topup.out_of_range", Event: "refused"},
		{Of: is(topup.ErrWrongStep), Say: "topup.wrong_step", Event: "refused"},

		// Cards.
		{Of: is(cards.ErrNoRedeem), Say: "redeem.off", Event: "refused"},
		{Of: is(errSerial), Say: "redeem.serial", Event: "wrong"},
		{Of: is(cards.ErrMistyped), Say: "redeem.mistyped", Event: "wrong"},
		{Of: is(cards.ErrUnknown), Say: "redeem.unknown", Event: "wrong"},
		{Of: spentCard, Say: "redeem.spent", Event: "refused"},
		{Of: is(cards.ErrExpired), Say: "redeem.expired", Event: "refused"},
		{Of: is(cards.ErrNotLive), Say: "redeem.not_live", Event: "refused"},
		{Of: is(cards.ErrWithdrawn), Say: "redeem.withdrawn", Event: "refused"},
		{Of: is(cards.ErrInUse), Say: "redeem.in_use", Event: "refused"},
		{Of: as(lockedCards), Say: "redeem.locked", Event: "refused"},

		// The program. A provider that sends the message again has it tried again instead.
		{Of: busy, Say: "session.try_later", TakesBack: stands},
		// The operation key is another message's: nothing of that is shown, and the next message has a key of its own.
		{Of: is(topup.ErrKeyReused), Say: "session.lost", TakesBack: ends},
	}
}

func wrongPIN(t *Turn, e *accounts.WrongPINError) []string {
	return []string{"left", strconv.Itoa(e.Left), "tries", t.prompts.count("tries", e.Left), "question", t.pinQuestion()}
}

func lockedPIN(t *Turn, e *accounts.LockedError) []string {
	return t.waitUntil(e.Until)
}

func lockedCards(t *Turn, e *cards.LockedError) []string {
	return t.waitUntil(e.Until)
}

func debitUnderWay(_ *Turn, e *accounts.UnderWayError) []string {
	if !e.Debit {
		return nil
	}
	return []string{"order", e.Order.Grouped()}
}

func orderUnderWay(_ *Turn, e *accounts.UnderWayError) []string {
	return []string{"order", e.Order.Grouped()}
}

func contested(t *Turn, e *accounts.ContestedError) []string {
	return []string{"date", t.prompts.writes.day(e.Until)}
}

func inFlight(_ *Turn, e *topup.InFlightError) []string {
	return []string{"order", e.Order.ID.Grouped()}
}

func repeated(_ *Turn, e *topup.RepeatError) []string {
	return []string{"order", e.Order.ID.Grouped()}
}

func overLimit(t *Turn, e *topup.LimitError) []string {
	p := t.prompts
	var why Key
	switch e.Name {
	case "day_sum":
		why = "limit.day_sum"
	case "day_count":
		why = "limit.day_count"
	case "month_sum":
		why = "limit.month_sum"
	case "month_count":
		why = "limit.month_count"
	default:
		why = "limit.exposure"
	}
	when := p.text("limit.smaller") // than the limit itself
	switch {
	case !e.Until.IsZero():
		when = p.Part("limit.again", "amount", p.writes.money(t.amount()), "when", t.after(e.Until)).Text
	case why == "limit.exposure":
		when = p.text("limit.later")
	}
	return []string{
		"why", p.Part(why, "spent", p.writes.money(e.Spent), "limit", p.writes.money(e.Money), "topups", p.count("topups", e.Count)).Text,
		"when", when,
	}
}

// usedError is cards.ErrSpent of a card that the sender has used themselves. how says when and for what; "" where it was somebody else.
type usedError struct{ how string }

func (usedError) Error() string { return cards.ErrSpent.Error() }

func (usedError) Unwrap() error { return cards.ErrSpent }

func spentCard(t *Turn, err error) ([]string, bool) {
	what := t.prompts.text("redeem.used")
	if used, ok := errors.AsType[usedError](err); ok && used.how != "" {
		what = used.how
	}
	return []string{"what", what}, errors.Is(err, cards.ErrSpent)
}

// pausedWithText is for a pause with words of the operator's own in the customer's language.
func pausedWithText(t *Turn, e *topup.PausedError) []string {
	if text := e.Texts[t.session.Language]; text != "" {
		return []string{"text", text}
	}
	return nil
}

// pausedUntil is for a pause of which the end is known.
func pausedUntil(t *Turn, e *topup.PausedError) []string {
	if e.Until.IsZero() {
		return nil
	}
	when := t.prompts.writes.hour(e.Until)
	if day := t.prompts.writes.day(e.Until); day != t.prompts.writes.day(t.now) {
		when = day + " " + when
	}
	return []string{"time", when}
}

func paused(*Turn, *topup.PausedError) []string { return []string{} }

func busy(t *Turn, err error) ([]string, bool) {
	return nil, errors.Is(err, prepaid.ErrBusy) && !t.in.Redelivers
}

// answerOf finds the answer to an error; ok is false for one that no customer is told of.
func (t *Turn) answerOf(err error) (a errorAnswer, values []string, ok bool) {
	for _, a := range errorAnswers() {
		if values, ok := a.Of(t, err); ok {
			return a, values, true
		}
	}
	return errorAnswer{}, nil, false
}

// answerError says what a customer is to know of an error, and returns the event of the acting state that met it. An error
// that takes the message back, or that no customer is told of, ends the turn.
func (t *Turn) answerError(err error) Event {
	a, values, ok := t.answerOf(err)
	if !ok || a.Event == noEvent {
		return t.fail(err)
	}
	if a.Say != "" {
		t.Say(a.Say, values...)
	}
	return a.Event
}

// promptOf gives the prompt that says what is wrong with a customer's input; otherwise for an error that has none.
func (t *Turn) promptOf(err error, otherwise Key) Key {
	if a, _, ok := t.answerOf(err); ok {
		return a.Say
	}
	return otherwise
}

// takeBack answers a message of which nothing was done, because of an error that the customer can do something about. The turn
// is a new one, in the conversation as it was before. ok is false where the error is to be answered by nothing: the provider
// sends the message again.
func (t *Turn) takeBack(err error) (ok bool) {
	a, values, ok := t.answerOf(err)
	if !ok || a.TakesBack == "" {
		return false
	}
	t.result = "later"
	if a.TakesBack == ends {
		t.session.endFlow()
		t.session.State = idle
	}
	t.Say(a.Say, values...)
	return true
}
