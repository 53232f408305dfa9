package conversation

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// topupFlow buys airtime. "KOOP 10 1234" goes straight through; what is missing is asked for.
func topupFlow() Flow {
	return Flow{
		Name: "topup",
		States: []State{
			{Name: "topup.identify", Act: identifyBuyer},
			{Name: "topup.ask_amount", Prompt: "topup.ask_amount", Help: "help.amount", Fill: fillNumber, Accept: acceptAmount, Secret: true}, // a PIN may stand behind it
			{Name: "topup.ask_which", Prompt: "topup.ask_which", Help: "help.which", Fill: fillNumber, Accept: acceptWhich, Offer: offerAmounts, Secret: true},
			{Name: "topup.ask_pin", Prompt: "topup.ask_pin", Help: "help.pin_pays", Fill: fillPurchase, Accept: acceptPIN, Secret: true, Timeout: pinTimeout},
			{Name: wishQuestion, Prompt: "topup.ask_wish", Help: "help.pin_pays", Fill: fillWish, Accept: acceptWish, Secret: true, Timeout: pinTimeout},
			{Name: "topup.check_pin", Act: checkPIN},
			{Name: "topup.place", Act: placeOrder},
			{Name: "topup.confirm_again", Prompt: "topup.confirm_again", Help: "help.again", Fill: fillPurchase, Accept: acceptRepeat, Choices: []ChoiceID{"again", "no"}, Timeout: againTimeout, Resume: "topup.ask_pin"},
		},
		Transitions: []Transition{
			{From: "topup.identify", Event: "stranger", To: "registration.ask_msisdn"},
			{From: "topup.identify", Event: "has_pin", To: "registration.ask_known_pin"},
			{From: "topup.identify", Event: "has_typed_pin", To: "registration.check_known_pin"},
			{From: "topup.identify", Event: "refused", To: idle},
			{From: "topup.identify", Event: "no_amount", To: "topup.ask_amount"},
			{From: "topup.identify", Event: "either", To: "topup.ask_which"},
			{From: "topup.identify", Event: "no_pin", To: "topup.ask_pin"},
			{From: "topup.identify", Event: "complete", To: "topup.check_pin"},

			{From: "topup.ask_amount", Event: "amount", To: "topup.ask_pin"},
			{From: "topup.ask_amount", Event: "complete", To: "topup.check_pin"},
			{From: "topup.ask_amount", Event: "either", To: "topup.ask_which"},
			{From: "topup.ask_which", Event: "amount", To: "topup.ask_pin"},
			{From: "topup.ask_which", Event: "complete", To: "topup.check_pin"},
			{From: "topup.ask_which", Event: evBack, To: "topup.ask_amount"},
			{From: "topup.ask_pin", Event: "typed", To: "topup.check_pin"},
			{From: "topup.ask_pin", Event: evBack, To: "topup.ask_amount"},
			{From: wishQuestion, Event: "typed", To: "topup.check_pin"},
			{From: wishQuestion, Event: "no", To: idle, Say: "exit.done"},
			{From: "topup.check_pin", Event: "right", To: "topup.place"},
			{From: "topup.check_pin", Event: "wrong", To: "topup.ask_pin", Instead: true},
			{From: "topup.check_pin", Event: "locked", To: idle},

			{From: "topup.place", Event: "placed", To: idle},
			{From: "topup.place", Event: "refused", To: idle},
			{From: "topup.place", Event: "not_sold", To: "topup.ask_amount"},
			{From: "topup.place", Event: "same_again", To: "topup.confirm_again"},
			{From: "topup.confirm_again", Event: "again", To: "topup.place"},
			{From: "topup.confirm_again", Event: "no", To: idle, Say: "topup.not_again"},
		},
	}
}

// identifyBuyer finds the customer, and reads the amount and PIN that the text already holds.
func identifyBuyer(ctx context.Context, s *Services, t *Turn) Event {
	p := t.readPurchase()
	c, err := t.sender(ctx, s)
	if t.err == nil && !c.Registered() && !p.Unclear && t.amountError(p.Amount) == "" {
		t.session.Wish = p.Amount.Minor
	}
	if err != nil {
		if t.command.Rest != "" {
			t.Say("topup.not_registered")
		}
		return "stranger"
	}
	t.setCustomer(c)
	switch {
	case c.Frozen():
		t.Say("account.frozen")
		return "refused"
	case c.Status == accounts.Blocked:
		t.Say("topup.blocked")
		return "refused"
	case !c.Registered():
		t.session.Proven = true
		if t.pin = p.PIN; !t.pin.Empty() {
			return "has_typed_pin"
		}
		return "has_pin"
	case c.PIN.Locked(t.now):
		t.sayLocked(c.PIN)
		return "refused"
	case c.Pays.ID == "":
		t.Say("pay.ended")
		return "refused"
	case p.Extra:
		t.Say("topup.extra_number")
		return "refused"
	case p.Unclear:
		t.Say("topup.unclear")
		return "refused"
	}
	if p.Amount.Zero() && p.PIN.Empty() && t.command.Rest == "" {
		p.Amount = t.brand.DefaultAmount
	}
	return t.takePurchase(p, "no_amount", "no_pin")
}

// fillNumber shows which number is topped up, and forgets an amount that was chosen before.
func fillNumber(t *Turn) []string {
	t.session.Amount = 0
	return []string{"number", t.session.MSISDN.String()}
}

// fillPurchase shows what will be bought: nothing else is charged for.
func fillPurchase(t *Turn) []string {
	return []string{"amount", t.prompts.writes.money(t.amount()), "number", t.session.MSISDN.String()}
}

// amount is what the present flow is about.
func (t *Turn) amount() prepaid.Money {
	return prepaid.Money{Minor: t.session.Amount, Currency: t.brand.Currency}
}

// buys reports whether the present flow is to charge for an amount that is known.
func (t *Turn) buys() bool { return t.session.Amount > 0 && t.session.Card == "" }

// readPurchase reads what follows the keyword, or all of an answer: its first line where that says it all.
func (t *Turn) readPurchase() purchase {
	if t.wanted > 0 {
		return purchase{Amount: prepaid.Money{Minor: t.wanted, Currency: t.brand.Currency}}
	}
	line := t.command.Line
	if t.command.Action == ActNone {
		line, _, _ = strings.Cut(strings.TrimSpace(t.in.Text), "\n")
		line = tidy(line)
	}
	r := t.purchaseReader()
	if p := r.read(line); p.complete() || line == t.command.Rest {
		return p
	}
	return r.read(t.command.Rest)
}

// takePurchase notes what can be bought and says what is wrong with the rest. Where the amount may be one or another, the PIN is not
// taken: it would be typed again behind the amount that is meant.
func (t *Turn) takePurchase(p purchase, noAmount, noPIN Event) Event {
	if len(p.Either) > 0 {
		t.session.Either = nil
		for _, m := range p.Either {
			t.session.Either = append(t.session.Either, m.Minor)
		}
		slices.Sort(t.session.Either)
		return "either"
	}
	if p.Amount.Zero() {
		return noAmount
	}
	if wrong := t.amountError(p.Amount); wrong != "" {
		t.Say(wrong, "amount", t.prompts.writes.money(p.Amount))
		return noAmount
	}
	t.session.Amount = p.Amount.Minor
	if p.BadPIN {
		t.Say("pin.invalid")
	}
	if p.PIN.Empty() {
		return noPIN
	}
	t.pin = p.PIN
	return "complete"
}

func (t *Turn) amountError(m prepaid.Money) Key {
	if err := topup.CheckAmount(t.brand, m); err != nil {
		return t.promptOf(err, "topup.out_of_range")
	}
	return ""
}

func acceptAmount(t *Turn) (Event, Key) {
	if t.command.Action != ActNone {
		return noEvent, ""
	}
	p := t.readPurchase()
	switch {
	case p.Unclear || p.Amount.Zero() && len(p.Either) == 0:
		return noEvent, "topup.amount_invalid"
	case len(p.Either) == 0 && t.amountError(p.Amount) != "":
		t.wrong = []string{"amount", t.prompts.writes.money(p.Amount)}
		return noEvent, t.amountError(p.Amount)
	}
	return t.takePurchase(p, noEvent, "amount"), ""
}

// typedNumber is the part of an answer that digits begin and end, where only words that customers write around a PIN or code stand
// around it: "my PIN is 4821, thanks". It is all of any other answer.
func (t *Turn) typedNumber() string {
	text := t.tidied()
	start, end := codeStart(text), strings.LastIndexAny(text, "0123456789")+1
	if start < 0 {
		return text
	}
	if i := strings.IndexByte(text[end:], ' '); i >= 0 {
		end += i
	} else {
		end = len(text)
	}
	if w := t.all.Words; slices.ContainsFunc(append(wordsOf(text[:start]), wordsOf(text[end:])...), func(word string) bool {
		return !t.all.beside.is(besidePIN, word) && w.around[strings.ToUpper(word)] == nil
	}) {
		return text
	}
	return text[start:end]
}

// offerAmounts gives the amounts that the one typed may be.
func offerAmounts(t *Turn) []channels.Choice {
	choices := make([]channels.Choice, len(t.session.Either))
	for i, minor := range t.session.Either {
		choices[i] = channels.Choice{ID: strconv.FormatInt(minor, 10), Label: t.prompts.writes.money(prepaid.Money{Minor: minor, Currency: t.brand.Currency})}
	}
	return choices
}

// acceptWhich reads which amount was meant: one of those, or any other typed anew.
func acceptWhich(t *Turn) (Event, Key) {
	if id, ok := channels.ReadChoice(offerAmounts(t), t.in); ok {
		t.session.Amount, _ = strconv.ParseInt(id, 10, 64) // it is one of ours
		return "amount", ""
	}
	if t.in.Button != "" || t.command.Action != ActNone {
		return noEvent, "input.not_a_choice"
	}
	p := t.readPurchase()
	_, isPIN := readPIN(t.in.Text)
	if isPIN && !slices.Contains(t.session.Either, p.Amount.Minor) || p.Unclear || p.Amount.Zero() || t.amountError(p.Amount) != "" {
		return noEvent, "input.not_a_choice"
	}
	return t.takePurchase(p, noEvent, "amount"), ""
}

func acceptPIN(t *Turn) (Event, Key) {
	pin, ok := readPIN(t.typedNumber())
	if !ok {
		return noEvent, "pin.invalid"
	}
	t.pin = pin
	return "typed", ""
}

// checkPIN judges the PIN of this message.
func checkPIN(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.flowCustomer(ctx, s)
	if err != nil {
		return noEvent
	}
	return t.verifyPIN(ctx, s, c)
}

// verifyPIN checks the PIN of this message, and says what is wrong. It waits no longer than the customer does: a PIN that was not
// checked by then counts as not tried, and the message is taken back.
func (t *Turn) verifyPIN(ctx context.Context, s *Services, c accounts.Customer) Event {
	ctx, cancel := context.WithTimeout(ctx, t.patience(s.clock.Now()))
	defer cancel()
	if err := s.Accounts.CheckPIN(ctx, c, t.pin, t.key("pin")); err != nil {
		return t.answerError(err)
	}
	t.session.Authorised = true
	return "right"
}

// pinQuestion asks for the PIN once more, and names what it pays for, if it does.
func (t *Turn) pinQuestion() string {
	if t.buys() {
		return t.prompts.Part("topup.ask_pin", fillPurchase(t)...).Text
	}
	return t.prompts.text("pin.ask")
}

func (t *Turn) sayLocked(p accounts.PIN) {
	if p.HardLocked {
		t.Say("pin.hard_locked")
		return
	}
	t.Say("pin.locked", t.waitUntil(p.LockedUntil)...)
}

// waitUntil is how long a customer is told to wait, as values of a prompt: a minute at least, rounded up to the second. From two hours
// on it says the hours, too.
func (t *Turn) waitUntil(at time.Time) []string {
	minutes := max(1, int((at.Sub(t.now)+59*time.Second)/time.Minute))
	unit := t.prompts.count("minutes", minutes)
	if minutes >= 120 {
		unit += " (" + t.prompts.count("hours", (minutes+30)/60) + ")"
	}
	return []string{"minutes", strconv.Itoa(minutes), "unit", unit}
}

// placeOrder buys. Only a turn or flow whose PIN was right comes here.
func placeOrder(ctx context.Context, s *Services, t *Turn) Event {
	c, err := t.flowCustomer(ctx, s)
	if err != nil {
		return noEvent
	}
	if !t.session.Authorised {
		return t.fail(errors.New("an order without a right PIN"))
	}
	if c.MSISDN != t.session.MSISDN { // it was changed from elsewhere since the question named it
		t.Say("session.lost")
		return "refused"
	}
	if c.Recognised.IsZero() {
		if err := t.recogniseLate(ctx, s, c); err != nil {
			return t.answerError(err)
		}
	}
	o, err := s.Topups.Place(ctx, topup.Request{
		Brand: t.brand.Name, Customer: c.ID, MSISDN: c.MSISDN, Amount: t.amount(),
		Funding:      topup.FundingRef{Kind: topup.ByCharge, Ref: string(c.Pays.ID), Provider: c.Pays.Gateway, Method: c.Pays.Method},
		OperationKey: t.flowKey("topup"), ReplyTo: t.replyTo(), AuthorisedBy: "pin",
		Confirmed: t.session.Confirmed, Patience: t.patience(s.clock.Now()),
	})
	if o, err = t.sameMessage(o, err); err == nil {
		return t.placed(ctx, s, o)
	}
	var repeat *topup.RepeatError
	switch {
	case errors.As(err, &repeat) && !t.sessionless:
		return "same_again"
	case errors.Is(err, topup.ErrOutOfRange), errors.Is(err, topup.ErrWrongStep): // the brand's settings have changed since the amount was taken
		t.Say(t.promptOf(err, "topup.out_of_range"), "amount", t.prompts.writes.money(t.amount()))
		t.session.Amount, t.session.Authorised, t.session.Confirmed = 0, false, false
		return "not_sold"
	}
	return t.answerError(err)
}

// sameMessage returns the order that an earlier delivery of this message has placed, also where what it asks for has changed since:
// the customer may have another instrument. It is topup.ErrKeyReused where the order is another address's, or so old that no
// message is delivered again after that time.
func (t *Turn) sameMessage(o topup.Order, err error) (topup.Order, error) {
	reused := (*topup.KeyReusedError)(nil)
	if errors.As(err, &reused) {
		o, err = reused.Order, nil
	}
	if err == nil && (o.ReplyTo.Address != t.in.Address || t.now.Sub(o.CreatedAt) > memoKept) {
		return topup.Order{}, topup.ErrKeyReused
	}
	return o, err
}

// recogniseLate looks the number up that the network did not answer for at registration. It returns topup.ErrUnknownNumber or ErrNetworkDown.
func (t *Turn) recogniseLate(ctx context.Context, s *Services, c accounts.Customer) error {
	err := s.Topups.Recognise(ctx, t.brand.Name, c.MSISDN)
	switch {
	case err == nil:
		t.logError(s.Accounts.SetRecognised(ctx, c.ID))
		return nil
	case errors.Is(err, topup.ErrUnknownNumber):
		return err
	}
	return topup.ErrNetworkDown
}

// placed says how an order stands. If it has ended, its notices need not be sent any more.
func (t *Turn) placed(ctx context.Context, s *Services, o topup.Order) Event {
	report, err := t.orderReport(ctx, s, o)
	switch {
	case errors.Is(err, prepaid.ErrBusy): // the order is placed: the customer must not try again
		t.logError(err)
		report.prompt, report.pin = "order.working", nil
		report.sayTo(t)
		return "placed"
	case err != nil:
		return t.fail(err)
	}
	report.sayTo(t)
	t.session.hears(report)
	if o.Status.Ended() && report.prompt != pinComing {
		ids, err := s.Notices.NoticesOf(ctx, o.ID, o.Status)
		t.logError(err) // the notice is then sent as well
		t.told.Notices = ids
	}
	return "placed"
}

func acceptRepeat(t *Turn) (Event, Key) {
	id, ok := channels.ReadChoice(t.labels([]ChoiceID{"again", "no"}), t.in)
	if !ok {
		return noEvent, "input.not_a_choice"
	}
	if id == "no" {
		return "no", ""
	}
	t.session.Confirmed = true
	return "again", ""
}
