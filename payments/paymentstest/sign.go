package paymentstest

import (
	"strings"

	"pulsa/payments"
	"pulsa/topup"
)

const iban = "NL91ABNA0417164300"

func (p trial) agreement(reference string) payments.Agreement {
	p.Helper()
	number, _, err := payments.ParseIBAN(iban)
	if err != nil {
		p.Fatal(err)
	}
	return payments.Agreement{Reference: reference, Mandate: "MND" + strings.ToUpper(reference), Brand: p.Brand, Customer: "kunde",
		IBAN: number, Holder: "J. Jansen", AgreedAt: p.now()}
}

func (p trial) signer() payments.Signer {
	p.Helper()
	signer, ok := p.Gateway.(payments.Signer)
	if !ok {
		p.Skip("the gateway makes no instrument of an IBAN")
	}
	return signer
}

// sign asks for an instrument that the provider makes as told.
func (p trial) sign(reference string, a Answer) payments.Signed {
	p.Helper()
	p.Answer(a)
	signer, agreement := p.signer(), p.agreement(reference)
	var s payments.Signed
	p.wait(func() topup.Result { s = signer.Sign(p.Context(), agreement); return s.Result })
	return s
}

func (p trial) lookUpSigned(reference string) payments.Signed {
	p.Helper()
	signer, agreement := p.signer(), p.agreement(reference)
	agreement.IBAN = payments.IBAN{}
	var s payments.Signed
	p.wait(func() topup.Result { s = signer.LookUpSigned(p.Context(), agreement); return s.Result })
	return s
}

func signs(p trial) {
	first := p.sign("first", Approves)
	p.want("signed", first.Result, topup.Done)
	if first.Token.Empty() || first.Display != "NL** **** 4300" || first.ProviderRef == "" {
		p.Errorf("got %+v", first)
	}
	for what, again := range map[string]payments.Signed{"repeated": p.sign("first", Approves), "looked up": p.lookUpSigned("first")} {
		if p.want(what, again.Result, topup.Done); again.Token != first.Token || again.Display != first.Display {
			p.Errorf("%s: another instrument", what)
		}
	}
	if other := p.sign("second", Approves); other.Token == first.Token {
		p.Error("two mandates share an instrument")
	}
	charge := p.request("charge", payments.SEPA, first.Token)
	p.want("charge of the instrument", p.charge(charge, Approves), topup.Done, topup.Pending)
}

func signsNot(p trial) {
	for _, test := range []struct {
		reference string
		answer    Answer
		got       topup.Outcome
		found     topup.Outcome
	}{
		{"declined", Declines, topup.Refused, topup.Absent},
		{"unheard", LosesRequest, topup.Unknown, topup.Absent},
		{"unanswered", LosesAnswer, topup.Unknown, topup.Done},
	} {
		p.want(test.reference, p.sign(test.reference, test.answer).Result, test.got)
		p.want(test.reference+": look-up", p.lookUpSigned(test.reference).Result, test.found)
	}
	p.want("asked for again", p.sign("unheard", Approves).Result, topup.Done)
	p.want("asked for again", p.sign("unanswered", Approves).Result, topup.Done)
}
