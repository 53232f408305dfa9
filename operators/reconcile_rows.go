package operators

import (
	"fmt"
	"time"

	"pulsa/prepaid"
)

// OpenItemRow is an OpenItem as lists show it. Amounts are minor units.
type OpenItemRow struct {
	ID         string           `json:"id"`
	Provider   string           `json:"provider"`
	Reference  string           `json:"reference"`
	Kind       string           `json:"kind"`
	Order      prepaid.OrderID  `json:"order"`
	Currency   prepaid.Currency `json:"currency"`
	Ours       int64            `json:"ours"`
	Theirs     int64            `json:"theirs"`
	Note       string           `json:"note"`
	HappenedAt time.Time        `json:"happened_at"`
	FoundAt    time.Time        `json:"found_at"`
	Open       bool             `json:"open"`
	ClosedAt   time.Time        `json:"closed_at,omitzero"`
	ClosedBy   string           `json:"closed_by,omitempty"`
	Reason     string           `json:"reason,omitempty"`
}

// Cells are what people see of the row.
func (r OpenItemRow) Cells() [][2]string {
	money := func(minor int64) string { return prepaid.Money{Minor: minor, Currency: r.Currency}.String() }
	return [][2]string{
		{"id", r.ID}, {"happened_at", stamp(r.HappenedAt)}, {"provider", r.Provider}, {"kind", r.Kind}, {"reference", r.Reference},
		{"order", r.Order.Grouped()}, {"ours", money(r.Ours)}, {"theirs", money(r.Theirs)}, {"note", r.Note}, {"state", r.State()},
	}
}

// Failing reports whether the item is open.
func (r OpenItemRow) Failing() bool { return r.Open }

func openItemRows(items []OpenItem) []OpenItemRow {
	rows := make([]OpenItemRow, len(items))
	for n, i := range items {
		rows[n] = OpenItemRow{i.ID, i.Provider, i.Reference, i.Kind, i.Order, i.Currency, i.Ours, i.Theirs, i.Note, i.HappenedAt, i.FoundAt,
			i.ClosedAt.IsZero(), i.ClosedAt, i.ClosedBy, i.Reason}
	}
	return rows
}

// State says for people whether the item is open, or who closed it, and why.
func (r OpenItemRow) State() string {
	if r.Open {
		return "open"
	}
	return "closed by " + r.ClosedBy + ": " + r.Reason
}

// Sentences say for people what was not compared, and why.
func (l LeftOut) Sentences() []string {
	var said []string
	for _, name := range l.Unreported {
		said = append(said, fmt.Sprintf("%s gives us no report: what was booked with it is not compared", name))
	}
	for _, name := range l.BusyWallets {
		said = append(said, fmt.Sprintf("top-ups are under way at %s: its wallet is compared next time", name))
	}
	return said
}
