package paymentstest

import (
	"testing"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Answer is how a provider takes a charge.
type Answer string

// The answers.
const (
	Approves       Answer = "approves"
	Declines       Answer = "declines"
	LosesRequest   Answer = "loses the request" // nothing reaches the provider
	LosesAnswer    Answer = "loses the answer"  // it charges, and nobody hears of it
	Authentication Answer = "wants authentication"
	Pends          Answer = "pends" // a debit on its way; only of SEPA
)

// Provider is a gateway and the levers of its other side.
type Provider struct {
	Gateway payments.Gateway
	Brand   *prepaid.Brand // in EUR
	// Answer tells how charges go from now on; at first they are approved.
	Answer func(Answer)
	// Complete and Abandon are what the customer does on the page of a setup.
	Complete, Abandon func(setup string) error
	// Authenticate is what the customer does on the page of a charge; an error where it waits for nobody.
	Authenticate func(charge string) error
	// Settle ends the wait of a debit, Return takes a debit or charge back.
	Settle, Return func(charge string) error
	// Charged and Refunded count, by the provider's own book, how often money of a charge has moved. A debit on
	// its way counts.
	Charged, Refunded func(charge string) int
	// Told lists what the gateway has told.
	Told func() []payments.Event
	// Sent hears of a charge before it is asked for, as our books do; nil where the gateway needs none.
	Sent func(payments.ChargeRequest)
	// Now is the provider's time; nil for the real one.
	Now func() time.Time
	// Wait runs what may wait for the provider's clock; nil runs it as it is.
	Wait func(work func())
}

const number prepaid.MSISDN = "31612345678"

// trial is one provider under test.
type trial struct {
	*testing.T
	Provider
}

func (p trial) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// wait carries a call out.
func (p trial) wait(work func() topup.Result) (r topup.Result) {
	if p.Wait == nil {
		return work()
	}
	p.Wait(func() { r = work() })
	return r
}

func (p trial) setup(reference string, m payments.Method) payments.Page {
	p.Helper()
	page, err := p.Gateway.StartSetup(p.Context(), payments.SetupRequest{Reference: reference, Brand: p.Brand,
		Customer: "kunde", MSISDN: number, Method: m, Language: "en"})
	if err != nil {
		p.Fatal(err)
	}
	return page
}

// instrument sets a method up and returns its token.
func (p trial) instrument(m payments.Method) prepaid.Secret {
	p.Helper()
	reference := "setup" + string(m)
	p.setup(reference, m)
	if err := p.Complete(reference); err != nil {
		p.Fatal(err)
	}
	for _, e := range p.Told() {
		if string(e.Setup) == reference && e.Ended == payments.SetupCompleted {
			return e.Token
		}
	}
	p.Fatalf("setup %s was completed, and nothing told: %+v", reference, p.Told())
	return prepaid.Secret{}
}

func (p trial) request(reference string, m payments.Method, token prepaid.Secret) payments.ChargeRequest {
	return payments.ChargeRequest{Reference: reference, Brand: p.Brand, Customer: "kunde", Token: token, Method: m,
		Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}, MSISDN: number, Language: "en"}
}

// charge asks for a charge that the provider takes as told.
func (p trial) charge(r payments.ChargeRequest, a Answer) topup.Result {
	p.Helper()
	p.Answer(a)
	if p.Sent != nil {
		p.Sent(r)
	}
	return p.wait(func() topup.Result { return p.Gateway.Charge(p.Context(), r) })
}

func (p trial) lookUp(what payments.Operation, reference string) topup.Result {
	return p.wait(func() topup.Result { return p.Gateway.LookUp(p.Context(), what, reference) })
}

func (p trial) cancel(reference string) topup.Result {
	return p.wait(func() topup.Result { return p.Gateway.Cancel(p.Context(), reference) })
}

func (p trial) refundPart(reference string, m prepaid.Money) topup.Result {
	p.Helper()
	return p.wait(func() topup.Result { return p.Gateway.Refund(p.Context(), reference, m) })
}

func (p trial) refund(reference string) topup.Result {
	return p.wait(func() topup.Result { return p.Gateway.Refund(p.Context(), reference, prepaid.Money{}) })
}

// want checks an outcome.
func (p trial) want(what string, got topup.Result, want ...topup.Outcome) {
	p.Helper()
	for _, w := range want {
		if got.Outcome == w {
			return
		}
	}
	p.Errorf("%s: got %+v, want %v", what, got, want)
}

// moved checks how often money has moved.
func (p trial) moved(reference string, charged, refunded int) {
	p.Helper()
	if c, r := p.Charged(reference), p.Refunded(reference); c != charged || r != refunded {
		p.Errorf("%s: charged %d and refunded %d times, want %d and %d", reference, c, r, charged, refunded)
	}
}

// happens lets something happen at the provider, of which the gateway must tell.
func (p trial) happens(what func(string) error, reference string) {
	p.Helper()
	before := len(p.Told())
	if err := what(reference); err != nil {
		p.Fatal(err)
	}
	for _, e := range p.Told()[before:] {
		if string(e.Charge) == reference {
			return
		}
	}
	p.Errorf("nothing told of charge %s", reference)
}
