package network

import (
	"fmt"
	"slices"
	"strings"
	"time"

	simbook "pulsa/sim/book"
	"pulsa/topup"
)

// Kind is what the network does with a credit, in the words of conversation scripts.
type Kind string

// The kinds. The zero Kind lets the topped up number choose.
const (
	Delivers                Kind = "delivers"
	Rejects                 Kind = "rejects"    // with Behaviour.Code
	Fails                   Kind = "fails with" // Behaviour.Code, which leaves it open; look-ups tell that it was refused
	TimesOut                Kind = "times out"  // before anything is delivered
	TimesOutAfterDelivering Kind = "times out after delivering"
	OutOfFunds              Kind = "is out of funds"
	Unavailable             Kind = "is unavailable"  // nor does it recognise numbers: ErrNetworkDown
	AnswersGarbage          Kind = "answers garbage" // delivers, and answers nothing that can be read
)

// The kinds that hold beside how credits go.
const (
	ReportsAfter Kind = "reports after" // look-ups find a credit only so long after its delivery
	NotAtomic    Kind = "is not atomic" // requests under one reference that meet are all delivered, as at Reloadly
	Atomic       Kind = "is atomic"
	// TakesBack is no way to answer, but something that happens to the last delivery.
	TakesBack Kind = "takes the delivery back"
)

// Behaviour is how the network answers.
type Behaviour struct {
	Kind  Kind
	Code  string        // of Rejects and Fails: Reloadly's errorCode
	After time.Duration // how long it takes; airtime is delivered, if at all, only then. Of ReportsAfter: how late
	PIN   bool          // what is delivered is a code to be typed
}

// understood lists the phrases of ParseBehaviour.
const understood = "delivers, delivers after 40s (s, m, h or d), rejects CODE (as INVALID_RECIPIENT_PHONE), fails with CODE, " +
	"times out, times out after delivering, is out of funds, is unavailable, answers garbage, " +
	"reports after 2m, is not atomic, is atomic, takes the delivery back"

// ParseBehaviour reads what follows "network" in a conversation script: "delivers after 40s", "rejects
// INVALID_RECIPIENT_PHONE". The error lists what is understood. A code that topup.ClassifyCode does not
// know is taken for a refusal.
func ParseBehaviour(phrase string) (Behaviour, error) {
	text := strings.Join(strings.Fields(phrase), " ")
	kind := Kind(text)
	if slices.Contains([]Kind{Delivers, TimesOut, TimesOutAfterDelivering, OutOfFunds, Unavailable, AnswersGarbage,
		NotAtomic, Atomic, TakesBack}, kind) {
		return Behaviour{Kind: kind}, nil
	}
	for _, kind := range []Kind{Rejects, Fails} {
		if code, ok := strings.CutPrefix(text, string(kind)+" "); ok && isCode(code) {
			return Behaviour{Kind: kind, Code: code}, nil
		}
	}
	for prefix, kind := range map[string]Kind{"delivers after ": Delivers, "reports after ": ReportsAfter} {
		if after, ok := strings.CutPrefix(text, prefix); ok {
			if d, ok := simbook.Duration(after); ok {
				return Behaviour{Kind: kind, After: d}, nil
			}
		}
	}
	return Behaviour{}, fmt.Errorf("network %q: understood are %s", phrase, understood)
}

func isCode(text string) bool {
	return text != "" && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// refusal is what the behaviour answers where it delivers nothing for a reason; Outcome is empty where it
// is no such behaviour.
func (b Behaviour) refusal() topup.Result {
	switch b.Kind {
	case OutOfFunds:
		return topup.Result{Outcome: topup.Passing, Code: topup.CodeNoFunds}
	case Unavailable:
		return topup.Result{Outcome: topup.Passing, Code: topup.CodeUnavailable}
	case Rejects:
		outcome, _, known := topup.ClassifyCode(b.Code)
		if !known {
			outcome = topup.Refused // a script that says "rejects" means no
		}
		return topup.Result{Outcome: outcome, Code: b.Code}
	}
	return topup.Result{}
}

const (
	// numberLate is how late the reports of a number that ends in 8009 are.
	numberLate = 3 * time.Minute
	// numberKept is how long a number that ends in 8011 keeps its airtime.
	numberKept = time.Minute
)

// byRecipient is the table of the package comment.
func byRecipient(who string) Behaviour {
	switch lastFour(who) {
	case "8001":
		return Behaviour{Kind: Rejects, Code: topup.CodeRefused}
	case "8002":
		return Behaviour{Kind: TimesOut}
	case "8003":
		return Behaviour{Kind: TimesOutAfterDelivering}
	case "8004":
		return Behaviour{Kind: Delivers, After: 40 * time.Second}
	case "8005":
		return Behaviour{Kind: OutOfFunds}
	case "8006":
		return Behaviour{Kind: Unavailable}
	case "8007":
		return Behaviour{Kind: Rejects, Code: topup.CodeRecharged}
	case "8008", "8009":
		return Behaviour{Kind: AnswersGarbage}
	case "8012":
		return Behaviour{Kind: Fails, Code: "TRANSACTION_FAILED_ON_OPERATOR"}
	case "8021":
		return Behaviour{Kind: TimesOutAfterDelivering, PIN: true}
	case "8022":
		return Behaviour{Kind: Delivers, After: 40 * time.Second, PIN: true}
	}
	if SellsPINs(who) {
		return Behaviour{Kind: Delivers, PIN: true}
	}
	return Behaviour{Kind: Delivers}
}

// SellsPINs reports whether a number is of the operator whose credit is a code to be typed.
func SellsPINs(number string) bool { return strings.HasPrefix(lastFour(number), "802") }

// unknownNumber is the end of the numbers that the network does not know.
const unknownNumber = "9999"

// recipient is the number, or the name of the mail account.
func recipient(c topup.Credit) string {
	name, _, _ := strings.Cut(string(c.Email), "@")
	return string(c.MSISDN) + name
}

func lastFour(who string) string { return who[max(0, len(who)-4):] }
