package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Kind is what the gateway does with a charge, in the words of conversation scripts.
type Kind string

// The kinds. The zero Kind lets the customer's number choose.
const (
	Approves              Kind = "approves"
	Declines              Kind = "declines"
	TimesOut              Kind = "times out" // before anything is charged
	TimesOutAfterCharging Kind = "times out after charging"
	NeedsAuthentication   Kind = "needs authentication"
	ReturnsDebit          Kind = "returns the debit"   // no way to answer a charge, but something that happens to the last one
	RevokesMandate        Kind = "revokes the mandate" // as ReturnsDebit, to the last instrument
	Pends                 Kind = "pends"               // Pending until SettleDebits
	AnswersGarbage        Kind = "answers garbage"     // charges, and answers nothing that can be read
)

// Behaviour is how the gateway answers.
type Behaviour struct {
	Kind  Kind
	After time.Duration // how long it takes; money moves, if it does, only then
}

// scripted lists what ParseBehaviour understands.
var scripted = [...]Kind{Approves, Declines, TimesOut, TimesOutAfterCharging, NeedsAuthentication, ReturnsDebit, RevokesMandate}

// ParseBehaviour reads what follows "payment" in a conversation script: "times out after charging". The
// error lists what is understood.
func ParseBehaviour(phrase string) (Behaviour, error) {
	kind := Kind(strings.Join(strings.Fields(phrase), " "))
	if slices.Contains(scripted[:], kind) {
		return Behaviour{Kind: kind}, nil
	}
	known := make([]string, len(scripted))
	for i, k := range scripted {
		known[i] = string(k)
	}
	return Behaviour{}, fmt.Errorf("payment %q: understood are %s", phrase, strings.Join(known, ", "))
}

// byNumber is the table of the package comment: how a charge and its refund go.
func byNumber(m prepaid.MSISDN) (charge, refund Behaviour) {
	charge, refund = Behaviour{Kind: Approves}, Behaviour{Kind: Approves}
	switch string(m[max(0, len(m)-4):]) {
	case "9001":
		charge.Kind = Declines
	case "9002":
		charge.Kind = TimesOut
	case "9003":
		charge.Kind = TimesOutAfterCharging
	case "9004":
		charge.Kind = NeedsAuthentication
	case "9005":
		charge.Kind = Pends
	case "9006":
		charge.After = 20 * time.Second
	case "9007":
		refund.Kind = Declines
	}
	return charge, refund
}
