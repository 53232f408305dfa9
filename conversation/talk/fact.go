package talk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pulsa/prepaid"
)

// FactKind says what a fact is about.
type FactKind string

// The kinds of facts.
const (
	InState    FactKind = "state"     // Name is the state
	Charged    FactKind = "charged"   // Amount, exactly Times times
	ToppedUp   FactKind = "topped up" // the same
	Refunded   FactKind = "refunded"  // the same
	OrderIs    FactKind = "order"     // Name is the last order's status
	CardIs     FactKind = "card"      // Serial, and Name as people say it: new, activated, expired, locked, void
	Registered FactKind = "registered"
	Locked     FactKind = "locked" // the PIN
	OptedOut   FactKind = "opted out"
	PaysBy     FactKind = "pays by"     // Name is the way to pay: sepa, card, paypal, or nothing
	Automatic  FactKind = "automatic"   // Amount and Name: monthly, every 14 days, below EUR 5.00; or Name alone: off, paused
	AuditClean FactKind = "audit clean" // every invariant holds
)

// What a customer has who has none: a way to pay, an automatic top-up.
const (
	Nothing = "nothing"
	Off     = "off"
)

// Fact is one "=" line.
type Fact struct {
	Kind   FactKind
	Not    bool // of Registered, Locked and OptedOut: it must not be so
	Name   string
	Serial string
	Amount prepaid.Money
	Times  int
}

type factShape struct {
	kind FactKind
	not  bool
}

func factPhrases() []phrase[factShape] {
	is := func(k FactKind) factShape { return factShape{kind: k} }
	not := func(k FactKind) factShape { return factShape{kind: k, not: true} }
	return []phrase[factShape]{
		{"state NAME", is(InState)},
		{"charged CURRENCY AMOUNT COUNT", is(Charged)},
		{"topped up CURRENCY AMOUNT COUNT", is(ToppedUp)},
		{"refunded CURRENCY AMOUNT COUNT", is(Refunded)},
		{"order NAME", is(OrderIs)},
		{"card SERIAL WORD", is(CardIs)},
		{"registered", is(Registered)},
		{"not registered", not(Registered)},
		{"locked", is(Locked)},
		{"not locked", not(Locked)},
		{"opted out", is(OptedOut)},
		{"not opted out", not(OptedOut)},
		{"pays by WORD", is(PaysBy)},
		{"automatic off", is(Automatic)},
		{"automatic paused", is(Automatic)},
		{"automatic CURRENCY AMOUNT COUNT", is(Automatic)},
		{"audit clean", is(AuditClean)},
	}
}

func cardWords() []string { return []string{"new", "activated", "expired", "locked", "void"} }

// parseFact reads what stands behind "=".
func parseFact(text string, v *Vocabulary) (Fact, *wrong) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Fact{}, wrongf("write what must be true, like = charged EUR 10.00 once", "a fact that says nothing")
	}
	shape, args, ok := matchPhrase(words, factPhrases())
	if !ok {
		return Fact{}, wrongf(likelyFact(words), "unknown fact %q", text)
	}
	f := Fact{Kind: shape.kind, Not: shape.not, Name: args["NAME"] + args["WORD"], Serial: args["SERIAL"]}
	var err *wrong
	switch f.Kind {
	case InState:
		err = known("state", f.Name, v.states())
	case OrderIs:
		err = known("order status", f.Name, v.Statuses)
	case CardIs:
		if err = known("word for a card", f.Name, cardWords()); err == nil && !serial(f.Serial) {
			err = wrongf("write it like 101-00000042", "%q is not a serial number", f.Serial)
		}
	case PaysBy:
		err = known("way to pay", f.Name, append(methods(), Nothing))
	case Automatic:
		if f.Name = words[1]; len(words) > 2 {
			f.Amount, f.Name, err = parseRule(words[1:])
		}
	case Charged, ToppedUp, Refunded:
		f.Amount, f.Times, err = counted(args)
	}
	return f, err
}

func likelyFact(words []string) string {
	phrases := factPhrases()
	if len(words) < 4 { // "charged EUR 10.00" lacks the count: any count makes it a phrase
		if shape, _, ok := matchPhrase(append(slices.Clone(words), "once"), phrases); ok && slices.Contains([]FactKind{Charged, ToppedUp, Refunded, Automatic}, shape.kind) {
			if shape.kind == Automatic {
				return wantRule
			}
			return "say how often: once, twice, 3 times or never"
		}
	}
	return strings.ReplaceAll(likely(words, phrases), "COUNT", "once (or twice, 3 times, never)")
}

func known(what, name string, names []string) *wrong {
	if len(names) == 0 || slices.Contains(names, name) {
		return nil
	}
	return wrongf(instead(name, names), "unknown %s %q", what, name)
}

// counted reads "EUR 10.00 once".
func counted(args map[string]string) (prepaid.Money, int, *wrong) {
	amount, err := parseAmount(args["CURRENCY"], args["AMOUNT"])
	if err != nil {
		return prepaid.Money{}, 0, err
	}
	times, ok := parseTimes(args["COUNT"])
	if !ok {
		return prepaid.Money{}, 0, wrongf("write once, twice, 3 times or never", "%q is not a count", args["COUNT"])
	}
	return amount, times, nil
}

// parseAmount reads "EUR" and "10.00".
func parseAmount(currency, number string) (prepaid.Money, *wrong) {
	c := prepaid.Currency(currency)
	if !c.Valid() {
		return prepaid.Money{}, wrongf("write it like EUR 10.00", "%q is not a currency", currency)
	}
	amount, err := prepaid.ParseMoney(number, c)
	if err != nil {
		return prepaid.Money{}, wrongf("write it like EUR 10.00", "%q is not an amount: %s", number, err)
	}
	return amount, nil
}

const wantRule = "write automatic EUR 10.00 monthly, automatic EUR 10.00 every 14 days, automatic EUR 10.00 below EUR 5.00, automatic off or automatic paused"

// parseRule reads an automatic top-up: "EUR 10.00 every 14 days". when is what follows the amount.
func parseRule(words []string) (amount prepaid.Money, when string, err *wrong) {
	if len(words) < 3 {
		return amount, "", wrongf(wantRule, "an automatic top-up that lacks its amount, or when it comes")
	}
	if amount, err = parseAmount(words[0], words[1]); err != nil {
		return amount, "", err
	}
	rest := words[2:]
	days := len(rest) == 3 && rest[0] == "every" && allDigits(rest[1]) && strings.Trim(rest[1], "0") != "" && (rest[2] == "days" || rest[2] == "day")
	switch {
	case len(rest) == 1 && rest[0] == "monthly", days:
	case len(rest) == 3 && rest[0] == "below":
		below, err := parseAmount(rest[1], rest[2])
		if err != nil {
			return amount, "", err
		}
		return amount, "below " + below.String(), nil
	default:
		return amount, "", wrongf(wantRule, "%q does not say when", strings.Join(rest, " "))
	}
	return amount, strings.Join(rest, " "), nil
}

func parseTimes(text string) (int, bool) {
	switch text {
	case "never":
		return 0, true
	case "once":
		return 1, true
	case "twice":
		return 2, true
	}
	number, ok := strings.CutSuffix(text, " times")
	n, err := strconv.Atoi(number)
	return n, ok && err == nil && allDigits(number)
}

// Count says how often as a script does: "never", "once", "twice", "3 times". Programs use it in a
// Finding.
func Count(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// String says the fact as a script does.
func (f Fact) String() string {
	text := string(f.Kind)
	if f.Not {
		text = "not " + text
	}
	switch f.Kind {
	case InState, OrderIs, PaysBy:
		return text + " " + f.Name
	case Automatic:
		if f.Amount == (prepaid.Money{}) {
			return text + " " + f.Name
		}
		return text + " " + f.Amount.String() + " " + f.Name
	case CardIs:
		return text + " " + f.Serial + " " + f.Name
	case Charged, ToppedUp, Refunded:
		return text + " " + f.Amount.String() + " " + Count(f.Times)
	}
	return text
}
