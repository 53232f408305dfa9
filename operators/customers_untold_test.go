package operators_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
)

// untold is a customer's notice that no channel can tell.
func (c *counter) untold() (accounts.Customer, prepaid.NoticeID) {
	c.Helper()
	customer := c.registers(annaPhone)
	c.due()
	c.ok(c.db.Customers.ResetPIN(c.Context(), customer.ID, accounts.Place{Address: annaPhone.Tel(), Channel: "twilio", Kind: "sms"}, operator, start))
	id := c.due()[0].ID
	c.ok(c.db.Notices.Hold(c.Context(), id, prepaid.HeldNoWay, start))
	return customer, id
}

func TestUntoldNoticesAreListedOfOneBrandOrAll(t *testing.T) {
	c := newCounter(t)
	_, id := c.untold()
	want := []operators.UntoldRow{{ID: id, Brand: brandName, Address: "tel:+316****5678", About: "pin_reset", Why: "no channel reaches them",
		Since: "2026-11-01T09:00:00Z"}}
	for _, brand := range []string{brandName, ""} {
		got, err := c.Untold(c.Context(), brand, 10)
		c.ok(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("brand %q: %s", brand, diff)
		}
	}
	if got, err := c.Untold(c.Context(), "another", 10); err != nil || len(got) > 0 {
		t.Errorf("another brand's: %v, %v", got, err)
	}
	if _, err := c.Untold(c.Context(), "", 0); !errors.As(err, new(*operators.FieldError)) {
		t.Errorf("none at all: %v", err)
	}
}

func TestToldEndsANoticeOnce(t *testing.T) {
	c := newCounter(t)
	customer, id := c.untold()
	c.ok(failure(c.Told(c.Context(), id, operator)))
	if got, err := c.Untold(c.Context(), "", 10); err != nil || len(got) > 0 {
		t.Errorf("still listed: %v, %v", got, err)
	}
	c.refused("twice", failure(c.Told(c.Context(), id, operator)), operators.ErrNoNews)
	c.refused("none", failure(c.Told(c.Context(), "none", operator)), operators.ErrNoNews)
	c.kept(customer.ID, "reset PIN", "told pin_reset")
}
