package gateway

import (
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
)

// status is where a setup or a charge stands.
type status string

const (
	open       status = "open" // setups
	completed  status = "completed"
	abandoned  status = "abandoned"
	superseded status = "superseded" // by a newer one
	revoked    status = "revoked"    // completed before

	processing status = "processing" // charges: becomes something else at Due
	action     status = "needs authentication"
	pending    status = "pending"
	captured   status = "captured"
	declined   status = "declined"
	cancelled  status = "cancelled"
	refunded   status = "refunded"
	returned   status = "returned"
)

// line is one line of the book: a setup or a charge as it stands from then on. The last line of a
// reference is the truth.
type line struct {
	Setup  *setup  `json:"setup,omitempty"`
	Charge *charge `json:"charge,omitempty"`
}

type setup struct {
	Reference string             `json:"reference"`
	Page      string             `json:"page"` // the unguessable end of its URL
	Brand     string             `json:"brand"`
	Title     string             `json:"title,omitempty"`
	Country   string             `json:"country,omitempty"`
	Customer  prepaid.CustomerID `json:"customer"`
	MSISDN    prepaid.MSISDN     `json:"msisdn"`
	Method    payments.Method    `json:"method"`
	Language  string             `json:"language"`
	Status    status             `json:"status"`
	Token     string             `json:"token,omitempty"`   // of the instrument, once completed
	Display   string             `json:"display,omitempty"` // of an IBAN that was typed
	At        time.Time          `json:"at"`
	Untold    bool               `json:"untold,omitempty"` // its news was not taken yet
}

type charge struct {
	Reference  string             `json:"reference"`
	Brand      string             `json:"brand,omitempty"`
	Title      string             `json:"title,omitempty"`
	Customer   prepaid.CustomerID `json:"customer,omitempty"`
	MSISDN     prepaid.MSISDN     `json:"msisdn,omitempty"`
	Method     payments.Method    `json:"method,omitempty"`
	Amount     prepaid.Money      `json:"amount,omitzero"` // zero: cancelled before it was asked for
	Language   string             `json:"language,omitempty"`
	Status     status             `json:"status"`
	Becomes    status             `json:"becomes,omitempty"` // at Due
	Due        time.Time          `json:"due,omitzero"`
	Code       string             `json:"code,omitempty"`
	Page       string             `json:"page,omitempty"` // of needs authentication
	At         time.Time          `json:"at"`
	TakenAt    time.Time          `json:"taken_at,omitzero"` // captured, or pending
	RefundedAt time.Time          `json:"refunded_at,omitzero"`
	Part       prepaid.Money      `json:"part,omitzero"` // given back before, and when
	PartAt     time.Time          `json:"part_at,omitzero"`
	ReturnedAt time.Time          `json:"returned_at,omitzero"`
	Untold     bool               `json:"untold,omitempty"`

	Setup       string `json:"setup,omitempty"` // the reference of the one that made what is charged
	BecomesCode string `json:"becomes_code,omitempty"`
	Again       int    `json:"again,omitempty"` // how often it was charged beside the first time
}

// Why a bank takes money back.
const (
	codeReturned = "debit_returned"
	codeDisputed = "disputed"
)

// changedAt tells when the charge took its status, as far as that is known.
func (c charge) changedAt() time.Time {
	latest := c.At
	for _, at := range []time.Time{c.TakenAt, c.RefundedAt, c.PartAt, c.ReturnedAt} {
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}

// records keeps the newest state of each reference, and the order in which they came.
type records[R any] struct {
	by    map[string]R
	order []string
}

func (r *records[R]) get(reference string) (R, bool) {
	record, ok := r.by[reference]
	return record, ok
}

func (r *records[R]) put(reference string, record R) {
	if r.by == nil {
		r.by = map[string]R{}
	}
	if _, ok := r.by[reference]; !ok {
		r.order = append(r.order, reference)
	}
	r.by[reference] = record
}

// latest returns the last record, by its first appearance, that fits.
func (r *records[R]) latest(fits func(R) bool) (R, bool) {
	for i := len(r.order) - 1; i >= 0; i-- {
		if record := r.by[r.order[i]]; fits(record) {
			return record, true
		}
	}
	var none R
	return none, false
}

// all returns what fits, oldest first.
func (r *records[R]) all(fits func(R) bool) []R {
	var found []R
	for _, reference := range r.order {
		if record := r.by[reference]; fits(record) {
			found = append(found, record)
		}
	}
	return found
}

// write makes a line durable and then true. Under mu.
func (g *Gateway) write(l line) error {
	if err := g.book.Append(l); err != nil {
		return err
	}
	g.apply(l)
	return nil
}

func (g *Gateway) apply(l line) {
	if l.Setup != nil {
		g.setups.put(l.Setup.Reference, *l.Setup)
	}
	if l.Charge != nil {
		g.charges.put(l.Charge.Reference, *l.Charge)
	}
}

// current returns a charge as of now: one whose time has come becomes what it was to become. Under mu.
func (g *Gateway) current(reference string) (charge, bool, error) {
	c, ok := g.charges.get(reference)
	if !ok || c.Becomes == "" || c.Due.After(g.c.Clock.Now()) {
		return c, ok, nil
	}
	c.Status, c.Becomes = c.Becomes, ""
	switch c.Status {
	case captured, pending:
		c.TakenAt = c.Due
	case returned:
		c.ReturnedAt, c.Code, c.Untold = c.Due, c.BecomesCode, true
	}
	return c, true, g.write(line{Charge: &c})
}

// ripen brings every charge up to now. Under mu.
func (g *Gateway) ripen() {
	for _, c := range g.charges.all(func(c charge) bool { return c.Becomes != "" }) {
		if _, _, err := g.current(c.Reference); err != nil {
			g.c.Log.Error("simulated charge not booked", "reference", c.Reference, "error", err)
		}
	}
}

// reported tells whether look-ups and news know how a charge stands. Under mu.
func (g *Gateway) reported(c charge) bool {
	late := g.late
	if g.told == (Behaviour{}) && lastFour(c.MSISDN) == "9011" {
		late = max(late, numberLate)
	}
	return late <= 0 || !c.changedAt().Add(late).After(g.c.Clock.Now())
}
