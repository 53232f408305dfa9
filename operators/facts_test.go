package operators_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/topup"
)

func TestAnOrdersFactsSayWhatHappened(t *testing.T) {
	d := newDesk()
	d.order.RunAt, d.order.LeaseUntil = start, start.Add(time.Minute)
	d.order.Attempts = append(d.order.Attempts, topup.Attempt{Number: 2, Step: topup.StepCredit, Reference: "B", Outcome: topup.Passing,
		Code: "BUSY", StartedAt: start, EndedAt: start.Add(1500 * time.Millisecond)})
	dossier, err := d.operations().Show(t.Context(), "BKTRMWQXZD")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, fact := range dossier.Facts() {
		lines = append(lines, strings.Join(fact, "|"))
	}
	for _, want := range []string{
		"order|BKT-RMW-QXZD", "number|+316****5678", "|needs a human: see docs/operators.md", "allowed now|nothing by hand", "next|2026-11-01 09:01:00",
		"attempt 2|credit B|2026-11-01 09:00:00 +1.5s|passing BUSY", "history|2026-11-01 09:00:00|requested -> held",
		"delivered as|a PIN, which waits, sealed, to be handed on",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no fact %q among\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

func TestAViolationIsToldToProgramsAndPeople(t *testing.T) {
	v := operators.Violation{Invariant: 4, Order: "BKTRMWQXZD", Text: "is delivered unpaid"}
	text, err := json.Marshal(v)
	if want := `{"invariant":4,"order":"BKTRMWQXZD","card":"","text":"is delivered unpaid"}`; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
	if want := "4: order BKT-RMW-QXZD: is delivered unpaid"; v.String() != want {
		t.Error(v)
	}
}

// failure is the error of a call whose result a test passes over.
func failure[T any](_ T, err error) error { return err }
