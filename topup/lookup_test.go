package topup_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/topup"
)

func minutes(all []time.Duration) []string {
	var out []string
	for _, d := range all {
		out = append(out, d.String())
	}
	return out
}

func repeat(n int, a act) []act { return slices.Repeat([]act{a}, n) }

func TestUnknownDeliveryIsLookedUpAndFound(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Unknown, effect: true})
	w.network.lookUps.then(repeat(6, act{answer: topup.Pending})...)
	o := w.place(w.request())
	w.work(time.Hour)
	h := w.wantStatus(o.ID, topup.Delivered)
	w.wantBooks(h, 1, 0, 1)
	want := []string{"10s", "30s", "2m0s", "5m0s", "10m0s", "20m0s", "30m0s"}
	if diff := cmp.Diff(want, minutes(w.network.lookedUp)); diff != "" {
		t.Error(diff)
	}
	if a := h.Attempts[len(h.Attempts)-1]; a.Outcome != topup.Done || a.ProviderRef != "found" {
		t.Errorf("what was found is not written to the attempt: %+v", a)
	}
	if diff := cmp.Diff([]string{"order at 30m0s"}, w.notices(o.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestDeliveryIsSentAgainOnlyAfterTwoAbsentsUnderTheSameReference(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Unknown, after: 80 * time.Second})
	o := w.place(w.request())
	w.work(time.Hour)
	h := w.wantStatus(o.ID, topup.Delivered)
	w.wantBooks(h, 1, 0, 1)
	// Unknown at 80 s. At 90 and 110 s the attempt is too young, at 3:20 nothing is found for the first
	// time, and at 6:20 for the second.
	if diff := cmp.Diff([]string{"1m30s", "1m50s", "3m20s", "6m20s"}, minutes(w.network.lookedUp)); diff != "" {
		t.Error(diff)
	}
	var credits []topup.Attempt
	for _, a := range h.Attempts {
		if a.Step == topup.StepCredit {
			credits = append(credits, a)
		}
	}
	if len(credits) != 2 || credits[0].Reference != credits[1].Reference || credits[0].Outcome != topup.Unknown {
		t.Errorf("credits %+v", credits)
	}
}

func TestUnansweredLookUpsNeverSendAgain(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Unknown, effect: true})
	w.network.lookUps.then(repeat(500, act{answer: topup.Unknown})...)
	o := w.place(w.request())
	w.work(23 * time.Hour)
	if h := w.wantStatus(o.ID, topup.DeliveryUnknown); h.NeedsHuman {
		t.Error("on the operator's list before its day is over")
	}
	w.work(2 * time.Hour)
	if h := w.wantStatus(o.ID, topup.DeliveryUnknown); !h.NeedsHuman {
		t.Error("unknown for a day, and on nobody's list")
	}
	before := len(w.network.lookedUp)
	w.work(5 * time.Hour)
	if n := len(w.network.lookedUp) - before; n != 5 {
		t.Errorf("%d look-ups in 5 h, want hourly", n)
	}
	w.network.lookUps.list = nil
	w.work(2 * time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
}

func TestDeliveryThatIsNeverAnsweredNorFoundIsSentForADayOnly(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(repeat(200, act{answer: topup.Unknown})...)
	o := w.place(w.request())
	w.clock.AdvanceTo(noon.Add(23 * time.Hour)) // no worker ran
	w.work(2 * time.Hour)
	h := w.wantStatus(o.ID, topup.DeliveryUnknown)
	if !h.NeedsHuman || len(h.Attempts) < 5 {
		t.Errorf("unknown for a day: needs human %v, %d attempts", h.NeedsHuman, len(h.Attempts))
	}
	w.work(24 * time.Hour)
	if more := w.history(o.ID); len(more.Attempts) != len(h.Attempts) {
		t.Error("sent again after its day")
	}
}

func TestLookUpsOfADeliveryMayFindARefusal(t *testing.T) {
	for outcome, want := range map[topup.Outcome]topup.Status{topup.Refused: topup.Refunded, topup.Passing: topup.Held} {
		w := newWorld(t)
		w.network.credits.then(act{answer: topup.Unknown})
		w.network.unanswers = outcome
		o := w.place(w.request())
		w.work(15 * time.Second)
		if h := w.wantStatus(o.ID, want); h.Reason != "FOUND_"+string(outcome) {
			t.Errorf("reason is %q", h.Reason)
		}
	}
}

func TestUnknownChargeIsFoundAndDelivered(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Unknown, effect: true})
	o := w.place(w.request())
	w.work(time.Minute)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
}

func TestAbsentChargeIsCancelledAndDeclinedNeverRepeated(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Unknown})
	o := w.place(w.request())
	w.work(time.Hour)
	h := w.wantStatus(o.ID, topup.Declined)
	w.wantBooks(h, 0, 0, 0)
	if h.Reason != topup.ReasonNotCharged || h.Charge.Status != topup.ChargeDeclined {
		t.Errorf("declined for %q, charge %s", h.Reason, h.Charge.Status)
	}
	if diff := cmp.Diff([]string{"take", "look up", "look up", "look up", "look up", "cancel"}, w.gateway.calls); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"order at 5m0s"}, w.notices(o.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestCancellationThatComesTooLateIsACharge(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Unknown, effect: true})
	w.gateway.lookUps.then(repeat(4, act{answer: topup.Absent})...) // the gateway's look-up lags behind
	o := w.place(w.request())
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
	if diff := cmp.Diff([]string{"cancel", "look up"}, w.gateway.calls[len(w.gateway.calls)-2:]); diff != "" {
		t.Error(diff)
	}
}

func TestUnansweredCancellationIsLookedUpAndRepeated(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Unknown})
	w.gateway.cancels.then(act{answer: topup.Unknown})
	o := w.place(w.request())
	w.work(time.Hour)
	w.wantBooks(w.wantStatus(o.ID, topup.Declined), 0, 0, 0)
	if n := len(slices.DeleteFunc(w.gateway.calls, func(c string) bool { return c != "cancel" })); n != 2 {
		t.Errorf("cancelled %d times", n)
	}
}

func TestHeldOrderIsRetriedUntilItIsDeliveredAndToldOfOnce(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(repeat(12, act{answer: topup.Passing})...)
	o := w.place(w.request())
	w.tell(o.ID)
	w.work(time.Hour)
	h := w.wantStatus(o.ID, topup.Delivered)
	w.wantBooks(h, 1, 0, 1)
	var tries []time.Duration
	for _, a := range h.Attempts[1:] {
		tries = append(tries, a.StartedAt.Sub(noon))
	}
	want := []string{"0s", "1m0s", "2m0s", "3m0s", "4m0s", "5m0s", "6m0s", "7m0s", "8m0s", "9m0s", "10m0s", "15m0s", "20m0s"}
	if diff := cmp.Diff(want, minutes(tries)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"order at 13s", "order at 20m0s"}, w.notices(o.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestHeldOrderIsRefundedAfterADay(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(repeat(100, act{answer: topup.Passing})...)
	o := w.place(w.request())
	w.clock.AdvanceTo(noon.Add(23 * time.Hour)) // no worker ran
	w.work(time.Hour - time.Second)
	w.wantStatus(o.ID, topup.Held)
	w.work(time.Second)
	h := w.wantStatus(o.ID, topup.Refunded)
	w.wantBooks(h, 1, 1, 0)
	if h.Reason != topup.ReasonHeldTooLong || h.Charge.Status != topup.ChargeRefunded {
		t.Errorf("refunded for %q, charge %s", h.Reason, h.Charge.Status)
	}
	if got := w.balances(o.ID); len(got) != 0 {
		t.Errorf("a refunded order leaves %v", got)
	}
}

func TestUnknownRefundIsLookedUpAndGivenAgainWhereAbsent(t *testing.T) {
	for name, effect := range map[string]bool{"given": true, "not given": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.network.credits.then(act{answer: topup.Refused})
			w.gateway.givesBack.then(act{answer: topup.Unknown, effect: effect})
			o := w.place(w.request())
			w.tell(o.ID)
			w.work(time.Hour)
			w.wantBooks(w.wantStatus(o.ID, topup.Refunded), 1, 1, 0)
			if n := len(w.notices(o.ID)); n != 2 {
				t.Errorf("%d notices, want that it is on its way and that it is done", n)
			}
		})
	}
}

func TestRefundMayBeFoundRefused(t *testing.T) {
	w := newWorld(t)
	w.network.credits.then(act{answer: topup.Refused})
	w.gateway.givesBack.then(act{answer: topup.Unknown})
	w.gateway.lookUpsBack.then(act{answer: topup.Refused})
	o := w.place(w.request())
	w.work(time.Hour)
	if h := w.wantStatus(o.ID, topup.RefundFailed); !h.NeedsHuman || !h.RunAt.IsZero() {
		t.Errorf("needs human %v, due %s", h.NeedsHuman, h.RunAt)
	}
}

func TestUnconfirmedChargeIsCancelledAfterHalfAnHour(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Action})
	o := w.place(w.request())
	w.work(30*time.Minute - time.Second)
	w.wantStatus(o.ID, topup.Confirming)
	w.work(time.Second)
	h := w.wantStatus(o.ID, topup.Declined)
	w.wantBooks(h, 0, 0, 0)
	if h.Reason != topup.ReasonNotConfirmed {
		t.Errorf("reason is %q", h.Reason)
	}
}

func TestConfirmedChargeIsDeliveredAtTheGatewaysHintOrWithoutIt(t *testing.T) {
	for _, hinted := range []bool{true, false} {
		w := newWorld(t)
		w.gateway.takes.then(act{answer: topup.Action})
		o := w.place(w.request())
		id := w.history(o.ID).Charge.ID
		w.hint(id) // nothing has happened yet
		w.wantStatus(o.ID, topup.Confirming)
		m := w.gateway.of(id)
		m.state, m.taken = topup.Done, 1
		if hinted {
			w.hint(id)
		} else {
			w.work(30 * time.Minute)
		}
		w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
		w.hint(id)
		w.wantStatus(o.ID, topup.Delivered)
	}
}

func TestConfirmationWhoseNewsCannotBeReadIsFoundAMinuteLater(t *testing.T) {
	w := newWorld(t)
	w.gateway.takes.then(act{answer: topup.Action})
	w.gateway.lookUps.then(act{answer: topup.Unknown})
	o := w.place(w.request())
	id := w.history(o.ID).Charge.ID
	m := w.gateway.of(id)
	m.state, m.taken = topup.Done, 1
	w.hint(id)
	w.wantStatus(o.ID, topup.Confirming)
	w.work(time.Minute)
	w.wantBooks(w.wantStatus(o.ID, topup.Delivered), 1, 0, 1)
}
