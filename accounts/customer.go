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
	// RegisteredBy is the operation key of the registration that made the customer: it alone, repeated or corrected, may
	// set the PIN again without the old one. Empty after a recovery.
	RegisteredBy string
}

// Frozen reports whether nothing may be bought or changed until an operator has decided whose the account is.
func (c Customer) Frozen() bool { return !c.FrozenAt.IsZero() }

// Place is where a customer is reached: an address, and the channel that it was proven on.
type Place struct {
	Address prepaid.Address
	Channel string // its name; empty where it is not known
	Kind    string // how the customer writes there: a channels.Kind
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
	Unjudged    int       // how many of them others are judging just now; known of a try that was just counted
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
	ErrRegistered   = errors.New("number is registered already")
	ErrRecovered    = errors.New("number has another holder by now")
	ErrFrozen       = errors.New("account is frozen until an operator decides whose it is")
	ErrNothingTaken = errors.New("no number was taken from this address in the last 72 hours")
	ErrNotJudged    = errors.New("PIN was not judged in time")
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
