package operators

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// OfCustomer is what every operation on a customer has: whom.
type OfCustomer struct {
	Brand    string
	Customer prepaid.CustomerID
}

// On implements Operation.
func (o OfCustomer) On() Object { return Object{o.Brand, prepaid.OnCustomer, string(o.Customer)} }

func (o OfCustomer) find(ctx context.Context, d *Desk) (accounts.Customer, error) {
	return d.Customers.byID(ctx, o.Brand, o.Customer)
}

// ForCaller is what an operation has that waits until it is known who is calling. Whoever asks for it knew so at that time: it may be
// decided on later.
type ForCaller struct {
	OfCustomer
	Person  PersonID
	AskedAt time.Time
}

func (o ForCaller) find(ctx context.Context, d *Desk) (accounts.Customer, error) {
	c, err := o.OfCustomer.find(ctx, d)
	if err == nil {
		err = d.Customers.verified(ctx, c, o.Person, o.AskedAt)
	}
	return c, err
}

// standing says how a customer stands: an approval lapses once it differs.
func standing(c accounts.Customer) string {
	said := "the customer is " + string(c.Status)
	if c.Frozen() {
		said += ", frozen"
	}
	return fmt.Sprintf("%s, holder %d, way to pay %s", said, c.Holder, c.Pays.ID)
}

// UnlockPIN takes the locks of a customer's PIN away.
type UnlockPIN struct{ ForCaller }

// Kind implements Operation.
func (UnlockPIN) Kind() string { return "unlock PIN" }

// Act implements Operation.
func (UnlockPIN) Act(Actor) Act { return ActHelp }

// Plan implements Operation.
func (o UnlockPIN) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	return Plan{Does: "Takes the lock of the PIN away: the customer may try it three times more. The PIN stays as it is.", State: standing(c)}, err
}

// Carry implements Operation.
func (o UnlockPIN) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if _, err := o.find(ctx, d); err != nil {
		return Result{}, err
	}
	err := d.Customers.Customers.Unlock(ctx, o.Customer, false, by, d.Clock.Now())
	return Result{Text: "The PIN is unlocked."}, err
}

// UnlockCards takes away the lock of a customer who has typed wrong card codes.
type UnlockCards struct{ OfCustomer }

// Kind implements Operation.
func (UnlockCards) Kind() string { return "unlock card codes" }

// Act implements Operation.
func (UnlockCards) Act(Actor) Act { return ActHelp }

// Plan implements Operation.
func (o UnlockCards) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	return Plan{Does: "Forgets the wrong card codes of this customer and of their addresses: they may type codes again at once.", State: standing(c)}, err
}

// Carry implements Operation.
func (o UnlockCards) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	c, err := o.find(ctx, d)
	if err != nil {
		return Result{}, err
	}
	known, err := d.Customers.Addresses.AddressesOf(ctx, c.ID)
	if err != nil {
		return Result{}, err
	}
	deed := onCustomer(o.Brand, o.Customer, o.Kind(), by, d.Clock.Now())
	err = d.Customers.CardLocks.ForgiveCards(ctx, o.Brand, cardKeys(c, placesOf(c, known)), deed)
	return Result{Text: "Card codes can be typed again."}, err
}

// SendResetCode has a code sent to a customer's number, with which they choose a new PIN.
type SendResetCode struct{ ForCaller }

// Kind implements Operation.
func (SendResetCode) Kind() string { return "reset PIN" }

// Act implements Operation.
func (SendResetCode) Act(Actor) Act { return ActHelp }

// Plan implements Operation.
func (o SendResetCode) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	if err != nil {
		return Plan{}, err
	}
	if c.Frozen() {
		return Plan{}, accounts.ErrFrozen
	}
	_, err = d.Customers.phone(ctx, c)
	return Plan{Does: "Sends a code to " + c.MSISDN.Masked() + " by SMS, with which its owner chooses a new PIN. Until then the PIN stays as it is.",
		State: standing(c)}, err
}

// Carry implements Operation.
func (o SendResetCode) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	c, err := o.find(ctx, d)
	if err != nil {
		return Result{}, err
	}
	phone, err := d.Customers.phone(ctx, c)
	if err != nil {
		return Result{}, err
	}
	err = d.Customers.Customers.ResetPIN(ctx, o.Customer, phone, by, d.Clock.Now())
	return Result{Text: c.MSISDN.Masked() + " gets a code by SMS; it is valid for 10 minutes."}, err
}

// ResultSender tells customers once more how an order stands.
type ResultSender interface {
	// SendResultAgain has the result of an order told again where it was told, and writes the deed. topup.ErrNoOrder; ErrNoPlace where
	// nobody can be told.
	SendResultAgain(ctx context.Context, id prepaid.OrderID, by prepaid.By, now time.Time) error
}

// ErrNoPlace says that it is not known where to tell an order's result.
var ErrNoPlace = errors.New("it is not known any more where this order's customer is told")

// ResendResult tells a customer once more how an order of theirs stands.
type ResendResult struct {
	OfCustomer
	Order prepaid.OrderID
}

// Kind implements Operation.
func (ResendResult) Kind() string { return "send result again" }

// Act implements Operation.
func (ResendResult) Act(Actor) Act { return ActHelp }

// Plan implements Operation.
func (o ResendResult) Plan(ctx context.Context, d *Desk) (Plan, error) {
	h, err := o.order(ctx, d)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Does: "Texts the customer once more how order " + o.Order.Grouped() + " stands: " + h.Amount.String() + ", " + string(h.Status) + "."}
	if d.Says != nil {
		p.Reads = d.Says.OrderText(h)
	}
	return p, nil
}

func (o ResendResult) order(ctx context.Context, d *Desk) (topup.History, error) {
	if _, err := o.find(ctx, d); err != nil {
		return topup.History{}, err
	}
	h, err := d.Customers.Orders.Order(ctx, o.Order)
	switch {
	case err != nil:
		return topup.History{}, err
	case h.Customer != o.Customer || h.Brand != o.Brand:
		return topup.History{}, topup.ErrNoOrder
	case h.ReplyTo.Address == "":
		return topup.History{}, ErrNoPlace
	}
	return h, nil
}

// Carry implements Operation.
func (o ResendResult) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if _, err := o.order(ctx, d); err != nil {
		return Result{}, err
	}
	err := d.Customers.Results.SendResultAgain(ctx, o.Order, by, d.Clock.Now())
	return Result{Text: "The result of order " + o.Order.Grouped() + " is sent again."}, err
}

// CustomerEnder ends what a customer has set up, for an operator.
type CustomerEnder interface {
	// RemoveByHand is payments.Store.RemoveInstrument; the customer is told by SMS.
	RemoveByHand(ctx context.Context, r payments.Removal, phone accounts.Place, by prepaid.By) error
	// CloseByHand is accounts.Moves.CloseCustomer.
	CloseByHand(ctx context.Context, c accounts.Closing, by prepaid.By) ([]prepaid.Address, error)
}

// ErrNoInstrument says that a customer has no way to pay, or another by now.
var ErrNoInstrument = errors.New("the customer has no such way to pay")

// RemoveInstrument ends a customer's way to pay.
type RemoveInstrument struct {
	ForCaller
	Instrument prepaid.InstrumentID
}

// Kind implements Operation.
func (RemoveInstrument) Kind() string { return "remove way to pay" }

// Act implements Operation.
func (RemoveInstrument) Act(Actor) Act { return ActIdentity }

// Plan implements Operation.
func (o RemoveInstrument) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	switch {
	case err != nil:
		return Plan{}, err
	case c.Frozen():
		return Plan{}, accounts.ErrFrozen
	case c.Pays.ID == "" || c.Pays.ID != o.Instrument:
		return Plan{}, ErrNoInstrument
	}
	return Plan{Does: "Ends " + c.Pays.Display + " as the customer's way to pay. Charges under way run on. To buy again they set up another.",
		Reads: d.Customers.says(c, "pay.ended"), State: standing(c)}, nil
}

// Carry implements Operation.
func (o RemoveInstrument) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	c, err := o.find(ctx, d)
	if err != nil {
		return Result{}, err
	}
	phone, err := d.Customers.phone(ctx, c)
	if err != nil && !errors.Is(err, ErrNoCode) { // it is told once SMS is on again
		return Result{}, err
	}
	removal := payments.Removal{Instrument: o.Instrument, Customer: c.ID, Holder: c.Holder, At: d.Clock.Now()}
	err = d.Customers.Endings.RemoveByHand(ctx, removal, phone, by)
	return Result{Text: "The way to pay is removed."}, err
}

// ChangeNumber gives a customer another number.
type ChangeNumber struct {
	ForCaller
	To prepaid.MSISDN
}

// Kind implements Operation.
func (ChangeNumber) Kind() string { return "change number" }

// Act implements Operation.
func (ChangeNumber) Act(Actor) Act { return ActIdentity }

// Plan implements Operation.
func (o ChangeNumber) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	if err != nil {
		return Plan{}, err
	}
	if err := d.Customers.mayHave(ctx, c, o.To); err != nil {
		return Plan{}, err
	}
	return Plan{Does: "Moves the account from " + c.MSISDN.Masked() + " to " + o.To.Masked() +
		", with its PIN, way to pay, limits and debts. Both numbers are told by SMS.", State: standing(c)}, nil
}

// mayHave says why a customer can't have another number.
func (s Customers) mayHave(ctx context.Context, c accounts.Customer, to prepaid.MSISDN) error {
	b := s.Brands.Known(c.Brand)
	if b == nil {
		return fmt.Errorf("no brand is named %q", c.Brand)
	}
	if _, err := prepaid.ParseMSISDN(to.String(), b.Country); err != nil {
		return err
	}
	switch {
	case to == c.MSISDN:
		return fmt.Errorf("%s is the customer's number already", to.Masked())
	case c.Frozen():
		return accounts.ErrFrozen
	}
	if _, err := s.Customers.CustomerByMSISDN(ctx, c.Brand, to); err == nil {
		return fmt.Errorf("%s has an account of its own: %w", to.Masked(), accounts.ErrRegistered)
	} else if !errors.Is(err, accounts.ErrNoCustomer) {
		return err
	}
	return nil
}

// Carry implements Operation.
func (o ChangeNumber) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	c, err := o.find(ctx, d)
	if err != nil {
		return Result{}, err
	}
	done, err := d.Customers.Move(ctx, Whom{Brand: c.Brand, MSISDN: c.MSISDN}, o.To, by)
	return Result{Text: done.Text()}, err
}

// Unfreeze decides that a frozen account stays with whoever set its last PIN.
type Unfreeze struct{ OfCustomer }

// Kind implements Operation.
func (Unfreeze) Kind() string { return "unfreeze" }

// Act implements Operation.
func (Unfreeze) Act(Actor) Act { return ActBlock }

// Plan implements Operation.
func (o Unfreeze) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	if err == nil && !c.Frozen() {
		err = ErrNotFrozen
	}
	return Plan{Does: "Leaves the account with whoever set its last PIN. Whoever said NOT ME can't say it any more.", State: standing(c)}, err
}

// Carry implements Operation.
func (o Unfreeze) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if _, err := o.find(ctx, d); err != nil {
		return Result{}, err
	}
	err := d.Customers.Customers.Unfreeze(ctx, o.Customer, by, d.Clock.Now())
	return Result{Text: "The account is no longer frozen and stays with whoever set its last PIN."}, err
}

// UnfreezeForNobody decides that whoever set the last PIN of a frozen account loses it.
type UnfreezeForNobody struct{ OfCustomer }

// Kind implements Operation.
func (UnfreezeForNobody) Kind() string { return "unfreeze for nobody" }

// Act implements Operation.
func (UnfreezeForNobody) Act(Actor) Act { return ActBlock }

// Plan implements Operation.
func (o UnfreezeForNobody) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	if err == nil && !c.Frozen() {
		err = ErrNotFrozen
	}
	return Plan{Does: "Takes the account from whoever set its last PIN: their PIN, ways to pay and addresses end. The owner of the number gets it back " +
		"by a code sent there.", State: standing(c)}, err
}

// Carry implements Operation.
func (o UnfreezeForNobody) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if _, err := o.find(ctx, d); err != nil {
		return Result{}, err
	}
	err := d.Customers.Customers.UnfreezeForNobody(ctx, o.Customer, by, d.Clock.Now())
	return Result{Text: "The account is nobody's until the owner of the number proves it by a code."}, err
}

// CloseAccount closes a customer's account as they could themselves.
type CloseAccount struct{ ForCaller }

// Kind implements Operation.
func (CloseAccount) Kind() string { return "close account" }

// Act implements Operation.
func (CloseAccount) Act(Actor) Act { return ActBlock }

// Plan implements Operation.
func (o CloseAccount) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	switch {
	case err != nil:
		return Plan{}, err
	case c.Frozen():
		return Plan{}, accounts.ErrFrozen
	case c.Status == accounts.Blocked:
		return Plan{}, accounts.ErrInDebt
	}
	return Plan{Does: "Closes the account of " + c.MSISDN.Masked() + " for good: its PIN, way to pay, addresses and messages are gone. Orders and the " +
		"ledger stay, under a pseudonym. To come back the customer registers anew.", State: standing(c)}, nil
}

// Carry implements Operation.
func (o CloseAccount) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	s := d.Customers
	c, err := o.find(ctx, d)
	if err != nil {
		return Result{}, err
	}
	err = s.ending(ctx, c, func() ([]prepaid.Address, error) {
		return s.Endings.CloseByHand(ctx, accounts.Closing{Customer: c.ID, Holder: c.Holder, Pseudonyms: s.Pseudonyms.Pseudonyms(c.Brand, c.MSISDN),
			OperationKey: "by hand/" + prepaid.NewToken(), At: s.Clock.Now()}, by)
	})
	return Result{Text: "The account is closed."}, err
}

// EraseCustomer removes who a customer is.
type EraseCustomer struct {
	OfCustomer
	DespiteDebt bool // the debt can't be collected any more
}

// Kind implements Operation.
func (EraseCustomer) Kind() string { return "erase customer" }

// Act implements Operation.
func (EraseCustomer) Act(Actor) Act { return ActErase }

// Plan implements Operation.
func (o EraseCustomer) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := o.find(ctx, d)
	switch {
	case err != nil:
		return Plan{}, err
	case c.Status == accounts.Blocked && !o.DespiteDebt:
		return Plan{}, accounts.ErrInDebt
	}
	does := "Erases who " + c.MSISDN.Masked() + " is: number, addresses, messages, notes and ways to pay. Orders, the ledger and mandates' texts stay, under " +
		"a pseudonym. It can't be undone."
	if c.Status == accounts.Blocked {
		does += " What they owe can't be collected any more."
	}
	return Plan{Does: does, State: standing(c)}, nil
}

// Carry implements Operation.
func (o EraseCustomer) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	s := d.Customers
	c, err := o.find(ctx, d)
	if err != nil {
		return Result{}, err
	}
	err = s.ending(ctx, c, func() ([]prepaid.Address, error) {
		return s.Customers.EraseCustomer(ctx, Erasure{Customer: c.ID, Pseudonyms: s.Pseudonyms.Pseudonyms(c.Brand, c.MSISDN), DespiteDebt: o.DespiteDebt, By: by},
			s.Clock.Now())
	})
	return Result{Text: "The customer is erased."}, err
}

// says is a prompt in the words that a customer reads; "" where they are not at hand.
func (s Customers) says(c accounts.Customer, prompt string, values ...string) string {
	if s.Says == nil {
		return ""
	}
	return s.Says(c.Brand, c.Language, prompt, values...)
}
