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
	forgotten, err := c.Erase(c.Context(), anna, operator)
	c.ok(err)
	if forgotten != 2 {
		t.Errorf("%d addresses were forgotten, want 2", forgotten)
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
	if n, err := c.Erase(c.Context(), anna, operator); n != 2 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestEraseIsRefused(t *testing.T) {
	c := newCounter(t)
	customer := c.registers(annaPhone)
	order := c.orders(customer)
	var underWay *accounts.UnderWayError
	for what, erase := range map[string]func(context.Context, operators.Whom, prepaid.By) (int, error){"erase": c.Erase, "despite debt": c.EraseDespiteDebt} {
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
	if n, err := c.EraseDespiteDebt(c.Context(), anna, operator); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	c.refused("afterwards", func() error { _, err := c.Show(c.Context(), anna); return err }(), accounts.ErrNoCustomer)
	c.kept(customer.ID, "erase")
}
