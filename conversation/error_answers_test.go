package conversation

import (
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// unheard are the errors of the domains that no customer hears of, and why.
var unheard = map[string]string{
	"prepaid.ErrNotAnAccount":    "mail accounts are topped up by the API",
	"prepaid.ErrNotMoney":        "such an amount is read as unclear",
	"prepaid.ErrTooManyDecimals": "as above",
	"prepaid.ErrOverflow":        "as above",
	"prepaid.PanicError":         "a bug: the provider sends the message again",
	"prepaid.ErrSealed":          "a key is missing: the provider sends the message again",
	"prepaid.ErrNeverEnds":       "of tests' clocks",
	"prepaid.ErrDone":            "of operators' actions",

	"topup.ErrNotGoodwill":  "of operators' actions",
	"topup.ErrNotPart":      "of operators' actions",
	"topup.ErrRefusedBack":  "of operators' actions",
	"topup.ErrNoReason":     "of operators' actions",
	"topup.ErrNotLegal":     "of operators' actions",
	"topup.ErrWorkedOn":     "of operators' actions",
	"topup.ErrContradicted": "of operators' actions",
	"topup.ErrNotReversed":  "of operators' actions",
	"topup.ErrNoOrder":      "status.none says it, as no error",
	"topup.ErrOrderIDTaken": "another id is drawn",
	"topup.ErrRecipient":    "a conversation names a number",
	"topup.ErrNoFunds":      "of developers' accounts",
	"topup.ErrNoKey":        "of developers' accounts",
	"topup.ErrInactive":     "of developers' accounts",
	"topup.NotAllowedError": "of operators' actions",
	"topup.KeyReusedError":  "it is a topup.ErrKeyReused",

	"cards.ErrExists":         "of operators' work on cards",
	"cards.ErrOpen":           "of operators' work on cards",
	"cards.ErrGuessable":      "of operators' work on cards",
	"cards.ErrNoJob":          "of operators' work on cards",
	"cards.ErrJobElsewhere":   "of operators' work on cards",
	"cards.KeyError":          "of operators' work on cards",
	"cards.ImportError":       "of operators' work on cards",
	"cards.ErrResellerExists": "of operators' work on cards",
	"cards.ErrNoKey":          "of operators' work on cards",

	"payments.ErrNoLink":       "the page says so",
	"payments.ErrNoSigner":     "an IBAN is asked for only where it can be taken",
	"payments.ErrNoSetup":      "of gateways' reports",
	"payments.ErrNoInstrument": "of gateways' reports",
}

func TestEveryErrorThatACustomerMeetsHasAnAnswer(t *testing.T) {
	s := mustSource(t)
	answered := map[string]bool{}
	for ident, object := range s.info.Uses {
		if filepath.Base(s.fset.Position(ident.Pos()).Filename) == "error_answers.go" && object.Pkg() != nil {
			answered[object.Pkg().Name()+"."+object.Name()] = true
		}
	}
	exist := map[string]bool{}
	for _, domain := range s.pkg.Imports() {
		switch domain.Path() {
		case "pulsa/prepaid", "pulsa/accounts", "pulsa/topup", "pulsa/cards", "pulsa/payments":
		default:
			continue
		}
		for _, name := range domain.Scope().Names() {
			if object := domain.Scope().Lookup(name); isError(object) {
				name := domain.Name() + "." + name
				exist[name] = true
				switch {
				case !answered[name] && unheard[name] == "":
					t.Errorf("%s: give it a row in errorAnswers, or say in unheard why no customer meets it", name)
				case answered[name] && unheard[name] != "":
					t.Errorf("%s has a row in errorAnswers: take it out of unheard", name)
				}
			}
		}
	}
	for name := range unheard {
		if !exist[name] {
			t.Errorf("%s is in unheard, and does not exist", name)
		}
	}
}

// isError reports whether an exported name of a package is a sentinel or a type of errors.
func isError(o types.Object) bool {
	failure := types.Universe.Lookup("error").Type().Underlying().(*types.Interface)
	if !o.Exported() {
		return false
	}
	switch o.(type) {
	case *types.Var:
		return strings.HasPrefix(o.Name(), "Err") && types.Implements(o.Type(), failure)
	case *types.TypeName:
		return types.Implements(types.NewPointer(o.Type()), failure)
	}
	return false
}

func TestAnErrorIsAnsweredInOneWay(t *testing.T) {
	for _, a := range errorAnswers() {
		if a.Event != noEvent && a.TakesBack != "" {
			t.Errorf("%s takes the message back and goes on", a.Say)
		}
	}
}
