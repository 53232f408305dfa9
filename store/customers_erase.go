package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Why a customer can't be erased yet.
var (
	ErrUnderWay = errors.New("an order is under way or waits for an operator, or a debit is pending")
	ErrInDebt   = errors.New("the customer owes money")
)

// Erasure removes who a customer is.
type Erasure struct {
	Customer prepaid.CustomerID
	// Pseudonym takes the number's place in what is kept for the books.
	Pseudonym prepaid.MSISDN
	// DespiteDebt erases a customer who owes money: the debt stays in the ledger, nobody can be asked for it.
	DespiteDebt bool
	By          topup.By
}

// EraseCustomer removes who a customer is, in one transaction: the number's pseudonym takes its place; PIN,
// token, display, addresses, codes, opt-outs, messages and transcripts go; orders, charges, the ledger and the
// texts of mandates stay.
// Orders that others made for the number get the pseudonym too. It returns the
// addresses that were the customer's, whose sessions are the caller's to remove. Errors:
// accounts.ErrNoCustomer (or erased already), ErrUnderWay, ErrInDebt.
func (db *DB) EraseCustomer(ctx context.Context, e Erasure, now time.Time) (addresses []prepaid.Address, err error) {
	err = db.write(ctx, "erase customer", func(tx *sqlx.Tx) error {
		status, err := db.lockCustomer(ctx, tx, e.Customer)
		if err != nil {
			return err
		}
		if status == accounts.Erased {
			return accounts.ErrNoCustomer
		}
		if status == accounts.Blocked && !e.DespiteDebt {
			return ErrInDebt
		}
		c, err := getCustomer(ctx, tx, `c.id = ?`, e.Customer)
		if err != nil {
			return err
		}
		if err := nothingUnderWay(ctx, tx, c); err != nil {
			return err
		}
		if addresses, err = addressesOf(ctx, tx, c); err != nil {
			return err
		}
		if err := eraseAddresses(ctx, tx, c, addresses); err != nil {
			return err
		}
		if err := erasePerson(ctx, tx, c, e.Pseudonym); err != nil {
			return err
		}
		return insertIntervention(ctx, tx, topup.Intervention{ID: prepaid.NewID[string](), Customer: e.Customer, What: "erase",
			By: e.By, At: now, Outcome: "done", EndedAt: now})
	})
	if err != nil {
		return nil, err
	}
	return addresses, nil
}

// nothingUnderWay refuses while news of the customer's orders may still come.
func nothingUnderWay(ctx context.Context, tx *sqlx.Tx, c accounts.Customer) error {
	var one int
	found, err := get(ctx, tx, &one, `
		SELECT 1 FROM orders o JOIN charges ch ON ch.order_id = o.id
		WHERE (o.customer = ? OR (o.brand = ? AND o.msisdn = ?))
		  AND (o.run_at > 0 OR o.needs_human OR (ch.status = 'pending' AND o.status = 'delivered')) LIMIT 1`, c.ID, c.Brand, c.MSISDN)
	if err == nil && found {
		err = ErrUnderWay
	}
	return err
}

// addressesOf lists the customer's addresses, also those that only an order or an open setup remembers.
func addressesOf(ctx context.Context, tx *sqlx.Tx, c accounts.Customer) ([]prepaid.Address, error) {
	var addresses []prepaid.Address
	err := list(ctx, tx, &addresses, `
		SELECT address FROM customer_addresses WHERE customer = ?
		UNION SELECT reply_address FROM orders WHERE customer = ? AND reply_address <> ''
		UNION SELECT reply_address FROM payment_setups WHERE customer = ? AND reply_address <> ''`, c.ID, c.ID, c.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if a == c.MSISDN.Tel() {
			return addresses, nil
		}
	}
	return append(addresses, c.MSISDN.Tel()), nil
}

// eraseAddresses removes what is kept by address; there is one at least, the number's own.
func eraseAddresses(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, addresses []prepaid.Address) error {
	for _, a := range addresses {
		for _, query := range []string{
			`DELETE FROM customer_addresses WHERE brand = ? AND address = ?`,
			`DELETE FROM opt_outs WHERE brand = ? AND address = ?`,
			`DELETE FROM one_time_code_tries WHERE brand = ? AND address = ?`,
			`DELETE FROM one_time_codes WHERE brand = ? AND address = ?`,
			`DELETE FROM one_time_code_requests WHERE brand = ? AND address = ?`,
			`DELETE FROM notices WHERE order_id = '' AND brand = ? AND address = ?`,
			`DELETE FROM outbox WHERE brand = ? AND address = ?`,
			`UPDATE notices SET address = '', told_at = CASE WHEN told_at = 0 THEN due_at ELSE told_at END WHERE brand = ? AND address = ?`,
			`UPDATE orders SET reply_address = '', action_url = '', operation_key = id WHERE brand = ? AND reply_address = ?`,
		} {
			if _, err := exec(ctx, tx, query, c.Brand, a); err != nil {
				return err
			}
		}
		for _, key := range cards.AllTryKeys(a, c.ID) {
			for _, table := range []string{"card_tries", "card_try_keys"} {
				if _, err := exec(ctx, tx, `DELETE FROM `+table+` WHERE brand = ? AND key = ?`, c.Brand, key); err != nil {
					return err
				}
			}
		}
		_, err := exec(ctx, tx, `DELETE FROM transcripts WHERE sender LIKE ? ESCAPE '\'`, likeEscape(c.Brand)+"/%/"+likeEscape(string(a)))
		if err != nil {
			return err
		}
	}
	return nil
}

func likeEscape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// erasePerson overwrites what is kept for the books.
func erasePerson(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, pseudonym prepaid.MSISDN) error {
	steps := []struct {
		query string
		args  []any
	}{
		// The customer's id keeps the number free for whoever registers it next.
		{`UPDATE customers SET msisdn = ?, status = 'erased', pin_hash = '', registered_by = '', recognised_at = 0, ` + noTries + ` WHERE id = ?`,
			[]any{string(pseudonym) + "-" + string(c.ID), c.ID}},
		{`DELETE FROM pin_tries WHERE customer = ?`, []any{c.ID}},
		{`DELETE FROM unlinked_addresses WHERE customer = ?`, []any{c.ID}},
		{`DELETE FROM recoveries WHERE customer = ?`, []any{c.ID}},
		{`DELETE FROM pin_details WHERE order_id IN (SELECT id FROM orders WHERE customer = ? OR (brand = ? AND msisdn = ?))`,
			[]any{c.ID, c.Brand, c.MSISDN}},
		{`DELETE FROM one_time_code_tries WHERE brand = ? AND msisdn = ?`, []any{c.Brand, c.MSISDN}},
		{`DELETE FROM one_time_codes WHERE brand = ? AND msisdn = ?`, []any{c.Brand, c.MSISDN}},
		{`DELETE FROM one_time_code_requests WHERE brand = ? AND msisdn = ?`, []any{c.Brand, c.MSISDN}},
		{`UPDATE instruments SET token = '', display = '', active = FALSE WHERE customer = ?`, []any{c.ID}},
		{`UPDATE payment_setups SET url = '', gateway_ref = '', reply_address = '', operation_key = id,
			status = CASE WHEN status = 'open' THEN 'abandoned' ELSE status END WHERE customer = ?`, []any{c.ID}},
		// The mandate itself is kept for the bank that asks for it.
		{`UPDATE mandates SET holder = '', iban = '', address = '', sealed = '', run_at = 0 WHERE customer = ?`, []any{c.ID}},
		{`UPDATE cards SET activated_by = ? WHERE brand = ? AND activated_by = ?`, []any{pseudonym, c.Brand, c.MSISDN}},
		{`UPDATE orders SET operation_key = id WHERE customer = ?`, []any{c.ID}},
		{`UPDATE developer_sales SET sender = '' WHERE sender = ?`, []any{c.MSISDN}},
		{`UPDATE orders SET email = '', request_hash = '' WHERE customer = ? AND email <> ''`, []any{c.ID}},
		// An unkeyed hash of the number would tell it to whoever tries all numbers.
		{`UPDATE orders SET msisdn = ?, request_hash = '' WHERE brand = ? AND msisdn = ?`, []any{pseudonym, c.Brand, c.MSISDN}},
	}
	for _, s := range steps {
		if _, err := exec(ctx, tx, s.query, s.args...); err != nil {
			return fmt.Errorf("%.40s…: %w", strings.Join(strings.Fields(s.query), " "), err)
		}
	}
	return nil
}
