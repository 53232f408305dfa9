package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

type deedsCommand struct {
	List deedsListCommand `cmd:"" help:"List what was done by hand, by whom and why."`
}

// ProvideRecord opens the record.
func (s settings) ProvideRecord(ctx context.Context, o *opened) (operators.Record, error) {
	return partOf(func(d *core.Desk) (operators.Record, error) { return d.Record, nil })(open(ctx, o, s, config.NoCredentials, core.OpenDesk))
}

type deedsListCommand struct {
	someBrand
	deed
	Who    string        `help:"Done by this person, or user of the machine." placeholder:"ADDRESS"`
	Object string        `help:"Done to this: KIND:ID, such as order:BKTRMWQXZD or customer:ID." placeholder:"KIND:ID"`
	From   string        `help:"From this IP address, or machine." placeholder:"ADDRESS"`
	What   string        `help:"Of this kind: refund." placeholder:"WHAT"`
	Since  time.Duration `help:"Done within this time: 24h." placeholder:"TIME"`
	About  bool          `help:"Show what deeds say of customers. It needs a --reason."`
	Limit  int           `help:"How many at most." default:"50"`
	After  string        `help:"Go on after this place in the list." placeholder:"PLACE"`
	term.Output
}

func (l *deedsListCommand) Run(ctx context.Context, e term.Env, record operators.Record) error {
	kind, id, _ := strings.Cut(l.Object, ":")
	list, err := record.Search(ctx, operators.DeedQuery{
		Brand: l.Brand, Who: l.Who, Kind: kind, Object: id, From: l.From, What: l.What, Since: l.Since, About: l.About, Limit: l.Limit, After: l.After,
	}, l.by())
	if err != nil {
		return err
	}
	err = term.NewTable[operators.RecordRow](e, l.Output).Nothing("no such deed").Least("approved_by", "new", "old", "role", "from").Print(list.Rows, nil)
	if err == nil && list.Next != "" {
		fmt.Fprintf(e.Stderr, "there are more: --after %s\n", list.Next)
	}
	return err
}
