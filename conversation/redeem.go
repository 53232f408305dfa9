package conversation

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/topup"
)

// maxCodeLength is the longest run of digits that is read as a card's code. Those that brands issue are shorter.
const maxCodeLength = 32

// redeemFlow spends a top-up card: on the sender's own number, or by "REDEEM code number" on another. The sender need not be
// registered, but must be known by a number.
func redeemFlow() Flow {
	return Flow{
		Name: "redeem",
		States: []State{
			{Name: "redeem.identify", Act: identifyRedeemer},
			{Name: "redeem.ask_code", Prompt: "redeem.ask_code", Help: "help.card", Accept: acceptCardCode, Secret: true},
			{Name: "redeem.check_code", Act: checkCardCode},
			{Name: "redeem.find_number", Act: findNumber},
			{Name: "redeem.ask_msisdn", Prompt: "redeem.ask_msisdn", Help: "help.card_number", Fill: contactFirst, Accept: acceptMSISDNForCard, AskContact: true},
			{Name: "redeem.check_msisdn", Act: checkMSISDN},
			{Name: "redeem.send_code", Act: sendCode},
			{Name: "redeem.ask_proof", Prompt: "redeem.ask_proof", Help: "help.code", Accept: acceptCode, Secret: true, Timeout: pinTimeout},
			{Name: "redeem.check_proof", Act: checkCode},
			{Name: "redeem.place", Act: placeRedemption},
		},
		Transitions: []Transition{
			{From: "redeem.identify", Event: "no_code", To: "redeem.ask_code"},
			{From: "redeem.identify", Event: "nobody", To: idle, Say: "redeem.other_unproven"},
			{From: "redeem.identify", Event: "refused", To: idle},
			{From: "redeem.identify", Event: "code", To: "redeem.check_code"},
			{From: "redeem.ask_code", Event: "typed", To: "redeem.check_code"},
			{From: "redeem.check_code", Event: "wrong", To: "redeem.ask_code", Instead: true},
			{From: "redeem.check_code", Event: "refused", To: idle},
			{From: "redeem.check_code", Event: "right", To: "redeem.find_number"},

			{From: "redeem.find_number", Event: "known", To: "redeem.place"},
			{From: "redeem.find_number", Event: "unknown_to_network", To: idle, Say: "redeem.msisdn_unknown"},
			{From: "redeem.find_number", Event: "whose", To: "redeem.ask_msisdn"},
			{From: "redeem.ask_msisdn", Event: "typed", To: "redeem.check_msisdn"},
			{From: "redeem.ask_msisdn", Event: "shared", To: "redeem.check_msisdn"},
			{From: "redeem.check_msisdn", Event: "unknown", To: idle, Say: "redeem.msisdn_unknown"},
			{From: "redeem.check_msisdn", Event: "own", To: "redeem.place"},
			{From: "redeem.check_msisdn", Event: "unproven", To: "redeem.send_code"},
			{From: "redeem.send_code", Event: "sent", To: "redeem.ask_proof"},
			{From: "redeem.send_code", Event: "not_sent", To: idle},
			{From: "redeem.send_code", Event: "not_there", To: "redeem.ask_msisdn"},
			{From: "redeem.ask_proof", Event: "typed", To: "redeem.check_proof"},
			{From: "redeem.ask_proof", Event: evBack, To: "redeem.ask_msisdn"},
			{From: "redeem.check_proof", Event: "right", To: "redeem.place"},
			{From: "redeem.check_proof", Event: "wrong", To: "redeem.ask_proof", Instead: true},
			{From: "redeem.check_proof", Event: "expired", To: "redeem.ask_msisdn", Say: "code.expired"},

			{From: "redeem.place", Event: "placed", To: idle},
			{From: "redeem.place", Event: "refused", To: idle},
		},
	}
}

func identifyRedeemer(ctx context.Context, s *Services, t *Turn) Event {
	if t.brand.Cards.NoRedeem {
		return t.answerError(cards.ErrNoRedeem) // before a code is asked for
	}
	if t.command.Rest == "" {
		return "no_code"
	}
	t.code, t.session.Other = t.readCardCode()
	if _, vouched := t.ownNumber(); t.session.Other != "" && !vouched {
		if _, err := t.sender(ctx, s); err != nil {
			return "nobody" // before the code is looked up: this counts as no try
		}
	}
	return "code"
}

// readCardCode reads what stands behind REDEEM: a code, and perhaps another phone's number behind it.
func (t *Turn) readCardCode() (prepaid.Secret, prepaid.MSISDN) {
	words := strings.Fields(withoutLabel(t.command.Rest))
	code := ""
	for i, word := range words {
		if code += prepaid.Compact(word); len(code) > maxCodeLength {
			break
		}
		if !cards.Looks(t.brand, code) {
			continue
		}
		if m, err := prepaid.ParseMSISDN(strings.Join(words[i+1:], " "), t.brand.Country); err == nil {
			digits, _ := readCode(code, 1, maxCodeLength)
			return digits, m
		}
	}
	return t.bareCode(), ""
}

// bareCode reads a code that stands alone: on its own line where that is all digits, else it is all of the text. What
// is no code is left to the cards service, which says so.
func (t *Turn) bareCode() prepaid.Secret {
	for _, text := range []string{t.command.Line, t.command.Rest} {
		if code, ok := readCode(withoutLabel(text), 1, maxCodeLength); ok && text != "" {
			return code
		}
	}
	return prepaid.NewSecret(t.command.Rest)
}

// codeLabels are words that customers write before a code.
var codeLabels = []string{"CODE", "PIN", "PINCODE", "CARD", "KAART", "NUMBER", "NUMMER", "NR", "NO"}

// withoutLabel takes the label off a tidy text: "CODE: 1234", "CARD NO. 1234".
func withoutLabel(text string) string {
	at := codeStart(text)
	if at < 0 || slices.ContainsFunc(strings.Fields(text[:at]), func(word string) bool {
		return !slices.Contains(codeLabels, strings.TrimRight(word, ".:=#"))
	}) {
		return text
	}
	return text[at:]
}

func acceptCardCode(t *Turn) (Event, Key) {
	code, ok := readCode(withoutLabel(t.tidied()), 5, maxCodeLength)
	if !ok {
		return noEvent, "redeem.code_invalid"
	}
	t.code = code
	return "typed", ""
}

// checkCardCode looks for the card. Wrong codes are counted for the address and, if known, the customer.
func checkCardCode(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.sender(ctx, s) // a stranger has no id
	if errors.Is(err, accounts.ErrNoCustomer) {
		err = s.Accounts.Remember(ctx, t.brand.Name, t.in.Address) // an erased customer comes back with the lock that their wrong codes had
	}
	if err != nil {
		return t.fail(err)
	}
	if t.err != nil {
		return noEvent
	}
	if t.isSerial() {
		return t.answerError(errSerial)
	}
	card, err := s.Cards.Find(ctx, t.brand.Name, t.code, cards.TryKeys(t.in.Address, c.ID), t.key("card"))
	if t.hasSpent(ctx, s, card) {
		err = nil
	}
	if errors.Is(err, cards.ErrMistyped) && t.isSerialOf(ctx, s, t.code) {
		err = errSerial
	}
	if errors.Is(err, cards.ErrSpent) {
		err = usedError{t.howUsed(ctx, s, card, c)}
	}
	if err == nil {
		t.session.Card, t.session.Amount = card.Serial, card.Amount.Minor
		return "right"
	}
	return t.answerError(err)
}

// typedSerial is a card's serial as it is printed: "101-00000042".
var typedSerial = regexp.MustCompile(`^\d+ ?- ?\d{8}$`)

// isSerial reports whether a card's serial was typed for its code. Nothing is looked up, and it is no wrong code.
func (t *Turn) isSerial() bool {
	text := t.in.Text
	if t.command.Action == ActRedeem {
		text = t.command.Rest
	}
	text = withoutLabel(tidy(text))
	return typedSerial.MatchString(text) && !cards.Looks(t.brand, text)
}

// serialDigits is how many digits a serial has behind its dash.
const serialDigits = 8

// isSerialOf reports whether a code that is none is a card's serial, typed without its dash.
func (t *Turn) isSerialOf(ctx context.Context, s *Services, code prepaid.Secret) bool {
	digits, ok := prepaid.Code(code.Reveal())
	dash := len(digits) - serialDigits
	if !ok || dash < 1 {
		return false
	}
	_, err := s.Cards.Card(ctx, t.brand.Name, digits[:dash]+"-"+digits[dash:])
	if !errors.Is(err, cards.ErrUnknown) {
		t.logError(err)
	}
	return err == nil
}

// howUsed says how the sender has used a card themselves; "" where it was somebody else, or where that can't be told.
func (t *Turn) howUsed(ctx context.Context, s *Services, card cards.Card, c accounts.Customer) string {
	if card.Order == "" {
		return ""
	}
	o, err := s.Topups.Order(ctx, card.Order)
	if err != nil || o.ReplyTo.Address != t.in.Address && (c.ID == "" || o.Customer != c.ID) {
		t.logError(err)
		return ""
	}
	p := t.prompts
	return p.Part("redeem.used_by_you", "when", t.day(o.CreatedAt), "amount", p.writes.money(o.Amount), "number", o.MSISDN.String()).Text
}

// hasSpent reports whether this very message has spent the card, in a turn that was cut off: then it goes on
// where it was.
func (t *Turn) hasSpent(ctx context.Context, s *Services, card cards.Card) bool {
	if card.Order == "" {
		return false
	}
	o, err := s.Topups.Order(ctx, card.Order)
	return err == nil && o.OperationKey == t.flowKey("redeem") && o.ReplyTo.Address == t.in.Address
}

// findNumber finds whom to top up: the number that was named, the customer's, or the sender's own where the channel
// vouches for it.
func findNumber(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.sender(ctx, s)
	own, vouched := t.ownNumber()
	if t.session.Other != "" && t.err == nil {
		own, vouched, err = t.session.Other, true, accounts.ErrNoCustomer
	}
	switch {
	case err == nil:
		t.session.MSISDN = c.MSISDN
		return "known"
	case !errors.Is(err, accounts.ErrNoCustomer):
		return t.fail(err)
	case !vouched:
		return "whose"
	}
	if _, err := prepaid.ParseMSISDN(own.String(), t.brand.Country); err != nil {
		return "unknown_to_network"
	}
	if err := s.Topups.Recognise(ctx, t.brand.Name, own); errors.Is(err, topup.ErrUnknownNumber) {
		return "unknown_to_network"
	}
	t.session.MSISDN = own
	return "known"
}

// acceptMSISDNForCard is acceptMSISDN for one who has a card to spend: the card is not forgotten.
func acceptMSISDNForCard(t *Turn) (Event, Key) {
	card, amount := t.session.Card, t.session.Amount
	event, wrong := acceptMSISDN(t)
	if event != noEvent {
		t.session.Card, t.session.Amount = card, amount
	}
	return event, wrong
}

// placeRedemption spends the card on the number.
func placeRedemption(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.sender(ctx, s)
	if err != nil && !errors.Is(err, accounts.ErrNoCustomer) {
		return t.fail(err)
	}
	o, err := s.Topups.Place(ctx, topup.Request{
		Brand: t.brand.Name, Customer: c.ID, MSISDN: t.session.MSISDN, Amount: t.amount(),
		Funding:      topup.FundingRef{Kind: topup.ByCard, Ref: t.session.Card},
		OperationKey: t.flowKey("redeem"), ReplyTo: t.replyTo(), AuthorisedBy: "card",
		Patience: t.patience(s.clock.Now()),
	})
	if o, err = t.sameMessage(o, err); err != nil {
		return t.answerError(err)
	}
	return t.placed(ctx, s, o)
}
