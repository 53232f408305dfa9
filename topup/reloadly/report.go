package reloadly

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

const (
	// reportWide is added on both sides of what is asked for: the filters read dates in another zone than the rows
	// are written in.
	reportWide = 36 * time.Hour
	// reportMost is the largest page that Reloadly gives.
	reportMost = 500
)

// Deliveries reports all top-ups of the account, whoever asked for them, from one time until before another,
// oldest first. It holds one page in memory, and ends with an error where the report can't be read to its end.
func (c *Client) Deliveries(ctx context.Context, from, to time.Time) iter.Seq2[topup.Delivery, error] {
	return func(yield func(topup.Delivery, error) bool) {
		query := url.Values{
			"startDate": {from.Add(-reportWide).UTC().Format(wireTime)}, "endDate": {to.Add(reportWide).UTC().Format(wireTime)},
		}
		for page := 1; ; page++ {
			var p Page[Transaction]
			err := c.get(ctx, fmt.Sprintf("/topups/reports/transactions?page=%d&size=%d&%s", page, reportMost, query.Encode()), &p)
			if err == nil && p.Content == nil {
				err = errors.New("reloadly answered what is no report")
			}
			if err != nil {
				yield(topup.Delivery{}, fmt.Errorf("page %d: %w", page, err))
				return
			}
			for _, t := range p.Content {
				d, err := t.delivery()
				if err == nil && (d.At.Before(from) || !d.At.Before(to)) {
					continue
				}
				if !yield(d, err) || err != nil {
					return
				}
			}
			full := len(p.Content) >= reportMost || page < p.TotalPages
			if p.Last || len(p.Content) == 0 || !full {
				return
			}
		}
	}
}

// delivery is a row of a report. One without our reference is of somebody else who uses the account.
func (t Transaction) delivery() (topup.Delivery, error) {
	id := t.TransactionID.String()
	at, err := time.Parse(wireTime, string(t.TransactionDate))
	if err != nil {
		return topup.Delivery{}, fmt.Errorf("transaction %s has no date", id)
	}
	d := topup.Delivery{Reference: string(t.CustomIdentifier), NetworkRef: id, Status: string(t.Status), At: at}
	set(&d.Reference, "transaction "+id)
	if t.Status.outcome() != topup.Done {
		set(&d.Status, "UNKNOWN")
		return d, nil
	}
	d.Status = ""
	d.Amount, _ = t.DeliveredAmount.Money(prepaid.Currency(t.DeliveredCurrencyCode))
	d.Asked, _ = t.RequestedAmount.Money(prepaid.Currency(t.RequestedCurrencyCode))
	if d.Amount.Zero() && d.Asked.Zero() {
		return d, fmt.Errorf("transaction %s has no amount", id)
	}
	return d, nil
}
