package topup

import (
	"slices"
	"testing"
)

func TestTransitionsLeadFromRequestedToEveryStatusAndToAnEnd(t *testing.T) {
	table := Transitions()
	reached := []Status{Requested}
	for i := 0; i < len(reached); i++ {
		for _, to := range table[reached[i]] {
			if !slices.Contains(Statuses(), to) {
				t.Errorf("%s leads to %q, which is no status", reached[i], to)
			}
			if !Legal(reached[i], to) {
				t.Errorf("%s to %s is in the table but not legal", reached[i], to)
			}
			if !slices.Contains(reached, to) {
				reached = append(reached, to)
			}
		}
	}
	for _, s := range Statuses() {
		if !slices.Contains(reached, s) {
			t.Errorf("%s can't be reached", s)
		}
		if len(table[s]) == 0 && !s.Ended() {
			t.Errorf("%s is a dead end", s)
		}
	}
}

func TestEndsAreFinal(t *testing.T) {
	for _, end := range []Status{Declined, Refunded} {
		for _, to := range Statuses() {
			if Legal(end, to) {
				t.Errorf("%s may go to %s", end, to)
			}
		}
	}
	// Only the network's own reversal reopens a delivered order, and it leads to a refund.
	for _, to := range Statuses() {
		if Legal(Delivered, to) != (to == Refunding) {
			t.Errorf("delivered to %s: %v", to, Legal(Delivered, to))
		}
	}
}

func TestNoMoneyMovesWithoutPassingItsStep(t *testing.T) {
	for _, from := range Statuses() {
		for _, to := range next(from) {
			switch to {
			case Delivered:
				if from != Delivering && from != DeliveryUnknown {
					t.Errorf("%s is delivered without a delivery", from)
				}
			case Delivering:
				if from != Charged && from != Held && from != DeliveryUnknown {
					t.Errorf("%s delivers without a charge", from)
				}
			case Declined:
				if from != Charging && from != Confirming && from != ChargeUnknown {
					t.Errorf("%s is declined although it may be charged", from)
				}
			}
		}
	}
}
