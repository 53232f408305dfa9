package gateway_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/payments"
	"pulsa/prepaid"
	sim "pulsa/sim/gateway"
	"pulsa/topup"
)

func TestReopenedGatewayKnowsAllThatItDid(t *testing.T) {
	var config sim.Config
	g := newGateway(t, func(c *sim.Config) { config = *c })
	g.charge("done", number)
	g.charge("refunded", number)
	g.Refund(t.Context(), "refunded", prepaid.Money{})
	g.Cancel(t.Context(), "cancelled")
	g.charge("waiting", number[:7]+"9004")
	page := startSetup(t, g, "setup")
	charged, refunded := g.Charged(sim.Filter{}), g.Refunded(sim.Filter{})

	g = reopen(t, g, config)
	if diff := cmp.Diff(charged, g.Charged(sim.Filter{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(refunded, g.Refunded(sim.Filter{})); diff != "" {
		t.Error(diff)
	}
	for reference, want := range map[string]topup.Outcome{"done": topup.Done, "refunded": topup.Done,
		"cancelled": topup.Refused, "waiting": topup.Action, "never": topup.Absent} {
		if got := g.lookUp(payments.OpCharge, reference); got != want {
			t.Errorf("%s: found %s, want %s", reference, got, want)
		}
	}
	if again := startSetup(t, g, "setup"); again != page {
		t.Errorf("the setup's page moved from %v to %v", page, again)
	}
	if err := g.CompleteSetup(t.Context(), number); err != nil {
		t.Error(err)
	}
}

func TestTornLastLineOfTheBookIsForgotten(t *testing.T) {
	var config sim.Config
	g := newGateway(t, func(c *sim.Config) { config = *c })
	g.charge("whole", number)
	before, err := os.ReadFile(config.Book)
	if err != nil {
		t.Fatal(err)
	}
	g.charge("torn", number)
	after, err := os.ReadFile(config.Book)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config.Book, after[:(len(before)+len(after))/2], 0o600); err != nil {
		t.Fatal(err)
	}
	g = reopen(t, g, config)
	if got := g.Charged(sim.Filter{}); len(got) != 1 || got[0].Reference != "whole" {
		t.Errorf("got %+v", got)
	}
	if r, _ := g.charge("torn", number); r.Outcome != topup.Done {
		t.Errorf("charged anew: %s", r.Outcome)
	}
}

func TestNewsThatNobodyTookIsToldAgainAfterARestart(t *testing.T) {
	var config sim.Config
	g := newGateway(t, func(c *sim.Config) { config = *c })
	startSetup(t, g, "setup")
	g.deaf = errors.New("going down")
	if err := g.CompleteSetup(t.Context(), ""); !errors.Is(err, g.deaf) {
		t.Fatalf("got %v", err)
	}
	g = reopen(t, g, config)
	for range 2 {
		if err := g.Redeliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(g.told) != 1 || g.told[0].Setup != "setup" || g.told[0].Ended != payments.SetupCompleted || g.told[0].Token.Empty() {
		t.Errorf("told %+v", g.told)
	}
}

func TestBookHoldsNoTokenOfACharge(t *testing.T) {
	var config sim.Config
	g := newGateway(t, func(c *sim.Config) { config = *c })
	r := request("ref", number)
	r.Token = prepaid.NewSecret("hushhush")
	g.Charge(t.Context(), r)
	text, err := os.ReadFile(config.Book)
	if err != nil || strings.Contains(string(text), "hushhush") || !strings.Contains(string(text), `"ref"`) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestUnwritableBookAnswersUnknown(t *testing.T) {
	g := newGateway(t, nil)
	g.charge("before", number)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if r, _ := g.charge("ref", number); r.Outcome != topup.Unknown {
		t.Errorf("charge: %s", r.Outcome)
	}
	if r := g.Refund(t.Context(), "before", prepaid.Money{}); r.Outcome != topup.Unknown {
		t.Errorf("refund: %s", r.Outcome)
	}
	if n := len(g.Charged(sim.Filter{Reference: "ref"})); n != 0 {
		t.Errorf("charged %d times", n)
	}
}

// reopen is a new process on the book of one that was killed: nothing is written at its end.
func reopen(t *testing.T, killed *gateway, config sim.Config) *gateway {
	t.Helper()
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}
	return newGateway(t, func(c *sim.Config) { c.Book = config.Book })
}

func startSetup(t *testing.T, g *gateway, reference string) payments.Page {
	t.Helper()
	return startSetupIn(t, g, reference, "en", payments.SEPA)
}

func startSetupIn(t *testing.T, g *gateway, reference, language string, m payments.Method) payments.Page {
	t.Helper()
	page, err := g.StartSetup(t.Context(), payments.SetupRequest{Reference: reference, Brand: demo(),
		Customer: "customer", MSISDN: number, Method: m, Language: language})
	if err != nil {
		t.Fatal(err)
	}
	return page
}
