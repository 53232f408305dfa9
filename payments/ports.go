package payments

import (
	"context"
	"errors"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Method is how a customer pays.
type Method string

// The methods.
const (
	SEPA   Method = "sepa"
	Card   Method = "card"
	PayPal Method = "paypal"
)

// Methods lists them in the order in which customers are asked: 1, 2, 3.
func Methods() []Method { return []Method{SEPA, Card, PayPal} }

// Gateway is a payment provider. Its methods may be called at the same time. What is unclear is
// topup.Unknown, never an error. One that makes instruments of IBANs is a Signer too.
type Gateway interface {
	// StartSetup opens a page on which the customer gives the details of a method. A repeated reference
	// opens the same page again.
	StartSetup(ctx context.Context, s SetupRequest) (Page, error)
	// CloseSetup ends a page that its customer has not ended: it says so from then on, and sets nothing up. It tells no
	// news. An error where that is not certain.
	CloseSetup(ctx context.Context, s Setup) error
	// Charge debits an instrument. A repeated reference charges once.
	Charge(ctx context.Context, c ChargeRequest) topup.Result
	// Cancel makes sure that a charge which is not done never will be.
	Cancel(ctx context.Context, reference string) topup.Result
	// Refund gives a part of a charge back, once, or with zero all that is left of it, once.
	Refund(ctx context.Context, reference string, part prepaid.Money) topup.Result
	// LookUp tells what became of a charge or of its refund; one that was refunded in part was not.
	LookUp(ctx context.Context, what Operation, reference string) topup.Result
}

// Operation says what LookUp looks for.
type Operation string

// The operations that can be looked up.
const (
	OpCharge Operation = "charge"
	OpRefund Operation = "refund"
)

// SetupRequest asks for a page.
type SetupRequest struct {
	Reference string // the setup's id
	Brand     *prepaid.Brand
	Customer  prepaid.CustomerID
	MSISDN    prepaid.MSISDN
	Method    Method
	Language  string
}

// Page is where the customer goes.
type Page struct {
	URL        string
	GatewayRef string
}

// ChargeRequest asks for money.
type ChargeRequest struct {
	Reference string // the charge's id
	Brand     *prepaid.Brand
	Customer  prepaid.CustomerID
	Token     prepaid.Secret // of the instrument
	Method    Method
	Amount    prepaid.Money
	MSISDN    prepaid.MSISDN // on whose behalf; test gateways choose outcomes by it
	Language  string
	// Since is when the charge was first wanted. A gateway that knows a repeated reference for a while only
	// looks an old one up instead. Zero: just now.
	Since time.Time
}

// Instrument is a stored way to pay, known to us as a token.
type Instrument struct {
	ID        prepaid.InstrumentID
	Customer  prepaid.CustomerID
	Brand     string
	Gateway   string
	Method    Method
	Token     prepaid.Secret
	Display   string // "NL** **** 4300", "Visa **** 4242": fit to show
	CreatedAt time.Time
}

// Removal is a customer's wish to pay by an instrument no more.
type Removal struct {
	Instrument prepaid.InstrumentID
	Customer   prepaid.CustomerID
	Holder     int // of the customer's number when it was asked for
	At         time.Time
}

// SetupStatus is where a setup stands.
type SetupStatus string

// The statuses of a setup.
const (
	SetupOpen      SetupStatus = "open"
	SetupCompleted SetupStatus = "completed"
	SetupAbandoned SetupStatus = "abandoned"
)

// Setup is one visit to a payment page.
type Setup struct {
	ID           prepaid.SetupID
	OperationKey string // unique per brand
	Brand        string
	Customer     prepaid.CustomerID
	Gateway      string
	Method       Method
	URL          string
	GatewayRef   string
	Status       SetupStatus
	ReplyTo      topup.ReplyTo // who is told; without an address nobody is
	CreatedAt    time.Time
	Holder       int // who held the customer's number when it was begun; to be stored, 0 is whoever holds it
}

// Store keeps setups and instruments. Every method is one transaction.
type Store interface {
	// SaveSetup stores a setup, or returns the one that the operation key has stored before; topup.ErrKeyReused where that
	// is another customer's. A customer has one open setup at most: a new one abandons the earlier, and nobody is told.
	SaveSetup(ctx context.Context, s Setup) (Setup, error)
	// Setup returns one; ErrNoSetup.
	Setup(ctx context.Context, id prepaid.SetupID) (Setup, error)
	// OpenSetup returns a customer's open one; ErrNoSetup.
	OpenSetup(ctx context.Context, c prepaid.CustomerID) (Setup, error)
	// EndSetup closes an open setup. Completed: the instrument is stored and becomes the customer's only
	// active one, and a notice of kind "setup_completed" is due at once; a pending customer becomes active, and
	// the kind is "registered";
	// abandoned: a notice "setup_abandoned". Of a mandate: "mandate_refused", no notice before its TellAt, and
	// its sealed IBAN is dropped. A setup begun before the customer's last recovery is abandoned in any case, its
	// instrument is not stored, and nobody is told. Zero rows (it was ended before) is ended=false; completed after it was
	// abandoned, a notice "setup_over" says that it has changed nothing.
	EndSetup(ctx context.Context, id prepaid.SetupID, i *Instrument, n prepaid.NoticeID, now time.Time) (ended bool, err error)
	// Instrument returns one, with its token; ErrNoInstrument.
	Instrument(ctx context.Context, id prepaid.InstrumentID) (Instrument, error)
	// EndInstrument deactivates the active instrument of a token; its customer is told by a notice
	// "instrument_ended", where they wrote from last. Zero rows (it is active no more, or not ours) is ended=false.
	EndInstrument(ctx context.Context, token prepaid.Secret, n prepaid.NoticeID, now time.Time) (ended bool, err error)
	// RemoveInstrument deactivates an instrument at its customer's word, and abandons what setup of theirs is open; nobody is
	// told. It may be repeated. accounts.ErrRecovered where the number has another holder by now, accounts.ErrFrozen.
	RemoveInstrument(ctx context.Context, r Removal) error
}

// What the store answers.
var (
	ErrNoSetup      = errors.New("no such payment setup")
	ErrNoInstrument = errors.New("no such instrument")
)
