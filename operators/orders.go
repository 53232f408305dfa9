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
	Limit      int       // 0 is 50
}

// OrderReader reads orders. An order that does not exist is a topup.ErrNoOrder.
type OrderReader interface {
	// List returns orders, newest first.
	List(ctx context.Context, f OrderFilter) ([]topup.Order, error)
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

// InterventionReader reads what operators have done to an order or a customer, oldest first; an empty id matches nothing.
type InterventionReader interface {
	List(ctx context.Context, o prepaid.OrderID, c prepaid.CustomerID) ([]topup.Intervention, error)
}

// Orders holds the operations on orders. Safe for concurrent use.
type Orders struct {
	Orders        OrderReader
	Sales         SaleReader
	Ledger        LedgerReader
	Notices       NoticeReader
	Interventions InterventionReader
	Clock         prepaid.Clock
}

// List returns orders, newest first.
func (s Orders) List(ctx context.Context, f OrderFilter) ([]OrderRow, error) {
	orders, err := s.Orders.List(ctx, f)
	if err != nil {
		return nil, err
	}
	return orderRows(orders), nil
}

// OrderQuery is an OrderFilter in the form that people type; empty fields match everything.
type OrderQuery struct {
	Brand, Status    string
	Number           string // "+31612345678"
	Open, NeedsHuman bool
	Since            time.Duration // created within this time
	Limit            int
}

// Search returns orders, newest first. A field that can't be parsed is a *FieldError.
func (s Orders) Search(ctx context.Context, q OrderQuery) ([]OrderRow, error) {
	f := OrderFilter{Brand: q.Brand, Status: topup.Status(q.Status), Open: q.Open, NeedsHuman: q.NeedsHuman, Limit: q.Limit}
	switch {
	case q.Status != "" && !slices.Contains(topup.Statuses(), f.Status):
		return nil, &FieldError{Field: "status", Value: q.Status, Err: errors.New("no order is ever in it"), Known: names(topup.Statuses())}
	case q.Limit < 1:
		return nil, &FieldError{Field: "limit", Err: errNotPositive}
	case q.Since < 0:
		return nil, &FieldError{Field: "since", Err: errNotPositive}
	case q.Since > 0:
		f.Since = s.Clock.Now().Add(-q.Since)
	}
	if q.Number != "" {
		m, err := ReadNumber(q.Number)
		if err != nil {
			return nil, &FieldError{Field: "number", Err: err}
		}
		f.MSISDN = m
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

// Find returns the id of an order by its name: an order id, which has no digits, or a developer's transaction id. Only a
// transaction id is looked up. Errors: topup.ErrNoOrder.
func (s Orders) Find(ctx context.Context, name string) (prepaid.OrderID, error) {
	transaction, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return prepaid.OrderID(strings.ToUpper(name)), nil
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
		return Dossier{}, fmt.Errorf("%s: %w", id, err)
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
	done, err := s.Interventions.List(ctx, id, "")
	d.ByHand = interventionRows(done)
	return d, err
}
