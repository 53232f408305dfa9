package operators

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

// RecordedDeed is a deed with what came of it.
type RecordedDeed struct {
	prepaid.Deed
	Outcome string // "" while it has not ended; DeedDone of what was done at once
	EndedAt time.Time
}

// DeedDone is the outcome of a deed that was done at once.
const DeedDone = "done"

// DeedDebtPaid is the deed that takes a customer's block away because they have paid their debt.
const DeedDebtPaid = "unlock, debt paid"

// DeedReader reads what was done to an object.
type DeedReader interface {
	// Of lists what was done to an object, oldest first.
	Of(ctx context.Context, o Object) ([]RecordedDeed, error)
}

// RecordStore keeps the record.
type RecordStore interface {
	Record(ctx context.Context, d prepaid.Deed) error
	// List lists deeds, newest first: those after f.After where it is set. What came of a deed is no deed of its own there.
	List(ctx context.Context, f DeedFilter) ([]RecordedDeed, error)
}

// DeedRow is a deed as the page of its object shows it.
type DeedRow struct {
	What    string    `json:"what"`
	Who     string    `json:"who"`
	Why     string    `json:"why"`
	At      time.Time `json:"at"`
	Old     string    `json:"old,omitempty"`
	New     string    `json:"new,omitempty"`
	Outcome string    `json:"outcome"` // "": it has not ended
}

func deedRows(done []RecordedDeed) []DeedRow {
	rows := make([]DeedRow, len(done))
	for i, d := range done {
		rows[i] = DeedRow{What: d.What, Who: d.Who, Why: d.Why, At: d.At, Old: d.Old, Outcome: d.Outcome}
		if d.New != prepaid.Begun {
			rows[i].New = d.New
		}
	}
	return rows
}

// DeedFilter narrows a list of deeds; zero fields match everything.
type DeedFilter struct {
	Brands       []string // "" is what belongs to no brand
	Who          string
	Kind, Object string
	From         string // an IP address, or prepaid.Machine
	What         string
	Since, Until time.Time // until before then
	After        DeedCursor
	Limit        int
	About        bool // also what deeds say of customers
}

// DeedCursor is a place in a list of deeds.
type DeedCursor struct {
	At time.Time
	ID string
}

// String returns the cursor as ReadDeedCursor reads it; "" for the beginning.
func (c DeedCursor) String() string {
	if c.ID == "" {
		return ""
	}
	return strconv.FormatInt(prepaid.Micros(c.At), 10) + "." + c.ID
}

var errNoDeedCursor = errors.New("no list of deeds ends with it")

// ReadDeedCursor is the inverse of DeedCursor.String.
func ReadDeedCursor(text string) (DeedCursor, error) {
	if text == "" {
		return DeedCursor{}, nil
	}
	at, id, _ := strings.Cut(text, ".")
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil || us <= 0 || id == "" {
		return DeedCursor{}, errNoDeedCursor
	}
	return DeedCursor{prepaid.FromMicros(us), id}, nil
}

// Record holds the operations on the record of deeds. Safe for concurrent use.
type Record struct {
	Deeds RecordStore
	Clock prepaid.Clock
}

// RecordRow is a deed as lists show it.
type RecordRow struct {
	At         time.Time `json:"at"`
	Brand      string    `json:"brand"`
	Who        string    `json:"who"`
	What       string    `json:"what"`
	Kind       string    `json:"kind"`
	Object     string    `json:"object"`
	Why        string    `json:"why"`
	Old        string    `json:"old"`
	New        string    `json:"new"`
	Outcome    string    `json:"outcome"` // "": it has not ended
	Role       string    `json:"role"`
	From       string    `json:"from"`
	ApprovedBy string    `json:"approved_by"`
	About      string    `json:"about"` // what it says of a customer, where that was asked for
	ID         string    `json:"id"`
}

// Cells are what people see of the row.
func (r RecordRow) Cells() [][2]string {
	return [][2]string{
		{"at", stamp(r.At)}, {"brand", r.Brand}, {"who", r.Who}, {"what", r.What}, {"object", words(r.Kind, r.Object)}, {"outcome", r.Outcome},
		{"old", r.Old}, {"new", r.New}, {"role", r.Role}, {"from", r.From}, {"approved_by", r.ApprovedBy}, {"about", r.About}, {"why", r.Why},
	}
}

// RecordList is a page of the record.
type RecordList struct {
	Rows []RecordRow
	Next string // what DeedQuery.After takes for the page that follows; "" where none does
}

// List returns a page of the record, newest first. The caller answers for who may see it.
func (r Record) List(ctx context.Context, f DeedFilter) (RecordList, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	wanted := f.Limit
	f.Limit++ // tells whether a page follows
	deeds, err := r.Deeds.List(ctx, f)
	if err != nil {
		return RecordList{}, err
	}
	list := RecordList{}
	if len(deeds) > wanted {
		deeds = deeds[:wanted]
		list.Next = DeedCursor{deeds[wanted-1].At, deeds[wanted-1].ID}.String()
	}
	for _, d := range deeds {
		row := RecordRow{
			At: d.At, Brand: d.Brand, Who: d.Who, What: d.What, Kind: d.Kind, Object: d.Object, Why: d.Why, Old: d.Old, New: d.New,
			Outcome: d.Outcome, Role: d.Role, From: d.From, ApprovedBy: d.ApprovedBy, About: d.About, ID: d.ID,
		}
		if d.New == prepaid.Begun {
			row.New = ""
		}
		list.Rows = append(list.Rows, row)
	}
	return list, nil
}

// DeedQuery is a DeedFilter in the form that people type; empty fields match everything.
type DeedQuery struct {
	Brand, Who, Kind, Object, From, What string
	Since                                time.Duration // done within this time
	About                                bool
	Limit                                int
	After                                string // the RecordList.Next of the page before
}

// Search returns a page of the record, newest first. To see what deeds say of customers needs a reason, and is a deed. Errors:
// ErrNoReason; a field that can't be parsed is a *FieldError.
func (r Record) Search(ctx context.Context, q DeedQuery, by prepaid.By) (RecordList, error) {
	if err := positiveLimit(q.Limit); err != nil {
		return RecordList{}, err
	}
	f := DeedFilter{Who: q.Who, Kind: q.Kind, Object: q.Object, From: q.From, What: q.What, About: q.About, Limit: q.Limit}
	if q.Brand != "" {
		f.Brands = []string{q.Brand}
	}
	if q.Kind == prepaid.OnOrder {
		f.Object = string(prepaid.ReadOrderID(q.Object))
	}
	if ip, err := netip.ParseAddr(q.From); err == nil {
		f.From = ip.Unmap().String()
	}
	switch {
	case (q.Kind == "") != (q.Object == ""):
		return RecordList{}, &FieldError{Field: "object", Value: q.Kind + q.Object, Err: errors.New("write KIND:ID, such as order:BKTRMWQXZD")}
	case q.Since < 0:
		return RecordList{}, &FieldError{Field: "since", Err: errNotPositive}
	case q.Since > 0:
		f.Since = r.Clock.Now().Add(-q.Since)
	}
	var err error
	if f.After, err = ReadDeedCursor(q.After); err != nil {
		return RecordList{}, &FieldError{Field: "after", Value: q.After, Err: err}
	}
	if q.About {
		if err := needsReason(by); err != nil {
			return RecordList{}, err
		}
		err := r.Deeds.Record(ctx, prepaid.Deed{Brand: q.Brand, What: "see details of deeds", Kind: prepaid.OnHouse, Object: "record", By: by, At: r.Clock.Now()})
		if err != nil {
			return RecordList{}, err
		}
	}
	return r.List(ctx, f)
}
