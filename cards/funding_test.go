package cards_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/topup"
)

const (
	serial = "101-00000042"
	charge = prepaid.ChargeID("charge")
)

// order is one that card 101-00000042 is to pay for.
func order(id prepaid.OrderID) topup.Order {
	return topup.Order{
		ID: id, Brand: "demo", MSISDN: "31612345678", Amount: tenEuros,
		Funding: topup.FundingRef{Kind: topup.ByCard, Ref: serial}, OperationKey: string(id), RequestHash: "x",
		AuthorisedBy: "card", Status: topup.Charging,
	}
}

func (w world) expect(t *testing.T, step string, got topup.Result, outcome topup.Outcome, code string) {
	t.Helper()
	if diff := cmp.Diff(topup.Result{Outcome: outcome, Code: code}, got); diff != "" {
		t.Errorf("%s:\n%s", step, diff)
	}
}

// spend stores the order and settles it as delivered, which spends the card.
func (w world) spend(t *testing.T, o topup.Order) {
	t.Helper()
	ctx, now := t.Context(), w.clock.Now()
	o.CreatedAt, o.StatusAt, o.RunAt = now, now, now
	_, _, err := w.db.Orders.Create(ctx, topup.NewOrder{
		Order: o, Charge: topup.Charge{ID: prepaid.ChargeID("charge " + o.ID), Order: o.ID, Status: topup.ChargeSending},
		Attempt: topup.Attempt{Order: o.ID, Number: 1, Step: topup.StepCharge, Reference: "charge", Outcome: topup.Sending, StartedAt: now},
		Since:   now.Add(-time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Take(ctx, o, charge); got.Outcome != topup.Done {
		t.Fatal(got)
	}
	moved, err := w.db.Orders.Apply(ctx, topup.Change{
		Order: o.ID, From: topup.Charging, To: []topup.Status{topup.Charged, topup.Delivering, topup.Delivered},
		Charge: topup.ChargeCaptured, At: now,
	})
	if !moved || err != nil {
		t.Fatal(moved, err)
	}
}

func TestOneOfManyOrdersGetsACard(t *testing.T) {
	w := newWorld(t)
	w.add(t, serial, rightCode)
	results := make([]topup.Result, 64)
	together(len(results), func(i int) {
		results[i] = w.Take(context.Background(), order(prepaid.OrderID(rune('A'+i))), charge)
	})
	done := 0
	for _, r := range results {
		switch r {
		case topup.Result{Outcome: topup.Done}:
			done++
		case topup.Result{Outcome: topup.Refused, Code: "in_use"}:
		default:
			t.Errorf("%+v", r)
		}
	}
	if done != 1 {
		t.Errorf("%d orders have the card", done)
	}
}

func TestACardIsTakenOnceGivenBackAndTakenAgain(t *testing.T) {
	w := newWorld(t)
	w.add(t, serial, rightCode)
	ctx := t.Context()
	a, b := order("AAAA"), order("BBBB")
	w.expect(t, "look up before", w.LookUp(ctx, a, charge), topup.Absent, "")
	for range 2 {
		w.expect(t, "take", w.Take(ctx, a, charge), topup.Done, "")
		w.expect(t, "look up", w.LookUp(ctx, a, charge), topup.Done, "")
	}
	w.expect(t, "another looks up", w.LookUp(ctx, b, charge), topup.Absent, "")
	w.expect(t, "another takes", w.Take(ctx, b, charge), topup.Refused, "in_use")
	w.expect(t, "another cancels", w.Cancel(ctx, b, charge), topup.Done, "")
	w.expect(t, "still taken", w.LookUp(ctx, a, charge), topup.Done, "")
	w.expect(t, "not given back", w.LookUpGivenBack(ctx, a, charge), topup.Absent, "")
	for range 2 {
		w.expect(t, "give back", w.GiveBack(ctx, a, charge, prepaid.Money{}), topup.Done, "")
		w.expect(t, "given back", w.LookUpGivenBack(ctx, a, charge), topup.Done, "")
	}
	w.expect(t, "another takes it now", w.Take(ctx, b, charge), topup.Done, "")
	w.expect(t, "cancel", w.Cancel(ctx, b, charge), topup.Done, "")
	if c, err := w.Card(ctx, "demo", serial); err != nil || c.State != cards.Live || c.Order != "" {
		t.Errorf("at last: %+v, %v", c, err)
	}
}

func TestASpentCardIsSpentForGood(t *testing.T) {
	w := newWorld(t)
	w.add(t, serial, rightCode)
	ctx := t.Context()
	a, b := order("AAAA"), order("BBBB")
	w.spend(t, a)
	w.expect(t, "look up", w.LookUp(ctx, a, charge), topup.Done, "")
	w.expect(t, "take again", w.Take(ctx, a, charge), topup.Done, "")
	w.expect(t, "cancel", w.Cancel(ctx, a, charge), topup.Refused, "spent")
	w.expect(t, "give back", w.GiveBack(ctx, a, charge, prepaid.Money{}), topup.Refused, "spent")
	w.expect(t, "given back", w.LookUpGivenBack(ctx, a, charge), topup.Refused, "spent")
	w.expect(t, "another takes", w.Take(ctx, b, charge), topup.Refused, "spent")
	w.expect(t, "another looks up", w.LookUp(ctx, b, charge), topup.Refused, "spent")
	c, err := w.Card(ctx, "demo", serial)
	if err != nil || c.State != cards.Spent || c.ActivatedBy != a.MSISDN || !c.ActivatedAt.Equal(w.clock.Now()) {
		t.Errorf("%+v, %v", c, err)
	}
	found, err := w.Find(ctx, "demo", prepaid.NewSecret(rightCode), []string{"a"}, "m1")
	if err != cards.ErrSpent || found.Order != a.ID {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestWhyACardDoesNotPay(t *testing.T) {
	for code, change := range map[string]func(*cards.Card){
		"expired":      func(c *cards.Card) { c.ExpiresAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
		"not_live":     generated,
		"locked":       func(c *cards.Card) { c.State = cards.Locked },
		"void":         func(c *cards.Card) { c.State = cards.Void },
		"other_amount": func(c *cards.Card) { c.Amount.Minor = 500 },
	} {
		t.Run(code, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, serial, rightCode, change)
			w.expect(t, "take", w.Take(t.Context(), order("AAAA"), charge), topup.Refused, code)
			if c, err := w.Card(t.Context(), "demo", serial); err != nil || c.Order != "" {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
	w := newWorld(t)
	w.expect(t, "no card", w.Take(t.Context(), order("AAAA"), charge), topup.Refused, "unknown_card")
	w.expect(t, "look up no card", w.LookUp(t.Context(), order("AAAA"), charge), topup.Refused, "unknown_card")
	w.expect(t, "no card given back", w.LookUpGivenBack(t.Context(), order("AAAA"), charge), topup.Done, "unknown_card")
}

func TestWithoutItsStoreACardIsUnknownNotRefused(t *testing.T) {
	w := newWorld(t)
	w.add(t, serial, rightCode)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, a := t.Context(), order("AAAA")
	giveBack := func(ctx context.Context, o topup.Order, charge prepaid.ChargeID) topup.Result {
		return w.GiveBack(ctx, o, charge, prepaid.Money{})
	}
	for step, call := range map[string]func(context.Context, topup.Order, prepaid.ChargeID) topup.Result{
		"take": w.Take, "look up": w.LookUp, "cancel": w.Cancel, "give back": giveBack, "given back": w.LookUpGivenBack,
	} {
		w.expect(t, step, call(ctx, a, charge), topup.Unknown, "store")
	}
}
