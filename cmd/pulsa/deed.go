package main

import (
	"errors"
	"strings"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
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

// by is for the record. It is an error not to give a reason; a command that needs none calls who instead.
func (d deed) by(e term.Env) (prepaid.By, error) {
	by := prepaid.By{Who: d.who(e), Why: strings.TrimSpace(d.Reason)}
	if by.Why == "" {
		return by, errors.New("say why: --reason TEXT")
	}
	return by, nil
}
