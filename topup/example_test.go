package topup_test

import (
	"context"
	"errors"
	"fmt"

	"pulsa/prepaid"
	"pulsa/topup"
)

// errTimeout is what this operator's client returns if no answer came.
var errTimeout = errors.New("timeout")

// operator is the least that a topup.Network does. post stands for the call to the mobile operator: what it answers, or
// errTimeout.
type operator struct {
	post func(topup.Credit) (answer string, err error)
}

var _ topup.Network = operator{}

// Recognise says whether the network serves a number; ErrNetworkDown if it can't tell.
func (operator) Recognise(_ context.Context, m prepaid.MSISDN) error {
	if m == "31612345678" {
		return nil
	}
	return topup.ErrUnknownNumber
}

// Credit tells the three outcomes apart. Done: the number was credited. Refused or Passing: it definitely was not, and
// the order is refunded, or tried again later. Everything else is Unknown, and the order is looked up: an error never
// means that nothing was delivered.
func (o operator) Credit(_ context.Context, c topup.Credit) topup.Result {
	answer, err := o.post(c)
	switch {
	case err != nil:
		return topup.Result{Outcome: topup.Unknown, Code: "TIMEOUT"}
	case answer == "OK":
		return topup.Result{Outcome: topup.Done, ProviderRef: "op-" + c.Reference}
	}
	outcome, _, _ := topup.ClassifyCode(answer) // a code that nobody knows is Unknown, too
	return topup.Result{Outcome: outcome, Code: answer}
}

// LookUp says what became of a reference; Absent only if the operator surely has not heard of it.
func (operator) LookUp(context.Context, string) topup.Result {
	return topup.Result{Outcome: topup.Absent}
}

func ExampleNetwork() {
	credit := topup.Credit{Reference: "BKTRMWQXZD", MSISDN: "31612345678", Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}}
	for _, answer := range []string{"OK", topup.CodeInvalidNumber, topup.CodeNoFunds, "SOMETHING_NEW", ""} {
		network := operator{func(topup.Credit) (string, error) {
			if answer == "" {
				return "", errTimeout
			}
			return answer, nil
		}}
		r := network.Credit(context.Background(), credit)
		fmt.Printf("%s, code %q\n", r.Outcome, r.Code)
	}
	// Output:
	// done, code ""
	// refused, code "INVALID_RECIPIENT_PHONE"
	// passing, code "INSUFFICIENT_BALANCE"
	// unknown, code "SOMETHING_NEW"
	// unknown, code "TIMEOUT"
}
