package operators

import (
	"context"
	"errors"
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
func standing(c accounts.Customer) Sentence {
	says := Say("the customer is {status}, holder {holder}, way to pay {way}")
	if c.Frozen() {
		says = Say("the customer is {status}, frozen, holder {holder}, way to pay {way}")
	}
	return says.Fill("status", Word{Kind: "customers.status", Is: string(c.Status)}, "holder", c.Holder, "way", c.Pays.ID)
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
	return Plan{Does: Say("Takes the lock of the PIN of {number} away: the customer may try it three times more. The PIN stays as it is.", "number", c.MSISDN.Masked()), State: standing(c)}, err
}

// Carry implements Operation.
func (o UnlockPIN) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if _, err := o.find(ctx, d); err != nil {
		return Result{}, err
	}
	err := d.Customers.Customers.Unlock(ctx, o.Customer, false, by, d.Clock.Now())
	return Result{Text: Say("The PIN is unlocked.")}, err
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
	return Plan{Does: Say("Forgets the wrong card codes of {number} and of their addresses: they may type codes again at once.", "number", c.MSISDN.Masked()), State: standing(c)}, err
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
	return Result{Text: Say("Card codes can be typed again.")}, err
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
	return Plan{Does: Say("Sends a code to {number} by SMS, with which its owner chooses a new PIN. Until then the PIN stays as it is.", "number", c.MSISDN.Masked()),
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
	return Result{Text: Say("{number} gets a code by SMS; it is valid for 10 minutes.", "number", c.MSISDN.Masked())}, err
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
	p := Plan{Does: Say("Texts the customer once more how order {order} for {number} stands: {amount}, {status}.",
		"order", o.Order.Grouped(), "number", h.MSISDN.Masked(), "amount", h.Amount, "status", statusWord(h.Status))}
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
	return Result{Text: Say("The result of order {order} is sent again.", "order", o.Order.Grouped())}, err
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
	return Plan{Does: Say("Ends {way} as the way to pay of {number}. Charges under way run on. To buy again they set up another.", "way", c.Pays.Display, "number", c.MSISDN.Masked()),
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
	return Result{Text: Say("The way to pay is removed.")}, err
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
	return Plan{Does: Say("Moves the account from {number} to {new}, with its PIN, way to pay, limits and debts. Both numbers are told by SMS.",
		"number", c.MSISDN.Masked(), "new", o.To.Masked()), State: standing(c)}, nil
}

var errMoveBlocked = errors.New("the number, or the new one, is on the list of blocks: end that block first")

// mayHave says why a customer can't have another number.
func (s Customers) mayHave(ctx context.Context, c accounts.Customer, to prepaid.MSISDN) error {
	b := s.Brands.Known(c.Brand)
	if b == nil {
		return refusal("there is no such brand")
	}
	if _, err := prepaid.ParseMSISDN(to.String(), b.Country); err != nil {
		return err
	}
	blocked := func(m prepaid.MSISDN) bool { return s.Blocks != nil && s.Blocks(BlockNumber, c.Brand, string(m)) }
	switch {
	case blocked(c.MSISDN), blocked(to):
		return errMoveBlocked
	case to == c.MSISDN:
		return refusal("{number} is the customer's number already", "number", to.Masked())
	case c.Frozen():
		return accounts.ErrFrozen
	}
	if _, err := s.Customers.CustomerByMSISDN(ctx, c.Brand, to); err == nil {
		return &SentenceError{Sentence: Say("{number} has an account of its own", "number", to.Masked()), Err: accounts.ErrRegistered}
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
	_, err = d.Customers.Move(ctx, Whom{Brand: c.Brand, MSISDN: c.MSISDN}, o.To, by)
	return Result{Text: Say("{number} is now {new}: the customer's PIN, way to pay, limits and debts went along.", "number", c.MSISDN.Masked(), "new", o.To.Masked())}, err
}

// ofFrozen is what the two ways out of a frozen account have.
type ofFrozen struct{ OfCustomer }

func (o ofFrozen) plan(ctx context.Context, d *Desk, does Sentence) (Plan, error) {
	c, err := o.find(ctx, d)
	if err == nil && !c.Frozen() {
		err = ErrNotFrozen
	}
	return Plan{Does: does.Fill("number", c.MSISDN.Masked()), State: standing(c)}, err
}

func (o ofFrozen) carry(ctx context.Context, d *Desk, by prepaid.By, says Sentence,
	unfreeze func(context.Context, prepaid.CustomerID, prepaid.By, time.Time) error,
) (Result, error) {
	if _, err := o.find(ctx, d); err != nil {
		return Result{}, err
	}
	return Result{Text: says}, unfreeze(ctx, o.Customer, by, d.Clock.Now())
}

// Unfreeze decides that a frozen account stays with whoever set its last PIN.
type Unfreeze struct{ OfCustomer }

// Kind implements Operation.
func (Unfreeze) Kind() string { return "unfreeze" }

// Act implements Operation.
func (Unfreeze) Act(Actor) Act { return ActBlock }

// Plan implements Operation.
func (o Unfreeze) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return ofFrozen(o).plan(ctx, d, Say("Leaves the account of {number} with whoever set its last PIN. Whoever said NOT ME can't say it any more."))
}

// Carry implements Operation.
func (o Unfreeze) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return ofFrozen(o).carry(ctx, d, by, Say("The account is no longer frozen and stays with whoever set its last PIN."), d.Customers.Customers.Unfreeze)
}

// UnfreezeForNobody decides that whoever set the last PIN of a frozen account loses it.
type UnfreezeForNobody struct{ OfCustomer }

// Kind implements Operation.
func (UnfreezeForNobody) Kind() string { return "unfreeze for nobody" }

// Act implements Operation.
func (UnfreezeForNobody) Act(Actor) Act { return ActBlock }

// Plan implements Operation.
func (o UnfreezeForNobody) Plan(ctx context.Context, d *Desk) (Plan, error) {
	return ofFrozen(o).plan(ctx, d, Say("Takes the account of {number} from whoever set its last PIN: their PIN, ways to pay and addresses end. The owner of the number gets it back "+
		"by a code sent there."))
}

// Carry implements Operation.
func (o UnfreezeForNobody) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	return ofFrozen(o).carry(ctx, d, by, Say("The account is nobody's until the owner of the number proves it by a code."), d.Customers.Customers.UnfreezeForNobody)
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
	return Plan{Does: Say("Closes the account of {number} for good: its PIN, way to pay, addresses and messages are gone. Orders and the "+
		"ledger stay, under a pseudonym. To come back the customer registers anew.", "number", c.MSISDN.Masked()), State: standing(c)}, nil
}

// Carry implements Operation.
func (o CloseAccount) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	s := d.Customers
	switch done, err := d.Deeds.Carried(ctx, by.Operation); {
	case err != nil:
		return Result{}, err
	case done: // its deed is in its transaction
		return Result{}, prepaid.ErrDone
	}
	c, err := o.find(ctx, d)
	if err != nil {
		return Result{}, err
	}
	err = s.ending(ctx, c, func() ([]prepaid.Address, error) {
		return s.Endings.CloseByHand(ctx, accounts.Closing{Customer: c.ID, Holder: c.Holder, Pseudonyms: s.Pseudonyms.Pseudonyms(c.Brand, c.MSISDN),
			OperationKey: by.Operation, At: s.Clock.Now()}, by)
	})
	return Result{Text: Say("The account is closed.")}, err
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
	does := Say("Erases who {number} is: number, addresses, messages, notes and ways to pay. Orders, the ledger and mandates' texts stay, under "+
		"a pseudonym. It can't be undone.", "number", c.MSISDN.Masked())
	if c.Status == accounts.Blocked {
		does = does.Then(Say("What they owe can't be collected any more."))
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
	return Result{Text: Say("The customer is erased.")}, err
}

// says is a prompt in the words that a customer reads; "" where they are not at hand.
func (s Customers) says(c accounts.Customer, prompt string, values ...string) string {
	if s.Says == nil {
		return ""
	}
	return s.Says(c.Brand, c.Language, prompt, values...)
}
