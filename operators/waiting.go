package operators

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// WaitKind says why something waits for people.
type WaitKind string

// The kinds of what waits for people.
const (
	WaitUnknown    WaitKind = "unknown"     // nobody has said within the automatic period whether an order was charged, delivered or refunded
	WaitRefund     WaitKind = "refund"      // a refund that the gateway refuses
	WaitLate       WaitKind = "late_charge" // a charge that turned up after its order was declined, and can't be given back
	WaitDebt       WaitKind = "debt"        // a debit that the bank took back after the delivery
	WaitDispute    WaitKind = "dispute"     // of which we have no order
	WaitDifference WaitKind = "difference"  // between our ledger and a provider's report, netted by order
	WaitNews       WaitKind = "news"        // that reaches its customer on no channel
	WaitFrozen     WaitKind = "frozen"      // an account of which somebody decides whose it is
)

// WaitKinds lists all of them.
func WaitKinds() []WaitKind {
	return []WaitKind{WaitUnknown, WaitRefund, WaitLate, WaitDebt, WaitDispute, WaitDifference, WaitNews, WaitFrozen}
}

// Wait is one thing that waits for people.
type Wait struct {
	Kind     WaitKind
	On       Object // On.ID of a difference is its order, or else the item's own id
	Since    time.Time
	Order    prepaid.OrderID    // "" where it is about none
	Customer prepaid.CustomerID // "" where it is about none
	Number   string             // masked: the customer's, or the order's
	Status   topup.Status       // the order's; "" where the kind says enough
	Why      string             // the last refusal's code; of news, why it is held
	Amount   prepaid.Money      // the order's; what is owed; of a difference, the provider's side less ours
	Items    []OpenItem         // of a difference or a dispute
	Assignment
}

// WaitFilter narrows the list of what waits.
type WaitFilter struct {
	Brands  []string // one at least; "" is what belongs to no brand
	Kind    WaitKind // "" is any
	Person  PersonID // to whom it is assigned; "" is anybody
	Nobodys bool     // assigned to nobody
	ID      string   // On.ID; "" is any
	After   WaitCursor
	Limit   int
}

// WaitCursor is a place in the list: after what has waited since then and has this id. The zero value is before the first.
type WaitCursor struct {
	Since time.Time
	ID    string
}

// String is the cursor as links have it.
func (c WaitCursor) String() string {
	if c.ID == "" {
		return ""
	}
	return strconv.FormatInt(prepaid.Micros(c.Since), 10) + "." + c.ID
}

// ReadWaitCursor is the inverse of WaitCursor.String; what is none is the zero value.
func ReadWaitCursor(text string) WaitCursor {
	at, id, _ := strings.Cut(text, ".")
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil || us <= 0 || id == "" {
		return WaitCursor{}
	}
	return WaitCursor{prepaid.FromMicros(us), id}
}

// Cursor is the place of the row in the list.
func (w Wait) Cursor() WaitCursor { return WaitCursor{w.Since, w.On.ID} }

// WaitCount is how much of a kind waits at a brand.
type WaitCount struct {
	Brand  string
	Kind   WaitKind
	Count  int
	Oldest time.Time
}

// WaitStore reads what waits for people.
type WaitStore interface {
	// Waiting lists what waits, the oldest first.
	Waiting(ctx context.Context, f WaitFilter) ([]Wait, error)
	// CountWaiting counts what waits, at all brands.
	CountWaiting(ctx context.Context) ([]WaitCount, error)
}

// WaitList is a page of what waits.
type WaitList struct {
	Rows []Wait
	Next string // what ReadWaitCursor takes for the page that follows; "" where none does
}

// SortWaits sorts by age, the oldest first.
func SortWaits(rows []Wait) {
	slices.SortFunc(rows, func(a, b Wait) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.On.ID, b.On.ID)) })
}

// Waiting returns a page of what waits, the oldest first.
func (d *Desk) Waiting(ctx context.Context, f WaitFilter) (WaitList, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	wanted := f.Limit
	f.Limit++ // tells whether a page follows
	rows, err := d.Waits.Waiting(ctx, f)
	if err != nil {
		return WaitList{}, err
	}
	list := WaitList{Rows: rows}
	if len(rows) > wanted {
		list.Rows = rows[:wanted]
		list.Next = rows[wanted-1].Cursor().String()
	}
	return list, nil
}
