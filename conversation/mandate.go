package conversation

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"pulsa/payments"
	"pulsa/prepaid"
)

// mandateText is the prompt that a customer agrees to word for word.
const mandateText Key = "mandate.text"

// Mandate is a SEPA mandate while it waits for its customer to agree. The IBAN is sealed.
type Mandate struct {
	Reference string `json:"reference,omitempty"`
	Sealed    string `json:"sealed,omitempty"`
	IBAN      string `json:"iban,omitempty"` // as shown
	Holder    string `json:"holder,omitempty"`
	Shown     string `json:"shown,omitempty"` // the version of the text that was shown last
}

// mandateStates are where a flow takes an IBAN and the agreement to a mandate, instead of the payment page. resume is
// where it goes on after an expired question: the IBAN is not kept.
func mandateStates(flow, resume string) []State {
	return []State{
		{Name: flow + ".ask_iban", Prompt: "mandate.ask_iban", Help: "help.iban", Accept: acceptIBAN, Secret: true, Timeout: pageTimeout},
		{Name: flow + ".ask_holder", Prompt: "mandate.ask_holder", Help: "help.holder", Accept: acceptHolder, Free: isHolder, Resume: resume},
		{Name: flow + ".agree", Prompt: mandateText, Help: "help.mandate", Fill: fillMandate, Short: shortMandate, Accept: acceptAgreement, Resume: resume},
		{Name: flow + ".sign", Act: signMandate},
		{Name: flow + ".await_mandate", Prompt: "mandate.await", Help: "help.mandate_wait", Accept: acceptMandateWait, Timeout: pageTimeout},
	}
}

// mandateTransitions lead through mandateStates; done is said at their good end, and abandoned where the page is left
// meanwhile.
func mandateTransitions(flow string, done, abandoned Key) []Transition {
	in := func(place string) string { return flow + "." + place }
	return []Transition{
		{From: in("open_page"), Event: "iban_too", To: in("ask_iban")},
		{From: in("ask_iban"), Event: "typed", To: in("ask_holder")},
		{From: in("ask_iban"), Event: "named", To: in("agree")},
		{From: in("ask_iban"), Event: "completed", To: idle, Say: done},
		{From: in("ask_iban"), Event: "abandoned", To: in("ask_method"), Say: abandoned},
		{From: in("ask_iban"), Event: evBack, To: in("ask_method")},
		{From: in("ask_holder"), Event: "typed", To: in("agree")},
		{From: in("ask_holder"), Event: "completed", To: idle, Say: done},
		{From: in("ask_holder"), Event: evBack, To: in("ask_iban")},
		{From: in("agree"), Event: "agreed", To: in("sign")},
		{From: in("agree"), Event: "read", To: in("agree")},
		{From: in("agree"), Event: "completed", To: idle, Say: done}, // on the payment page after all, or by a turn that was killed
		{From: in("agree"), Event: evBack, To: in("ask_iban")},
		{From: in("sign"), Event: "signed", To: idle, Say: done},
		{From: in("sign"), Event: "refused", To: in("ask_method"), Say: "mandate.refused"},
		{From: in("sign"), Event: "unclear", To: in("await_mandate")},
		{From: in("await_mandate"), Event: "completed", To: idle, Say: done},
		{From: in("await_mandate"), Event: "abandoned", To: in("ask_method"), Say: "mandate.refused"},
		{From: in("await_mandate"), Event: evBack, To: in("ask_method")},
	}
}

// acceptIBAN reads the number of a bank account. It waits sealed for its owner's agreement.
func acceptIBAN(t *Turn) (Event, Key) {
	if looksLikePaymentCard(t.in.Text) {
		return noEvent, "mandate.card_number"
	}
	iban, beside, err := payments.ParseIBAN(t.in.Text)
	if err != nil {
		return noEvent, t.promptOf(err, "mandate.iban_invalid")
	}
	reference := payments.MandateReference(t.brand.Name, t.key("mandate"))
	t.session.Mandate = Mandate{Reference: reference, Sealed: t.computes.sealIBAN(reference, iban), IBAN: iban.Display()}
	if holder := payments.HolderBeside(beside); isName(holder) { // they read it in the mandate before they agree
		t.session.Mandate.Holder = holder
		return "named", ""
	}
	return "typed", ""
}

// How long the name of an account's owner may be: as in a SEPA message, and as gateways take it.
const (
	shortestName = 3
	longestName  = 70
)

func acceptHolder(t *Turn) (Event, Key) {
	if t.command.Action != ActNone || !isHolder(t) {
		return noEvent, "mandate.holder_invalid"
	}
	t.session.Mandate.Holder = oneLine(t.in.Text)
	return "typed", ""
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// isHolder reports whether a text may be the name of an account's owner.
func isHolder(t *Turn) bool { return isName(oneLine(t.in.Text)) }

func isName(name string) bool {
	n := utf8.RuneCountInString(name)
	strange := strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune(" .,-'’/&", r)
	})
	return n >= shortestName && n <= longestName && !strange && utf8.ValidString(name)
}

// fillMandate puts the customer's data into the text of the mandate, and notes which version of the text they are shown.
func fillMandate(t *Turn) []string {
	t.session.Mandate.Shown = t.prompts.Version(mandateText)
	m := t.session.Mandate
	return []string{"reference", m.Reference, "holder", m.Holder, "iban", m.IBAN, "date", t.prompts.writes.day(t.now)}
}

// shortMandate repeats the question without the text, where the customer was shown the present version of it.
func shortMandate(t *Turn) Key {
	if t.session.Mandate.Shown != t.prompts.Version(mandateText) {
		return ""
	}
	return "mandate.agree_only"
}

// acceptAgreement takes nothing but the one word, and only for the text that was shown; or the word that shows it again.
func acceptAgreement(t *Turn) (Event, Key) {
	if t.command.Action == ActMandate {
		return "read", ""
	}
	if t.command.Action != ActAgree || !t.command.Alone || t.session.Mandate.Shown != t.prompts.Version(mandateText) {
		return noEvent, "mandate.agree_only"
	}
	return "agreed", ""
}

// signMandate writes the agreement down and has the instrument made.
func signMandate(ctx context.Context, s *Services, t *Turn) Event {
	if !t.session.Authorised && !t.session.Proven {
		return t.fail(errNotAuthorised)
	}
	c, err := t.flowCustomer(ctx, s)
	if err != nil {
		return noEvent
	}
	m := t.session.Mandate
	setup, err := s.Payments.Sign(ctx, payments.SignRequest{
		Mandate: payments.Mandate{
			Brand: t.brand.Name, Customer: t.session.Customer, Reference: m.Reference, Creditor: t.brand.Creditor,
			Language: t.prompts.Language, Version: m.Shown, Text: t.mandateAsShown(), Holder: m.Holder, IBAN: m.IBAN,
			From: t.replyTo(), Sealed: m.Sealed,
		},
		Holder:   c.Holder,
		Patience: t.patience(s.clock.Now()),
	})
	if err != nil {
		return t.fail(err)
	}
	t.session.Mandate, t.session.Setup = Mandate{}, setup.ID
	switch setup.Status {
	case payments.SetupCompleted:
		t.told.Notices = append(t.told.Notices, payments.NoticeOf(setup.ID))
		return "signed"
	case payments.SetupAbandoned:
		t.told.Notices = append(t.told.Notices, payments.NoticeOf(setup.ID))
		return "refused"
	}
	return "unclear"
}

// mandateAsShown is the text that was agreed to. {holder} and {iban} stay in it, since erasing a customer erases their values.
func (t *Turn) mandateAsShown() string {
	values := fillMandate(t)
	for i := 0; i < len(values); i += 2 {
		if values[i] == "holder" || values[i] == "iban" {
			values[i+1] = "{" + values[i] + "}"
		}
	}
	return t.prompts.Part(mandateText, values...).Text
}

// acceptMandateWait is the input of a state that waits for the gateway: no text fits.
func acceptMandateWait(*Turn) (Event, Key) { return noEvent, "mandate.still_waiting" }

// offersIBAN reports whether the customer may type an IBAN instead of opening the page for a method.
func offersIBAN(s *Services, b *prepaid.Brand, method string) bool {
	return payments.Method(method) == payments.SEPA && s.Payments.TakesIBAN(b.Name)
}
