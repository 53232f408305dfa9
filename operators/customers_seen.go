package operators

import (
	"context"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// Sight is what somebody may see whole of a customer.
type Sight string

// The sights.
const (
	SeesNumber       Sight = "number"
	SeesConversation Sight = "conversation"
	SeesData         Sight = "data" // all of it, once, as a file
)

// seenFor is how long a person sees what they have asked to see.
const seenFor = 15 * time.Minute

// Sighting says that a person sees something of a customer whole, until a time.
type Sighting struct {
	Brand    string
	Customer prepaid.CustomerID
	Person   PersonID
	What     Sight
	Until    time.Time
}

// SightingStore keeps who sees what whole.
type SightingStore interface {
	// See keeps a sighting, and the deed of it in the same transaction; nil for none. One that lasts longer stays.
	See(ctx context.Context, s Sighting, d *prepaid.Deed) error
	// Take ends a sighting that lasts at a time, and reports whether there was one.
	Take(ctx context.Context, s Sighting, now time.Time) (bool, error)
	// Seen lists what a person sees of a customer after a time.
	Seen(ctx context.Context, brand string, c prepaid.CustomerID, p PersonID, now time.Time) ([]Sighting, error)
}

// See is the operation by which a person has a customer's number or conversation shown to them.
type See struct {
	Brand    string
	Customer prepaid.CustomerID
	Person   PersonID
	What     Sight
}

// Kind implements Operation.
func (See) Kind() string { return "see customer" }

// Act implements Operation.
func (o See) Act(Actor) Act { return ActUnmask }

// On implements Operation.
func (o See) On() Object { return Object{o.Brand, prepaid.OnCustomer, string(o.Customer)} }

// Plan implements Operation.
func (o See) Plan(ctx context.Context, d *Desk) (Plan, error) {
	_, err := d.Customers.byID(ctx, o.Brand, o.Customer)
	if err == nil && o.What != SeesNumber && o.What != SeesConversation {
		err = fmt.Errorf("nothing to see is named %q", o.What)
	}
	return Plan{Does: "Shows you the " + string(o.What) + " whole for 15 minutes, and keeps that you have seen it."}, err
}

// Carry implements Operation.
func (o See) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	now := d.Clock.Now()
	deed := onCustomer(o.Brand, o.Customer, "see "+string(o.What), by, now)
	err := d.Customers.Sightings.See(ctx, Sighting{o.Brand, o.Customer, o.Person, o.What, now.Add(seenFor)}, &deed)
	return Result{Text: "Shown for 15 minutes."}, err
}

// onCustomer is a deed on a customer.
func onCustomer(brand string, id prepaid.CustomerID, what string, by prepaid.By, at time.Time) prepaid.Deed {
	return prepaid.Deed{Brand: brand, What: what, Kind: prepaid.OnCustomer, Object: string(id), By: by, At: at}
}
