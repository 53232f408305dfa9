package accounts

import (
	"errors"
	"time"

	"pulsa/prepaid"
)

// Status is where a customer stands.
type Status string

// The statuses of a customer.
const (
	Pending Status = "pending" // has a PIN, but no way to pay yet
	Active  Status = "active"  // registered
	Blocked Status = "blocked" // owes us money: a debit was returned after delivery
	Erased  Status = "erased"
)

// Customer is one person at one brand.
type Customer struct {
	ID        prepaid.CustomerID
	Brand     string
	MSISDN    prepaid.MSISDN
	Language  string
	Status    Status
	PIN       PIN
	Pays      Instrument // the zero value: no way to pay yet
	CreatedAt time.Time
	// Recognised is when the network last knew the number; zero where its look-up was down at registration.
	Recognised time.Time
	// Holder counts who has held the number: a recovery (a PIN set without the old one) raises it. What an earlier holder
	// set up (instruments, setups, addresses) serves no later one.
	Holder int
	// RecoveredAt is when the last recovery was; zero for none.
	RecoveredAt time.Time
	// FrozenAt is when an earlier holder said NOT ME to a recovery; zero: the account is not frozen.
	FrozenAt time.Time
}

// Registered reports whether the customer can buy.
func (c Customer) Registered() bool { return c.Status == Active || c.Status == Blocked }

// Instrument is what a customer pays with, in short; payments has the rest.
type Instrument struct {
	ID      prepaid.InstrumentID
	Gateway string
	Method  string // "sepa", "card", "paypal"
	Display string // "NL** **** 4300": fit to show to the customer
	ByText  bool   // a mandate given by text: no page of a bank has authenticated its owner
}

// PIN is a customer's PIN as stored. The hash is Argon2id over HMAC(pepper, customer id ‖ PIN).
type PIN struct {
	Hash        string
	Tries       int       // wrong or unjudged ones in a row
	MonthTries  int       // wrong or unjudged ones since MonthStart
	MonthStart  time.Time // 30 days are counted from here
	Locks       int       // how often it was locked in a row: each lock is longer
	LockedUntil time.Time
	HardLocked  bool // until the number is proven anew
}

// Locked reports whether the PIN can't be tried at now.
func (p PIN) Locked(now time.Time) bool { return p.HardLocked || now.Before(p.LockedUntil) }

// What the service answers.
var (
	ErrNoCustomer   = errors.New("no such customer")
	ErrWeakPIN      = errors.New("PIN is too easy to guess")
	ErrRegistered   = errors.New("number was registered meanwhile")
	ErrHardLocked   = errors.New("PIN is locked until the number is proven anew")
	ErrWrongCode    = errors.New("one-time code is wrong")
	ErrCodeExpired  = errors.New("one-time code is too old, used up or was never sent")
	ErrTooManyCodes = errors.New("too many one-time codes for this number or address")
	ErrCodesSpent   = errors.New("the hour's one-time codes are spent")
)

// WrongPINError says how many tries are left before the lock.
type WrongPINError struct{ Left int }

func (e *WrongPINError) Error() string { return "PIN is wrong" }

// LockedError says until when the PIN is locked.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string { return "PIN is locked" }
