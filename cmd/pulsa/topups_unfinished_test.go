package main

import (
	"errors"
	"strings"
	"testing"

	"pulsa/accounts"
	"pulsa/app"
	"pulsa/prepaid"
	"pulsa/topup"
)

func TestWhatIsNotDoneExitsOtherwise(t *testing.T) {
	o := newOffice(t)
	held, delivered := o.order("held"), o.order("delivered")
	p := o.program()
	admin := listenAdmin(t, p.AdminRoutes())
	o.env["PULSA_ADMIN_LISTEN"] = admin
	why := []string{"--reason", "test"}

	if err := p.Sims.Tell(t.Context(), "payment refuses to refund", ""); err != nil {
		t.Fatal(err)
	}
	refused := "the gateway refuses (refund_refused)"
	o.fails(refused, append([]string{"topups", "refund", held}, why...)...)
	o.fails("pulsa topups resolve "+held+" --refunded", append([]string{"topups", "refund", held}, why...)...)
	o.fails("the gateway refuses to give the money back", append([]string{"topups", "refund", delivered, "--goodwill"}, why...)...)
	o.fails("pulsa topups show "+held, append([]string{"topups", "resolve", held, "--delivered"}, why...)...)
	o.does("is refunded", append([]string{"topups", "resolve", held, "--refunded"}, why...)...)
	o.fails("pulsa topups list shows", append([]string{"topups", "refund", "BBBBBBBBBB"}, why...)...)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}

	o.fails("pulsa apikeys list shows", append([]string{"apikeys", "revoke", "--key", "nobody"}, why...)...)
	o.fails("pulsa apikeys deliveries list shows", append([]string{"apikeys", "deliveries", "repeat", "--delivery", "nobody"}, why...)...)
	o.fails("pulsa cards jobs shows", "cards", "resume", "--brand", "demo", "nobody")
	o.fails("pulsa cards list --brand demo", "cards", "release", "--brand", "demo", "--series", "999", "--yes")
	o.fails("pulsa cards list --brand demo", "cards", "delete", "--brand", "demo", "--all", "--reason", "test", "--yes")
	o.fails("look at the number", append([]string{"customers", "unlock", "+31612345670", "--brand", "demo"}, why...)...)
}

func TestWhoCantBeGivenGoodwillIsHelpedOtherwise(t *testing.T) {
	order := func(kind topup.FundingKind, charge topup.ChargeStatus) topup.History {
		return topup.History{Order: topup.Order{ID: "BKTRMWQXZD", Brand: "demo", Status: topup.Delivered, Amount: prepaid.Money{Minor: 1000, Currency: "EUR"},
			Funding: topup.FundingRef{Kind: kind, Ref: "101-00000042"}}, Charge: topup.Charge{Status: charge}}
	}
	held := order(topup.ByCharge, topup.ChargeCaptured)
	held.Status = topup.Held
	for want, test := range map[string]struct {
		order topup.History
		err   error
	}{
		"give the customer another of EUR 10.00":  {order(topup.ByCard, ""), topup.ErrNotGoodwill},
		"pulsa apikeys credit --key 101-00000042": {order(topup.ByDeveloper, ""), topup.ErrNotGoodwill},
		"show BKTRMWQXZD says captured":           {order(topup.ByCharge, topup.ChargePending), topup.ErrNotGoodwill},
		"has the money back already":              {order(topup.ByCharge, topup.ChargeRefunded), topup.ErrNotGoodwill},
		"unlock NUMBER --brand demo --paid":       {order(topup.ByCharge, topup.ChargeReturned), topup.ErrNotGoodwill},
		"by other means":                          {order(topup.ByCharge, topup.ChargeCaptured), topup.ErrRefusedBack},
		"leave --goodwill out":                    {held, topup.ErrNotLegal},
	} {
		err := app.HandRequest{Order: "BKTRMWQXZD", Goodwill: true}.NextAfter(test.order, test.err)
		if !errors.Is(err, test.err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestUnlockingWhoIsBlockedForADebtSaysWhatIsMissing(t *testing.T) {
	o := newOffice(t)
	p := o.program()
	m, err := prepaid.ParseE164(testNumber)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Accounts.ByMSISDN(t.Context(), "demo", m)
	blocked := accounts.Blocked
	if err == nil {
		err = p.DB.Customers.UpdateCustomer(t.Context(), c.ID, accounts.Update{Status: &blocked})
	}
	if err == nil {
		_, _, err = p.DB.PINs.CountPINTry(t.Context(), c.ID, "a wrong one", p.Clock.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	unlock := []string{"customers", "unlock", testNumber, "--brand", "demo", "--reason", "test"}
	o.does("is blocked, PIN: 0 wrong", unlock...)
	o.fails("add --paid", unlock...)
	o.does("is active", append(unlock, "--paid")...)
}

func TestAnOrderIsUnfinishedUntilItIsAsWasAsked(t *testing.T) {
	for _, test := range []struct {
		asked    topup.Verdict
		answer   app.HandAnswer
		finished bool
	}{
		{topup.WasCharged, app.HandAnswer{Status: topup.Delivered}, true},
		{topup.WasCharged, app.HandAnswer{Status: topup.DeliveryUnknown}, true},
		{topup.WasCharged, app.HandAnswer{Status: topup.ChargeUnknown}, false},
		{topup.WasCharged, app.HandAnswer{Status: topup.RefundFailed}, false},
		{topup.NotCharged, app.HandAnswer{Status: topup.Declined}, true},
		{topup.NotCharged, app.HandAnswer{Status: topup.Declined, NeedsHuman: true}, false},
		{topup.WasDelivered, app.HandAnswer{Status: topup.Delivered}, true},
		{topup.WasDelivered, app.HandAnswer{Status: topup.DeliveryUnknown}, false},
		{topup.NotDelivered, app.HandAnswer{Status: topup.Refunded}, true},
		{topup.NotDelivered, app.HandAnswer{Status: topup.RefundUnknown}, false},
		{topup.NotDelivered, app.HandAnswer{Status: topup.RefundFailed, Funding: topup.ByCard}, false},
		{topup.WasRefunded, app.HandAnswer{Status: topup.Declined, Charge: topup.ChargeRefunded}, true},
		{topup.NotRefunded, app.HandAnswer{Status: topup.RefundFailed}, true},
		{"", app.HandAnswer{Status: topup.Declined, Charge: topup.ChargeCaptured}, false},
		{"", app.HandAnswer{Status: topup.Refunding}, false},
	} {
		if err := (app.HandRequest{Verdict: test.asked}).Unfinished(test.answer); (err == nil) != test.finished {
			t.Errorf("%s: %+v: %v", test.asked, test.answer, err)
		}
	}
	goodwill := app.HandRequest{Goodwill: true}
	if err := goodwill.Unfinished(app.HandAnswer{Status: topup.Delivered, Charge: topup.ChargeCaptured}); err == nil {
		t.Error("goodwill without an answer is done")
	}
	if err := goodwill.Unfinished(app.HandAnswer{Status: topup.Delivered, Charge: topup.ChargeRefunded}); err != nil {
		t.Error(err)
	}
}
