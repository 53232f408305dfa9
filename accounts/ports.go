package accounts

import (
	"context"
	"time"

	"pulsa/prepaid"
)

// Customers keeps customers and the addresses they have proven to be theirs.
type Customers interface {
	// CustomerByAddress and the next return ErrNoCustomer. The instrument is the active one.
	CustomerByAddress(ctx context.Context, brand string, a prepaid.Address) (Customer, error)
	CustomerByMSISDN(ctx context.Context, brand string, m prepaid.MSISDN) (Customer, error)
	// SaveRegistration stores a pending customer and its proven addresses in one transaction. An existing customer of the
	// same brand and MSISDN stays as it is, unless the same registration (RegisteredBy) has made it and they have no way to pay yet: that one's PIN (its
	// locks are gone), language and addresses are taken. The stored customer is returned.
	//
	// Where the number is nobody's, but under one of the pseudonyms an erased customer's, that customer comes back: with the id
	// that all is counted for that bounds them, as the number's next holder, and blocked if they owed. Given with another id,
	// nothing is stored, and the erased customer is returned. ErrFrozen where that account was frozen.
	SaveRegistration(ctx context.Context, c Customer, places []Place, pseudonyms ...prepaid.MSISDN) (Customer, error)
	// LinkAddress says that the address is the customer's, and no longer anybody else's. ErrRecovered where the number has
	// another holder than c, or c another number, ErrFrozen while the account is frozen.
	LinkAddress(ctx context.Context, c Customer, p Place, now time.Time) error
	// UpdateCustomer sets what is not nil.
	UpdateCustomer(ctx context.Context, id prepaid.CustomerID, u Update) error
	// RecoverCustomer makes whoever set a PIN without the old one the number's next holder, in one transaction under the
	// customer's lock, once per operation key; the stored customer is returned. All one-time codes for the number are used
	// up. ErrFrozen, ErrNoCustomer, ErrRecovered.
	RecoverCustomer(ctx context.Context, n NewHolder) (Customer, error)
	// UnlinkedFrom returns the customer that a recovery took away from an address, until the remembered time; the newest of
	// several. ErrNothingTaken.
	UnlinkedFrom(ctx context.Context, brand string, a prepaid.Address, now time.Time) (Customer, error)
	// FreezeCustomer freezes the account that UnlinkedFrom returns, where it is not frozen yet, and returns it so.
	FreezeCustomer(ctx context.Context, brand string, a prepaid.Address, now time.Time) (Customer, error)
}

// NewHolder is a recovery as it is stored.
type NewHolder struct {
	Customer     prepaid.CustomerID
	MSISDN       prepaid.MSISDN // that was proven: ErrNoCustomer where the customer has another by now
	Holder       int            // of the number when it was proven: ErrRecovered where that is another by now; 0 is any
	PINHash      string
	Places       []Place // proven to be the new holder's; where it was asked for comes first
	OperationKey string
	At           time.Time
	Until        time.Time // how long the addresses that are taken away may say NOT ME
}

// Update names the fields of a customer to set; nil leaves one.
type Update struct {
	Language   *string
	PINHash    *string // also clears the locks; ErrFrozen while the account is frozen
	Holder     int     // with PINHash: ErrRecovered unless this is the number's holder; 0 is any
	Recognised *time.Time
	Status     *Status
}

// Tries counts tries of PINs before they are judged, and settles them by the verdict.
type Tries interface {
	// CountPINTry counts one try in one transaction, unless operationKey was counted before, and returns
	// the PIN as it then stands with counted=true; while the PIN is locked (or would be by this try's
	// being one too many) nothing is counted and counted is false. One too many is the fourth of a row that
	// has neither been locked nor forgiven, and the eleventh of a month; a lapsed month starts anew. A try without a
	// verdict two minutes later was its turn's last act: it is uncounted first.
	CountPINTry(ctx context.Context, id prepaid.CustomerID, operationKey string, now time.Time) (p PIN, counted bool, err error)
	// ForgivePIN is the verdict right: it ends the row and undoes its locks. The right try leaves the month's count, the
	// wrong ones stay.
	ForgivePIN(ctx context.Context, id prepaid.CustomerID, operationKey string) error
	// KeepPINTry is the verdict wrong: the try stays counted, or is counted now where it was uncounted meanwhile.
	KeepPINTry(ctx context.Context, id prepaid.CustomerID, operationKey string, now time.Time) error
	// UncountPINTry takes back a try that was never judged; one that was stays.
	UncountPINTry(ctx context.Context, id prepaid.CustomerID, operationKey string) error
	// LockPIN locks the PIN after the last allowed wrong try: it counts one more lock and ends the row, so
	// that Tries is 0. Where the row has no tries any more, since another call locked or forgave it, nothing
	// happens.
	LockPIN(ctx context.Context, id prepaid.CustomerID, until time.Time, hard bool) error
}

// Codes keeps one-time codes, hashed.
type Codes interface {
	// SaveCode replaces the code for an address and number where the caps allow one more, and counts it, in one
	// transaction: of any number of callers at once no more are allowed than the caps say. It returns the cap that is
	// reached, the narrowest first; NoCap where the code was saved, now or before for the same address, number and operation key.
	SaveCode(ctx context.Context, c Code, caps CodeCaps) (CodeCap, error)
	// TryCode counts a try, unless operationKey was counted before, and returns the code; ErrCodeExpired
	// where there is none.
	TryCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN, operationKey string) (Code, error)
	// UseCode uses the code up, and notes that what was sent was used.
	UseCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN) error
}

// CodeCap names what bounds the sending of codes: "block".
type CodeCap string

// The caps, the narrowest first.
const (
	NoCap      CodeCap = ""
	CapAddress CodeCap = "address"
	CapNumber  CodeCap = "number"
	CapBlock   CodeCap = "block"
	CapChannel CodeCap = "channel"
	CapBrand   CodeCap = "brand"
)

// CodeCaps are how many codes may have been sent since a time.
type CodeCaps struct {
	Since  time.Time
	Budget prepaid.CodeBudget
}

// CodeFigures is what became of the codes that were asked for on a channel.
type CodeFigures struct {
	Brand, Channel string
	Sent, Used     int
}

// Code is a one-time code that proves a number.
type Code struct {
	Brand        string
	Channel      string          // on which it was asked for
	Address      prepaid.Address // who asked for it
	MSISDN       prepaid.MSISDN  // whose phone it was sent to
	Hash         string
	OperationKey string
	Tries        int
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// OptOuts keeps who wants no messages. The name of a channel says at whose carrier; "" is our own word.
type OptOuts interface {
	// SetOptOut writes down that an address has opted out by each of the channels, or in again.
	SetOptOut(ctx context.Context, brand string, a prepaid.Address, channels []string, out bool, now time.Time) error
	// OptedOut lists the channels by which an address has opted out, also under one of its pseudonyms, sorted.
	OptedOut(ctx context.Context, brand string, a prepaid.Address, pseudonyms ...prepaid.Address) ([]string, error)
	// AddressesOf lists the addresses of a customer's present holder in the order in which they were proven.
	AddressesOf(ctx context.Context, id prepaid.CustomerID) ([]KnownAddress, error)
}
