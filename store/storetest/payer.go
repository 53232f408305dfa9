package storetest

import (
	"context"
	"time"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
)

// Payer registers somebody who can pay, for tests that begin with a purchase. Nobody is told.
func Payer(ctx context.Context, db *store.DB, brand string, m prepaid.MSISDN, at time.Time) (accounts.Customer, error) {
	c, err := db.Customers.SaveRegistration(ctx, accounts.Customer{ID: prepaid.NewID[prepaid.CustomerID](), Brand: brand, MSISDN: m,
		Language: "en", PIN: accounts.PIN{Hash: "hash"}, CreatedAt: at}, []accounts.Place{place(m.Tel())})
	if err != nil {
		return c, err
	}
	_, err = Instrument(ctx, db, c, at)
	if err != nil {
		return c, err
	}
	return db.Customers.CustomerByMSISDN(ctx, brand, m)
}

// Instrument sets up a card at the simulated gateway's, as on its page, for a customer's present holder.
func Instrument(ctx context.Context, db *store.DB, c accounts.Customer, at time.Time) (prepaid.InstrumentID, error) {
	s, err := db.Payments.SaveSetup(ctx, payments.Setup{ID: prepaid.NewID[prepaid.SetupID](), OperationKey: prepaid.NewToken(), Brand: c.Brand,
		Customer: c.ID, Gateway: "sim", Method: payments.Card, URL: "https://pay.example/1", Status: payments.SetupOpen, CreatedAt: at})
	if err != nil {
		return "", err
	}
	i := payments.Instrument{ID: prepaid.NewID[prepaid.InstrumentID](), Customer: c.ID, Brand: c.Brand, Gateway: "sim",
		Method: payments.Card, Token: prepaid.NewSecret("tok_" + string(s.ID)), Display: "Visa **** 4242", CreatedAt: at}
	_, err = db.Payments.EndSetup(ctx, s.ID, &i, payments.NoticeOf(s.ID), at)
	return i.ID, err
}

// Mandate sets up a direct debit at the simulated gateway's, by a mandate given by text, for a customer's present holder.
func Mandate(ctx context.Context, db *store.DB, c accounts.Customer) (prepaid.InstrumentID, error) {
	s, m := mandate(c, "mandate/"+prepaid.NewToken())
	if _, err := db.Mandates.SaveMandate(ctx, s, m); err != nil {
		return "", err
	}
	i := instrument(c)
	i.Token = prepaid.NewSecret("tok_" + string(s.ID))
	_, err := db.Payments.EndSetup(ctx, s.ID, i, payments.NoticeOf(s.ID), s.CreatedAt)
	return i.ID, err
}
