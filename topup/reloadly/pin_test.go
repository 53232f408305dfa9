package reloadly_test

import (
	"strings"
	"testing"

	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// What an operator of PINs answers, in its fields of the answers that the stage gives.
var (
	pinsNL      = strings.Replace(rangeNL, `"pin":false`, `"pin":true`, 1)
	withPIN     = strings.Replace(delivered, `"pinDetail":null`, `"pinDetail":{"serial":"1","code":"773709733097662"}`, 1)
	rowByPIN    = strings.Replace(row("SUCCESSFUL"), `"pinDetail":null`, `"operatorId":999,"pinDetail":{"code":"773709733097662"}`, 1)
	rowWithout  = strings.Replace(row("SUCCESSFUL"), `"pinDetail":null`, `"operatorId":999,"pinDetail":null`, 1)
	statusByPIN = `{"code":null,"message":null,"status":"SUCCESSFUL","transaction":` + withPIN + `}`
	statusNone  = `{"code":null,"message":null,"status":"SUCCESSFUL","transaction":` + delivered + `}`
)

func TestDeliveryByPINIsUnclearUntilThePINIsKnown(t *testing.T) {
	unreadable, lost := answer{status: 500, body: "<html>"}, answer{status: 502, body: "<html>"}
	for name, test := range map[string]struct {
		post, report, operator, status answer
		outcome                        topup.Outcome
		code                           string
		pin                            bool
	}{
		"answered":                           {post: ok(withPIN), outcome: topup.Done, pin: true},
		"in the report":                      {post: ok(delivered), report: ok(page(rowByPIN)), outcome: topup.Done, pin: true},
		"after a lost answer":                {post: lost, report: ok(page(rowByPIN)), outcome: topup.Done, pin: true},
		"in the status alone":                {post: ok(delivered), report: ok(page(rowWithout)), operator: ok(pinsNL), status: ok(statusByPIN), outcome: topup.Done, pin: true},
		"nowhere":                            {post: ok(delivered), report: ok(page(rowWithout)), operator: ok(pinsNL), status: ok(statusNone), outcome: topup.Unknown, code: "PIN_MISSING"},
		"nowhere, and the status unreadable": {post: lost, report: ok(page(rowWithout)), operator: ok(pinsNL), status: unreadable, outcome: topup.Unknown, code: "HTTP_502"},
		"of an operator that can't be read":  {post: lost, report: ok(page(rowWithout)), operator: unreadable, outcome: topup.Unknown, code: "HTTP_502"},
		"of an operator of airtime":          {post: lost, report: ok(page(rowWithout)), operator: ok(rangeNL), outcome: topup.Done},
		"of an operator that is gone":        {post: lost, report: ok(page(rowWithout)), operator: refusal(404, "RESOURCE_NOT_FOUND"), outcome: topup.Done},
		"not delivered":                      {post: lost, report: ok(page(row("REFUNDED"))), outcome: topup.Refused, code: "REFUNDED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, func(c *reloadly.Config) { c.PINs = true }).set(detect, ok(pinsNL)).set(post, test.post).
				set(report, test.report).set(operator, test.operator).set(status, test.status)
			r := s.buy()
			s.want(r, test.outcome, test.code)
			if (r.PIN != nil) != test.pin || test.pin && r.PIN.Code.Reveal() != "773709733097662" {
				t.Errorf("got %+v", r.PIN)
			}
			if strings.Contains(s.log.String(), "7737") {
				t.Errorf("the log tells it: %s", s.log)
			}
		})
	}
}

func TestAsynchronousDeliveryByPINIsUnclearUntilThePINIsKnown(t *testing.T) {
	polled := func(text string) *stage {
		return newStage(t, func(c *reloadly.Config) { c.PINs, c.Async = true, true }).set(detect, ok(pinsNL)).
			set(async, ok(`{"transactionId":26523}`)).set(status, ok(text))
	}
	if r := polled(statusByPIN).buy(); r.Outcome != topup.Done || r.PIN == nil {
		t.Errorf("got %+v", r)
	}
	s := polled(statusNone).set(report, ok(page()))
	s.want(s.buy(), topup.Unknown, "PIN_MISSING")
}

func TestSerialStandsInForACodeThatIsMissing(t *testing.T) {
	s := newStage(t, nil).set(post, ok(strings.Replace(delivered, `"pinDetail":null`, `"pinDetail":{"serial":"558111"}`, 1)))
	if r := s.buy(); r.PIN == nil || r.PIN.Code.Reveal() != "558111" || r.PIN.Serial != "" {
		t.Errorf("got %+v", r.PIN)
	}
}
