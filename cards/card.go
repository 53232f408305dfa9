package cards

import (
	"errors"
	"time"

	"pulsa/prepaid"
)

// State is where a card stands. Expired is computed from Expires, never stored.
type State string

// The states of a card.
const (
	Generated State = "generated" // worthless until released for sale
	Live      State = "live"      // can be redeemed
	Reserved  State = "reserved"  // an order is spending it
	Spent     State = "spent"     // for good
	Locked    State = "locked"    // withdrawn for now
	Void      State = "void"      // withdrawn for good
)

// Card is our record of a top-up card.
type Card struct {
	Serial    string // "101-00000042": unique within the brand
	Brand     string
	Series    string // "101"
	Amount    prepaid.Money
	State     State
	Reseller  string
	CreatedAt time.Time
	ExpiresAt time.Time // from then on it is worth nothing; zero: never
	// ReleasedAt is when it went on sale; zero: not yet. A card that is unlocked is live again only then.
	ReleasedAt time.Time
	Batch      JobID // the job that made it
	Export     JobID // the job that took its code to a print file, or brought it from one
	// Of a reserved or spent card.
	Order       prepaid.OrderID
	ActivatedAt time.Time
	ActivatedBy prepaid.MSISDN
}

// Expired reports whether a card that is still worth something is too old.
func (c Card) Expired(now time.Time) bool {
	return !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt) && c.State != Spent && c.State != Void
}

// Shown is the card's status in the words shown to people: "new", "activated", "expired", "locked" or "void".
func (c Card) Shown(now time.Time) string {
	switch {
	case c.Expired(now) && c.State != Reserved:
		return "expired"
	case c.State == Generated || c.State == Live || c.State == Reserved:
		return "new"
	case c.State == Spent:
		return "activated"
	}
	return string(c.State)
}

// errPast refuses to make cards that are worth nothing.
var errPast = errors.New("expiry must be in the future: today is the first day that cards can be valid through")

// Why a code can't be redeemed.
var (
	ErrMistyped  = errors.New("not a code of this brand: wrong length or check digit")
	ErrUnknown   = errors.New("no card has this code")
	ErrNotLive   = errors.New("card is not on sale")
	ErrSpent     = errors.New("card is spent")
	ErrExpired   = errors.New("card is expired")
	ErrWithdrawn = errors.New("card is locked or void")
	ErrInUse     = errors.New("card is being spent")
	ErrNoRedeem  = errors.New("the brand redeems no cards")
)

// LockedError says until when an address may not try codes.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string { return "too many wrong codes" }
