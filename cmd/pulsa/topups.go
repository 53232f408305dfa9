package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
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

// Run implements the command.
func (l *topupsListCommand) Run(ctx context.Context, e term.Env) error {
	f := operators.OrderFilter{Brand: l.Brand, Status: topup.Status(l.Status), Open: l.Open, NeedsHuman: l.NeedsHuman, Limit: l.Limit}
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
	if l.Limit < 1 {
		return wrongFlag("--limit must be positive: --limit 50")
	}
	if l.Since < 0 {
		return wrongFlag("--since must be positive: --since 24h")
	}
	if l.Since > 0 {
		f.Since = time.Now().Add(-l.Since)
	}
	desk, err := l.openDesk(ctx, e, l.Brand)
	if err != nil {
		return err
	}
	defer desk.Close()
	rows, err := desk.Orders.List(ctx, f)
	if err != nil {
		return err
	}
	return term.NewTable[operators.OrderRow](e, term.Output{JSON: l.JSON}).Columns(operators.OrderColumns()...).
		Show("needs_human", needsHuman).Print(rows)
}

func needsHuman(o operators.OrderRow) string {
	if o.NeedsHuman {
		return "needs a human since " + term.Stamp(o.StatusAt)
	}
	return ""
}

type topupsShowCommand struct {
	settings
	Order string `arg:"" help:"The order's number, or a developer's transactionId." placeholder:"ORDER"`
	JSON  bool   `help:"Print JSON."`
}

// Run implements the command.
func (s *topupsShowCommand) Run(ctx context.Context, e term.Env) error {
	desk, err := s.openDesk(ctx, e, "")
	if err != nil {
		return err
	}
	defer desk.Close()
	d, err := desk.Orders.Show(ctx, s.Order)
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(e.Stdout).Encode(d)
	}
	return printDossier(e.Stdout, d)
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

// action is what the flags say that the operator has found out.
func (r *topupsResolveCommand) action() topup.OperatorAction {
	for i, given := range []bool{r.Charged, r.NotCharged, r.Delivered, r.NotDelivered, r.Refunded, r.NotRefunded} {
		if given {
			return topup.OperatorActions()[i]
		}
	}
	return ""
}

// Run implements the command.
func (r *topupsResolveCommand) Run(ctx context.Context, e term.Env) error {
	return r.intervene(ctx, e, r.deed, r.Order, r.action())
}

type topupsRefundCommand struct {
	settings
	deed
	Order    string `arg:"" help:"The order's number." placeholder:"ORDER"`
	Goodwill bool   `help:"Of a delivered order: the customer keeps the airtime, and the money is our loss."`
}

// Run implements the command.
func (r *topupsRefundCommand) Run(ctx context.Context, e term.Env) error {
	action := topup.RefundOrder
	if r.Goodwill {
		action = topup.RefundAsGoodwill
	}
	return r.intervene(ctx, e, r.deed, r.Order, action)
}

// intervene carries out an action on an order, and says what then is left to do.
func (s settings) intervene(ctx context.Context, e term.Env, d deed, order string, action topup.OperatorAction) error {
	by, err := d.by(e)
	if err != nil {
		return err
	}
	c, err := s.load(e, nil)
	if err != nil {
		return err
	}
	asked := operators.Intervention{Order: prepaid.OrderID(strings.ToUpper(order)), Action: action, By: by}
	done, err := app.Intervene(ctx, c, app.Logger(c.Log, e.Stderr), asked)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "order %s is %s\n", done.Order, done.Status)
	return done.Unfinished()
}
