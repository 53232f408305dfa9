package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
)

var _ operators.CustomerLister = Customers{}

// lookAtMost is how many customers of a brand a look goes over where no index knows whom it is for.
const lookAtMost = 5000

// ListCustomers implements operators.CustomerLister: brand by brand, each by an index in the order of the list.
func (db Customers) ListCustomers(ctx context.Context, f operators.CustomerFilter) (operators.CustomerPage, error) {
	var page operators.CustomerPage
	for _, brand := range f.Brands {
		found, err := db.listBrand(ctx, brand, f)
		if err != nil {
			return page, fmt.Errorf("list customers: %w", err)
		}
		page.Customers = append(page.Customers, found.Customers...)
		if page.Looked.CreatedAt.Before(found.Looked.CreatedAt) {
			page.Looked = found.Looked // the others are looked at from there on, too
		}
	}
	slices.SortFunc(page.Customers, func(a, b accounts.Customer) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	if page.Looked.CreatedAt.IsZero() {
		return operators.CustomerPage{Customers: page.Customers[:min(len(page.Customers), f.Limit)]}, nil
	}
	page.Customers = slices.DeleteFunc(page.Customers, func(c accounts.Customer) bool {
		return cmp.Or(c.CreatedAt.Compare(page.Looked.CreatedAt), cmp.Compare(c.ID, page.Looked.ID)) < 0
	})
	page.Customers = page.Customers[:min(len(page.Customers), f.Limit)]
	return page, nil
}

// listBrand looks at a brand's customers.
func (db Customers) listBrand(ctx context.Context, brand string, f operators.CustomerFilter) (operators.CustomerPage, error) {
	by := customersBy(brand, f)
	window := `SELECT c.brand, c.id, c.created_at, c.status, c.language, c.holder, c.frozen_at, c.pin_hard_locked, c.pin_locked_until
		FROM customers c` + by.where() + ` ORDER BY c.created_at DESC, c.id DESC LIMIT ?`
	only := customersOnly(f)
	args := slices.Concat(by.args, []any{lookAtMost}, only.args, []any{f.Limit})
	found, err := customerTable.query(ctx, db.reader, selectCustomer+`c.id IN (
		SELECT w.id FROM (`+window+`) w`+only.where()+` ORDER BY w.created_at DESC, w.id DESC LIMIT ?)
		ORDER BY c.created_at DESC, c.id DESC`, args...)
	page := operators.CustomerPage{Customers: found}
	if err != nil || len(found) >= f.Limit {
		return page, err
	}
	var last []struct {
		ID        prepaid.CustomerID
		CreatedAt int64
	}
	err = list(ctx, db.reader, &last, `SELECT c.id, c.created_at FROM customers c`+by.where()+` ORDER BY c.created_at DESC, c.id DESC LIMIT 1 OFFSET ?`, append(by.args, lookAtMost-1)...)
	if len(last) > 0 {
		page.Looked = operators.CustomerCursor{CreatedAt: prepaid.FromMicros(last[0].CreatedAt), ID: last[0].ID}
	}
	return page, err
}

// customersBy are the conditions that an index serves, in the order of the list: those of the customers that are looked at.
func customersBy(brand string, f operators.CustomerFilter) *conditions {
	var c conditions
	c.add("c.brand = ?", brand)
	switch {
	case f.Frozen:
		c.add("c.frozen_at > 0")
	case f.Locked:
		c.add("(c.pin_hard_locked OR c.pin_locked_until > 0)")
	case f.Status != "":
		c.add("c.status = ?", f.Status)
	}
	c.add("c.created_at >= ?", prepaid.Micros(f.From))
	if !f.To.IsZero() {
		c.add("c.created_at < ?", prepaid.Micros(f.To))
	}
	if !f.After.CreatedAt.IsZero() {
		c.add("(c.created_at, c.id) < (?, ?)", prepaid.Micros(f.After.CreatedAt), f.After.ID)
	}
	return &c
}

// customersOnly are the conditions of those that are looked at, w.
func customersOnly(f operators.CustomerFilter) *conditions {
	var c conditions
	if f.Status == "" {
		c.add("w.status <> 'erased'")
	} else {
		c.add("w.status = ?", f.Status)
	}
	if f.Frozen {
		c.add("w.frozen_at > 0")
	}
	if f.Locked {
		c.add("(w.pin_hard_locked OR w.pin_locked_until > ?)", prepaid.Micros(f.Now))
	}
	if f.Language != "" {
		c.add("w.language = ?", f.Language)
	}
	// Not EXISTS: PostgreSQL would read all of the other table for it.
	const instrument = `COALESCE((SELECT i.method FROM instruments i WHERE i.brand = w.brand AND i.customer = w.id AND i.active AND i.holder = w.holder), '')`
	switch f.PaysBy {
	case "":
	case operators.NoInstrument:
		c.add(instrument + " = ''")
	default:
		c.add(instrument+" = ?", f.PaysBy)
	}
	if f.OptedOut {
		c.add(`(SELECT 1 FROM customer_addresses a JOIN opt_outs t ON t.brand = a.brand AND t.address = a.address
			WHERE a.brand = w.brand AND a.customer = w.id AND t.channel = '' AND t.is_out LIMIT 1) = 1`)
	}
	return &c
}
