package paymentstest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Run tries a gateway. open returns a fresh one for each test.
func Run(t *testing.T, open func(t *testing.T) Provider) {
	for _, test := range []struct {
		name string
		run  func(p trial)
	}{
		{"a setup has one page, and is told once it is completed", setupCompleted},
		{"an abandoned setup is told", setupAbandoned},
		{"a setup that is closed sets nothing up", setupClosed},
		{"a charge comes to what the provider says, and is found so", answers},
		{"an authenticated charge is charged", authenticated},
		{"a cancelled charge never happens", cancelled},
		{"a charge that never arrived can be cancelled for good", cancelledUnheard},
		{"what is charged can't be cancelled", tooLateToCancel},
		{"a debit settles or comes back", debits},
		{"a charge is refunded once", refunds},
		{"a part is refunded once, and the rest once", refundsInParts},
		{"nothing is refunded that was not charged", refundsNothing},
		{"one reference asked for at once by many is charged once, and refunded once", together},
		{"a reference stands for one amount", reused},
		{"a mandate makes one instrument", signs},
		{"what is unclear of a mandate is found", signsNot},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(trial{t, open(t)}) })
	}
}

func setupCompleted(p trial) {
	for _, m := range payments.Methods() {
		reference := "ref" + string(m)
		first := p.setup(reference, m)
		if first.URL == "" || first.GatewayRef == "" {
			p.Errorf("%s: got %+v", m, first)
		}
		if again := p.setup(reference, m); again != first {
			p.Errorf("%s: repeated, got %+v, want %+v", m, again, first)
		}
		if other := p.setup("other"+string(m), m); other.URL == first.URL {
			p.Errorf("%s: two setups share a page", m)
		}
		if err := p.Abandon("other" + string(m)); err != nil {
			p.Fatal(err)
		}
		before := len(p.Told())
		if err := p.Complete(reference); err != nil {
			p.Fatal(err)
		}
		var told payments.Event
		for _, e := range p.Told()[before:] {
			told = e
		}
		if string(told.Setup) != reference || told.Ended != payments.SetupCompleted || told.Token.Empty() || told.Display == "" {
			p.Errorf("%s: told %+v", m, told)
		}
		if strings.Contains(told.Display, told.Token.Reveal()) {
			p.Errorf("%s: the display shows the token", m)
		}
	}
}

func setupAbandoned(p trial) {
	p.setup("ref", payments.Card)
	if err := p.Abandon("ref"); err != nil {
		p.Fatal(err)
	}
	told := p.Told()
	if len(told) != 1 || told[0] != (payments.Event{Setup: "ref", Ended: payments.SetupAbandoned}) {
		p.Errorf("told %+v", told)
	}
}

func setupClosed(p trial) {
	page := p.setup("ref", payments.Card)
	closed := payments.Setup{ID: "ref", GatewayRef: page.GatewayRef}
	if err := p.Gateway.CloseSetup(p.Context(), closed); err != nil {
		p.Fatal(err)
	}
	if err := p.Complete("ref"); err == nil {
		p.Error("it was open still")
	}
	for _, e := range p.Told() {
		if e.Ended == payments.SetupCompleted {
			p.Errorf("told %+v", e)
		}
	}
	other := p.setup("other", payments.Card)
	if err := p.Complete("other"); err != nil {
		p.Fatal(err)
	}
	if err := p.Gateway.CloseSetup(p.Context(), payments.Setup{ID: "other", GatewayRef: other.GatewayRef}); err == nil {
		p.Error("one that was completed is said to be closed")
	}
}

func answers(p trial) {
	tokens := map[payments.Method]prepaid.Secret{}
	for _, m := range payments.Methods() {
		tokens[m] = p.instrument(m)
	}
	for i, test := range []struct {
		answer      Answer
		method      payments.Method
		got         topup.Outcome
		found       topup.Outcome
		charged     int
		hasNoRecord bool
	}{
		{Approves, payments.Card, topup.Done, topup.Done, 1, false},
		{Approves, payments.PayPal, topup.Done, topup.Done, 1, false},
		{Declines, payments.Card, topup.Refused, topup.Refused, 0, false},
		{LosesRequest, payments.Card, topup.Unknown, topup.Absent, 0, true},
		{LosesAnswer, payments.Card, topup.Unknown, topup.Done, 1, false},
		{Authentication, payments.Card, topup.Action, topup.Action, 0, false},
		{Pends, payments.SEPA, topup.Pending, topup.Pending, 1, false},
	} {
		reference := fmt.Sprintf("ref%d", i)
		r := p.request(reference, test.method, tokens[test.method])
		got := p.charge(r, test.answer)
		p.want(string(test.answer), got, test.got)
		found := p.lookUp(payments.OpCharge, reference)
		p.want(string(test.answer)+": look-up", found, test.found)
		if found.ActionURL != got.ActionURL || (got.Outcome == topup.Action && got.ActionURL == "") {
			p.Errorf("%s: sent to %q, then to %q", test.answer, got.ActionURL, found.ActionURL)
		}
		if shown := fmt.Sprintf("%+v %+v", got, found); strings.Contains(shown, r.Token.Reveal()) {
			p.Errorf("%s: the token shows in %s", test.answer, shown)
		}
		p.moved(reference, test.charged, 0)
		if !test.hasNoRecord {
			p.want(string(test.answer)+": repeated", p.charge(r, Approves), test.found)
			p.moved(reference, test.charged, 0)
		}
	}
}

func authenticated(p trial) {
	r := p.request("ref", payments.Card, p.instrument(payments.Card))
	p.want("charge", p.charge(r, Authentication), topup.Action)
	p.happens(p.Authenticate, "ref")
	p.want("look-up", p.lookUp(payments.OpCharge, "ref"), topup.Done)
	p.moved("ref", 1, 0)
	if p.Authenticate("ref") == nil {
		p.Error("authenticated twice")
	}
}

func cancelled(p trial) {
	r := p.request("ref", payments.Card, p.instrument(payments.Card))
	p.want("charge", p.charge(r, Authentication), topup.Action)
	for range 2 {
		p.want("cancel", p.cancel("ref"), topup.Done)
		p.want("look-up", p.lookUp(payments.OpCharge, "ref"), topup.Refused)
	}
	if p.Authenticate("ref") == nil {
		p.Error("authenticated although cancelled")
	}
	p.moved("ref", 0, 0)
}

func cancelledUnheard(p trial) {
	r := p.request("ref", payments.Card, p.instrument(payments.Card))
	p.want("charge", p.charge(r, LosesRequest), topup.Unknown)
	for range 2 {
		p.want("cancel", p.cancel("ref"), topup.Done)
	}
	// The request was under way all the time, and arrives now.
	p.want("charge after cancel", p.charge(r, Approves), topup.Refused, topup.Unknown)
	p.want("look-up", p.lookUp(payments.OpCharge, "ref"), topup.Refused)
	p.moved("ref", 0, 0)
}

func tooLateToCancel(p trial) {
	r := p.request("ref", payments.Card, p.instrument(payments.Card))
	p.want("charge", p.charge(r, LosesAnswer), topup.Unknown)
	p.want("cancel", p.cancel("ref"), topup.Refused)
	p.want("look-up", p.lookUp(payments.OpCharge, "ref"), topup.Done)
	p.want("refund", p.refund("ref"), topup.Done)
	p.want("cancel of what was refunded", p.cancel("ref"), topup.Refused)
	p.moved("ref", 1, 1)
}

func debits(p trial) {
	token := p.instrument(payments.SEPA)
	pends := func(reference string) {
		p.want("charge", p.charge(p.request(reference, payments.SEPA, token), Pends), topup.Pending)
	}
	pends("settles")
	p.happens(p.Settle, "settles")
	p.want("settled", p.lookUp(payments.OpCharge, "settles"), topup.Done)

	pends("fails")
	p.happens(p.Return, "fails")
	p.want("failed", p.lookUp(payments.OpCharge, "fails"), topup.Returned)

	pends("returns")
	p.happens(p.Settle, "returns")
	p.happens(p.Return, "returns")
	p.want("returned", p.lookUp(payments.OpCharge, "returns"), topup.Returned)
	p.want("refund of what was returned", p.refund("returns"), topup.Refused)
	p.moved("returns", 1, 0)

	p.want("the first", p.lookUp(payments.OpCharge, "settles"), topup.Done)
}

func refunds(p trial) {
	r := p.request("ref", payments.Card, p.instrument(payments.Card))
	p.want("charge", p.charge(r, Approves), topup.Done)
	p.want("look-up of no refund", p.lookUp(payments.OpRefund, "ref"), topup.Absent)
	for range 3 {
		p.want("refund", p.refund("ref"), topup.Done)
		p.want("look-up of the refund", p.lookUp(payments.OpRefund, "ref"), topup.Done)
		p.want("look-up of the charge", p.lookUp(payments.OpCharge, "ref"), topup.Done)
	}
	p.moved("ref", 1, 1)
}

func refundsInParts(p trial) {
	p.want("charge", p.charge(p.request("ref", payments.Card, p.instrument(payments.Card)), Approves), topup.Done)
	part := prepaid.Money{Minor: 300, Currency: "EUR"}
	for range 3 {
		p.want("part", p.refundPart("ref", part), topup.Done)
		p.want("look-up of a refund of all", p.lookUp(payments.OpRefund, "ref"), topup.Absent)
		p.want("look-up of the charge", p.lookUp(payments.OpCharge, "ref"), topup.Done)
	}
	p.moved("ref", 1, 1)
	for range 3 {
		p.want("the rest", p.refund("ref"), topup.Done)
		p.want("look-up of all", p.lookUp(payments.OpRefund, "ref"), topup.Done)
	}
	p.moved("ref", 1, 2)
}

func refundsNothing(p trial) {
	r := p.request("ref", payments.Card, p.instrument(payments.Card))
	p.want("charge", p.charge(r, Declines), topup.Refused)
	p.want("refund", p.refund("ref"), topup.Refused)
	p.want("look-up of the refund", p.lookUp(payments.OpRefund, "ref"), topup.Absent)
	p.moved("ref", 0, 0)
}

func together(p trial) {
	r := p.request("ref", payments.Card, p.instrument(payments.Card))
	p.Answer(Approves)
	if p.Sent != nil {
		p.Sent(r)
	}
	results := make([]topup.Result, 16)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i] = p.Gateway.Charge(p.Context(), r) })
	}
	all.Wait()
	done := 0
	for _, got := range results {
		p.want("one of many", got, topup.Done, topup.Unknown)
		if got.Outcome == topup.Done {
			done++
		}
	}
	if done == 0 {
		p.Error("nobody was told that it is charged")
	}
	p.want("look-up", p.lookUp(payments.OpCharge, "ref"), topup.Done)
	p.moved("ref", 1, 0)

	for range results {
		all.Go(func() {
			p.want("one of many refunds", p.Gateway.Refund(p.Context(), "ref", prepaid.Money{}), topup.Done, topup.Unknown)
		})
	}
	all.Wait()
	p.want("look-up of the refund", p.lookUp(payments.OpRefund, "ref"), topup.Done)
	p.moved("ref", 1, 1)
}

func reused(p trial) {
	r := p.request("ref", payments.Card, p.instrument(payments.Card))
	p.want("charge", p.charge(r, Approves), topup.Done)
	r.Amount = prepaid.Money{Minor: 2000, Currency: "EUR"}
	got := p.wait(func() topup.Result { return p.Gateway.Charge(p.Context(), r) })
	p.want("another amount", got, topup.Unknown)
	p.moved("ref", 1, 0)
}
