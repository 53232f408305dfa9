package operators

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/topup"
)

func TestAnAuditSaysWhichProvidersItDoesNotSee(t *testing.T) {
	c := &Coverage{ConfigFile: "pulsa.yaml", Networks: map[string]string{"real": "far", "test": "sim", "stopped": "sim"},
		HiddenNetworks: map[string]string{"far": NotSimulated, "sim": ""}, HiddenGateways: map[string]string{"bank": NotSimulated, "sim": ""}}
	order := func(brand, gateway string) topup.History {
		return topup.History{Order: topup.Order{Brand: brand, Funding: topup.FundingRef{Kind: topup.ByCharge, Provider: gateway}}}
	}
	if network, gateway := c.Sees(order("test", "sim")); !network || !gateway || len(c.Uncompared()) > 0 {
		t.Errorf("both books were seen: %t, %t, %+v", network, gateway, c.Uncompared())
	}
	if network, gateway := c.Sees(order("real", "bank")); network || gateway || c.Incomplete() {
		t.Errorf("both providers are real: %t, %t, incomplete %t", network, gateway, c.Incomplete())
	}
	byCard := topup.History{Order: topup.Order{Brand: "test", Funding: topup.FundingRef{Kind: topup.ByCard, Provider: "bank"}}}
	if network, gateway := c.Sees(byCard); !network || !gateway {
		t.Errorf("a card is no gateway's: %t, %t", network, gateway)
	}
	if network, gateway := c.Sees(order("gone", "sim")); network || !gateway || !c.Incomplete() {
		t.Errorf("a brand that is not declared: %t, %t, incomplete %t", network, gateway, c.Incomplete())
	}
	want := []Uncompared{
		{"deliveries of brand gone", "pulsa.yaml declares no such brand"},
		{"deliveries of brand real", NotSimulated},
		{"payments of brand real by bank", NotSimulated},
	}
	if diff := cmp.Diff(want, c.Uncompared()); diff != "" {
		t.Error(diff)
	}
}
