package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// Moves keeps how customers leave and move. What changes a customer does so in one transaction under the customer's lock;
// ErrNoCustomer, ErrRecovered (the number has another holder than was said) and ErrFrozen are among its errors.
type Moves interface {
	// MayMove and MayClose say why a customer can't have another number or be closed now: what the change itself would say.
	MayMove(ctx context.Context, id prepaid.CustomerID, now time.Time) error
	MayClose(ctx context.Context, id prepaid.CustomerID, now time.Time) error
	// MoveCustomer gives a customer another number, once per operation key; ErrRegistered where it is somebody else's,
	// *UnderWayError, *ContestedError.
	MoveCustomer(ctx context.Context, m Move) (Customer, error)
	// CloseCustomer removes who a customer is, once per operation key, and returns the addresses that were theirs (none
	// where it is repeated); *UnderWayError, ErrInDebt, *ContestedError.
	CloseCustomer(ctx context.Context, c Closing) ([]prepaid.Address, error)
	// UnlinkAddress takes an address from a customer, and tells it. One that was linked anew since stays.
	UnlinkAddress(ctx context.Context, u Unlinking) error
	// RememberAddress gives back to an address what is kept under its pseudonyms.
	RememberAddress(ctx context.Context, brand string, a prepaid.Address, l Left) error
}

// Move is a customer's change of number. Whoever asks for it has proven both.
type Move struct {
	Customer     prepaid.CustomerID
	Holder       int // of the number when it was asked for; 0 is any
	From, To     prepaid.MSISDN
	Recognised   bool            // the network knows the new number
	Asked        prepaid.Address // where it was asked for, as Closing's; that address need not be told
	SMS          string          // the channel on which both numbers are told; "": they are not
	OperationKey string
	At           time.Time
}

// Closing ends an account.
type Closing struct {
	Customer     prepaid.CustomerID
	Holder       int
	Pseudonyms   Pseudonyms
	Asked        prepaid.Address // where it was asked for: ErrRecovered where that is not the customer's any more
	OperationKey string
	At           time.Time
}

// Unlinking takes an address from its customer.
type Unlinking struct {
	Customer prepaid.CustomerID
	Holder   int
	Address  prepaid.Address
	LinkedAt time.Time // as it was shown to the customer
	By       Place     // where it was asked for: there goes the news that the address would have got
	At       time.Time
}

// Left are the pseudonyms under which something of an address may be kept; Numbers where it is a phone's.
type Left struct {
	Addresses []prepaid.Address
	Numbers   []prepaid.MSISDN
}

// ErrInDebt says that a customer owes money.
var ErrInDebt = errors.New("the customer owes money")

// UnderWayError says what a change of number or a closing waits for.
type UnderWayError struct {
	Order prepaid.OrderID
	Debit bool // the order is delivered, and its debit pending
}

func (e *UnderWayError) Error() string {
	if e.Debit {
		return fmt.Sprintf("the debit of order %s is under way", e.Order)
	}
	return fmt.Sprintf("order %s is under way or waits for an operator", e.Order)
}

// ContestedError says that a number was recovered a short while ago, and that whoever had it before may yet say NOT ME.
type ContestedError struct{ Until time.Time }

func (e *ContestedError) Error() string {
	return "the number's earlier holder may say NOT ME until " + e.Until.Format(time.DateTime)
}

// MayMove says why a customer can't have another number now; nil: they can.
func (s *Service) MayMove(ctx context.Context, id prepaid.CustomerID) error {
	return s.c.Moves.MayMove(ctx, id, s.c.Clock.Now())
}

// MayClose says why an account can't be closed now; nil: it can.
func (s *Service) MayClose(ctx context.Context, id prepaid.CustomerID) error {
	return s.c.Moves.MayClose(ctx, id, s.c.Clock.Now())
}

// Move gives a customer another number: it is the same person, so instruments, limits, debts and opt-outs go along. The old
// number is nobody's. Both numbers are told.
func (s *Service) Move(ctx context.Context, m Move) (Customer, error) {
	m.At = s.c.Clock.Now()
	return s.c.Moves.MoveCustomer(ctx, m)
}

// Close ends an account. What its customer owes, may not do or wants no messages of is kept under pseudonyms, and found
// again by Register. It is asked for at an address of theirs. It returns the addresses that were theirs.
func (s *Service) Close(ctx context.Context, c Customer, asked prepaid.Address, operationKey string) ([]prepaid.Address, error) {
	return s.c.Moves.CloseCustomer(ctx, Closing{
		Customer: c.ID, Holder: c.Holder, Pseudonyms: s.Pseudonyms(c.Brand, c.MSISDN), Asked: asked,
		OperationKey: operationKey, At: s.c.Clock.Now(),
	})
}

// Unlink takes an address from its customer, who has asked for it elsewhere. The address is told, and has no right to say
// NOT ME.
func (s *Service) Unlink(ctx context.Context, u Unlinking) error {
	u.At = s.c.Clock.Now()
	return s.c.Moves.UnlinkAddress(ctx, u)
}
