package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/prepaid"
	"pulsa/sim"

	simgateway "pulsa/sim/gateway"
	"pulsa/store"
	"pulsa/topup"
)

type auditCommand struct {
	settings
	Books []string `help:"Also hold the simulators' books against the orders: the server's --data, and that of a pulsa sim that does not run. One that runs is asked." placeholder:"DIR" type:"existingdir"`
	JSON  bool     `help:"Print one JSON object per violation."`
}

// Help implements kong.HelpProvider.
func (auditCommand) Help() string {
	return "Checks that no money and no airtime is lost, made or spent twice, and prints every violation with its order. " +
		"It only reads, and may run beside a server. Exit code 1 if there is a violation, or --books did not show all simulators' books.\n\n" +
		"Example: pulsa audit --books pulsa-data"
}

// Run implements the command.
func (a *auditCommand) Run(ctx context.Context, e environ) error {
	for _, folder := range a.Books { // against none at all every order would be a violation
		if !sim.HasBook(folder, sim.GatewayBook) && !sim.HasBook(folder, sim.NetworkBook) {
			return wrongFlag("--books %s: neither %s nor %s is there: name the folder of --data, of the server or of pulsa sim", folder, sim.GatewayBook, sim.NetworkBook)
		}
	}
	c, db, err := a.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer db.Close()
	violations, err := db.Audit.Violations(ctx)
	var unseen map[string]string
	if err == nil && len(a.Books) > 0 {
		var found []store.Violation
		var seen *seenBooks
		if found, seen, err = auditSeen(ctx, c, db, a.Books); err == nil {
			violations, unseen = append(violations, found...), seen.unseen
		}
	}
	if err != nil {
		return err
	}
	incomplete := false
	for _, what := range slices.Sorted(maps.Keys(unseen)) {
		incomplete = incomplete || unseen[what] != notSimulated
		fmt.Fprintf(e.stderr, "not compared: %s (%s)\n", what, unseen[what])
	}
	if err := a.print(e.stdout, violations); err != nil || !incomplete {
		return err
	}
	return errors.New("not all simulators' books were seen: what was not compared stands above")
}

func (a *auditCommand) print(w io.Writer, violations []store.Violation) error {
	out := json.NewEncoder(w)
	for _, v := range violations {
		if !a.JSON {
			fmt.Fprintln(w, v)
			continue
		}
		line := map[string]any{"invariant": v.Invariant, "order": v.Order, "card": v.Card, "text": v.Text}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	if len(violations) > 0 {
		return exitCode(1)
	}
	if !a.JSON {
		fmt.Fprintln(w, "no violation")
	}
	return nil
}

// auditSeen reads the orders before the books: a book knows at once what an order's end says later.
func auditSeen(ctx context.Context, c config.Config, db *store.DB, folders []string) ([]store.Violation, *seenBooks, error) {
	orders, err := db.Orders.AllOrders(ctx)
	if err != nil {
		return nil, nil, err
	}
	seen, err := seeBooks(ctx, c, folders)
	if err != nil {
		return nil, nil, err
	}
	violations, err := auditBooks(ctx, db, orders, seen.Books, seen.sees)
	return violations, seen, err
}

// audit checks the invariants over the SQL, and over the simulators' own books.
func (p *program) audit(ctx context.Context) ([]store.Violation, error) {
	return auditAll(ctx, p.Program, p.books)
}

// auditAll checks the invariants over the SQL, and over simulators' books, which are read last: a book knows at once what
// an order's end says later.
func auditAll(ctx context.Context, p *core.Program, read func(context.Context) (sim.Books, error)) ([]store.Violation, error) {
	violations, err := p.DB.Audit.Violations(ctx)
	if err != nil {
		return nil, err
	}
	orders, err := p.DB.Orders.AllOrders(ctx)
	if err != nil {
		return nil, err
	}
	books, err := read(ctx)
	if err != nil {
		return nil, err
	}
	found, err := auditBooks(ctx, p.DB, orders, books, everything)
	return append(violations, found...), err
}

// everything says that the books of all an order's providers are at hand.
func everything(topup.History) (network, gateway bool) { return true, true }

// auditBooks compares what was charged and delivered, by the simulators' books, with how our orders stand. Books
// that know of money or airtime of no order of ours are found too. sees tells which of an order's providers they are of.
func auditBooks(ctx context.Context, db *store.DB, orders []topup.History, books sim.Books, sees func(topup.History) (network, gateway bool)) ([]store.Violation, error) {
	delivered := map[prepaid.OrderID]int{}
	for _, e := range books.Delivered {
		delivered[prepaid.OrderID(e.Reference)]++
	}
	kept := map[prepaid.ChargeID]int64{} // charged and neither refunded nor returned
	for _, e := range books.Charged {
		kept[prepaid.ChargeID(e.Reference)] += e.Amount.Minor
	}
	for _, e := range slices.Concat(books.Refunded, books.Returned) {
		kept[prepaid.ChargeID(e.Reference)] -= e.Amount.Minor
	}
	found, err := auditSetups(ctx, db, books.Charged)
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		network, gateway := sees(o)
		found = append(found, auditOrder(o, delivered[o.ID], kept[o.Charge.ID], network, gateway)...)
		delete(delivered, o.ID)
		delete(kept, o.Charge.ID)
	}
	// What is left belongs to no order, or to one that was placed while the books were read.
	for id, n := range delivered {
		_, err := db.Orders.Order(ctx, id)
		if errors.Is(err, topup.ErrNoOrder) {
			text := fmt.Sprintf("the network delivered %d times for an order that we do not have", n)
			found, err = append(found, store.Violation{Invariant: 4, Order: id, Text: text}), nil
		}
		if err != nil {
			return nil, err
		}
	}
	for id, minor := range kept {
		_, err := db.Orders.ByCharge(ctx, id)
		if errors.Is(err, topup.ErrNoOrder) && minor != 0 {
			text := fmt.Sprintf("the gateway keeps %d for charge %s, of which we have no order", minor, id)
			found = append(found, store.Violation{Invariant: 5, Text: text})
		}
		if err != nil && !errors.Is(err, topup.ErrNoOrder) {
			return nil, err
		}
	}
	return found, nil
}

// auditSetups finds what the gateway charged for anyone but the person who had set it up.
func auditSetups(ctx context.Context, db *store.DB, charged []simgateway.Entry) ([]store.Violation, error) {
	var found []store.Violation
	for _, e := range charged {
		if e.Setup == "" {
			continue
		}
		order, err := db.Audit.ChargedForOthers(ctx, prepaid.ChargeID(e.Reference), prepaid.SetupID(e.Setup))
		if err != nil {
			return nil, err
		}
		if order != "" {
			text := fmt.Sprintf("the gateway charged what setup %s has made, which was not begun by who has ordered", e.Setup)
			found = append(found, store.Violation{Invariant: 10, Order: order, Text: text})
		}
	}
	return found, nil
}

func auditOrder(o topup.History, delivered int, kept int64, network, gateway bool) []store.Violation {
	var found []store.Violation
	say := func(invariant int, format string, args ...any) {
		found = append(found, store.Violation{Invariant: invariant, Order: o.ID, Text: fmt.Sprintf(format, args...)})
	}
	if delivered > 1 {
		say(2, "the network delivered it %d times", delivered)
	}
	if !o.Status.Ended() {
		return found // its money and airtime are on their way
	}
	if byHand(o, topup.StepCharge) || byHand(o, topup.StepCredit) || o.Status == topup.Refunded && o.Reason == topup.CodeByHand {
		return found // an operator knew what the books did not tell
	}
	if wantsDelivery := o.Status == topup.Delivered; network && wantsDelivery != (delivered > 0) {
		say(3, "is %s, but the network delivered it %d times", o.Status, delivered)
	}
	if o.Funding.Kind != topup.ByCharge || !gateway {
		return found
	}
	want := int64(0)
	// A delivered order's refund is goodwill; that it is booked so is the SQL's to show.
	if (o.Status == topup.Delivered || o.Status == topup.RefundFailed) && o.Charge.Status != topup.ChargeReturned && o.Charge.Status != topup.ChargeRefunded {
		want = o.Amount.Minor
	}
	if kept != want {
		say(3, "is %s, and the gateway keeps %d where %d is right", o.Status, kept, want)
	}
	return found
}

// byHand reports whether an operator has answered for a step of the order.
func byHand(o topup.History, step topup.Step) bool {
	return slices.ContainsFunc(o.Attempts, func(a topup.Attempt) bool { return a.Step == step && a.Code == topup.CodeByHand })
}
