package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

type topupsCommand struct {
	List    topupsListCommand    `cmd:"" help:"List orders: those that need a human, are open, or are somebody's."`
	Show    topupsShowCommand    `cmd:"" help:"Show what happened to an order, attempt by attempt."`
	Resolve topupsResolveCommand `cmd:"" help:"Settle by hand what the program can't find out."`
	Refund  topupsRefundCommand  `cmd:"" help:"Give the money back: of a held order, a failed refund, or a delivery that the network reversed."`
}

type topupsListCommand struct {
	settings
	Brand      string        `help:"Of one brand only."`
	Status     string        `help:"In one status only." placeholder:"STATUS"`
	MSISDN     string        `name:"number" help:"Of one number only: +31612345678." placeholder:"NUMBER"`
	Open       bool          `help:"Only what is still worked on."`
	NeedsHuman bool          `help:"Only what waits for an operator."`
	Since      time.Duration `help:"Only of the last while: 24h." placeholder:"DURATION"`
	Limit      int           `help:"How many at most, the newest." default:"50"`
	JSON       bool          `help:"Print one JSON object per order."`
}

// Help implements kong.HelpProvider.
func (topupsListCommand) Help() string { return "Example: pulsa topups list --needs-human" }

// Run implements the command.
func (l *topupsListCommand) Run(ctx context.Context, e environ) error {
	f := store.OrderFilter{Brand: l.Brand, Status: topup.Status(l.Status), Open: l.Open, NeedsHuman: l.NeedsHuman, Limit: l.Limit}
	if l.MSISDN != "" {
		m, err := prepaid.ParseE164(l.MSISDN)
		if err != nil {
			return fmt.Errorf("--number %s: %w; write it like +31612345678", l.MSISDN, err)
		}
		f.MSISDN = m
	}
	if s := f.Status; s != "" && !slices.Contains(topup.Statuses(), s) {
		var all []string
		for _, known := range topup.Statuses() {
			all = append(all, string(known))
		}
		return wrongFlag("--status %s is none%s", s, config.DidYouMean(string(s), all))
	}
	if l.Limit < 1 || l.Since < 0 {
		return wrongFlag("--limit and --since are more than nothing: --limit 50 --since 24h")
	}
	if l.Since > 0 {
		f.Since = time.Now().Add(-l.Since)
	}
	_, db, err := l.openFor(ctx, e, l.Brand)
	if err != nil {
		return err
	}
	defer db.Close()
	orders, err := db.Orders.List(ctx, f)
	if err != nil {
		return err
	}
	table, out := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0), json.NewEncoder(e.stdout)
	for _, o := range orders {
		if l.JSON {
			if err := out.Encode(orderJSON(o)); err != nil {
				return err
			}
			continue
		}
		human := ""
		if o.NeedsHuman {
			human = "needs a human since " + o.StatusAt.Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, o.CreatedAt.Format(time.DateTime), o.Brand, recipient(o),
			o.Amount, o.Status, o.Reason, human)
	}
	return table.Flush()
}

// recipient is who is topped up: a number, or a mail account.
func recipient(o topup.Order) string {
	if o.Email != "" {
		return o.Email.Masked()
	}
	return o.MSISDN.Masked()
}

func orderJSON(o topup.Order) map[string]any {
	return map[string]any{
		"id": o.ID, "brand": o.Brand, "customer": o.Customer, "number": recipient(o), "amount": o.Amount.Number(),
		"currency": o.Amount.Currency, "funding": o.Funding.Kind, "method": o.Funding.Method, "provider": o.Funding.Provider,
		"status": o.Status, "reason": o.Reason, "needs_human": o.NeedsHuman, "created_at": o.CreatedAt, "status_at": o.StatusAt,
		"next_at": o.RunAt, "after_debit": o.AfterDebit, "network_ref": o.NetworkRef, "authorised_by": o.AuthorisedBy,
	}
}

type topupsShowCommand struct {
	settings
	Order string `arg:"" help:"The order's number, or a developer's transactionId." placeholder:"ORDER"`
	JSON  bool   `help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (topupsShowCommand) Help() string { return "Example: pulsa topups show BKTRMWQXZD" }

// dossier is all that is known of an order.
type dossier struct {
	topup.History
	passages      []store.Passage
	entries       []topup.Entry
	notices       []conversation.Notice
	interventions []topup.Intervention
	keepsPIN      bool // it was not handed on yet
}

func (d dossier) pin() string {
	if d.keepsPIN {
		return "which waits, sealed, to be handed on"
	}
	return "which was handed on"
}

func readDossier(ctx context.Context, db *store.DB, id prepaid.OrderID) (d dossier, err error) {
	if d.History, err = db.Orders.Order(ctx, id); err != nil {
		return d, fmt.Errorf("%s: %w", id, err)
	}
	if d.passages, err = db.Orders.Passages(ctx, id); err != nil {
		return d, err
	}
	if d.entries, err = db.Ledger.Entries(ctx, id); err != nil {
		return d, err
	}
	if d.notices, err = db.Notices.OfOrder(ctx, id); err != nil {
		return d, err
	}
	if d.keepsPIN, err = db.Orders.HasPIN(ctx, id); err != nil {
		return d, err
	}
	d.interventions, err = db.Interventions.List(ctx, id, "")
	return d, err
}

// Run implements the command.
func (s *topupsShowCommand) Run(ctx context.Context, e environ) error {
	_, db, err := s.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	id, err := orderNamed(ctx, db, s.Order)
	if err != nil {
		return err
	}
	d, err := readDossier(ctx, db, id)
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(e.stdout).Encode(d.json())
	}
	return d.print(e.stdout)
}

func (d dossier) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(table, format+"\n", args...) }
	line("order\t%s", d.ID)
	line("brand\t%s", d.Brand)
	line("number\t%s", recipient(d.Order))
	line("amount\t%s", d.Amount)
	line("paid by\t%s %s %s", d.Funding.Kind, d.Funding.Provider, cmp.Or(d.Funding.Method, d.Funding.Ref))
	line("authorised by\t%s", d.AuthorisedBy)
	if d.Sale != nil {
		printSale(line, *d.Sale)
	}
	line("status\t%s since %s %s", d.Status, d.StatusAt.Format(time.DateTime), d.Reason)
	if d.AfterDebit {
		line("delivered\tonce its debit has settled, by %s: see docs/operators.md", d.SettlesBy().Format(time.DateOnly))
	}
	if d.ByPIN {
		line("delivered as\ta PIN, %s", d.pin())
	}
	if d.NeedsHuman {
		line("\tneeds a human: see docs/operators.md")
	}
	if !d.RunAt.IsZero() {
		line("next\t%s", laterOf(d.RunAt, d.LeaseUntil).Format(time.DateTime))
	}
	line("charge\t%s %s %s", d.Charge.ID, d.Charge.Status, d.Charge.ProviderRef)
	for _, a := range d.Attempts {
		line("attempt %d\t%s %s\t%s\t%s %s %s", a.Number, a.Step, a.Reference, span(a.StartedAt, a.EndedAt), a.Outcome, a.Code, a.ProviderRef)
	}
	for _, p := range d.passages {
		line("history\t%s\t%s -> %s %s", p.At.Format(time.DateTime), p.From, p.To, p.Reason)
	}
	for _, entry := range d.entries {
		for _, p := range entry.Postings {
			line("ledger %s\t%s\t%s", entry.Kind, p.Account, p.Amount)
		}
	}
	for _, n := range d.notices {
		told := "not told yet, due " + n.DueAt.Format(time.DateTime)
		if !n.ToldAt.IsZero() {
			told = "told " + n.ToldAt.Format(time.DateTime)
		}
		line("notice\t%s\t%s", n.About, told)
	}
	for _, i := range d.interventions {
		line("by hand\t%s by %s\t%s\t%s: %s", i.At.Format(time.DateTime), i.Who, i.What, cmp.Or(i.Outcome, "did not end"), i.Why)
	}
	return table.Flush()
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

func (d dossier) json() map[string]any {
	all := orderJSON(d.Order)
	if d.ByPIN {
		all["pin"] = d.pin()
	}
	all["charge"] = map[string]any{"id": d.Charge.ID, "status": d.Charge.Status, "provider_ref": d.Charge.ProviderRef}
	if d.Sale != nil {
		all["sale"] = saleJSON(*d.Sale)
	}
	attempts, passages, entries := []any{}, []any{}, []any{}
	for _, a := range d.Attempts {
		attempts = append(attempts, map[string]any{"number": a.Number, "step": a.Step, "reference": a.Reference, "outcome": a.Outcome,
			"code": a.Code, "provider_ref": a.ProviderRef, "started_at": a.StartedAt, "ended_at": a.EndedAt})
	}
	for _, p := range d.passages {
		passages = append(passages, map[string]any{"from": p.From, "to": p.To, "reason": p.Reason, "at": p.At})
	}
	for _, entry := range d.entries {
		for _, p := range entry.Postings {
			entries = append(entries, map[string]any{"entry": entry.Kind, "account": p.Account, "minor": p.Amount.Minor, "currency": p.Amount.Currency})
		}
	}
	notices, interventions := []any{}, []any{}
	for _, n := range d.notices {
		notices = append(notices, map[string]any{"about": n.About, "due_at": n.DueAt, "told_at": n.ToldAt})
	}
	for _, i := range d.interventions {
		interventions = append(interventions, interventionJSON(i))
	}
	all["attempts"], all["history"], all["postings"], all["notices"], all["by_hand"] = attempts, passages, entries, notices, interventions
	return all
}

func interventionJSON(i topup.Intervention) map[string]any {
	return map[string]any{"what": i.What, "who": i.Who, "why": i.Why, "at": i.At, "outcome": i.Outcome}
}

type topupsResolveCommand struct {
	settings
	deed
	Order        string `arg:"" help:"The order's number." placeholder:"ORDER"`
	Charged      bool   `xor:"verdict" required:"" help:"The gateway did charge."`
	NotCharged   bool   `xor:"verdict" required:"" help:"The gateway did not charge, and never will."`
	Delivered    bool   `xor:"verdict" required:"" help:"The network did deliver."`
	NotDelivered bool   `xor:"verdict" required:"" help:"The network did not deliver: the money goes back."`
	Refunded     bool   `xor:"verdict" required:"" help:"The customer has the money back, from the gateway or by other means."`
	NotRefunded  bool   `xor:"verdict" required:"" help:"The gateway did not give the money back."`
}

// Help implements kong.HelpProvider.
func (topupsResolveCommand) Help() string {
	return "Look at the provider's own dashboard first. The provider is asked once more: a clear answer wins over yours.\n\n" +
		`Example: pulsa topups resolve BKTRMWQXZD --not-delivered --reason "ticket 4711: network confirms"`
}

func (r *topupsResolveCommand) verdict() topup.Verdict {
	for i, given := range []bool{r.Charged, r.NotCharged, r.Delivered, r.NotDelivered, r.Refunded, r.NotRefunded} {
		if given {
			return topup.Verdicts()[i]
		}
	}
	return ""
}

// Run implements the command.
func (r *topupsResolveCommand) Run(ctx context.Context, e environ) error {
	return handCommand{r.settings, r.deed, r.Order, r.verdict(), false}.run(ctx, e)
}

type topupsRefundCommand struct {
	settings
	deed
	Order    string `arg:"" help:"The order's number." placeholder:"ORDER"`
	Goodwill bool   `help:"Of a delivered order: the customer keeps the airtime, and the money is our loss."`
}

// Help implements kong.HelpProvider.
func (topupsRefundCommand) Help() string {
	return `Example: pulsa topups refund BKTRMWQXZD --reason "the customer does not want to wait"
pulsa topups refund BKTRMWQXZD --goodwill --reason "ticket 4711: a wrong number, typed twice"`
}

// Run implements the command.
func (r *topupsRefundCommand) Run(ctx context.Context, e environ) error {
	return handCommand{r.settings, r.deed, r.Order, "", r.Goodwill}.run(ctx, e)
}

// handCommand does a thing to one order by hand.
type handCommand struct {
	settings
	deed
	order    string
	verdict  topup.Verdict // "": refund
	goodwill bool
}

func (b handCommand) run(ctx context.Context, e environ) error {
	by, err := b.by(e)
	if err != nil {
		return err
	}
	c, err := b.load(e, nil)
	if err != nil {
		return err
	}
	request := app.HandRequest{Order: prepaid.OrderID(strings.ToUpper(b.order)), Verdict: b.verdict, Goodwill: b.goodwill, By: by}
	answer, err := request.CarryOut(ctx, c, app.Logger(c.Log, e.stderr))
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "order %s is %s\n", answer.Order, answer.Status)
	return request.Unfinished(answer)
}
