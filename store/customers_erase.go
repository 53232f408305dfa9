package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
)

// EraseCustomer removes who a customer is, in one transaction: pseudonyms take the place of the number and of the addresses;
// PIN, token, display, links, codes, messages and transcripts go; orders, charges, the ledger and the texts of mandates stay,
// and so do opt-outs and what was counted against an address, for when it is written from again.
// Orders that others made for the number get the pseudonym too. It returns the
// addresses that were the customer's, whose sessions are the caller's to remove. Errors:
// accounts.ErrNoCustomer (or erased already), *accounts.UnderWayError, accounts.ErrInDebt.
func (db Customers) EraseCustomer(ctx context.Context, e operators.Erasure, now time.Time) (addresses []prepaid.Address, err error) {
	err = db.writeOrders(ctx, "erase customer", func(tx *sqlx.Tx) error {
		c, err := db.lockNumberAndCustomer(ctx, tx, e.Customer)
		switch {
		case err != nil:
			return err
		case c.Status == accounts.Erased:
			return accounts.ErrNoCustomer
		case c.Status == accounts.Blocked && !e.DespiteDebt:
			return accounts.ErrInDebt
		}
		if err := refuseUnderWay(ctx, tx, c); err != nil {
			return err
		}
		if addresses, err = erase(ctx, tx, c, e.Pseudonyms, now); err != nil {
			return err
		}
		d := customerDeed(c.Brand, e.Customer, "erase", e.By, now)
		d.Old, d.New = string(c.Status), string(accounts.Erased)
		return recordDeed(ctx, tx, d)
	})
	if err != nil {
		return nil, err
	}
	return addresses, nil
}

// erase puts pseudonyms in the place of a customer, who is locked, and returns the addresses that were theirs.
func erase(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, p accounts.Pseudonyms, now time.Time) ([]prepaid.Address, error) {
	addresses, err := addressesOf(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	if err := eraseBlocks(ctx, tx, c, addresses, p); err != nil {
		return nil, err
	}
	if err := eraseApprovals(ctx, tx, c, now); err != nil {
		return nil, err
	}
	if err := eraseAddresses(ctx, tx, c, addresses, p); err != nil {
		return nil, err
	}
	return addresses, erasePerson(ctx, tx, c, p.Number, now)
}

// refuseUnderWay refuses while news of the customer's orders may still come.
func refuseUnderWay(ctx context.Context, tx *sqlx.Tx, c accounts.Customer) error {
	var open struct {
		ID    prepaid.OrderID
		Debit bool
	}
	found, err := get(ctx, tx, &open, `
		SELECT o.id, (ch.status = 'pending' AND o.status = 'delivered') AS debit FROM orders o JOIN charges ch ON ch.brand = o.brand AND ch.order_id = o.id
		WHERE (o.customer = ? OR (o.brand = ? AND o.msisdn = ?))
		  AND (o.run_at > 0 OR o.needs_human OR (ch.status = 'pending' AND o.status = 'delivered'))
		ORDER BY o.created_at, o.id LIMIT 1`, c.ID, c.Brand, c.MSISDN)
	if err == nil && found {
		err = &accounts.UnderWayError{Order: open.ID, Debit: open.Debit}
	}
	return err
}

// addressesOf lists the customer's addresses, also those that only an order or an open setup remembers, unless they are
// another customer's by now.
func addressesOf(ctx context.Context, tx *sqlx.Tx, c accounts.Customer) ([]prepaid.Address, error) {
	var addresses []prepaid.Address
	err := list(ctx, tx, &addresses, `
		SELECT address FROM (
			SELECT address FROM customer_addresses WHERE brand = ? AND customer = ?
			UNION ALL SELECT reply_address FROM orders WHERE customer = ? AND reply_address <> ''
			UNION ALL SELECT reply_address FROM payment_setups WHERE brand = ? AND customer = ? AND reply_address <> ''
		) AS used
		WHERE NOT EXISTS (SELECT 1 FROM customer_addresses a WHERE a.brand = ? AND a.address = used.address AND a.customer <> ?)`, c.Brand, c.ID, c.ID, c.Brand, c.ID, c.Brand, c.ID)
	if err != nil {
		return nil, err
	}
	slices.Sort(addresses)
	addresses = slices.Compact(addresses)
	if slices.Contains(addresses, c.MSISDN.Tel()) {
		return addresses, nil
	}
	return append(addresses, c.MSISDN.Tel()), nil
}

// eraseBlocks removes what blocks show of the customer, and what deeds say of those that were blocked together. What is blocked stays so,
// under its pseudonym. An IBAN is known by what its mandate shows.
func eraseBlocks(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, addresses []prepaid.Address, p accounts.Pseudonyms) error {
	var values []string
	add := func(kind operators.BlockKind, what string) {
		if p.Blocks != nil {
			values = append(values, p.Blocks(string(kind), what)...)
		}
	}
	add(operators.BlockNumber, string(c.MSISDN))
	for _, a := range addresses {
		add(operators.BlockAddress, string(a))
	}
	var paid []struct{ Gateway, Display string }
	if err := list(ctx, tx, &paid, `SELECT DISTINCT gateway, display FROM instruments WHERE brand = ? AND customer = ? AND display <> ''`, c.Brand, c.ID); err != nil {
		return err
	}
	for _, i := range paid {
		add(operators.BlockInstrument, operators.InstrumentName(i.Gateway, i.Display))
	}
	type block struct{ ID, Batch, Shows string }
	var shown, more []block
	if err := list(ctx, tx, &shown, `
		SELECT b.id, b.batch, b.shows FROM blocks b JOIN mandates m ON m.brand = b.brand AND m.iban = b.shows
		WHERE b.brand = ? AND b.kind = 'IBAN' AND b.shows <> '' AND m.customer = ?`, c.Brand, c.ID); err != nil {
		return err
	}
	if len(values) > 0 {
		if err := listIn(ctx, tx, &more, `SELECT id, batch, shows FROM blocks WHERE brand = ? AND value IN (?) AND shows <> ''`, c.Brand, values); err != nil {
			return err
		}
	}
	masked := c.MSISDN.Masked()
	steps := []erasing{{`UPDATE approvals SET does = replace(does, ?, ''), operation = replace(operation, ?, '') WHERE brand = ? AND object_kind = ? AND ended_at = 0`,
		[]any{masked, masked, c.Brand, prepaid.OnBlock}}}
	for _, b := range append(shown, more...) {
		steps = append(steps,
			erasing{`DELETE FROM deed_details WHERE brand = ? AND deed IN (SELECT id FROM deeds WHERE brand = ? AND kind = ? AND object = ?)`,
				[]any{c.Brand, c.Brand, prepaid.OnBlock, b.Batch}},
			erasing{`UPDATE approvals SET does = replace(does, ?, ''), operation = replace(operation, ?, '') WHERE brand = ? AND object_kind = ? AND object IN (?, ?)`,
				[]any{b.Shows, b.Shows, c.Brand, prepaid.OnBlock, b.Batch, b.ID}},
			erasing{`UPDATE blocks SET shows = '' WHERE brand = ? AND id = ?`, []any{c.Brand, b.ID}})
	}
	return eraseBy(ctx, tx, steps)
}

// eraseApprovals removes what approvals about the customer, and about orders of theirs, say. What waits for a decision lapses. What ends the
// customer, and is being carried out, keeps what it needs to be finished after an interruption.
func eraseApprovals(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, now time.Time) error {
	var steps []erasing
	for _, about := range []erasing{
		{` AND object_kind = 'customer' AND object = ?`, []any{c.ID}},
		{` AND object_kind = 'order' AND object IN (SELECT id FROM orders WHERE customer = ?)`, []any{c.ID}},
		{` AND object_kind = 'order' AND object IN (SELECT id FROM orders WHERE brand = ? AND msisdn = ?)`, []any{c.Brand, c.MSISDN}},
	} {
		steps = append(steps,
			erasing{`UPDATE approvals SET status = 'lapsed', ended_at = ? WHERE status = 'asked' AND ended_at = 0` + about.query, append([]any{prepaid.Micros(now)}, about.args...)},
			erasing{`UPDATE approvals SET does = '', reads = '', outcome = '' WHERE TRUE` + about.query, about.args},
			erasing{`UPDATE approvals SET operation = '{}', state = '' WHERE (ended_at > 0 OR kind NOT IN (?, ?))` + about.query,
				append([]any{operators.EraseCustomer{}.Kind(), operators.CloseAccount{}.Kind()}, about.args...)})
	}
	return eraseBy(ctx, tx, steps)
}

// erasing is a statement that erases.
type erasing struct {
	query string
	args  []any
}

func eraseBy(ctx context.Context, tx *sqlx.Tx, steps []erasing) error {
	for _, s := range steps {
		if _, err := exec(ctx, tx, s.query, s.args...); err != nil {
			return fmt.Errorf("%.40s…: %w", strings.Join(strings.Fields(s.query), " "), err)
		}
	}
	return nil
}

// eraseAddresses removes what is kept by address; there is one at least, the number's own.
func eraseAddresses(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, addresses []prepaid.Address, p accounts.Pseudonyms) error {
	for _, a := range addresses {
		if err := keepByPseudonym(ctx, tx, c.Brand, a, p.Address(a)); err != nil {
			return err
		}
		for _, query := range []string{
			`DELETE FROM customer_addresses WHERE brand = ? AND address = ?`,
			`DELETE FROM last_inbound WHERE brand = ? AND address = ?`,
			`DELETE FROM one_time_code_tries WHERE brand = ? AND address = ?`,
			`DELETE FROM one_time_codes WHERE brand = ? AND address = ?`,
			`DELETE FROM notices WHERE order_id = '' AND brand = ? AND address = ?`,
			`DELETE FROM outbox WHERE brand = ? AND address = ?`,
			`DELETE FROM outbox_archive WHERE brand = ? AND address = ?`,
			`DELETE FROM transcripts WHERE brand = ? AND address = ?`,
			`DELETE FROM transcripts_archive WHERE brand = ? AND address = ?`,
			`UPDATE notices SET address = '', told_at = CASE WHEN told_at = 0 THEN due_at ELSE told_at END WHERE brand = ? AND address = ?`,
			`UPDATE orders SET reply_address = '', action_url = '', operation_key = id WHERE brand = ? AND reply_address = ? AND reply_address <> ''`,
		} {
			if _, err := exec(ctx, tx, query, c.Brand, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// erasePerson overwrites what is kept for the books.
func erasePerson(ctx context.Context, tx *sqlx.Tx, c accounts.Customer, pseudonym prepaid.MSISDN, now time.Time) error {
	return eraseBy(ctx, tx, []erasing{
		// The customer's id keeps the number free for whoever registers it next.
		{`UPDATE customers SET msisdn = ?, pseudonym = ?, erased_as = status, erased_at = ?, status = 'erased', pin_hash = '',
			recognised_at = 0, registered_by = '', ` + noTries + ` WHERE id = ?`,
			[]any{string(pseudonym) + "-" + string(c.ID), pseudonym, prepaid.Micros(now), c.ID}},
		{`DELETE FROM deed_details WHERE brand = ? AND deed IN (SELECT id FROM deeds WHERE kind = ? AND object = ?)`,
			[]any{c.Brand, prepaid.OnCustomer, c.ID}},
		{`DELETE FROM deed_details WHERE brand = ? AND deed IN (SELECT d.id FROM deeds d JOIN orders o ON o.id = d.object
			WHERE d.kind = ? AND (o.customer = ? OR (o.brand = ? AND o.msisdn = ?)))`, []any{c.Brand, prepaid.OnOrder, c.ID, c.Brand, c.MSISDN}},
		{`DELETE FROM pin_tries WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM pin_tries_archive WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM customer_notes WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM customer_sightings WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM caller_checks WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM unlinked_addresses WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM recoveries WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM short_links WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM assignments WHERE brand = ? AND kind = 'customer' AND object = ?`, []any{c.Brand, c.ID}},
		{`DELETE FROM pin_details WHERE brand = ? AND order_id IN (SELECT id FROM orders WHERE customer = ? OR (brand = ? AND msisdn = ?))`,
			[]any{c.Brand, c.ID, c.Brand, c.MSISDN}},
		{`DELETE FROM one_time_code_tries WHERE brand = ? AND msisdn = ?`, []any{c.Brand, c.MSISDN}},
		{`DELETE FROM one_time_codes WHERE brand = ? AND msisdn = ?`, []any{c.Brand, c.MSISDN}},
		{`UPDATE one_time_code_requests SET msisdn = ? WHERE brand = ? AND msisdn = ?`, []any{pseudonym, c.Brand, c.MSISDN}},
		{`UPDATE one_time_code_requests_archive SET msisdn = ? WHERE brand = ? AND msisdn = ?`, []any{pseudonym, c.Brand, c.MSISDN}},
		// What the customer bought for a number of their own before the present one.
		{`UPDATE orders SET msisdn = ?, request_hash = '' WHERE customer = ? AND msisdn IN (
			SELECT former FROM customer_moves WHERE brand = ? AND customer = ? AND former <> '')`, []any{pseudonym, c.ID, c.Brand, c.ID}},
		{`UPDATE customer_moves SET former = '' WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`UPDATE instruments SET token = '', display = '', active = FALSE WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`UPDATE payment_setups SET url = '', gateway_ref = '', reply_address = '', operation_key = id,
			status = CASE WHEN status = 'open' THEN 'abandoned' ELSE status END WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		// The mandate itself is kept for the bank that asks for it.
		{`UPDATE mandates SET holder = '', iban = '', address = '', sealed = '', run_at = 0 WHERE brand = ? AND customer = ?`, []any{c.Brand, c.ID}},
		{`UPDATE cards SET activated_by = ? WHERE brand = ? AND activated_by = ? AND activated_by <> ''`, []any{pseudonym, c.Brand, c.MSISDN}},
		{`UPDATE orders SET operation_key = id, reply_address = '', action_url = '' WHERE customer = ?`, []any{c.ID}},
		{`UPDATE developer_sales SET sender = '' WHERE brand = ? AND sender = ? AND sender <> ''`, []any{c.Brand, c.MSISDN}},
		{`UPDATE orders SET email = '', request_hash = '' WHERE customer = ? AND email <> ''`, []any{c.ID}},
		// An unkeyed hash of the number would tell it to whoever tries all numbers.
		{`UPDATE orders SET msisdn = ?, request_hash = '' WHERE brand = ? AND msisdn = ?`, []any{pseudonym, c.Brand, c.MSISDN}},
	})
}
