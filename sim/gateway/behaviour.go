package gateway

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
	simbook "pulsa/sim/book"
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
	Pends                 Kind = "pends"           // Pending until SettleDebits
	AnswersGarbage        Kind = "answers garbage" // charges, and answers nothing that can be read
)

// The kinds that are told about refunds; the zero Kind is among Set's.
const (
	Refunds                Kind = "refunds"
	RefusesToRefund        Kind = "refuses to refund"
	TimesOutRefunding      Kind = "times out refunding" // before anything is given back
	TimesOutAfterRefunding Kind = "times out after refunding"
)

// The kinds that hold beside how charges go.
const (
	ReportsAfter Kind = "reports after" // look-ups find a change, and news tells it, only so long after it
	NotAtomic    Kind = "is not atomic" // requests under one reference that meet are all charged
	Atomic       Kind = "is atomic"
)

// The kinds that are no way to answer a charge, but something that happens to the last ones.
const (
	ReturnsDebit   Kind = "returns the debit"
	RevokesMandate Kind = "revokes the mandate" // to the last instrument
	IsDisputed     Kind = "is disputed"         // the customer has a captured charge taken back
	SettlesDebits  Kind = "settles the debits"
)

// Behaviour is how the gateway answers.
type Behaviour struct {
	Kind  Kind
	After time.Duration // how long it takes; money moves, if it does, only then. Of ReportsAfter: how late
}

// ParseBehaviour reads what follows "payment" in a conversation script: "times out after charging". The
// error lists what is understood.
func ParseBehaviour(phrase string) (Behaviour, error) {
	plain := []Kind{Approves, Declines, TimesOut, TimesOutAfterCharging, NeedsAuthentication, Pends, AnswersGarbage,
		Refunds, RefusesToRefund, TimesOutRefunding, TimesOutAfterRefunding, NotAtomic, Atomic, ReturnsDebit, IsDisputed, SettlesDebits, RevokesMandate}
	text := strings.Join(strings.Fields(phrase), " ")
	if slices.Contains(plain, Kind(text)) {
		return Behaviour{Kind: Kind(text)}, nil
	}
	for prefix, kind := range map[string]Kind{"approves after ": Approves, "reports after ": ReportsAfter} {
		if after, ok := strings.CutPrefix(text, prefix); ok {
			if d, ok := simbook.Duration(after); ok {
				return Behaviour{Kind: kind, After: d}, nil
			}
		}
	}
	known := "approves after 20s (s, m, h or d), reports after 2m"
	for _, k := range plain {
		known += ", " + string(k)
	}
	return Behaviour{}, fmt.Errorf("payment %q: understood are %s", phrase, known)
}

const (
	// numberLate is how late the reports of a number that ends in 9011 are.
	numberLate = 3 * time.Minute
	// numberKept is how long we keep the money of numbers that end in 9008 and 9009.
	numberKept = time.Minute
)

// byNumber is the table of the package comment: how a charge and its refund go.
func byNumber(m prepaid.MSISDN) (charge, refund Behaviour) {
	charge, refund = Behaviour{Kind: Approves}, Behaviour{Kind: Approves}
	switch lastFour(m) {
	case "9001":
		charge.Kind = Declines
	case "9002":
		charge.Kind = TimesOut
	case "9003":
		charge.Kind = TimesOutAfterCharging
	case "9004":
		charge.Kind = NeedsAuthentication
	case "9005", "9009":
		charge.Kind = Pends
	case "9006":
		charge.After = 20 * time.Second
	case "9007":
		refund.Kind = RefusesToRefund
	case "9010", "9011":
		charge.Kind = AnswersGarbage
	}
	return charge, refund
}

func lastFour(m prepaid.MSISDN) string { return string(m[max(0, len(m)-4):]) }
