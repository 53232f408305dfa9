package operators

import (
	"context"
	"slices"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/channels"
	"pulsa/prepaid"
)

// CustomerReader reads what the page of a customer shows beside the customer.
type CustomerReader interface {
	// Used tells what a customer has bought of late that counts against the brand's limits.
	Used(ctx context.Context, id prepaid.CustomerID, c prepaid.Currency, now time.Time) (Used, error)
	// Owed lists a customer's orders whose debits the bank has taken back, newest first, 50 at most.
	Owed(ctx context.Context, id prepaid.CustomerID) ([]Owed, error)
	// CardsOf lists the cards that were redeemed for a number, newest first, 50 at most.
	CardsOf(ctx context.Context, brand string, m prepaid.MSISDN) ([]Redeemed, error)
	// OptOutsOf lists where addresses have opted out, newest first, and what was written then.
	OptOutsOf(ctx context.Context, brand string, addresses []prepaid.Address) ([]SaidStop, error)
	// Messages lists what was written by addresses and to them before a time, newest first. Codes in it are masked.
	Messages(ctx context.Context, brand string, addresses []prepaid.Address, before time.Time, limit int) ([]Message, error)
}

// CardLocks keeps the locks of whoever guesses card codes.
type CardLocks interface {
	CardTries(ctx context.Context, brand string, keys []string) (wrong int, until time.Time, err error)
	// ForgiveCards takes the locks of keys away, and writes the deed.
	ForgiveCards(ctx context.Context, brand string, keys []string, d prepaid.Deed) error
}

// Used is what a customer has bought that counts against limits.
type Used struct {
	DayCount   int
	DaySum     int64 // minor units
	MonthCount int
	MonthSum   int64
	Pending    int64 // delivered, and its debit not final
}

// Owed is an order whose debit came back.
type Owed struct {
	Order  prepaid.OrderID
	Amount prepaid.Money
	At     time.Time
}

// Redeemed is a card that a customer has used.
type Redeemed struct {
	Serial      string
	Amount      prepaid.Money
	State       cards.State
	Order       prepaid.OrderID
	ActivatedAt time.Time
}

// SaidStop is an opt-out.
type SaidStop struct {
	Address prepaid.Address
	Channel string // whose carrier or messenger was told; "" for our own word STOP
	At      time.Time
	Words   string // what was written, where that is still kept
}

// Message is one message to or from a customer.
type Message struct {
	At       time.Time
	Out      bool // to the customer
	Channel  string
	Address  prepaid.Address
	ID       string // of the customer's message, or of the notice, that it belongs to
	Text     string // codes, numbers and links are masked
	Sealed   bool   // it shows the PIN of an order
	Prompts  []string
	From, To string              // where the conversation stood before and after the customer's message
	Status   channels.SendStatus // "" where it was answered at once
	Delivery channels.Delivery
	Code     string // the provider's, where it was not delivered
}

const (
	// messagesOfSheet is how many messages a page shows.
	messagesOfSheet = 50
	deedsOfSheet    = 50
	ordersOfSheet   = 20
)

// Sheet is all that the page of a customer shows, as one person may see it.
type Sheet struct {
	ID          prepaid.CustomerID
	Brand       string
	Number      string    // masked, unless NumberUntil is set
	NumberUntil time.Time // until when it is shown whole
	TalkUntil   time.Time // until when the conversation is shown
	DataUntil   time.Time // until when a file of all data can be fetched
	Language    string
	Status      accounts.Status
	CreatedAt   time.Time
	Recognised  time.Time
	RecoveredAt time.Time
	FrozenAt    time.Time
	OnBlocks    bool // the number is on the brand's list of blocks
	Holder      int

	PaysBy       string
	InstrumentID prepaid.InstrumentID
	Instrument   string // as it may be shown: "NL** **** 4300"
	ByText       bool

	PINLocked bool
	PINUntil  time.Time // zero while it is locked until the number is proven anew
	PINTries  int
	PINMonth  int

	CardsWrong int
	CardsUntil time.Time // how long card codes are locked; zero or past: they are not

	Limits prepaid.Limits
	Used   Used
	Debts  []Owed

	Addresses []SheetAddress
	OptOuts   []SaidStop // their addresses are masked in the page
	Orders    []OrderRow
	Cards     []Redeemed
	Notes     []Note
	Deeds     []RecordedDeed // newest first
	Mandates  []MandateRow
	Caller    Caller
}

// SheetAddress is an address that is linked to a customer.
type SheetAddress struct {
	Address  string // masked
	Kind     string
	LinkedAt time.Time
	OptedOut bool
}

// Sheet returns what a person may see of a customer. Errors: accounts.ErrNoCustomer, also where the person has no role in the brand.
func (s Customers) Sheet(ctx context.Context, a Actor, brand string, id prepaid.CustomerID) (Sheet, error) {
	if !a.Sees(brand) {
		return Sheet{}, accounts.ErrNoCustomer
	}
	c, err := s.byID(ctx, brand, id)
	if err != nil {
		return Sheet{}, err
	}
	now := s.Clock.Now()
	p := newSheet(c, now)
	p.OnBlocks = s.Blocks != nil && s.Blocks(BlockNumber, c.Brand, string(c.MSISDN))
	for _, part := range []func() error{
		func() error { return s.sheetSights(ctx, &p, c, a, now) },
		func() error { return s.sheetMoney(ctx, &p, c, now) },
		func() error { return s.sheetPlaces(ctx, &p, c) },
		func() (err error) {
			orders, err := s.Orders.List(ctx, OrderFilter{Customer: c.ID, Limit: ordersOfSheet})
			p.Orders = orderRows(orders)
			return err
		},
		func() (err error) { p.Cards, err = s.Reader.CardsOf(ctx, c.Brand, c.MSISDN); return err },
		func() (err error) { p.Notes, err = s.Notes.Notes(ctx, c.Brand, c.ID); return err },
		func() (err error) {
			done, err := s.Deeds.Of(ctx, Object{c.Brand, prepaid.OnCustomer, string(c.ID)})
			slices.Reverse(done)
			p.Deeds = done[:min(len(done), deedsOfSheet)]
			return err
		},
		func() error {
			mandates, err := s.Mandates.MandatesOf(ctx, c.ID)
			p.Mandates = mandateRows(mandates)
			return err
		},
		func() (err error) { p.Caller, err = s.Caller(ctx, c, a.Person, now); return err },
	} {
		if err := part(); err != nil {
			return Sheet{}, err
		}
	}
	return p, nil
}

func newSheet(c accounts.Customer, now time.Time) Sheet {
	p := Sheet{
		ID: c.ID, Brand: c.Brand, Number: c.MSISDN.Masked(), Language: c.Language, Status: c.Status, CreatedAt: c.CreatedAt,
		Recognised: c.Recognised, RecoveredAt: c.RecoveredAt, FrozenAt: c.FrozenAt, Holder: c.Holder,
		PaysBy: c.Pays.Method, InstrumentID: c.Pays.ID, Instrument: c.Pays.Display, ByText: c.Pays.ByText,
		PINLocked: c.PIN.Locked(now), PINTries: c.PIN.Tries, PINMonth: c.PIN.MonthTries,
	}
	if !c.PIN.HardLocked && p.PINLocked {
		p.PINUntil = c.PIN.LockedUntil
	}
	return p
}

func (s Customers) sheetSights(ctx context.Context, p *Sheet, c accounts.Customer, a Actor, now time.Time) error {
	seen, err := s.Sightings.Seen(ctx, c.Brand, c.ID, a.Person, now)
	for _, sight := range seen {
		switch sight.What {
		case SeesNumber:
			p.Number, p.NumberUntil = c.MSISDN.String(), sight.Until
		case SeesConversation:
			if a.Right(ActUnmask, c.Brand) == May { // they may have lost it since
				p.TalkUntil = sight.Until
			}
		case SeesData:
			p.DataUntil = sight.Until
		}
	}
	return err
}

func (s Customers) sheetMoney(ctx context.Context, p *Sheet, c accounts.Customer, now time.Time) (err error) {
	b := s.Brands.Known(c.Brand)
	if b != nil {
		p.Limits = b.Limits
		if p.Used, err = s.Reader.Used(ctx, c.ID, b.Currency, now); err != nil {
			return err
		}
	}
	if c.Status == accounts.Blocked {
		p.Debts, err = s.Reader.Owed(ctx, c.ID)
	}
	return err
}

// sheetPlaces reads the addresses, with what was said and tried there.
func (s Customers) sheetPlaces(ctx context.Context, p *Sheet, c accounts.Customer) error {
	known, err := s.Addresses.AddressesOf(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, k := range known {
		p.Addresses = append(p.Addresses, SheetAddress{k.Address.Masked(), k.Kind, k.LinkedAt, !k.Out.None()})
	}
	addresses := placesOf(c, known)
	if p.OptOuts, err = s.Reader.OptOutsOf(ctx, c.Brand, addresses); err != nil {
		return err
	}
	p.CardsWrong, p.CardsUntil, err = s.CardLocks.CardTries(ctx, c.Brand, cardKeys(c, addresses))
	return err
}

// placesOf are a customer's addresses, the number's own among them.
func placesOf(c accounts.Customer, known []accounts.KnownAddress) []prepaid.Address {
	addresses := []prepaid.Address{c.MSISDN.Tel()}
	for _, k := range known {
		if k.Address != addresses[0] {
			addresses = append(addresses, k.Address)
		}
	}
	return addresses
}

// cardKeys are all keys under which a customer's wrong card codes are counted.
func cardKeys(c accounts.Customer, addresses []prepaid.Address) []string {
	var keys []string
	for _, a := range addresses {
		keys = append(keys, cards.AllTryKeys(a, c.ID)...)
	}
	return keys
}

// MessagesOf returns a page of a customer's messages, newest first: those before a time, zero for the newest. What the customer has written
// is left out unless the person has asked to see the conversation. next is where the following page begins; zero where none does.
func (s Customers) MessagesOf(ctx context.Context, a Actor, brand string, id prepaid.CustomerID, before time.Time) (page []Message, next time.Time, err error) {
	if !a.Sees(brand) {
		return nil, next, accounts.ErrNoCustomer
	}
	c, err := s.byID(ctx, brand, id)
	if err != nil {
		return nil, next, err
	}
	known, err := s.Addresses.AddressesOf(ctx, c.ID)
	if err != nil {
		return nil, next, err
	}
	now := s.Clock.Now()
	if before.IsZero() {
		before = now.Add(time.Minute)
	}
	var p Sheet
	if err := s.sheetSights(ctx, &p, c, a, now); err != nil {
		return nil, next, err
	}
	page, err = s.Reader.Messages(ctx, brand, placesOf(c, known), before, messagesOfSheet+1)
	if err != nil {
		return nil, next, err
	}
	if len(page) > messagesOfSheet {
		page = page[:messagesOfSheet]
		next = page[messagesOfSheet-1].At
	}
	for i := range page {
		if !page[i].Out && p.TalkUntil.IsZero() {
			page[i].Text, page[i].From, page[i].To = "", "", ""
		}
	}
	return page, next, nil
}
