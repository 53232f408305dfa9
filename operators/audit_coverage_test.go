package operators

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/topup"
)

func TestAnAuditSaysWhichProvidersItDoesNotSee(t *testing.T) {
	c := &Coverage{
		HiddenNetworks: map[string]string{"far": NotSimulated, "sim": ""}, HiddenGateways: map[string]string{"bank": NotSimulated, "sim": ""}}
	networks := map[string]string{"real": "far", "test": "sim"}
	order := func(brand, gateway string) topup.History {
		return topup.History{Order: topup.Order{Brand: brand, Network: networks[brand], Funding: topup.FundingRef{Kind: topup.ByCharge, Provider: gateway}}}
	}
	if seen := c.Sees(order("test", "sim")); !seen.Network || !seen.Gateway || len(c.Uncompared()) > 0 {
		t.Errorf("both books were seen: %+v, %+v", seen, c.Uncompared())
	}
	if seen := c.Sees(order("real", "bank")); seen.Network || seen.Gateway || c.Incomplete() {
		t.Errorf("both providers are real: %+v, incomplete %t", seen, c.Incomplete())
	}
	byCard := topup.History{Order: topup.Order{Brand: "test", Network: "sim", Funding: topup.FundingRef{Kind: topup.ByCard, Provider: "bank"}}}
	if seen := c.Sees(byCard); !seen.Network || !seen.Gateway {
		t.Errorf("a card is no gateway's: %+v", seen)
	}
	want := []Uncompared{
		{"deliveries of brand real", NotSimulated},
		{"payments of brand real by bank", NotSimulated},
	}
	if diff := cmp.Diff(want, c.Uncompared()); diff != "" {
		t.Error(diff)
	}
}
