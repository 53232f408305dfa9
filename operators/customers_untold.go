package operators

import (
	"context"
	"errors"
	"time"

	"pulsa/prepaid"
)

// Untold is a notice that is held, until its customer writes or an operator tells them.
type Untold struct {
	ID      prepaid.NoticeID
	Brand   string
	Address prepaid.Address
	About   prepaid.NoticeKind
	Order   prepaid.OrderID // that the notice is about; "" for none
	Held    prepaid.HeldFor
	HeldAt  time.Time
	Number  prepaid.MSISDN // that the order is for; "" where there is no order
}

// UntoldNotices keeps the notices that no channel could deliver.
type UntoldNotices interface {
	// Untold lists the held notices of one brand, or of all (""), oldest first.
	Untold(ctx context.Context, brand string, limit int) ([]Untold, error)
	// ToldByHand records that an operator has told a customer a notice, with who and why. It reports whether the notice was held.
	ToldByHand(ctx context.Context, id prepaid.NoticeID, by prepaid.By, now time.Time) (bool, error)
}

// ErrNoNews says that no notice with such an id is held.
var ErrNoNews = errors.New("no news with that id waits")

// UntoldRow is a held notice as lists show it.
type UntoldRow struct {
	ID      prepaid.NoticeID `json:"id"`
	Brand   string           `json:"brand"`
	Address string           `json:"address"` // masked
	About   string           `json:"about"`
	Order   prepaid.OrderID  `json:"order,omitempty"`
	Number  string           `json:"number,omitempty"` // masked: that the order is for
	Why     string           `json:"why"`
	Since   string           `json:"since"` // RFC 3339
}

// Cells are what people see of the row.
func (r UntoldRow) Cells() [][2]string {
	return [][2]string{
		{"id", string(r.ID)}, {"brand", r.Brand}, {"address", r.Address}, {"about", r.About}, {"order", r.Order.Grouped()}, {"since", r.Since}, {"why", r.Why},
	}
}

// Untold lists the held notices of one brand, or of all (""), oldest first. Errors: *FieldError for the limit.
func (s Customers) Untold(ctx context.Context, brand string, limit int) ([]UntoldRow, error) {
	if err := positiveLimit(limit); err != nil {
		return nil, err
	}
	untold, err := s.Notices.Untold(ctx, brand, limit)
	if err != nil {
		return nil, err
	}
	rows := make([]UntoldRow, len(untold))
	for i, n := range untold {
		rows[i] = UntoldRow{ID: n.ID, Brand: n.Brand, Address: n.Address.Masked(), About: string(n.About), Order: n.Order,
			Why: whyHeld(n.Held), Since: n.HeldAt.UTC().Format(time.RFC3339)}
		if n.Number != "" {
			rows[i].Number = n.Number.Masked()
		}
	}
	return rows, nil
}

// Told records that an operator has told a customer a held notice. Errors: ErrNoNews.
func (s Customers) Told(ctx context.Context, id prepaid.NoticeID, by prepaid.By) (Done, error) {
	if err := needsReason(by); err != nil {
		return "", err
	}
	waited, err := s.Notices.ToldByHand(ctx, id, by, s.Clock.Now())
	if err == nil && !waited {
		err = ErrNoNews
	}
	return Done(id + " was told"), err
}

// whyHeld says in words for operators why a notice is held.
func whyHeld(why prepaid.HeldFor) string {
	switch why {
	case prepaid.HeldByStop:
		return "texted STOP: told when they write"
	case prepaid.HeldNoWay:
		return "no channel reaches them"
	case prepaid.HeldUndelivered:
		return "it did not arrive"
	case prepaid.HeldUnknown:
		return "nobody knows whether it arrived"
	}
	return string(why)
}
