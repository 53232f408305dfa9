package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/conversation"
	"pulsa/prepaid"
)

type customersUntoldCommand struct {
	settings
	deed
	Brand string `help:"Only news of this brand."`
	Told  string `help:"You have told the customer this news: its id in the list." placeholder:"NEWS"`
	Limit int    `help:"How many to list at most, oldest first." default:"50"`
	JSON  bool   `help:"Print one JSON object for each."`
}

// Help implements kong.HelpProvider.
func (customersUntoldCommand) Help() string {
	return "News waits where no channel reaches the customer, or the provider did not take the message: tell them by other means, then " +
		"say so with --told. Where they texted STOP there is nothing to do: they are told when they next write.\n\n" +
		"Example: pulsa customers untold --brand demo\n\n" +
		`pulsa customers untold --told BKTRMWQXZD --reason "ticket 4711: told by phone"`
}

// whyUntold says in words for operators why news is held.
var whyUntold = map[conversation.HeldFor]string{
	conversation.HeldByStop:  "texted STOP: told when they write",
	conversation.NoWay:       "no channel reaches them",
	conversation.Undelivered: "the provider did not take it",
}

// untoldNews is held news as it is printed.
type untoldNews struct {
	ID      prepaid.NoticeID `json:"id"`
	Brand   string           `json:"brand"`
	Address string           `json:"address"`
	About   string           `json:"about"`
	Order   prepaid.OrderID  `json:"order,omitempty"`
	Number  string           `json:"number,omitempty"`
	Why     string           `json:"why"`
	Since   string           `json:"since"`
}

// Run implements the command.
func (u *customersUntoldCommand) Run(ctx context.Context, e environ) error {
	if u.Limit < 1 {
		return wrongFlag("--limit must be positive: --limit 50")
	}
	if u.Told != "" {
		return u.told(ctx, e)
	}
	_, db, err := u.openFor(ctx, e, u.Brand)
	if err != nil {
		return err
	}
	defer db.Close()
	untold, err := db.Notices.Untold(ctx, u.Brand, u.Limit)
	if err != nil {
		return err
	}
	var rows []untoldNews
	for _, n := range untold {
		row := untoldNews{ID: n.ID, Brand: n.Brand, Address: n.Address.Masked(), About: string(n.About), Order: n.Order, Why: whyUntold[n.Held], Since: stamp(n.HeldAt)}
		if n.Number != "" {
			row.Number = n.Number.Masked()
		}
		rows = append(rows, row)
	}
	return printRows(e.stdout, u.JSON, rows, "NEWS\tBRAND\tTO\tABOUT\tORDER\tWAITS SINCE\tWHY", func(n untoldNews) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", n.ID, n.Brand, n.Address, n.About, n.Order, n.Since, n.Why)
	})
}

func (u *customersUntoldCommand) told(ctx context.Context, e environ) error {
	by, err := u.by(e)
	if err != nil {
		return err
	}
	_, db, err := u.openFor(ctx, e, u.Brand)
	if err != nil {
		return err
	}
	defer db.Close()
	waited, err := db.Notices.ToldByHand(ctx, prepaid.NoticeID(u.Told), by, time.Now().UTC())
	if err == nil && !waited {
		err = errors.New("no news with that id waits: see pulsa customers untold")
	}
	if err == nil {
		fmt.Fprintf(e.stdout, "%s was told\n", u.Told)
	}
	return err
}
