package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"pulsa/operators"
	"pulsa/topup"
)

// printDossier prints all that is known of an order, a fact a line.
func printDossier(w io.Writer, d operators.Dossier) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(table, format+"\n", args...) }
	o := d.Order
	line("order\t%s", d.ID)
	line("brand\t%s", d.Brand)
	line("number\t%s", d.Number)
	line("amount\t%s", o.Amount)
	line("paid by\t%s %s %s", d.Funding, d.Provider, cmp.Or(d.Method, o.Funding.Ref))
	line("authorised by\t%s", d.AuthorisedBy)
	if o.Sale != nil {
		printSale(line, *o.Sale)
	}
	line("status\t%s since %s %s", d.Status, d.StatusAt.Format(time.DateTime), d.Reason)
	if d.AfterDebit {
		line("delivered\tonce its debit has settled, by %s: see docs/operators.md", o.SettlesBy().Format(time.DateOnly))
	}
	if d.PIN != "" {
		line("delivered as\ta PIN, %s", d.PIN)
	}
	if d.NeedsHuman {
		line("\tneeds a human: see docs/operators.md")
	}
	line("allowed now\t%s", allowedNow(d.Allowed))
	if !o.RunAt.IsZero() {
		line("next\t%s", laterOf(o.RunAt, o.LeaseUntil).Format(time.DateTime))
	}
	line("charge\t%s %s %s", d.Charge.ID, d.Charge.Status, d.Charge.ProviderRef)
	for _, a := range d.Attempts {
		line("attempt %d\t%s %s\t%s\t%s %s %s", a.Number, a.Step, a.Reference, span(a.StartedAt, a.EndedAt), a.Outcome, a.Code, a.ProviderRef)
	}
	for _, p := range d.Passages {
		line("history\t%s\t%s -> %s %s", p.At.Format(time.DateTime), p.From, p.To, p.Reason)
	}
	for _, p := range d.Postings {
		line("ledger %s\t%s\t%s", p.Entry, p.Account, p.Amount)
	}
	for _, n := range d.Notices {
		told := "not told yet, due " + n.DueAt.Format(time.DateTime)
		if !n.ToldAt.IsZero() {
			told = "told " + n.ToldAt.Format(time.DateTime)
		}
		line("notice\t%s\t%s", n.About, told)
	}
	for _, i := range d.ByHand {
		line("by hand\t%s by %s\t%s\t%s: %s", i.At.Format(time.DateTime), i.Who, i.What, cmp.Or(i.Outcome, "did not end"), i.Why)
	}
	return table.Flush()
}

// allowedNow lists what operators may do to an order.
func allowedNow(actions []topup.OperatorAction) string {
	words := make([]string, len(actions))
	for i, a := range actions {
		words[i] = string(a)
	}
	return cmp.Or(strings.Join(words, ", "), "nothing by hand")
}

func printSale(line func(format string, args ...any), s topup.Sale) {
	line("transaction\t%d under %q", s.Number, s.Identifier)
	line("operator\t%d %s", s.Operator, s.OperatorName)
	line("delivers\t%s", s.Delivered)
	line("price\t%s less %s, rate %s", s.Requested, s.Discount, cmp.Or(s.FX, "none"))
	if s.DebitedAt.IsZero() {
		line("debited\tno")
	} else {
		line("debited\t%s, leaving %s", s.DebitedAt.Format(time.DateTime), s.Balance)
	}
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func span(from, to time.Time) string {
	if to.IsZero() {
		return from.Format(time.DateTime)
	}
	return from.Format(time.DateTime) + " +" + to.Sub(from).Round(time.Millisecond).String()
}
