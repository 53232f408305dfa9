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
	// SaveRegistration stores a pending customer and its proven addresses in one transaction. An existing
	// customer of the same brand and MSISDN keeps id, status and instrument, and takes the addresses; one who is
	// pending or whose PIN is hard locked takes the new PIN (its locks are gone) and language too. The stored
	// customer is returned.
	SaveRegistration(ctx context.Context, c Customer, addresses []prepaid.Address) (Customer, error)
	// LinkAddress says that the address is the customer's, and no longer anybody else's.
	LinkAddress(ctx context.Context, id prepaid.CustomerID, a prepaid.Address, now time.Time) error
	// UpdateCustomer sets what is not nil.
	UpdateCustomer(ctx context.Context, id prepaid.CustomerID, u Update) error
}

// Update names the fields of a customer to set; nil leaves one.
type Update struct {
	Language   *string
	PINHash    *string // also clears the locks
	Recognised *time.Time
	Status     *Status
}

// Tries counts tries of secrets before they are judged.
type Tries interface {
	// CountPINTry counts one try in one transaction, unless operationKey was counted before, and returns
	// the PIN as it then stands with counted=true; while the PIN is locked (or would be by this try's
	// being one too many) nothing is counted and counted is false. One too many is the fourth of a row that
	// has neither been locked nor forgiven, and the eleventh of a month; a lapsed month starts anew.
	CountPINTry(ctx context.Context, id prepaid.CustomerID, operationKey string, now time.Time) (p PIN, counted bool, err error)
	// LockPIN locks the PIN after the last allowed wrong try: it counts one more lock and ends the row, so
	// that Tries is 0. Where the row has no tries any more, since another call locked or forgave it, nothing
	// happens.
	LockPIN(ctx context.Context, id prepaid.CustomerID, until time.Time, hard bool) error
	// ForgivePIN ends the row of a right PIN and undoes its locks. The right try leaves the month's count,
	// the wrong ones stay.
	ForgivePIN(ctx context.Context, id prepaid.CustomerID) error
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
	// OptedOut lists the channels by which an address has opted out, sorted.
	OptedOut(ctx context.Context, brand string, a prepaid.Address) ([]string, error)
	// AddressesOf lists the addresses of a customer's present holder in the order in which they were proven.
	AddressesOf(ctx context.Context, id prepaid.CustomerID) ([]KnownAddress, error)
}
