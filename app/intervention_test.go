package app

import (
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
	simgateway "pulsa/sim/gateway"
	"pulsa/topup"
)

func TestNobodyIntervenesInAnotherBrandsOrder(t *testing.T) {
	r := runDemo(t, nil, func(c *config.Config) {
		other := *c.Brands[0]
		other.Name = "other"
		c.Brands = append(c.Brands, &other)
		other.Gateway, other.Network = "sim", "sim"
	})
	const number = "+31612348005" // whose top-ups are held
	r.customer(number)
	r.text(number, "KOOP 10 "+apptest.PIN)
	held, err := r.DB.Orders.List(t.Context(), operators.OrderFilter{Brand: "demo", Status: topup.Held})
	if err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	admin := httptest.NewServer(r.AdminRoutes())
	defer admin.Close()
	asks := func(brand string) error {
		request := operators.Intervention{Order: held[0].ID, Action: topup.RefundOrder, By: prepaid.By{Who: "anna", Why: "waits"}}
		_, err := askServer(t.Context(), strings.TrimPrefix(admin.URL, "http://"), brand, request)
		return err
	}
	if err := asks("other"); err == nil || !strings.Contains(err.Error(), topup.ErrNoOrder.Error()) {
		t.Errorf("by another brand: %v", err)
	}
	if err := asks("demo"); err != nil {
		t.Error(err)
	}
	if n := len(r.Sims.Gateway.Refunded(simgateway.Filter{})); n != 1 {
		t.Errorf("refunded %d times", n)
	}
}
