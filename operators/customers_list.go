package operators

import (
	"context"
	"strconv"
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// CustomerFilter narrows a list of customers; its zero fields match everybody who was not erased.
type CustomerFilter struct {
	Brands   []string        // one at least
	Status   accounts.Status // Blocked: who owes; Erased lists those alone
	Locked   bool            // the PIN can't be tried now
	Now      time.Time       // by which that is judged
	Frozen   bool
	OptedOut bool      // by our own word STOP, at any of their addresses
	Language string    // "en"
	PaysBy   string    // "sepa"; NoInstrument for nothing
	From     time.Time // registered at or after
	To       time.Time // registered before; zero is any
	After    CustomerCursor
	Limit    int
}

// NoInstrument is CustomerFilter.PaysBy for who has no way to pay.
const NoInstrument = "none"

// CustomerCursor is a place in a list of customers: after the one of this time and id. The zero value is before the first.
type CustomerCursor struct {
	CreatedAt time.Time
	ID        prepaid.CustomerID
}

// String is the cursor as links have it.
func (c CustomerCursor) String() string {
	if c.CreatedAt.IsZero() {
		return ""
	}
	return strconv.FormatInt(prepaid.Micros(c.CreatedAt), 10) + "." + string(c.ID)
}

// ReadCustomerCursor is the inverse of CustomerCursor.String; what is none is the zero value.
func ReadCustomerCursor(text string) CustomerCursor {
	at, id, _ := strings.Cut(text, ".")
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil || us <= 0 {
		return CustomerCursor{}
	}
	return CustomerCursor{prepaid.FromMicros(us), prepaid.CustomerID(id)}
}

// CustomerPage is what a look at a list of customers has found.
type CustomerPage struct {
	Customers []accounts.Customer // the newest first
	// Looked is where the look ended, before it had found as many as were wanted; the zero value where the list ends.
	Looked CustomerCursor
}

// CustomerLister lists customers.
type CustomerLister interface {
	// ListCustomers lists customers, the newest first. A look goes over a limited number of them, whatever it finds.
	ListCustomers(ctx context.Context, f CustomerFilter) (CustomerPage, error)
}

// CustomerRow is a customer as lists show them.
type CustomerRow struct {
	ID         prepaid.CustomerID
	Brand      string
	Number     string // masked
	Status     accounts.Status
	Language   string
	PaysBy     string // "sepa"; "" for nothing
	Instrument string // fit to be shown
	CreatedAt  time.Time
	FrozenAt   time.Time // zero: is not frozen
	Locked     bool      // the PIN can't be tried now
}

// CustomerList is a page of a list of customers.
type CustomerList struct {
	Rows   []CustomerRow
	Next   string    // what ReadCustomerCursor takes for the page that follows; "" where none does
	Looked time.Time // the look ended at who registered then, for it takes a while; zero: the page is full, or the list ends
}

// ListCustomers returns a page of customers, the newest first, at the brands of the filter.
func (d *Desk) ListCustomers(ctx context.Context, f CustomerFilter) (CustomerList, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	wanted := f.Limit
	f.Limit++ // tells whether a page follows
	f.Now = d.Clock.Now()
	page, err := d.Lists.ListCustomers(ctx, f)
	if err != nil {
		return CustomerList{}, err
	}
	list := CustomerList{Looked: page.Looked.CreatedAt, Next: page.Looked.String()}
	for i, c := range page.Customers {
		if i == wanted {
			last := list.Rows[wanted-1]
			list.Next, list.Looked = CustomerCursor{last.CreatedAt, last.ID}.String(), time.Time{}
			break
		}
		list.Rows = append(list.Rows, CustomerRow{c.ID, c.Brand, c.MSISDN.Masked(), c.Status, c.Language, c.Pays.Method, c.Pays.Display, c.CreatedAt, c.FrozenAt, c.PIN.Locked(f.Now)})
	}
	return list, nil
}
