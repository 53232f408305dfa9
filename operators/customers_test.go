package operators_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/accounts"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
	"pulsa/topup"
)

const (
	brandName = "demo"
	annaPhone = prepaid.MSISDN("31612345678")
	otherOne  = prepaid.MSISDN("31687654321")
	annaBot   = prepaid.Address("telegram:352735")
)

var (
	anna     = operators.Whom{Brand: brandName, MSISDN: annaPhone}
	nobody   = operators.Whom{Brand: brandName, MSISDN: otherOne}
	operator = prepaid.By{Who: "ola", Why: "the customer asked"}
)

// counter is the operations on customers over a store of their own, at one moment.
type counter struct {
	*testing.T
	db   *store.DB
	said *said
	operators.Customers
}

// said is the conversations, of which it notes what was erased.
type said struct {
	erased []string
	fails  error
}

func (s *said) Erase(_ context.Context, sender string) error {
	s.erased = append(s.erased, sender)
	return s.fails
}

// pseudonymizer gives everybody the same pseudonyms.
type pseudonymizer struct{}

func (pseudonymizer) Pseudonyms(string, prepaid.MSISDN) accounts.Pseudonyms {
	return accounts.Pseudonyms{Number: "erased-1-ab", Address: func(a prepaid.Address) prepaid.Address { return "erased:1-" + a[:3] }}
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	db, s := storetest.SQLite(t), &said{}
	brand := &prepaid.Brand{Name: brandName, Country: "NL", Currency: "EUR", SMSChannel: "twilio",
		Channels: []prepaid.ChannelConfig{{Name: "twilio", Type: "twilio"}, {Name: "bot", Type: "telegram"}}}
	return &counter{t, db, s, operators.Customers{
		Customers: db.Customers, Addresses: db.OptOuts, Orders: db.Orders, Deeds: db.Deeds, Mandates: db.Mandates,
		Moves: db.Moves, Notices: db.Notices, Switches: db.Channels, Brands: prepaid.NewBrands(brand),
		Clock: prepaid.NewVirtualClock(start), Conversations: s, Pseudonyms: pseudonymizer{},
	}}
}

func (c *counter) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// registers makes a customer who pays by direct debit and writes by SMS and from a bot.
func (c *counter) registers(m prepaid.MSISDN, more ...prepaid.Address) accounts.Customer {
	c.Helper()
	places := []accounts.Place{{Address: m.Tel(), Channel: "twilio", Kind: "sms"}}
	for _, a := range more {
		places = append(places, accounts.Place{Address: a, Channel: "bot", Kind: "telegram"})
	}
	customer, err := c.db.Customers.SaveRegistration(c.Context(), accounts.Customer{ID: prepaid.NewID[prepaid.CustomerID](), Brand: brandName,
		MSISDN: m, Language: "nl", PIN: accounts.PIN{Hash: "hash"}, CreatedAt: start}, places)
	c.ok(err)
	s := c.setup(customer)
	_, err = c.db.Payments.SaveSetup(c.Context(), s)
	c.ok(err)
	_, err = c.db.Payments.EndSetup(c.Context(), s.ID, &payments.Instrument{ID: "i-" + prepaid.InstrumentID(customer.ID), Customer: customer.ID,
		Brand: brandName, Gateway: "sim", Method: payments.SEPA, Token: prepaid.NewSecret("tok_1"), Display: "NL** **** 4300", CreatedAt: start}, prepaid.NewID[prepaid.NoticeID](), start)
	c.ok(err)
	return c.read(m)
}

func (c *counter) setup(of accounts.Customer) payments.Setup {
	return payments.Setup{ID: prepaid.NewID[prepaid.SetupID](), OperationKey: prepaid.NewToken(), Brand: brandName, Customer: of.ID, Gateway: "sim",
		Method: payments.SEPA, Status: payments.SetupOpen, Holder: max(of.Holder, 1), CreatedAt: start,
		ReplyTo: topup.ReplyTo{Channel: "twilio", Kind: "sms", Address: of.MSISDN.Tel(), Language: "nl"}}
}

func (c *counter) read(m prepaid.MSISDN) accounts.Customer {
	c.Helper()
	customer, err := c.db.Customers.CustomerByMSISDN(c.Context(), brandName, m)
	c.ok(err)
	return customer
}

// blocks makes a customer one who owes money.
func (c *counter) blocks(of accounts.Customer) {
	c.Helper()
	blocked := accounts.Blocked
	c.ok(c.db.Customers.UpdateCustomer(c.Context(), of.ID, accounts.Update{Status: &blocked}))
}

// mistypes counts one wrong PIN and locks it for an hour.
func (c *counter) mistypes(of accounts.Customer) {
	c.Helper()
	_, _, err := c.db.PINs.CountPINTry(c.Context(), of.ID, "wrong", start)
	c.ok(err)
	c.ok(c.db.PINs.LockPIN(c.Context(), of.ID, start.Add(time.Hour), false))
}

// orders makes a customer's order of EUR 10, whose charge is under way.
func (c *counter) orders(of accounts.Customer) prepaid.OrderID {
	c.Helper()
	id := prepaid.NewOrderID()
	_, _, err := c.db.Orders.Create(c.Context(), topup.NewOrder{
		Order: topup.Order{ID: id, Brand: brandName, Customer: of.ID, MSISDN: of.MSISDN, Amount: prepaid.Money{Minor: 1000, Currency: "EUR"},
			Funding: topup.FundingRef{Kind: topup.ByCharge, Ref: string(of.Pays.ID), Provider: "sim", Method: "sepa"}, OperationKey: "m1", RequestHash: "r",
			Status: topup.Charging, CreatedAt: start, StatusAt: start, RunAt: start, LeaseUntil: start.Add(time.Minute), InFlight: true},
		Charge:  topup.Charge{ID: prepaid.NewID[prepaid.ChargeID](), Order: id, Status: topup.ChargeSending},
		Attempt: topup.Attempt{Order: id, Number: 1, Step: topup.StepCharge, Reference: "ch1", Outcome: topup.Sending, StartedAt: start},
	})
	c.ok(err)
	return id
}

// taken has somebody recover a customer's number from another Telegram account.
func (c *counter) taken(of accounts.Customer) {
	c.Helper()
	_, err := c.db.Customers.RecoverCustomer(c.Context(), accounts.NewHolder{Customer: of.ID, MSISDN: of.MSISDN, PINHash: "new", OperationKey: "recovery",
		Places: []accounts.Place{{Address: "telegram:999999", Channel: "bot", Kind: "telegram"}}, At: start, Until: start.Add(accounts.NotMeFor)})
	c.ok(err)
}

// frozen is a customer whose number was taken, and who has said NOT ME.
func (c *counter) frozen() accounts.Customer {
	c.Helper()
	of := c.registers(annaPhone, annaBot)
	c.taken(of)
	frozen, err := c.db.Customers.FreezeCustomer(c.Context(), brandName, annaBot, start)
	c.ok(err)
	return frozen
}

// refused expects an error of a kind that names the customer by a masked number.
func (c *counter) refused(what string, err, want error) {
	c.Helper()
	if !errors.Is(err, want) {
		c.Errorf("%s: %v, want %v", what, err, want)
		return
	}
	if strings.Contains(err.Error(), string(annaPhone)) || strings.Contains(err.Error(), string(otherOne)) {
		c.Errorf("%s: the error shows a whole number: %v", what, err)
	}
}

// kept expects what operators have done to a customer, each by the operator and for the reason.
func (c *counter) kept(id prepaid.CustomerID, what ...string) {
	c.Helper()
	done, err := c.db.Deeds.Of(c.Context(), operators.Object{Brand: brandName, Kind: prepaid.OnCustomer, ID: string(id)})
	c.ok(err)
	var got []string
	for _, i := range done {
		got = append(got, i.What)
		if i.By != operator || !i.At.Equal(start) || i.Outcome != "done" || !i.EndedAt.Equal(start) {
			c.Errorf("%s: %+v", i.What, i)
		}
	}
	slices.Sort(got)
	slices.Sort(what)
	if diff := cmp.Diff(what, got); diff != "" {
		c.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestNothingIsDoneToNobody(t *testing.T) {
	c := newCounter(t)
	ctx := c.Context()
	for what, do := range map[string]func(operators.Whom) error{
		"show":                func(w operators.Whom) error { _, err := c.Show(ctx, w); return err },
		"unlock":              func(w operators.Whom) error { _, err := c.Unlock(ctx, w, operator); return err },
		"unlock paid":         func(w operators.Whom) error { _, err := c.UnlockPaid(ctx, w, operator); return err },
		"unfreeze":            func(w operators.Whom) error { return failure(c.Unfreeze(ctx, w, operator)) },
		"unfreeze for nobody": func(w operators.Whom) error { return failure(c.UnfreezeForNobody(ctx, w, operator)) },
		"reset PIN":           func(w operators.Whom) error { return failure(c.ResetPIN(ctx, w, operator)) },
		"move":                func(w operators.Whom) error { _, err := c.Move(ctx, w, "31611111111", operator); return err },
		"erase":               func(w operators.Whom) error { _, err := c.Erase(ctx, w, operator); return err },
		"erase despite debt":  func(w operators.Whom) error { _, err := c.EraseDespiteDebt(ctx, w, operator); return err },
	} {
		c.refused(what, do(nobody), accounts.ErrNoCustomer)
	}
	if len(c.said.erased) > 0 {
		t.Errorf("conversations of others were erased: %q", c.said.erased)
	}
}

func TestAProfileShowsWhatIsKnownAndNoWholeNumber(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone, annaBot)
	order := c.orders(customer)
	c.mistypes(customer)
	c.ok(c.db.OptOuts.SetOptOut(c.Context(), brandName, annaBot, []string{"", "bot"}, true, start))
	p, err := c.Show(c.Context(), anna)
	c.ok(err)
	if p.ID != customer.ID || p.Brand != brandName || p.Number != "+316****5678" || p.Language != "nl" || p.Status != accounts.Active ||
		p.PaysBy != string(payments.SEPA) || p.Instrument != "NL** **** 4300" || p.Account != "never recovered" {
		t.Errorf("%+v", p)
	}
	if p.PIN != "locked until 2026-11-01 10:00:00" {
		t.Error(p.PIN)
	}
	want := []operators.AddressRow{{Address: "tel:+316****5678"}, {Address: "telegram:****35", OptedOut: true, OptedOutAt: []string{"bot"}}}
	if diff := cmp.Diff(want, p.Addresses); diff != "" {
		t.Error(diff)
	}
	if len(p.Orders) != 1 || p.Orders[0].ID != order || len(p.ByHand) != 0 {
		t.Errorf("orders %+v, by hand %+v", p.Orders, p.ByHand)
	}
	text, err := json.Marshal(p)
	c.ok(err)
	for _, secret := range []string{string(annaPhone), "352735", "hash", "tok_1"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the profile shows %q: %s", secret, text)
		}
	}
}

func TestAProfileShowsWhatOperatorsHaveDone(t *testing.T) {
	c := newCounter(t)
	c.registers(annaPhone)
	_, err := c.Unlock(c.Context(), anna, operator)
	c.ok(err)
	p, err := c.Show(c.Context(), anna)
	c.ok(err)
	want := []operators.DeedRow{{What: "unlock", Who: "ola", Why: "the customer asked", At: start, Outcome: "done"}}
	if diff := cmp.Diff(want, p.ByHand); diff != "" {
		t.Error(diff)
	}
	if p.PIN != "0 wrong in a row, 0 in 30 days" {
		t.Error(p.PIN)
	}
}

func TestAProfileSaysWhoseAnAccountIs(t *testing.T) {
	c := newCounter(t)
	c.taken(c.registers(annaPhone, annaBot))
	p, err := c.Show(c.Context(), anna)
	c.ok(err)
	if p.Account != "recovered 2026-11-01 09:00:00" || !p.FrozenAt.IsZero() {
		t.Errorf("%+v", p)
	}
	_, err = c.db.Customers.FreezeCustomer(c.Context(), brandName, annaBot, start)
	c.ok(err)
	p, err = c.Show(c.Context(), anna)
	c.ok(err)
	if p.Account != "frozen since 2026-11-01 09:00:00 by NOT ME, recovered 2026-11-01 09:00:00" || !p.FrozenAt.Equal(start) {
		t.Errorf("%+v", p)
	}
}

func TestUnlockTakesALockAwayAndKeepsTheBlock(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	c.mistypes(customer)
	c.blocks(customer)
	got, err := c.Unlock(c.Context(), anna, operator)
	c.ok(err)
	want := operators.Unlocked{Number: "+316****5678", Status: accounts.Blocked, PIN: "0 wrong in a row, 0 in 30 days"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a lock and a block: %s", diff)
	}
	got, err = c.Unlock(c.Context(), anna, operator)
	c.ok(err)
	want.StillBlocked = true // there was no lock that would explain why they called
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a block alone: %s", diff)
	}
	if got.Unfinished() == nil {
		t.Error("nothing is said of the block")
	}
	if c.read(annaPhone).PIN.Locked(start) {
		t.Error("the PIN is still locked")
	}
	c.kept(customer.ID, "unlock", "unlock")
}

func TestUnlockPaidTakesTheBlockAwayToo(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	c.mistypes(customer)
	c.blocks(customer)
	got, err := c.UnlockPaid(c.Context(), anna, operator)
	c.ok(err)
	want := operators.Unlocked{Number: "+316****5678", Status: accounts.Active, PIN: "0 wrong in a row, 0 in 30 days"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err = c.UnlockPaid(c.Context(), anna, operator) // who owes nothing is only unlocked
	c.ok(err)
	c.kept(customer.ID, "unlock, debt paid", "unlock")
}

func TestFrozenAccountsAreListed(t *testing.T) {
	c := newCounter(t)
	c.registers(otherOne)
	customer := c.frozen()
	got, err := c.Frozen(c.Context(), brandName)
	c.ok(err)
	want := []operators.FrozenRow{{ID: customer.ID, Number: "+316****5678", FrozenAt: start, RecoveredAt: start}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := c.Frozen(c.Context(), "another"); err != nil || len(got) > 0 {
		t.Errorf("another brand's: %v, %v", got, err)
	}
}

func TestUnfreezeLeavesTheAccountWithItsPresentHolder(t *testing.T) {
	c := newCounter(t)
	customer := c.frozen()
	c.ok(failure(c.Unfreeze(c.Context(), anna, operator)))
	after := c.read(annaPhone)
	if after.Frozen() || after.Holder != customer.Holder || after.PIN != customer.PIN {
		t.Errorf("%+v, was %+v", after, customer)
	}
	c.refused("twice", failure(c.Unfreeze(c.Context(), anna, operator)), operators.ErrNotFrozen)
	c.kept(customer.ID, "unfreeze")
}

func TestUnfreezeForNobodyEndsThePresentHolder(t *testing.T) {
	c := newCounter(t)
	customer := c.frozen()
	c.ok(failure(c.UnfreezeForNobody(c.Context(), anna, operator)))
	after := c.read(annaPhone)
	if after.Frozen() || after.Holder != customer.Holder+1 || !after.PIN.HardLocked || after.Pays.ID != "" {
		t.Errorf("%+v, was %+v", after, customer)
	}
	for _, a := range []prepaid.Address{"telegram:999999", annaBot, annaPhone.Tel()} {
		if _, err := c.db.Customers.CustomerByAddress(c.Context(), brandName, a); !errors.Is(err, accounts.ErrNoCustomer) {
			t.Errorf("%s is still linked: %v", a, err)
		}
	}
	c.refused("twice", failure(c.UnfreezeForNobody(c.Context(), anna, operator)), operators.ErrNotFrozen)
	c.kept(customer.ID, "unfreeze for nobody")
}

// due claims the notices that are due.
func (c *counter) due() []conversation.Notice {
	c.Helper()
	due, err := c.db.Notices.ClaimNotices(c.Context(), start, start.Add(time.Minute), 100)
	c.ok(err)
	return due
}

func TestResetPINHasACodeSentToTheNumberItself(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone, annaBot)
	c.due() // what the registration tells
	c.ok(failure(c.ResetPIN(c.Context(), anna, operator)))
	due := c.due()
	if len(due) != 1 || due[0].About != prepaid.NoticePINReset || due[0].Address != annaPhone.Tel() || due[0].Channel != "twilio" || due[0].Kind != "sms" {
		t.Errorf("%+v", due)
	}
	if c.read(annaPhone).PIN.Hash != "hash" {
		t.Error("the old PIN went before a new one was chosen")
	}
	c.kept(customer.ID, "reset PIN")
}

func TestResetPINIsRefusedWhileNoSMSCanBeSent(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	c.ok(c.db.Channels.SetSwitch(c.Context(), operators.SwitchChange{Brand: brandName, Channel: "twilio", On: false, By: prepaid.By{Who: "ola"}, At: start}))
	c.refused("switched off", failure(c.ResetPIN(c.Context(), anna, operator)), operators.ErrNoCode)
	c.kept(customer.ID)
	c.Brands.Named(brandName).Channels[0].Disabled = true
	c.ok(c.db.Channels.SetSwitch(c.Context(), operators.SwitchChange{Brand: brandName, Channel: "twilio", On: true, By: prepaid.By{Who: "ola"}, At: start}))
	if err := failure(c.ResetPIN(c.Context(), anna, operator)); err != nil {
		t.Errorf("switched on, whatever the configuration says: %v", err)
	}
}

func TestResetPINIsRefusedWhereTheConfigurationHasSMSOff(t *testing.T) {
	c := newCounter(t)
	c.registers(annaPhone)
	c.Brands.Named(brandName).Channels[0].Disabled = true
	c.refused("disabled", failure(c.ResetPIN(c.Context(), anna, operator)), operators.ErrNoCode)
	c.Brands.Named(brandName).SMSChannel = "none"
	c.refused("no such channel", failure(c.ResetPIN(c.Context(), anna, operator)), operators.ErrNoCode)
}

func TestResetPINIsRefusedWhileTheAccountIsFrozen(t *testing.T) {
	c := newCounter(t)
	customer := c.frozen()
	c.refused("frozen", failure(c.ResetPIN(c.Context(), anna, operator)), accounts.ErrFrozen)
	c.kept(customer.ID)
}

func TestMoveTakesTheAccountToAnotherNumber(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	c.due()
	done, err := c.Move(c.Context(), anna, otherOne, operator)
	c.ok(err)
	after := c.read(otherOne)
	if done != "+316****5678 is now +316****4321: the customer's PIN, way to pay, limits and debts went along" || after.ID != customer.ID || after.PIN.Hash != "hash" || after.Pays.ID != customer.Pays.ID {
		t.Errorf("%s: %+v", done, after)
	}
	c.refused("the old number", func() error { _, err := c.Show(c.Context(), anna); return err }(), accounts.ErrNoCustomer)
	var told []string
	for _, n := range c.due() {
		told = append(told, string(n.About)+" "+string(n.Address))
	}
	slices.Sort(told)
	if diff := cmp.Diff([]string{"number_left tel:+31612345678", "number_moved tel:+31687654321"}, told); diff != "" {
		t.Error(diff)
	}
	c.kept(customer.ID, "change number")
}

func TestMoveIsRefused(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	move := func(to prepaid.MSISDN) error { _, err := c.Move(c.Context(), anna, to, operator); return err }
	c.refused("to another country", move("4915112345678"), prepaid.ErrOtherCountry)
	c.refused("to no mobile", move("31201234567"), prepaid.ErrNotMobile)
	if err := move(annaPhone); err == nil || !strings.Contains(err.Error(), "is the customer's number already") {
		t.Errorf("to the same number: %v", err)
	}
	c.registers(otherOne)
	c.refused("to another customer's", move(otherOne), accounts.ErrRegistered)
	order := c.orders(customer)
	var underWay *accounts.UnderWayError
	if err := move("31611111111"); !errors.As(err, &underWay) || underWay.Order != order {
		t.Errorf("while an order is under way: %v", err)
	}
	c.kept(customer.ID)
}

func TestMoveIsRefusedWhileTheAccountIsFrozen(t *testing.T) {
	c := newCounter(t)
	customer := c.frozen()
	_, err := c.Move(c.Context(), anna, otherOne, operator)
	c.refused("frozen", err, accounts.ErrFrozen)
	c.kept(customer.ID)
}

// agrees stores a mandate that a customer has given by text.
func (c *counter) agrees(of accounts.Customer, reference string) {
	c.Helper()
	s := c.setup(of)
	_, err := c.db.Mandates.SaveMandate(c.Context(), s, payments.Mandate{Setup: s.ID, Brand: brandName, Customer: of.ID, Reference: reference,
		Creditor: prepaid.Creditor{Name: "Demo B.V.", Address: "Kerkstraat 1", Identifier: "NL79ZZZ999999990000"}, Language: "nl", Version: "v1",
		Text: "Machtiging van {holder}, {iban}", Holder: "J. Jansen", IBAN: "NL** **** 4300", From: s.ReplyTo, AgreedAt: start, Sealed: "c2VhbGVk"})
	c.ok(err)
}

func TestAMandateIsFoundByTheBeginningOfItsReference(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	c.agrees(customer, "ABCD1")
	c.agrees(c.registers(otherOne), "XYZ1")
	want := operators.MandateRow{Reference: "ABCD1", Customer: customer.ID, Brand: brandName, Creditor: "Demo B.V.", CreditorAddress: "Kerkstraat 1",
		CreditorID: "NL79ZZZ999999990000", AgreedAt: "2026-11-01T09:00:00Z", Channel: "twilio", Kind: "sms", Address: "tel:+316****5678", Language: "nl",
		TextVersion: "v1", Text: "Machtiging van J. Jansen, NL** **** 4300", IBAN: "NL** **** 4300"}
	for _, begins := range []string{"ABCD1", "abc"} {
		got, err := c.Mandate(c.Context(), begins)
		c.ok(err)
		if diff := cmp.Diff([]operators.MandateRow{want}, got); diff != "" {
			t.Errorf("%s: %s", begins, diff)
		}
	}
	_, err := c.Mandate(c.Context(), "BCD1")
	c.refused("of no mandate", err, operators.ErrNoMandate)
	p, err := c.Show(c.Context(), anna)
	c.ok(err)
	if diff := cmp.Diff([]operators.MandateRow{want}, p.Mandates); diff != "" {
		t.Errorf("of the customer: %s", diff)
	}
}

func TestAnErasedCustomersMandateIsKeptWithoutNameAndAccount(t *testing.T) {
	c := newCounter(t)
	c.agrees(c.registers(annaPhone), "ABCD1")
	_, err := c.Erase(c.Context(), anna, operator)
	c.ok(err)
	got, err := c.Mandate(c.Context(), "ABCD1")
	c.ok(err)
	if len(got) != 1 || got[0].Text != "Machtiging van , " || got[0].IBAN != "" || strings.Contains(got[0].Address, "5678") {
		t.Errorf("%+v", got)
	}
}
