package conversation

import (
	"context"
	"errors"
	"slices"
	"strings"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// registrationFlow asks who the customer is and how they pay: number twice, PIN twice, method, page.
func registrationFlow() Flow {
	return Flow{
		Name: "registration",
		States: append([]State{
			{Name: "registration.begin", Act: beginRegistration},
			{Name: "registration.ask_msisdn", Prompt: "registration.ask_msisdn", Help: "help.number", Fill: contactFirst, Accept: acceptMSISDN, AskContact: true},
			{Name: "registration.ask_msisdn_again", Prompt: "registration.ask_msisdn_again", Help: "help.number_again", Accept: acceptMSISDNAgain, AskContact: true},
			{Name: "registration.check_msisdn", Act: checkMSISDN},
			{Name: "registration.send_code", Act: sendCode},
			{Name: "registration.ask_code", Prompt: "registration.ask_code", Help: "help.code", Accept: acceptCode, Secret: true, Timeout: pinTimeout},
			{Name: "registration.check_code", Act: checkCode},
			{Name: "registration.proven", Act: findProven},
			{Name: "registration.ask_known_pin", Prompt: "registration.ask_known_pin", Help: "help.pin", Accept: acceptKnownPIN, Secret: true, Timeout: pinTimeout, Resume: "registration.ask_msisdn"},
			{Name: "registration.check_known_pin", Act: checkKnownPIN},
			{Name: "registration.forgot", Act: forgetKnownPIN},
			{Name: "registration.ask_pin", Prompt: "registration.ask_pin", Help: "help.new_pin", Accept: acceptNewPIN, Secret: true},
			{Name: "registration.ask_pin_again", Prompt: "registration.ask_pin_again", Help: "help.pin_again", Accept: acceptPINAgain, Secret: true, Timeout: pinTimeout, Resume: "registration.ask_pin"},
			{Name: "registration.save", Act: saveRegistration},
			{Name: "registration.ask_method", Prompt: "registration.ask_method", Help: "help.method", Accept: acceptMethod, Choices: methodChoices()},
			{Name: "registration.open_page", Act: openPage},
			{Name: "registration.await_payment", Prompt: "registration.await_payment", Help: "help.page", Accept: acceptPageWait, Timeout: pageTimeout},
		}, mandateStates("registration", "registration.ask_iban")...),
		Transitions: withWishes(append([]Transition{
			{From: "registration.begin", Event: "stranger", To: "registration.ask_msisdn"},
			{From: "registration.begin", Event: "has_pin", To: "registration.ask_known_pin"}, // the phone may be another's by now
			{From: "registration.begin", Event: "registered", To: idle, Say: "registration.already"},
			{From: "registration.begin", Event: "pin_locked", To: "registration.send_code"},
			{From: "registration.begin", Event: "frozen", To: idle, Say: "account.frozen"},

			{From: "registration.ask_msisdn", Event: "typed", To: "registration.ask_msisdn_again"},
			{From: "registration.ask_msisdn", Event: "shared", To: "registration.check_msisdn"},
			{From: "registration.ask_msisdn_again", Event: "same", To: "registration.check_msisdn"},
			{From: "registration.ask_msisdn_again", Event: "shared", To: "registration.check_msisdn"},
			{From: "registration.ask_msisdn_again", Event: "differs", To: "registration.ask_msisdn", Say: "registration.msisdn_differs", Instead: true},
			{From: "registration.ask_msisdn_again", Event: evBack, To: "registration.ask_msisdn"},
			{From: "registration.check_msisdn", Event: "unknown", To: "registration.ask_msisdn", Say: "registration.msisdn_unknown", Instead: true},
			{From: "registration.check_msisdn", Event: "own", To: "registration.proven"},
			{From: "registration.check_msisdn", Event: "unproven", To: "registration.send_code"},

			{From: "registration.send_code", Event: "sent", To: "registration.ask_code"},
			{From: "registration.send_code", Event: "not_sent", To: idle},
			{From: "registration.send_code", Event: "not_there", To: "registration.ask_msisdn"},
			{From: "registration.ask_code", Event: "typed", To: "registration.check_code"},
			{From: "registration.ask_code", Event: evBack, To: "registration.ask_msisdn"},
			{From: "registration.check_code", Event: "right", To: "registration.proven"},
			{From: "registration.check_code", Event: "wrong", To: "registration.ask_code", Instead: true},
			{From: "registration.check_code", Event: "expired", To: "registration.ask_msisdn", Say: "code.expired"},

			{From: "registration.proven", Event: "new", To: "registration.ask_pin"},
			{From: "registration.proven", Event: "known", To: "registration.ask_known_pin"},
			{From: "registration.proven", Event: "unproven", To: "registration.send_code"},
			{From: "registration.proven", Event: "frozen", To: idle, Say: "account.frozen"},

			{From: "registration.ask_known_pin", Event: "typed", To: "registration.check_known_pin"},
			{From: "registration.ask_known_pin", Event: "forgot_it", To: "registration.forgot"},
			{From: "registration.ask_known_pin", Event: evBack, To: "registration.ask_msisdn"},
			{From: "registration.check_known_pin", Event: "linked", To: idle, Say: "registration.linked"},
			{From: "registration.check_known_pin", Event: "unfinished", To: "registration.ask_method", Say: "topup.setup_unfinished"},
			{From: "registration.check_known_pin", Event: "wrong", To: "registration.ask_known_pin", Instead: true},
			{From: "registration.check_known_pin", Event: "locked", To: "registration.ask_known_pin", Instead: true},
			{From: "registration.forgot", Event: "proven", To: "registration.ask_pin"},
			{From: "registration.forgot", Event: "unproven", To: "registration.send_code"},

			{From: "registration.ask_pin", Event: "typed", To: "registration.ask_pin_again"},
			{From: "registration.ask_pin", Event: evBack, To: "registration.ask_msisdn"},
			{From: "registration.ask_pin_again", Event: "same", To: "registration.save"},
			{From: "registration.ask_pin_again", Event: "differs", To: "registration.ask_pin", Say: "registration.pin_differs", Instead: true},
			{From: "registration.ask_pin_again", Event: evBack, To: "registration.ask_pin"},
			{From: "registration.save", Event: "saved", To: "registration.ask_method"},
			{From: "registration.save", Event: "known", To: "registration.ask_known_pin"},
			{From: "registration.save", Event: "recovered", To: "pay.ask_method", Say: "pin.recovered"},
			{From: "registration.save", Event: "recovered_cards", To: idle, Say: "pin.recovered_cards"},

			{From: "registration.ask_method", Event: "chosen", To: "registration.open_page"},
			{From: "registration.ask_method", Event: evBack, To: "registration.ask_pin"},
			{From: "registration.ask_method", Event: "completed", To: idle, Say: "registration.done"},
			{From: "registration.ask_method", Event: "registered", To: idle, Say: "registration.done"}, // by the page of an earlier try
			{From: "registration.open_page", Event: "opened", To: "registration.await_payment"},
			{From: "registration.open_page", Event: "failed", To: "registration.ask_method", Say: "registration.page_failed"},
			{From: "registration.await_payment", Event: "completed", To: idle, Say: "registration.done"},
			{From: "registration.await_payment", Event: "abandoned", To: "registration.ask_method", Say: "registration.abandoned"},
			{From: "registration.await_payment", Event: evBack, To: "registration.ask_method"},
		}, mandateTransitions("registration", "registration.done", "registration.abandoned")...)),
	}
}

func beginRegistration(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.sender(ctx, s)
	switch {
	case err != nil: // a stranger; a store that does not answer ends the turn
		return "stranger"
	case c.Frozen():
		return "frozen"
	case c.PIN.HardLocked:
		t.setCustomer(c)
		t.session.Recovers = true
		return "pin_locked"
	case c.Registered():
		return "registered"
	}
	t.setCustomer(c)
	t.session.Proven = true
	return "has_pin"
}

func acceptMSISDN(t *Turn) (Event, Key) {
	if t.in.Contact != nil {
		return acceptContact(t)
	}
	m, wrong := readMSISDN(t)
	if wrong != "" {
		return noEvent, wrong
	}
	t.session.Answers = Answers{Key: t.session.Key, MSISDN: m, Recovers: t.session.Recovers}
	return "typed", ""
}

// contactFirst tells of the button that shares the number, where there is one: it proves the number, and costs no SMS.
func contactFirst(t *Turn) []string {
	if !t.in.Can.Contact {
		return []string{"share", ""}
	}
	return []string{"share", " " + t.prompts.text("registration.share")}
}

// acceptContact takes a shared contact: the messenger says whether it is the sender's own.
func acceptContact(t *Turn) (Event, Key) {
	if !t.in.Contact.Own {
		return noEvent, "registration.contact_not_own"
	}
	m, err := prepaid.ParseMSISDN(t.in.Contact.MSISDN.String(), t.brand.Country)
	if err != nil {
		return noEvent, t.promptOf(err, "registration.msisdn_invalid")
	}
	t.session.Answers = Answers{Key: t.session.Key, MSISDN: m, Proven: true, Recovers: t.session.Recovers}
	return "shared", ""
}

func acceptMSISDNAgain(t *Turn) (Event, Key) {
	if t.in.Contact != nil { // the button is still there: it proves more than typing does
		return acceptContact(t)
	}
	m, wrong := readMSISDN(t)
	if wrong != "" {
		return noEvent, wrong
	}
	if m != t.session.MSISDN {
		t.session.MSISDN = ""
		return "differs", ""
	}
	return "same", ""
}

func readMSISDN(t *Turn) (prepaid.MSISDN, Key) {
	m, err := prepaid.ParseMSISDN(t.tidied(), t.brand.Country)
	if err != nil {
		return "", t.promptOf(err, "registration.msisdn_invalid")
	}
	return m, ""
}

// checkMSISDN asks the network for the number. While its look-up is down registration goes on; the number is
// looked up before the first purchase.
func checkMSISDN(ctx context.Context, s *Services, t *Turn) Event {
	err := s.Topups.Recognise(ctx, t.brand.Name, t.session.MSISDN)
	if errors.Is(err, topup.ErrUnknownNumber) {
		t.session.Answers = Answers{Key: t.session.Key, Recovers: t.session.Recovers}
		return "unknown"
	}
	t.session.Recognised = err == nil
	if own, ok := t.ownNumber(); ok && own == t.session.MSISDN {
		t.session.Proven = true
	}
	if t.session.Proven {
		return "own"
	}
	return "unproven"
}

// sendCode sends a one-time code to the number that is to be proven, or says why it can't. A number whose carrier delivers
// no SMS of ours gets none, and its owner is told so. A stranger is not told why, and their request counts like a code that was
// sent, so that nobody can find out which numbers have opted out.
func sendCode(ctx context.Context, s *Services, t *Turn) Event {
	return t.sendCodeTo(ctx, s, t.session.MSISDN)
}

func (t *Turn) sendCodeTo(ctx context.Context, s *Services, m prepaid.MSISDN) Event {
	out, err := s.Accounts.OptedOut(ctx, t.brand.Name, m.Tel())
	if err != nil {
		return t.fail(err)
	}
	stopped := out.At(t.brand.SMSChannel)
	if stopped && t.ownsNumber(ctx, s, m) {
		t.Say("code.stopped", "number", m.String())
		return "not_sent"
	}
	if t.err != nil {
		return noEvent
	}
	if t.sms == "" {
		return t.fail(errNoSMS)
	}
	code, err := s.Accounts.NewCode(ctx, accounts.CodeRequest{
		Brand: t.brand.Name, Channel: t.channel.Name, Address: t.in.Address, MSISDN: m, OperationKey: t.key("code"),
	})
	switch {
	case err != nil:
		return t.answerError(err)
	case stopped:
		t.Say("code.unreachable")
		return "not_there"
	}
	can, _ := channels.Of(channels.SMS)
	t.texts = append(t.texts, channels.Outbound{
		Channel: t.sms, Address: m.Tel(), MessageID: t.key("code"),
		Text: t.prompts.Part("code.sms", "code", code.Reveal()).Text, Can: can, Repeatable: true,
		Answer: true,
	})
	return "sent"
}

// ownsNumber reports whether a number that the flow is to prove is known to be the sender's: the channel vouches for it, they
// have shared it as their own, or they are its customer.
func (t *Turn) ownsNumber(ctx context.Context, s *Services, m prepaid.MSISDN) bool {
	if own, ok := t.ownNumber(); ok && own == m || t.session.Proven && m == t.session.MSISDN {
		return true
	}
	c, err := t.sender(ctx, s)
	return err == nil && c.MSISDN == m
}

func acceptCode(t *Turn) (Event, Key) {
	code, ok := readCode(t.typedNumber(), 6, 6)
	if !ok {
		return noEvent, "code.invalid"
	}
	t.code = code
	return "typed", ""
}

func checkCode(ctx context.Context, s *Services, t *Turn) Event {
	e := t.verifyCode(ctx, s, t.session.MSISDN)
	if e == "right" {
		t.session.Proven, t.session.Coded = true, true
	}
	return e
}

// verifyCode judges the one-time code of this message, which was sent to a number.
func (t *Turn) verifyCode(ctx context.Context, s *Services, m prepaid.MSISDN) Event {
	if err := s.Accounts.CheckCode(ctx, t.brand.Name, t.in.Address, m, t.code, t.key("code")); err != nil {
		return t.answerError(err)
	}
	return "right"
}

// findProven looks whether the proven number is a customer's already. If it is, the PIN shows whether the sender is that customer.
// Without the PIN they may set a new one, once they have typed a code sent by SMS: a shared contact may show a number that was
// theirs once.
func findProven(ctx context.Context, s *Services, t *Turn) Event {
	c, err := s.Accounts.ByMSISDN(ctx, t.brand.Name, t.session.MSISDN)
	switch {
	case errors.Is(err, accounts.ErrNoCustomer):
		t.session.Recovers = false
		return "new"
	case err != nil:
		return t.fail(err)
	case c.Frozen():
		return "frozen"
	}
	if t.session.Customer != c.ID { // a recovery by somebody else from now on makes this one void
		t.session.Customer, t.session.Holder = c.ID, c.Holder
	}
	if !t.session.Recovers && !c.PIN.HardLocked {
		return "known"
	}
	return forgetPIN(t, "new")
}

// forgetPIN begins a recovery of the session's number.
func forgetPIN(t *Turn, proven Event) Event {
	t.session.Recovers = true
	if t.session.Coded {
		return proven
	}
	return "unproven"
}

// acceptKnownPIN takes the PIN of a number that is a customer's already, or that it is forgotten.
func acceptKnownPIN(t *Turn) (Event, Key) {
	if t.command.Action == ActForgot {
		return "forgot_it", ""
	}
	return acceptPIN(t)
}

func forgetKnownPIN(_ context.Context, _ *Services, t *Turn) Event { return forgetPIN(t, "proven") }

// checkKnownPIN links the sender's address to the customer whose number and PIN they know. Nothing else changes.
func checkKnownPIN(ctx context.Context, s *Services, t *Turn) Event {
	if !t.session.Proven {
		return t.fail(errNotAuthorised)
	}
	c, err := s.Accounts.ByMSISDN(ctx, t.brand.Name, t.session.MSISDN)
	if err != nil {
		return t.fail(err)
	}
	if event := t.verifyPIN(ctx, s, c); event != "right" {
		return event
	}
	for _, p := range t.places() {
		if err := s.Accounts.Link(ctx, c, p); err != nil {
			return t.fail(err)
		}
	}
	t.setCustomer(c)
	if !c.Registered() {
		return "unfinished"
	}
	return "linked"
}

// place is where the sender writes from.
func (t *Turn) place() accounts.Place {
	return accounts.Place{Address: t.in.Address, Channel: t.channel.Name, Kind: string(t.in.Can.Kind)}
}

// places are the addresses that whoever has proven the session's number has: where they write from, and the number's own.
func (t *Turn) places() []accounts.Place {
	places := []accounts.Place{t.place()}
	if own := t.session.MSISDN.Tel(); own != t.in.Address {
		places = append(places, accounts.Place{Address: own, Channel: t.brand.SMSChannel, Kind: string(channels.SMS)})
	}
	return places
}

func acceptNewPIN(t *Turn) (Event, Key) {
	pin, ok := readPIN(t.typedNumber())
	if !ok {
		return noEvent, "pin.invalid"
	}
	if err := t.computes.checkStrength(t.brand.Name, t.session.MSISDN, pin); errors.Is(err, accounts.ErrWeakPIN) {
		return noEvent, t.promptOf(err, "pin.invalid")
	}
	t.session.PINKey = t.computes.pinKey(senderOf(t.channel, t.in.Address), pin)
	return "typed", ""
}

func acceptPINAgain(t *Turn) (Event, Key) {
	pin, ok := readPIN(t.typedNumber())
	if !ok {
		return noEvent, "pin.invalid"
	}
	first := t.session.PINKey
	t.session.PINKey = ""
	if !t.computes.samePIN(first, senderOf(t.channel, t.in.Address), pin) {
		return "differs", ""
	}
	t.pin = pin
	return "same", ""
}

func saveRegistration(ctx context.Context, s *Services, t *Turn) Event {
	if t.session.Recovers {
		return t.recoverPIN(ctx, s)
	}
	c, err := s.Accounts.Register(ctx, accounts.Registration{
		Brand: t.brand.Name, MSISDN: t.session.MSISDN, PIN: t.pin, Language: t.prompts.Language,
		Places: t.places(), Recognised: t.session.Recognised, OperationKey: t.flowKey("register"),
	})
	if errors.Is(err, accounts.ErrRegistered) { // meanwhile, or before this conversation
		return "known"
	}
	if err != nil {
		return t.fail(err)
	}
	t.setCustomer(c)
	return "saved"
}

func methodChoices() []ChoiceID {
	var ids []ChoiceID
	for _, m := range payments.Methods() {
		ids = append(ids, ChoiceID(m))
	}
	return ids
}

// availableChoices labels the choices that the brand has: SEPA direct debits are in euros only.
func (t *Turn) availableChoices(ids []ChoiceID) []channels.Choice {
	if t.brand.Currency != "EUR" {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id ChoiceID) bool { return id == ChoiceID(payments.SEPA) })
	}
	return t.labels(ids)
}

func acceptMethod(t *Turn) (Event, Key) {
	choices := t.availableChoices(methodChoices())
	id, ok := channels.ReadChoice(choices, t.in)
	if !ok && t.in.Button == "" && (t.command.Action == ActNone || t.command.Action == ActPay) {
		if said := t.saidOfMethod(); said != "" {
			id, ok = channels.ReadChoice(choices, channels.Inbound{Text: said})
		}
	}
	if !ok {
		return noEvent, "input.not_a_choice"
	}
	t.session.Method = id
	return "chosen", ""
}

// saidOfMethod is an answer without words of courtesy and those that say that something is paid: "CARD" of "I'd like to pay by card,
// please"; "" where the answer has none.
func (t *Turn) saidOfMethod() string {
	w := t.all.Words
	text := w.withoutCourtesy(t.tidied(), ActPay)
	saysNothing := func(word string) bool {
		word = trimWord(word)
		of, k := w.around[word], w.keywords[word]
		return slices.Contains(of, aroundAny) || slices.Contains(of, aroundBefore) || slices.Contains(of, ActPay) || k.action != nil && k.Name == ActPay
	}
	dropped := len(text) < len(t.tidied())
	for word := range strings.FieldsSeq(text) {
		dropped = dropped || saysNothing(word)
	}
	if !dropped {
		return ""
	}
	return strings.Join(slices.DeleteFunc(strings.Fields(text), saysNothing), " ")
}

// openPage opens a payment page for the method chosen. A gateway that takes too long has failed: the page is asked for
// again.
func openPage(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.flowCustomer(ctx, s)
	if err != nil {
		return noEvent
	}
	ctx, cancel := context.WithTimeout(ctx, t.patience(s.clock.Now()))
	defer cancel()
	setup, err := s.Payments.StartSetup(ctx, payments.StartRequest{
		Brand: t.brand.Name, Customer: t.session.Customer, MSISDN: t.session.MSISDN,
		Method: payments.Method(t.session.Method), OperationKey: t.key("setup"), ReplyTo: t.replyTo(), Holder: c.Holder,
	})
	switch {
	case errors.Is(err, accounts.ErrRecovered), errors.Is(err, accounts.ErrFrozen):
		return t.fail(err)
	case err != nil:
		t.logError(err)
		return "failed"
	}
	t.session.Setup, t.session.Link = setup.ID, t.shortLink(setup.URL, func() (string, error) { return s.Links.ToSetup(ctx, setup, t.prompts.Language) })
	if offersIBAN(s, t.brand, t.session.Method) {
		return "iban_too"
	}
	return "opened"
}

// shortLink is the short link to a page. Where it can't be made, it is the page's own address: nobody is left without a link.
func (t *Turn) shortLink(page string, make func() (string, error)) string {
	link, err := make()
	if err != nil {
		t.logError(err)
		return page
	}
	return link
}

// acceptPageWait is the input of a state that waits for news: no text fits.
func acceptPageWait(*Turn) (Event, Key) { return noEvent, "registration.still_waiting" }
