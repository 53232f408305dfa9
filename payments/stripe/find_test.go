package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/payments"
	"pulsa/payments/paymentstest"
	"pulsa/payments/stripe"
	"pulsa/payments/stripe/stripetest"
	"pulsa/prepaid"
	"pulsa/topup"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// charged makes a charge, and returns its PaymentIntent's id.
func (w *world) charged(reference string) (payments.ChargeRequest, string) {
	w.t.Helper()
	r := w.request(reference, payments.Card)
	got := w.Charge(w.t.Context(), r)
	if got.Outcome != topup.Done {
		w.t.Fatalf("got %+v", got)
	}
	return r, got.ProviderRef
}

func TestALookUpReadsTheStoredPaymentIntent(t *testing.T) {
	w := newWorld(t, nil)
	_, intent := w.charged("ref")
	b := w.books["ref"]
	b.ProviderRef = intent
	w.books["ref"] = b
	before := len(w.server.Requests())
	if got := w.lookUp("ref"); got.Outcome != topup.Done {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff([]string{"GET /v1/payment_intents/" + intent}, w.asked(before)); diff != "" {
		t.Error(diff)
	}
}

func TestALookUpListsWhereTheStoredPaymentIntentIsNotTheCharges(t *testing.T) {
	w := newWorld(t, nil)
	_, other := w.charged("other")
	w.charged("ref")
	for _, wrong := range []string{other, "pi_gone", "sim_charge_1", "pi_../refunds"} {
		b := w.books["ref"]
		b.ProviderRef = wrong
		w.books["ref"] = b
		if got := w.lookUp("ref"); got.Outcome != topup.Done || got.ProviderRef == other {
			t.Errorf("%s: got %+v", wrong, got)
		}
	}
}

func TestALookUpReadsEveryPageOfACustomersCharges(t *testing.T) {
	w := newWorld(t, nil)
	r, intent := w.charged("first")
	customer, _, _ := strings.Cut(r.Token.Reveal(), "/")
	for i := range 230 {
		w.server.Put("pi", object{"object": "payment_intent", "customer": customer, "metadata": map[string]string{"charge": fmt.Sprint(i)}, "status": "succeeded"})
	}
	if got := w.lookUp("first"); got.Outcome != topup.Done || got.ProviderRef != intent {
		t.Errorf("got %+v", got)
	}
	r.Reference = "never"
	w.sent(r)
	if got := w.lookUp("never"); got.Outcome != topup.Absent {
		t.Errorf("got %+v", got)
	}
}

func TestAbsentIsNeverSaidOnTheSearchsWord(t *testing.T) {
	w := newWorld(t, nil)
	_, intent := w.charged("ref")
	delete(w.books, "ref")
	for _, what := range []payments.Operation{payments.OpCharge, payments.OpRefund} {
		if got := w.LookUp(t.Context(), what, "ref"); got.Outcome != topup.Unknown {
			t.Errorf("%s, search lags: got %+v", what, got)
		}
	}
	if got := w.Cancel(t.Context(), "ref"); got.Outcome != topup.Unknown {
		t.Errorf("cancel, search lags: got %+v", got)
	}
	w.server.IndexForSearch(intent)
	if got := w.lookUp("ref"); got.Outcome != topup.Done || got.ProviderRef != intent {
		t.Errorf("search has caught up: got %+v", got)
	}
	if got := w.lookUp("x' OR status:'succeeded"); got.Outcome != topup.Unknown {
		t.Errorf("got %+v", got)
	}
}

func TestBooksThatCannotBeReadLeaveEverythingUnknown(t *testing.T) {
	w := newWorld(t, nil)
	w.charged("ref")
	broken, err := stripe.New(stripe.Config{Credentials: stripe.Credentials{Key: prepaid.NewSecret(stripetest.Key)}, ReturnURL: "https://x", BaseURL: w.server.URL,
		Recorded: func(context.Context, prepaid.ChargeID) (payments.Recorded, error) {
			return payments.Recorded{}, errors.New("down")
		},
		Clock: w.clock, Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]topup.Result{
		"look-up": broken.LookUp(t.Context(), payments.OpCharge, "ref"), "cancel": broken.Cancel(t.Context(), "ref"),
		"refund": broken.Refund(t.Context(), "ref", prepaid.Money{}),
	} {
		if got.Outcome != topup.Unknown || got.Code != "books_unread" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestAChargeThatDiffersFromTheBooksIsForAHuman(t *testing.T) {
	w := newWorld(t, nil)
	w.charged("ref")
	for _, m := range []prepaid.Money{{Minor: 999, Currency: "EUR"}, {Minor: 1000, Currency: "USD"}} {
		b := w.books["ref"]
		b.Amount = m
		w.books["ref"] = b
		if got := w.lookUp("ref"); got.Outcome != topup.Unknown || got.Code != "amount_differs" {
			t.Errorf("%s: got %+v", m, got)
		}
	}
}

func TestCancelBelievesAKeyThatIsSpentOnNothing(t *testing.T) {
	w := newWorld(t, nil)
	r := w.request("ref", payments.Card)
	w.server.Answer(paymentstest.LosesRequest)
	w.Charge(t.Context(), r)
	w.server.Answer(paymentstest.Approves)
	busy := stripetest.Refusal(409, "idempotency_error", "idempotency_key_in_use", nil)
	busy.Method = http.MethodPost
	w.server.FailNext(busy)
	w.server.SpendKey("ref")
	for range 2 { // Stripe may look at what is asked for before it looks at who is busy
		if got := w.Cancel(t.Context(), "ref"); got.Outcome != topup.Unknown {
			t.Errorf("the charge is under way: got %+v", got)
		}
	}
	w.clock.AdvanceTo(w.clock.Now().Add(11 * time.Minute))
	w.server.FailNext(busy)
	if got := w.Cancel(t.Context(), "ref"); got.Outcome != topup.Unknown {
		t.Errorf("the charge is under way for long: got %+v", got)
	}
	if got := w.Cancel(t.Context(), "ref"); got.Outcome != topup.Done {
		t.Errorf("the charge came to nothing: got %+v", got)
	}
	if got := w.lookUp("ref"); got.Outcome != topup.Absent {
		t.Errorf("got %+v", got)
	}
}

func TestADisputeIsReturnedWhileTheMoneyIsGone(t *testing.T) {
	for status, want := range map[string]topup.Outcome{
		"needs_response": topup.Returned, "under_review": topup.Returned, "lost": topup.Returned,
		"warning_needs_response": topup.Done, "warning_closed": topup.Done, "won": topup.Done, "prevented": topup.Done,
	} {
		w := newWorld(t, nil)
		w.charged("ref")
		if err := w.server.Dispute("ref", status); err != nil {
			t.Fatal(err)
		}
		if got := w.lookUp("ref"); got.Outcome != want {
			t.Errorf("%s: got %+v", status, got)
		}
		if told := w.events(); told[len(told)-1] != (payments.Event{Charge: "ref"}) {
			t.Errorf("%s: told %+v", status, told)
		}
	}
}

func TestPartsThatWereRefusedAreGivenBackAnew(t *testing.T) {
	w := newWorld(t, nil)
	w.charged("ref")
	made := map[string]bool{}
	for i, minor := range []int64{300, 300, 300, 200} {
		got := w.Refund(t.Context(), "ref", prepaid.Money{Minor: minor, Currency: "EUR"})
		if got.Outcome != topup.Done || made[got.ProviderRef] {
			t.Fatalf("%d: got %+v, after %v", i, got, made)
		}
		made[got.ProviderRef] = true
		if i < 3 {
			if err := w.server.FailRefund("ref", "declined"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := w.Refund(t.Context(), "ref", prepaid.Money{Minor: 200, Currency: "EUR"}); got.Outcome != topup.Done || !made[got.ProviderRef] {
		t.Errorf("repeated: %+v", got)
	}
}

func TestWhereARefundStands(t *testing.T) {
	for _, test := range []struct {
		change object
		want   topup.Outcome
		word   string
	}{
		{object{"status": "succeeded"}, topup.Done, ""},
		{object{"status": "pending"}, topup.Done, "pending"},
		{object{"status": "pending", "pending_reason": "charge_pending"}, topup.Done, "pending"},
		{object{"status": "pending", "pending_reason": "insufficient_funds"}, topup.Unknown, "insufficient_funds"},
		{object{"status": "requires_action"}, topup.Unknown, "requires_action"},
		{object{"status": "failed", "failure_reason": "expired_or_canceled_card"}, topup.Refused, "expired_or_canceled_card"},
		{object{"status": "canceled"}, topup.Refused, "canceled"},
		{object{"status": "succeeded", "amount": int64(400)}, topup.Absent, ""},
	} {
		w := newWorld(t, nil)
		w.charged("ref")
		if got := w.Refund(t.Context(), "ref", prepaid.Money{}); got.Outcome != topup.Done {
			t.Fatalf("got %+v", got)
		}
		if q := w.last(); q.IdempotencyKey != "refund:ref" || q.Form.Get("metadata[charge]") != "ref" || q.Form.Has("amount") {
			t.Errorf("refunded by %+v", q)
		}
		w.server.Set(w.server.Latest("refund").ID(), test.change)
		if got := w.LookUp(t.Context(), payments.OpRefund, "ref"); got.Outcome != test.want || got.Code != test.word {
			t.Errorf("%v: got %+v", test.change, got)
		}
		w.clock.AdvanceTo(w.clock.Now().Add(25 * time.Hour)) // beyond the key: Stripe itself refuses to refund twice
		if test.want == topup.Done {
			if got := w.Refund(t.Context(), "ref", prepaid.Money{}); got.Outcome != topup.Done {
				t.Errorf("%v, a day later: got %+v", test.change, got)
			}
			if n := w.server.Count("refund", "ref"); n != 1 {
				t.Errorf("refunded %d times", n)
			}
		}
	}
}
