package operators_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
)

func TestEraseForgetsWhoACustomerIs(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone, annaBot)
	done, err := c.Erase(c.Context(), anna, operator)
	c.ok(err)
	if got := done.Text(); done.Addresses != 2 || got != "+316****5678 is erased: 2 addresses are forgotten, orders and ledger stay under a pseudonym" {
		t.Errorf("%d, %s", done.Addresses, got)
	}
	c.refused("afterwards", func() error { _, err := c.Show(c.Context(), anna); return err }(), accounts.ErrNoCustomer)
	c.refused("twice", func() error { _, err := c.Erase(c.Context(), anna, operator); return err }(), accounts.ErrNoCustomer)
	for _, sender := range []string{"demo/twilio/tel:+31612345678", "demo/bot/tel:+31612345678", "demo/twilio/telegram:352735", "demo/bot/telegram:352735"} {
		if !slices.Contains(c.said.erased, sender) {
			t.Errorf("what %s has said is kept: %q", sender, c.said.erased)
		}
	}
	c.kept(customer.ID, "erase")
}

func TestEraseThatIsInterruptedIsRepeated(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone, annaBot)
	c.said.fails = errors.New("Redis is down")
	if _, err := c.Erase(c.Context(), anna, operator); !errors.Is(err, c.said.fails) {
		t.Errorf("%v, want %v", err, c.said.fails)
	}
	c.kept(customer.ID)
	c.said.fails = nil
	if done, err := c.Erase(c.Context(), anna, operator); done.Addresses != 2 || err != nil {
		t.Errorf("again: %+v, %v", done, err)
	}
}

func TestEraseIsRefused(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	order := c.orders(customer)
	var underWay *accounts.UnderWayError
	for what, erase := range map[string]func(context.Context, operators.Whom, prepaid.By) (operators.Erased, error){"erase": c.Erase, "despite debt": c.EraseDespiteDebt} {
		if _, err := erase(c.Context(), anna, operator); !errors.As(err, &underWay) || underWay.Order != order {
			t.Errorf("%s, while an order is under way: %v", what, err)
		}
	}
	c.blocks(customer)
	_, err := c.Erase(c.Context(), anna, operator)
	c.refused("in debt", err, accounts.ErrInDebt)
	c.kept(customer.ID)
	c.Pseudonyms = nil
	if _, err := c.Erase(c.Context(), anna, operator); err == nil || !strings.Contains(err.Error(), "keys") {
		t.Errorf("without keys: %v", err)
	}
}

func TestEraseDespiteDebtErasesWhoOwesMoney(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	c.blocks(customer)
	if done, err := c.EraseDespiteDebt(c.Context(), anna, operator); done.Addresses != 1 || err != nil {
		t.Errorf("%+v, %v", done, err)
	}
	c.refused("afterwards", func() error { _, err := c.Show(c.Context(), anna); return err }(), accounts.ErrNoCustomer)
	c.kept(customer.ID, "erase")
}
