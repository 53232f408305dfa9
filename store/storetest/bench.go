package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

// BenchmarkTopUp measures the four transactions of a top-up by one text, with as many customers at once as
// the benchmark has workers.
func BenchmarkTopUp(b *testing.B, db *store.DB) {
	var customers atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		c, err := db.Customers.SaveRegistration(b.Context(), accounts.Customer{ID: prepaid.NewID[prepaid.CustomerID](), Brand: brand,
			MSISDN: msisdn(int(customers.Add(1))), PIN: accounts.PIN{Hash: "hash"}, CreatedAt: start}, nil)
		if err == nil {
			err = canPay(b, db, &c)
		}
		if err != nil {
			b.Error(err)
			return
		}
		for n := 0; pb.Next(); n++ {
			if err := topUp(b, db, c, fmt.Sprint(c.ID, n)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// canPay gives a customer an instrument.
func canPay(b *testing.B, db *store.DB, c *accounts.Customer) error {
	s, err := db.Payments.SaveSetup(b.Context(), setup(*c, "setup "+string(c.ID)))
	if err == nil {
		_, err = db.Payments.EndSetup(b.Context(), s.ID, instrument(*c), prepaid.NewID[prepaid.NoticeID](), start)
	}
	if err == nil {
		*c, err = db.Customers.CustomerByMSISDN(b.Context(), brand, c.MSISDN)
	}
	return err
}

func topUp(b *testing.B, db *store.DB, c accounts.Customer, key string) error {
	if _, counted, err := db.PINs.CountPINTry(b.Context(), c.ID, key, start); err != nil || !counted {
		return fmt.Errorf("PIN counted %v: %w", counted, err)
	}
	if err := db.PINs.ForgivePIN(b.Context(), c.ID, key); err != nil {
		return err
	}
	w := &world{db: db}
	n := w.purchase(c, func(n *topup.NewOrder) {
		n.Order.OperationKey, n.Confirmed = key, true
		n.Limits = prepaid.Limits{DaySum: eur(1 << 40), MonthSum: eur(1 << 40)}
	})
	o, _, err := db.Orders.Create(b.Context(), n)
	if err != nil {
		return err
	}
	for _, change := range []topup.Change{charged(o), delivered(o)} {
		if moved, err := db.Orders.Apply(b.Context(), change); err != nil || !moved {
			return fmt.Errorf("moved %v: %w", moved, err)
		}
	}
	return nil
}
