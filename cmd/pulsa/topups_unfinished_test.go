package main

import (
	"testing"

	"pulsa/accounts"
	"pulsa/prepaid"
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
	o.fails("pulsa topups resolve "+prepaid.OrderID(held).Grouped()+" --refunded", append([]string{"topups", "refund", held}, why...)...)
	o.fails("the gateway refuses to give the money back", append([]string{"topups", "refund", delivered, "--goodwill"}, why...)...)
	o.fails("pulsa topups show "+prepaid.OrderID(held).Grouped(), append([]string{"topups", "resolve", held, "--delivered"}, why...)...)
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
