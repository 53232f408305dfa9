package operators

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
)

// CustomerStore reads and changes customers. Each change is one transaction, and records who made it and why. A customer who does
// not exist or was erased is accounts.ErrNoCustomer.
type CustomerStore interface {
	CustomerByMSISDN(ctx context.Context, brand string, m prepaid.MSISDN) (accounts.Customer, error)
	CustomerByID(ctx context.Context, id prepaid.CustomerID) (accounts.Customer, error)
	// Unlock removes PIN locks. If paid says that the debt was paid by other means, it removes the block too.
	Unlock(ctx context.Context, id prepaid.CustomerID, paid bool, by prepaid.By, now time.Time) error
	// Frozen lists a brand's frozen customers, longest frozen first.
	Frozen(ctx context.Context, brand string) ([]accounts.Customer, error)
	// Unfreeze leaves the account with its present holder. An account that is not frozen is ErrNotFrozen.
	Unfreeze(ctx context.Context, id prepaid.CustomerID, by prepaid.By, now time.Time) error
	// UnfreezeForNobody takes the account from its present holder, who was not entitled to the number: what they have set up ends.
	UnfreezeForNobody(ctx context.Context, id prepaid.CustomerID, by prepaid.By, now time.Time) error
	// ResetPIN asks for a code to be sent to a customer's phone. A frozen account is accounts.ErrFrozen.
	ResetPIN(ctx context.Context, id prepaid.CustomerID, phone accounts.Place, by prepaid.By, now time.Time) error
	// EraseCustomer erases a customer, and returns the addresses that were theirs.
	EraseCustomer(ctx context.Context, e Erasure, now time.Time) ([]prepaid.Address, error)
}

// NumberMover changes the numbers of customers for an operator. Its errors are those of Customers.Move.
type NumberMover interface {
	MoveByHand(ctx context.Context, m accounts.Move, by prepaid.By) (accounts.Customer, error)
}

// SwitchReader returns the channels that operators have switched on or off, by "brand/channel".
type SwitchReader interface {
	Switches(ctx context.Context) (map[string]bool, error)
}

// AddressReader lists the addresses that are linked to a customer, with their opt-outs.
type AddressReader interface {
	AddressesOf(ctx context.Context, id prepaid.CustomerID) ([]accounts.KnownAddress, error)
}

// MandateReader reads SEPA mandates that were given by text, newest first, 20 at most.
type MandateReader interface {
	MandatesOf(ctx context.Context, c prepaid.CustomerID) ([]payments.Mandate, error)
	// MandatesByReference returns the mandates whose reference has that prefix.
	MandatesByReference(ctx context.Context, begins string) ([]payments.Mandate, error)
}

// Customers holds the operations on customers. Safe for concurrent use.
type Customers struct {
	Customers CustomerStore
	Addresses AddressReader
	Orders    OrderReader
	Deeds     DeedReader
	Mandates  MandateReader
	Moves     NumberMover
	Notices   UntoldNotices
	Switches  SwitchReader
	Brands    *prepaid.Brands
	Clock     prepaid.Clock

	// Only the desk in the browser needs these.
	Reader    CustomerReader
	CardLocks CardLocks
	Notes     NoteStore
	Sightings SightingStore
	Callers   CallerStore
	Codes     CodeChecker
	Results   ResultSender
	Endings   CustomerEnder
	// Blocks reports what the brand has blocked; nil where no server runs.
	Blocks func(kind BlockKind, brand, what string) bool
	// Says is a prompt of a brand in a language, as its customers read it; nil where prompts are not at hand.
	Says func(brand, language, prompt string, values ...string) string

	// Only Erase needs these.
	Conversations ConversationEraser
	Pseudonyms    Pseudonymizer
}

// Whom names a customer.
type Whom struct {
	Brand  string
	MSISDN prepaid.MSISDN
}

// find reads the customer; accounts.ErrNoCustomer.
func (s Customers) find(ctx context.Context, w Whom) (accounts.Customer, error) {
	c, err := s.Customers.CustomerByMSISDN(ctx, w.Brand, w.MSISDN)
	if err != nil {
		return c, w.wrap(err)
	}
	return c, nil
}

// wrap adds to an error which customer it is about.
func (w Whom) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s at %s: %w", w.MSISDN.Masked(), w.Brand, err)
}

// ordersOfProfile is how many orders a profile shows at most.
const ordersOfProfile = 10

// Show returns what is known of a customer, with the last orders; accounts.ErrNoCustomer.
func (s Customers) Show(ctx context.Context, w Whom) (Profile, error) {
	c, err := s.find(ctx, w)
	if err != nil {
		return Profile{}, err
	}
	p := newProfile(c, s.Clock.Now())
	addresses, err := s.Addresses.AddressesOf(ctx, c.ID)
	if err != nil {
		return Profile{}, err
	}
	for _, a := range addresses {
		p.Addresses = append(p.Addresses, AddressRow{a.Address.Masked(), a.Out.ByWord, a.Out.AtCarrier})
	}
	orders, err := s.Orders.List(ctx, OrderFilter{Customer: c.ID, Limit: ordersOfProfile})
	if err != nil {
		return Profile{}, err
	}
	p.Orders = orderRows(orders)
	done, err := s.Deeds.Of(ctx, Object{c.Brand, prepaid.OnCustomer, string(c.ID)})
	if err != nil {
		return Profile{}, err
	}
	p.ByHand = deedRows(done)
	mandates, err := s.Mandates.MandatesOf(ctx, c.ID)
	p.Mandates = mandateRows(mandates)
	return p, err
}

// Mandate returns the mandates whose reference has that prefix, 20 at most: what a bank asks for when its customer disputes a
// debit. Those of erased customers are kept without name, account and address. Errors: ErrNoMandate.
func (s Customers) Mandate(ctx context.Context, reference string) ([]MandateRow, error) {
	found, err := s.Mandates.MandatesByReference(ctx, strings.ToUpper(reference))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w %s", ErrNoMandate, reference)
	}
	return mandateRows(found), err
}

// FrozenRow is an account that waits until an operator decides whose it is.
type FrozenRow struct {
	ID          prepaid.CustomerID `json:"id"`
	Number      string             `json:"number"` // masked
	FrozenAt    time.Time          `json:"frozen_at"`
	RecoveredAt time.Time          `json:"recovered_at"`
}

// Frozen lists a brand's frozen accounts, longest frozen first.
func (s Customers) Frozen(ctx context.Context, brand string) ([]FrozenRow, error) {
	frozen, err := s.Customers.Frozen(ctx, brand)
	if err != nil {
		return nil, err
	}
	rows := make([]FrozenRow, len(frozen))
	for i, c := range frozen {
		rows[i] = FrozenRow{c.ID, c.MSISDN.Masked(), c.FrozenAt, c.RecoveredAt}
	}
	return rows, nil
}

// Profile is what is known of a customer.
type Profile struct {
	ID           prepaid.CustomerID `json:"id"`
	Brand        string             `json:"brand"`
	Number       string             `json:"number"` // masked
	Language     string             `json:"language"`
	Status       accounts.Status    `json:"status"`
	PaysBy       string             `json:"pays_by"`
	Instrument   string             `json:"instrument"`
	CreatedAt    time.Time          `json:"created_at"`
	RecognisedAt time.Time          `json:"recognised_at"`
	Account      string             `json:"account"` // whose it is
	PIN          string             `json:"pin"`     // whether it is locked
	RecoveredAt  time.Time          `json:"recovered_at"`
	FrozenAt     time.Time          `json:"frozen_at"` // zero: it is not
	Mandates     []MandateRow       `json:"mandates"`
	Addresses    []AddressRow       `json:"addresses"`
	Orders       []OrderRow         `json:"orders"` // the last ten
	ByHand       []DeedRow          `json:"by_hand"`
}

func newProfile(c accounts.Customer, now time.Time) Profile {
	return Profile{
		ID: c.ID, Brand: c.Brand, Number: c.MSISDN.Masked(), Language: c.Language, Status: c.Status, PaysBy: c.Pays.Method,
		Instrument: c.Pays.Display, CreatedAt: c.CreatedAt, RecognisedAt: c.Recognised, Account: accountState(c), PIN: pinState(c, now),
		RecoveredAt: c.RecoveredAt, FrozenAt: c.FrozenAt,
	}
}

// accountState says whose the account is.
func accountState(c accounts.Customer) string {
	said := "never recovered"
	if !c.RecoveredAt.IsZero() {
		said = "recovered " + c.RecoveredAt.Format(time.DateTime)
	}
	if c.Frozen() {
		said = "frozen since " + c.FrozenAt.Format(time.DateTime) + " by NOT ME, " + said
	}
	return said
}

// pinState says whether the customer's PIN is locked.
func pinState(c accounts.Customer, now time.Time) string {
	switch {
	case c.PIN.HardLocked:
		return "locked until the number is proven anew"
	case c.PIN.Locked(now):
		return "locked until " + c.PIN.LockedUntil.Format(time.DateTime)
	}
	return fmt.Sprintf("%d wrong in a row, %d in 30 days", c.PIN.Tries, c.PIN.MonthTries)
}

// AddressRow is an address that is linked to a customer.
type AddressRow struct {
	Address    string   `json:"address"`      // by the word STOP: they get replies only
	OptedOut   bool     `json:"opted_out"`    // by our own word: they get answers alone
	OptedOutAt []string `json:"opted_out_at"` // the channels that can't reach it any more
}

// MandateRow is a SEPA mandate that was given by text.
type MandateRow struct {
	Reference       string             `json:"reference"`
	Customer        prepaid.CustomerID `json:"customer"`
	Brand           string             `json:"brand"`
	Creditor        string             `json:"creditor"`
	CreditorAddress string             `json:"creditor_address"`
	CreditorID      string             `json:"creditor_id"`
	AgreedAt        string             `json:"agreed_at"` // RFC 3339
	Channel         string             `json:"channel"`
	Kind            string             `json:"kind"`
	Address         string             `json:"address"` // masked
	Language        string             `json:"language"`
	TextVersion     string             `json:"text_version"`
	Text            string             `json:"text"` // as the debtor read it
	IBAN            string             `json:"-"`    // its last characters
}

func mandateRows(mandates []payments.Mandate) []MandateRow {
	var rows []MandateRow
	for _, m := range mandates {
		rows = append(rows, MandateRow{
			Reference: m.Reference, Customer: m.Customer, Brand: m.Brand, Creditor: m.Creditor.Name, CreditorAddress: m.Creditor.Address,
			CreditorID: m.Creditor.Identifier, AgreedAt: m.AgreedAt.Format(time.RFC3339), Channel: m.From.Channel, Kind: m.From.Kind,
			Address: m.From.Address.Masked(), Language: m.Language, TextVersion: m.Version, Text: m.AsShown(), IBAN: m.IBAN,
		})
	}
	return rows
}
