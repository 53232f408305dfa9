package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/payments"
	"pulsa/payments/paymentstest"
	"pulsa/payments/stripe/stripetest"
	"pulsa/prepaid"
	"pulsa/topup"
)

// movements are those of a time, each as "charge ref EUR 10.00", sorted.
func (w *world) movements(from, to time.Time) (all []string, err error) {
	for m, err := range w.Movements(w.t.Context(), from, to) {
		if err != nil {
			return all, err
		}
		what := m.Amount.String()
		if m.Amount.Zero() {
			what = m.Status
		}
		all = append(all, fmt.Sprintf("%s %s %s", m.Kind, m.Reference, what))
	}
	slices.Sort(all)
	return all, nil
}

func (w *world) charge(reference string, m payments.Method, how paymentstest.Answer) {
	w.t.Helper()
	r := w.request(reference, m)
	w.server.Answer(how)
	w.Charge(w.t.Context(), r)
}

func TestMovementsAreOurChargesRefundsAndWhatBanksTookBack(t *testing.T) {
	w := newWorld(t, nil)
	w.token(payments.Card)
	w.token(payments.SEPA)
	from := w.clock.Now().Truncate(time.Second)
	w.charge("card", payments.Card, paymentstest.Approves)
	w.charge("declined", payments.Card, paymentstest.Declines)
	w.charge("pending", payments.SEPA, paymentstest.Pends)
	w.charge("failed", payments.SEPA, paymentstest.Pends)
	w.charge("refunded", payments.Card, paymentstest.Approves)
	w.charge("lost", payments.Card, paymentstest.Approves)
	w.charge("won", payments.Card, paymentstest.Approves)
	if r := w.Refund(t.Context(), "refunded", prepaid.Money{}); r.Outcome != topup.Done {
		t.Fatalf("refund: %+v", r)
	}
	if err := errors.Join(w.server.Return("failed", "debit_not_authorized"), w.server.Dispute("lost", "needs_response"), w.server.Dispute("won", "won")); err != nil {
		t.Fatal(err)
	}
	// What others do with the account is none of ours.
	w.server.Put("pi", object{"object": "payment_intent", "amount": int64(99), "currency": "eur", "status": "succeeded", "metadata": map[string]string{}})
	got, err := w.movements(from, from.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"charge card EUR 10.00", "charge declined requires_payment_method", "charge failed EUR 10.00", "charge lost EUR 10.00",
		"charge pending EUR 10.00", "charge refunded EUR 10.00", "charge won EUR 10.00", "refund refunded EUR 10.00",
		"return failed EUR 10.00", "return lost EUR 10.00", "return won won",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, times := range map[string][2]time.Time{
		"before": {from.Add(-time.Hour), from.Add(-time.Second)}, "after": {from.Add(time.Hour), from.Add(2 * time.Hour)},
	} {
		if got, err := w.movements(times[0], times[1]); err != nil || len(got) > 0 {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestADebitThatFailsLateIsReportedWhenItFailed(t *testing.T) {
	w := newWorld(t, nil)
	from := w.clock.Now().Truncate(time.Second)
	w.charge("late", payments.SEPA, paymentstest.Pends)
	failed := from.Add(10 * 24 * time.Hour)
	w.clock.AdvanceTo(failed)
	if err := w.server.Return("late", "debit_not_authorized"); err != nil {
		t.Fatal(err)
	}
	got, err := w.movements(failed.Add(-time.Hour), failed.Add(time.Hour))
	if diff := cmp.Diff([]string{"return late EUR 10.00"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestMovementsAreReadPageByPageAndNoHalfReportIsBelieved(t *testing.T) {
	w := newWorld(t, nil)
	from := w.clock.Now().Truncate(time.Second)
	for n := range 250 {
		w.server.Put("pi", object{"object": "payment_intent", "amount": int64(1000), "currency": "eur", "status": "succeeded",
			"metadata": map[string]string{"charge": fmt.Sprint("ch", n)}})
	}
	got, err := w.movements(from, from.Add(time.Hour))
	if err != nil || len(got) != 250 {
		t.Errorf("%d movements, %v", len(got), err)
	}
	for range w.Movements(t.Context(), from, from.Add(time.Hour)) {
		break // nobody wants more
	}
	pages := len(slices.DeleteFunc(w.asked(0), func(q string) bool { return q != "GET /v1/payment_intents" }))
	if pages != 4 {
		t.Errorf("%d pages were read, want 3 and 1", pages)
	}
	w.server.FailNext(stripetest.Refusal(http.StatusInternalServerError, "api_error", "", nil))
	if _, err := w.movements(from, from.Add(time.Hour)); err == nil || strings.Contains(err.Error(), stripetest.Key) {
		t.Errorf("half a report: %v", err)
	}
}
