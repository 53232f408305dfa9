package main

import (
	"context"
	"fmt"
	"time"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/app/core"
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

// orderQuery are the flags of operators.OrderQuery.
type orderQuery struct {
	Status     string        `help:"In one status only." placeholder:"STATUS"`
	Number     string        `help:"Of one number only: +31612345678." placeholder:"NUMBER"`
	Open       bool          `help:"Only what is still worked on."`
	NeedsHuman bool          `help:"Only what waits for an operator."`
	Since      time.Duration `help:"Only of the last while: 24h." placeholder:"DURATION"`
	Limit      int           `help:"Orders on a page, the newest first." default:"50"`
	After      string        `help:"The page after this cursor, which the page before it ends with." placeholder:"CURSOR"`
}

type topupsListCommand struct {
	someBrand
	term.Output
	orderQuery
}

func (l *topupsListCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	list, err := d.Orders.Search(ctx, l.Brand, operators.OrderQuery(l.orderQuery))
	err = term.NewTable[operators.OrderRow](e, l.Output).Print(list.Orders, err)
	if err == nil && list.Next != "" {
		fmt.Fprintf(l.Beside(e), "next page: --after %s\n", list.Next)
	}
	return err
}

type topupsShowCommand struct {
	settings
	Order string `arg:"" help:"The order's number, or a developer's transactionId." placeholder:"ORDER"`
	answer
}

func (s *topupsShowCommand) Run(ctx context.Context, e term.Env, d *core.Desk) error {
	return term.NewTable[operators.Dossier](e, s.output()).Record(d.Orders.Show(ctx, s.Order))
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

func (r *topupsResolveCommand) Run(ctx context.Context, e term.Env) error {
	return r.intervene(ctx, e, r.deed, operators.Intervention{Order: prepaid.ReadOrderID(r.Order), Action: r.action()})
}

type topupsRefundCommand struct {
	settings
	deed
	Order    string `arg:"" help:"The order's number." placeholder:"ORDER"`
	Goodwill bool   `help:"Of a delivered order: the customer keeps the airtime, and the money is our loss."`
	Amount   string `help:"With --goodwill: how much of it, such as 2.50; all of it if left out." placeholder:"AMOUNT"`
}

func (r *topupsRefundCommand) Run(ctx context.Context, e term.Env) error {
	action := topup.RefundOrder
	if r.Goodwill {
		action = topup.RefundAsGoodwill
	}
	return r.intervene(ctx, e, r.deed, operators.Intervention{Order: prepaid.ReadOrderID(r.Order), Action: action, Amount: r.Amount})
}

// intervene carries out an action on an order, and prints what is left to do.
func (s settings) intervene(ctx context.Context, e term.Env, d deed, asked operators.Intervention) error {
	c, err := s.load(e, config.AllCredentials&^config.ChannelSecrets, nil)
	if err != nil {
		return err
	}
	asked.By = d.by()
	return say(e)(app.Intervene(ctx, c, app.Logger(c.Log, e.Stderr), asked))
}
