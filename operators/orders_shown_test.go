package operators_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// notInRow and notInFacts are the fields of an order that its row for programs, or its facts for people, leave out, and why.
var notInRow, notInFacts = map[string]string{
	"OperationKey": "it names the message that began the order",
	"RequestHash":  "it is for comparing alone",
	"ReplyTo":      "it has the customer's address",
	"InFlight":     "the status says it",
	"ActionURL":    "it is the customer's own page",
	"ByPIN":        "the dossier's pin says it",
	"Cost":         "the ledger's postings say it",
	"Absents":      "the attempts say it",
	"AbsentAt":     "the attempts say it",
	"Tries":        "the attempts say it",
	"LeaseUntil":   "it is over in seconds",
}, map[string]string{
	"Customer":     "the number says whose it is",
	"OperationKey": "it names the message that began the order",
	"RequestHash":  "it is for comparing alone",
	"ReplyTo":      "it has the customer's address",
	"InFlight":     "the status says it",
	"ActionURL":    "it is the customer's own page",
	"NetworkRef":   "the attempts say it",
	"Cost":         "the ledger's postings say it",
	"Absents":      "the attempts say it",
	"AbsentAt":     "the attempts say it",
	"Tries":        "the attempts say it",
	"CreatedAt":    "the history begins with it",
	"LeaseUntil":   "next says it, where there is a next",
}

// Whoever adds a field to orders shows it in the row and the facts, or says here why not.
func TestEachFieldOfAnOrderIsShown(t *testing.T) {
	zeroRow, zeroFacts := shown(t, topup.Order{})
	for _, f := range reflect.VisibleFields(reflect.TypeFor[topup.Order]()) {
		var o topup.Order
		fill(t, reflect.ValueOf(&o).Elem().FieldByIndex(f.Index))
		row, facts := shown(t, o)
		for _, place := range []struct {
			name    string
			shown   bool
			leftOut map[string]string
			add     string
		}{
			{"the row (--json)", row != zeroRow, notInRow, "OrderRow and newOrderRow in orders_rows.go"},
			{"the facts (pulsa topups show)", !slices.Equal(facts, zeroFacts), notInFacts, "Dossier.Facts in facts.go"},
		} {
			switch why, leftOut := place.leftOut[f.Name]; {
			case !place.shown && !leftOut:
				t.Errorf("topup.Order.%s is not in %s: add it to %s, or say in this test why not", f.Name, place.name, place.add)
			case place.shown && leftOut:
				t.Errorf("topup.Order.%s is in %s, though this test says why not: %s", f.Name, place.name, why)
			}
		}
	}
}

// shown is an order's row as JSON, and its facts.
func shown(t *testing.T, o topup.Order) (row string, facts []string) {
	t.Helper()
	d, err := desk{topup.History{Order: o, Sale: &topup.Sale{}}}.operations().Show(t.Context(), string(o.ID))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(d.OrderRow)
	if err != nil {
		t.Fatal(err)
	}
	for _, fact := range d.Facts() {
		facts = append(facts, fmt.Sprint(fact))
	}
	return string(text), facts
}

// fill gives a field some value that is not zero.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(start))
		return
	case prepaid.Money:
		v.Set(reflect.ValueOf(prepaid.Money{Minor: 1000, Currency: "EUR"}))
		return
	case prepaid.MSISDN:
		v.SetString("31612345678")
		return
	case prepaid.Email:
		v.SetString("anna@example.org")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("SOME")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("fill does not know %s", v.Type())
	}
}
