package main

import (
	"strings"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
)

// actor says who does something by hand.
type actor struct {
	By string `help:"Who does it, for the record (default: $PULSA_OPERATOR, else the operating system's user)." placeholder:"NAME"`
}

// who is the operator's name.
func (a actor) who(e term.Env) string { return app.Operator(a.By, e.Getenv) }

// deed says who does something by hand, and why.
type deed struct {
	actor
	Reason string `help:"Why, for the record. Write no number or name of a customer." placeholder:"TEXT"`
}

// by is for the record. It is an error not to give a reason.
func (d deed) by(e term.Env) (prepaid.By, error) {
	by := d.given(e)
	if by.Why == "" {
		return by, operators.ErrNoReason
	}
	return by, nil
}

// given is by where the operation knows whether it needs a reason.
func (d deed) given(e term.Env) prepaid.By {
	return prepaid.By{Who: d.who(e), Why: strings.TrimSpace(d.Reason)}
}
