package operators

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// OrderFilter narrows a list of orders; its zero fields match everything.
type OrderFilter struct {
	Brand      string
	Status     topup.Status
	MSISDN     prepaid.MSISDN
	Customer   prepaid.CustomerID
	Open       bool // not ended, or still worked on
	NeedsHuman bool
	Since      time.Time // created at or after
	Until      time.Time // created before
	After      OrderCursor
	OrderSieve
	// DownTo is the last order that is looked at; the zero value is the very last. The sieve has no index: it is looked through in pieces.
	DownTo OrderCursor
	Limit  int // 0 is 50
}

// OrderSieve is the part of an OrderFilter that no index knows.
type OrderSieve struct {
	Reason  string
	Channel string // that the customer wrote on, by its name within the brand
	Network string
	Funding topup.FundingKind
	Minor   int64 // the amount
}

// orderLook is how many orders are looked through for a page at most.
const orderLook = 20_000

// OrderCursor is a place in a list of orders: after the order of this time and id. The zero value is before the first.
type OrderCursor struct {
	CreatedAt time.Time
	ID        prepaid.OrderID
}

// String returns the cursor as lists end with it.
func (c OrderCursor) String() string {
	return strconv.FormatInt(prepaid.Micros(c.CreatedAt), 10) + "." + string(c.ID)
}

var errNoCursor = errors.New("no list of orders ends with it: copy what follows --after at the end of a page")

// readCursor is the inverse of OrderCursor.String; "" is the zero value.
func readCursor(text string) (OrderCursor, error) {
	if text == "" {
		return OrderCursor{}, nil
	}
	at, id, _ := strings.Cut(text, ".")
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil || us <= 0 || id == "" {
		return OrderCursor{}, errNoCursor
	}
	return OrderCursor{prepaid.FromMicros(us), prepaid.OrderID(id)}, nil
}

// OrderReader reads orders. An order that does not exist is a topup.ErrNoOrder.
type OrderReader interface {
	// List returns orders, newest first: those after f.After where it is set.
	List(ctx context.Context, f OrderFilter) ([]topup.Order, error)
	// Look returns the place of the nth order of a list without its sieve; the zero value where there are fewer.
	Look(ctx context.Context, f OrderFilter, n int) (OrderCursor, error)
	Order(ctx context.Context, id prepaid.OrderID) (topup.History, error)
	// Passages returns the order's status changes, oldest first.
	Passages(ctx context.Context, id prepaid.OrderID) ([]Passage, error)
	// HasPIN reports whether the PIN that the network delivered for the order is still kept, to be handed on.
	HasPIN(ctx context.Context, id prepaid.OrderID) (bool, error)
}

// SaleReader finds the order that developers know by a transaction id; topup.ErrNoOrder.
type SaleReader interface {
	OrderOfSale(ctx context.Context, transaction int64) (prepaid.OrderID, error)
}

// LedgerReader reads what was booked for an order, oldest first.
type LedgerReader interface {
	Entries(ctx context.Context, id prepaid.OrderID) ([]topup.Entry, error)
}

// NoticeReader reads the notices of an order, told or not, oldest first.
type NoticeReader interface {
	OfOrder(ctx context.Context, id prepaid.OrderID) ([]Notice, error)
}

// Orders holds the operations on orders. Safe for concurrent use.
type Orders struct {
	Orders  OrderReader
	Sales   SaleReader
	Ledger  LedgerReader
	Notices NoticeReader
	Deeds   DeedReader
	Clock   prepaid.Clock
}

// OrderList is a page of orders.
type OrderList struct {
	Orders []OrderRow
	Next   string // what OrderQuery.After takes for the page that follows; "" where none does
	// LookedTo is where the look has ended, where it did before the page was full: Next goes on from there.
	LookedTo time.Time
}

// List returns a page of orders, newest first. A page costs the same wherever it is in the list.
func (s Orders) List(ctx context.Context, f OrderFilter) (OrderList, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	wanted := f.Limit
	f.Limit++ // tells whether a page follows
	if f.OrderSieve != (OrderSieve{}) {
		var err error
		if f.DownTo, err = s.Orders.Look(ctx, f, orderLook); err != nil {
			return OrderList{}, err
		}
	}
	orders, err := s.Orders.List(ctx, f)
	if err != nil {
		return OrderList{}, err
	}
	list := OrderList{Orders: orderRows(orders)}
	if len(orders) > wanted {
		list.Orders = list.Orders[:wanted]
		list.Next = list.Orders[wanted-1].Cursor
	} else if f.DownTo.ID != "" {
		list.Next, list.LookedTo = f.DownTo.String(), f.DownTo.CreatedAt
	}
	return list, nil
}

// OrderQuery is the rest of an OrderFilter in the form that people type; empty fields match everything.
type OrderQuery struct {
	Status           string
	Number           string // "+31612345678"
	Open, NeedsHuman bool
	Since            time.Duration // created within this time
	Limit            int
	After            string // the OrderRow.Cursor of the last order of the page before
}

// ReadOrderCursor reads what a list has ended with; "" is its beginning.
func ReadOrderCursor(text string) (OrderCursor, error) {
	at, err := readCursor(text)
	if err != nil {
		return at, &FieldError{Field: "after", Value: text, Err: err}
	}
	return at, nil
}

// Search returns a page of the orders of a brand, or of all brands (""), newest first. A field that can't be parsed is a *FieldError.
func (s Orders) Search(ctx context.Context, brand string, q OrderQuery) (OrderList, error) {
	if err := positiveLimit(q.Limit); err != nil {
		return OrderList{}, err
	}
	f := OrderFilter{Brand: brand, Status: topup.Status(q.Status), Open: q.Open, NeedsHuman: q.NeedsHuman, Limit: q.Limit}
	switch {
	case q.Status != "" && !slices.Contains(topup.Statuses(), f.Status):
		return OrderList{}, &FieldError{Field: "status", Value: q.Status, Err: errors.New("no order is ever in it"), Known: names(topup.Statuses())}
	case q.Since < 0:
		return OrderList{}, &FieldError{Field: "since", Err: errNotPositive}
	case q.Since > 0:
		f.Since = s.Clock.Now().Add(-q.Since)
	}
	if q.Number != "" {
		m, err := ReadNumber(q.Number)
		if err != nil {
			return OrderList{}, &FieldError{Field: "number", Err: err}
		}
		f.MSISDN = m
	}
	var err error
	if f.After, err = ReadOrderCursor(q.After); err != nil {
		return OrderList{}, err
	}
	return s.List(ctx, f)
}

func names(statuses []topup.Status) []string {
	list := make([]string, len(statuses))
	for i, s := range statuses {
		list[i] = string(s)
	}
	return list
}

// Find returns the id of an order by its name: an order's number, which prepaid.ReadOrderID reads, or a developer's transaction id, which
// is digits only. Only a transaction id is looked up. Errors: topup.ErrNoOrder.
func (s Orders) Find(ctx context.Context, name string) (prepaid.OrderID, error) {
	transaction, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return prepaid.ReadOrderID(name), nil
	}
	return s.Sales.OrderOfSale(ctx, transaction)
}

// Show returns all that is known of the order that Find finds; topup.ErrNoOrder.
func (s Orders) Show(ctx context.Context, name string) (Dossier, error) {
	id, err := s.Find(ctx, name)
	if err != nil {
		return Dossier{}, err
	}
	h, err := s.Orders.Order(ctx, id)
	if err != nil {
		return Dossier{}, fmt.Errorf("%s: %w", id.Grouped(), err)
	}
	d := newDossier(h, s.Clock.Now())
	if d.Passages, err = s.Orders.Passages(ctx, id); err != nil {
		return Dossier{}, err
	}
	entries, err := s.Ledger.Entries(ctx, id)
	if err != nil {
		return Dossier{}, err
	}
	d.Postings = postingRows(entries)
	if d.Notices, err = s.Notices.OfOrder(ctx, id); err != nil {
		return Dossier{}, err
	}
	if h.ByPIN {
		kept, err := s.Orders.HasPIN(ctx, id)
		if err != nil {
			return Dossier{}, err
		}
		d.PIN = pinHandedOn
		if kept {
			d.PIN = pinWaits
		}
	}
	done, err := s.Deeds.Of(ctx, Object{h.Brand, prepaid.OnOrder, string(id)})
	d.ByHand = deedRows(done)
	return d, err
}
