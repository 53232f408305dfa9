package reloadly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"pulsa/topup"
)

const (
	reportSize  = 200
	reportPages = 20 // a reference has one transaction, or a few where requests met
)

// LookUp implements topup.Network: it reads the record under the reference. Reloadly searches without regard to
// case, and may hold several transactions under one reference; one that was delivered counts most.
func (c *Client) LookUp(ctx context.Context, reference string) topup.Result {
	best := topup.Result{Outcome: topup.Absent}
	for page := 1; page <= reportPages; page++ {
		var p Page[Transaction]
		path := fmt.Sprintf("/topups/reports/transactions?page=%d&size=%d&customIdentifier=%s", page, reportSize, url.QueryEscape(reference))
		if err := c.get(ctx, path, &p); err != nil || p.Content == nil {
			c.c.Log.WarnContext(ctx, "reloadly record not read", "reference", reference, "error", err)
			return better(best, topup.Result{Outcome: topup.Unknown, Code: codeNoLookUp})
		}
		for _, t := range p.Content {
			if string(t.CustomIdentifier) == reference {
				best = better(best, c.row(ctx, t))
			}
		}
		full := len(p.Content) >= reportSize || page < p.TotalPages
		if best.Outcome == topup.Done || p.Last || len(p.Content) == 0 || !full {
			return best
		}
	}
	return better(best, topup.Result{Outcome: topup.Unknown, Code: codeNoLookUp})
}

// row is what a row of a report came to. Its status may know more: how one that is not at its end has ended, and why one was
// refused.
func (c *Client) row(ctx context.Context, t Transaction) topup.Result {
	r := t.result()
	if r.Outcome == topup.Done {
		return c.rowByPIN(ctx, t, r)
	}
	if t.TransactionID == 0 {
		return r
	}
	now := c.status(ctx, t.TransactionID)
	if now.Outcome == topup.Unknown || r.Outcome == topup.Refused && now.Outcome != topup.Refused {
		return r
	}
	return now
}

// rowByPIN sees to it that a delivery which is a PIN is not taken for one before the PIN is known: reports may lack it.
func (c *Client) rowByPIN(ctx context.Context, t Transaction, r topup.Result) topup.Result {
	if r.PIN != nil || !c.c.PINs || t.OperatorID == 0 {
		return r
	}
	o, ok := c.operators.get(t.OperatorID)
	if !ok {
		err := c.get(ctx, "/operators/"+t.OperatorID.String(), &o)
		var none *Error
		if errors.As(err, &none) && none.Status == http.StatusNotFound {
			return r // it sells nothing any more; the record tells all there is
		}
		if err != nil {
			return topup.Result{Outcome: topup.Unknown, Code: codeNoLookUp, ProviderRef: r.ProviderRef}
		}
		c.operators.put(t.OperatorID, o)
	}
	if !o.PIN {
		return r
	}
	if now := c.status(ctx, t.TransactionID); now.Outcome == topup.Done {
		r.PIN = now.PIN
	}
	return withPIN(r, true)
}

// status asks what became of a transaction.
func (c *Client) status(ctx context.Context, id ID) topup.Result {
	var s Status
	if err := c.get(ctx, "/topups/"+id.String()+"/status", &s); err != nil {
		return topup.Result{Outcome: topup.Unknown, Code: codeNoLookUp, ProviderRef: id.String()}
	}
	t := Transaction{}
	if s.Transaction != nil {
		t = *s.Transaction
	}
	set(&t.TransactionID, id)
	if s.Status != "" {
		t.Status = s.Status // the wrapper knows of a refund
	}
	r := t.result()
	if r.Outcome == topup.Refused && isCode(string(s.Code)) {
		r.Code = string(s.Code)
	}
	return r
}

// better is the result that counts: delivered above on its way, that above unclear, that above refused, that
// above absent.
func better(a, b topup.Result) topup.Result {
	rank := func(r topup.Result) int {
		switch r.Outcome {
		case topup.Done:
			return 4
		case topup.Pending:
			return 3
		case topup.Unknown:
			return 2
		case topup.Refused:
			return 1
		}
		return 0
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}
