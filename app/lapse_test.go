package app

import (
	"testing"
	"time"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
)

// TestExpiryIsBookedByOneCopy has another copy hold the lease first.
func TestExpiryIsBookedByOneCopy(t *testing.T) {
	r := runDemo(t, nil, nil)
	shop, err := r.cardsOf("demo")
	if err != nil {
		t.Fatal(err)
	}
	j, err := shop.Generate(t.Context(), operators.CardBatch{Amount: "10", Quantity: 3, Series: "77"}, prepaid.By{Who: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shop.Run(t.Context(), j, operators.CardRun{Made: func(cards.Card, prepaid.Secret) error { return nil }}); err != nil {
		t.Fatal(err)
	}
	now := r.Clock.Now()
	for { // the program's own worker may hold it
		held, err := r.DB.Leases.HoldLease(t.Context(), "expired cards", "another", now.Add(2*lapseLease), now.Add(4*lapseLease))
		if err != nil {
			t.Fatal(err)
		}
		if held {
			break
		}
	}
	if _, err := r.DB.Writer().ExecContext(t.Context(), r.DB.Writer().Rebind(`UPDATE cards SET expires_at = ? WHERE series = '77'`), prepaid.Micros(now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	if n, err := r.lapseCards(t.Context()); n != 0 || err != nil {
		t.Errorf("booked %d while another copy does it, %v", n, err)
	}
	if _, err := r.DB.Leases.HoldLease(t.Context(), "expired cards", "another", now, now); err != nil {
		t.Fatal(err)
	}
	if n, err := r.lapseCards(t.Context()); n > 3 || err != nil {
		t.Errorf("booked %d, %v", n, err)
	}
	day := now.Add(24 * time.Hour).UTC().Format(time.DateOnly)
	rows, err := shop.Standing(t.Context(), day)
	var expired int64
	for _, row := range rows {
		expired += row.Expired
	}
	if expired != 3 || err != nil {
		t.Errorf("%+v, %v", rows, err)
	}
	if found, err := r.Audit().Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
}
