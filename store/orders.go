package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Orders keeps orders with their charges, attempts, ledger entries and history.
type Orders struct{ *core }

var (
	_ topup.Finder = Orders{}
	_ topup.Orders = Orders{}
)

type orderRow struct {
	ID              prepaid.OrderID    `db:"id"`
	Brand           string             `db:"brand"`
	Customer        prepaid.CustomerID `db:"customer"`
	MSISDN          prepaid.MSISDN     `db:"msisdn"`
	Email           prepaid.Email      `db:"email"`
	Currency        prepaid.Currency   `db:"currency"`
	Minor           int64              `db:"minor"`
	FundingKind     topup.FundingKind  `db:"funding_kind"`
	FundingRef      string             `db:"funding_ref"`
	FundingProvider string             `db:"funding_provider"`
	FundingMethod   string             `db:"funding_method"`
	OperationKey    string             `db:"operation_key"`
	RequestHash     string             `db:"request_hash"`
	replyRow
	AuthorisedBy string           `db:"authorised_by"`
	Status       topup.Status     `db:"status"`
	Reason       string           `db:"reason"`
	ActionURL    string           `db:"action_url"`
	NetworkRef   string           `db:"network_ref"`
	ByPIN        bool             `db:"by_pin"`
	CostCurrency prepaid.Currency `db:"cost_currency"`
	CostMinor    int64            `db:"cost_minor"`
	Absents      int              `db:"absents"`
	AbsentAt     int64            `db:"absent_at"`
	Tries        int              `db:"tries"`
	NeedsHuman   bool             `db:"needs_human"`
	InFlight     bool             `db:"in_flight"`
	AfterDebit   bool             `db:"after_debit"`
	CreatedAt    int64            `db:"created_at"`
	StatusAt     int64            `db:"status_at"`
	RunAt        int64            `db:"run_at"`
	LeaseUntil   int64            `db:"lease_until"`
}

// replyRow is a topup.ReplyTo.
type replyRow struct {
	ReplyChannel  string          `db:"reply_channel"`
	ReplyKind     string          `db:"reply_kind"`
	ReplyAddress  prepaid.Address `db:"reply_address"`
	ReplyLanguage string          `db:"reply_language"`
}

func toReplyRow(r topup.ReplyTo) replyRow {
	return replyRow{r.Channel, r.Kind, r.Address, r.Language}
}

func (r replyRow) replyTo() topup.ReplyTo {
	return topup.ReplyTo{Channel: r.ReplyChannel, Kind: r.ReplyKind, Address: r.ReplyAddress, Language: r.ReplyLanguage}
}

// orderColumns are what orderRow reads.
const orderColumns = `id, brand, customer, msisdn, email, currency, minor, funding_kind, funding_ref, funding_provider,
	funding_method, operation_key, request_hash, reply_channel, reply_kind, reply_address, reply_language,
	authorised_by, status, reason, action_url, network_ref, by_pin, cost_currency, cost_minor, absents, absent_at, tries,
	needs_human, in_flight, after_debit, created_at, status_at, run_at, lease_until`

func toOrderRow(o topup.Order) orderRow {
	return orderRow{
		ID: o.ID, Brand: o.Brand, Customer: o.Customer, MSISDN: o.MSISDN, Email: o.Email,
		Currency: o.Amount.Currency, Minor: o.Amount.Minor,
		FundingKind: o.Funding.Kind, FundingRef: o.Funding.Ref,
		FundingProvider: o.Funding.Provider, FundingMethod: o.Funding.Method,
		OperationKey: o.OperationKey, RequestHash: o.RequestHash, replyRow: toReplyRow(o.ReplyTo),
		AuthorisedBy: o.AuthorisedBy, Status: o.Status, Reason: o.Reason, ActionURL: o.ActionURL,
		NetworkRef: o.NetworkRef, ByPIN: o.ByPIN, CostCurrency: o.Cost.Currency, CostMinor: o.Cost.Minor,
		Absents: o.Absents, AbsentAt: prepaid.Micros(o.AbsentAt), Tries: o.Tries, NeedsHuman: o.NeedsHuman,
		InFlight: o.InFlight, AfterDebit: o.AfterDebit,
		CreatedAt: prepaid.Micros(o.CreatedAt), StatusAt: prepaid.Micros(o.StatusAt),
		RunAt: prepaid.Micros(o.RunAt), LeaseUntil: prepaid.Micros(o.LeaseUntil),
	}
}

func (r orderRow) order() topup.Order {
	return topup.Order{
		ID: r.ID, Brand: r.Brand, Customer: r.Customer, MSISDN: r.MSISDN, Email: r.Email,
		Amount: prepaid.Money{Minor: r.Minor, Currency: r.Currency},
		Funding: topup.FundingRef{Kind: r.FundingKind, Ref: r.FundingRef,
			Provider: r.FundingProvider, Method: r.FundingMethod},
		OperationKey: r.OperationKey, RequestHash: r.RequestHash, ReplyTo: r.replyTo(),
		AuthorisedBy: r.AuthorisedBy, AfterDebit: r.AfterDebit, Status: r.Status, InFlight: r.InFlight, Reason: r.Reason, ActionURL: r.ActionURL,
		NetworkRef: r.NetworkRef, ByPIN: r.ByPIN, Cost: prepaid.Money{Minor: r.CostMinor, Currency: r.CostCurrency},
		Absents: r.Absents, AbsentAt: prepaid.FromMicros(r.AbsentAt), Tries: r.Tries, NeedsHuman: r.NeedsHuman,
		CreatedAt: prepaid.FromMicros(r.CreatedAt), StatusAt: prepaid.FromMicros(r.StatusAt),
		RunAt: prepaid.FromMicros(r.RunAt), LeaseUntil: prepaid.FromMicros(r.LeaseUntil),
	}
}

type attemptRow struct {
	Order       prepaid.OrderID `db:"order_id"`
	Number      int             `db:"number"`
	Step        topup.Step      `db:"step"`
	Reference   string          `db:"reference"`
	Outcome     topup.Outcome   `db:"outcome"`
	Code        string          `db:"code"`
	ProviderRef string          `db:"provider_ref"`
	StartedAt   int64           `db:"started_at"`
	EndedAt     int64           `db:"ended_at"`
}

func insertAttempt(ctx context.Context, tx *sqlx.Tx, a topup.Attempt) error {
	_, err := insert(ctx, tx, `
		INSERT INTO attempts (order_id, number, step, reference, outcome, code, provider_ref, started_at, ended_at)
		VALUES (:order_id, :number, :step, :reference, :outcome, :code, :provider_ref, :started_at, :ended_at)`,
		attemptRow{a.Order, a.Number, a.Step, a.Reference, a.Outcome, a.Code, a.ProviderRef,
			prepaid.Micros(a.StartedAt), prepaid.Micros(a.EndedAt)})
	if err != nil {
		return fmt.Errorf("attempt %d: %w", a.Number, err)
	}
	return nil
}

type chargeRow struct {
	ID          prepaid.ChargeID   `db:"id"`
	Order       prepaid.OrderID    `db:"order_id"`
	Status      topup.ChargeStatus `db:"status"`
	ProviderRef string             `db:"provider_ref"`
	Former      bool               `db:"former"`
}

// Order implements topup.Orders.
func (db Orders) Order(ctx context.Context, id prepaid.OrderID) (topup.History, error) {
	return db.history(ctx, "read order", `id = ?`, id)
}

// ByCharge implements topup.Finder.
func (db Orders) ByCharge(ctx context.Context, id prepaid.ChargeID) (topup.History, error) {
	return db.history(ctx, "order of charge", `id = (SELECT order_id FROM charges WHERE charges.id = ?)`, id)
}

// ByOperation implements topup.Finder.
func (db Orders) ByOperation(ctx context.Context, brand, key string) (topup.History, error) {
	return db.history(ctx, "order of operation", `brand = ? AND operation_key = ?`, brand, key)
}

func (db Orders) history(ctx context.Context, what, where string, args ...any) (topup.History, error) {
	var found []topup.History
	err := db.readOrders(ctx, what, func(tx *sqlx.Tx) error {
		var rows []orderRow
		err := list(ctx, tx, &rows, `SELECT `+orderColumns+` FROM orders WHERE `+where, args...)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return topup.ErrNoOrder
		}
		found, err = withHistory(ctx, tx, rows)
		return err
	})
	if err != nil {
		return topup.History{}, err
	}
	return found[0], nil
}

// Latest implements topup.Finder. What a developer has bought for the number is the developer's.
func (db Orders) Latest(ctx context.Context, brand string, w topup.Whose) (topup.Order, error) {
	const newest = ` ORDER BY created_at DESC, id LIMIT 1`
	var row orderRow
	found, err := get(ctx, db.orderReader, &row, `
		SELECT `+orderColumns+` FROM orders WHERE id IN (
			SELECT id FROM (SELECT id FROM orders WHERE customer = ? AND customer <> ''`+newest+`) made
			UNION ALL
			SELECT id FROM (SELECT id FROM orders
				WHERE brand = ? AND reply_address = ? AND customer = '' AND reply_address <> ''`+newest+`) asked
			UNION ALL
			SELECT id FROM (SELECT id FROM orders
				WHERE brand = ? AND msisdn = ? AND msisdn <> '' AND funding_kind <> 'developer' AND status = 'delivered' AND NOT by_pin`+newest+`) got
		)`+newest, w.Customer, brand, w.Address, brand, w.MSISDN)
	if err != nil {
		return topup.Order{}, fmt.Errorf("latest order: %w", err)
	}
	if !found {
		return topup.Order{}, topup.ErrNoOrder
	}
	return row.order(), nil
}

// Claim implements topup.Orders. Those that have waited longest come first.
func (db Orders) Claim(ctx context.Context, now, until time.Time, n int) ([]topup.History, error) {
	var claimed []topup.History
	err := db.writeOrders(ctx, "claim orders", func(tx *sqlx.Tx) error {
		var rows []orderRow
		// Materialized: the inner SELECT must run once, or more than n rows may be locked.
		err := list(ctx, tx, &rows, `
			WITH due AS MATERIALIZED (
				SELECT id AS due_id FROM orders
				WHERE run_at > 0 AND run_at <= ? AND lease_until <= ?
				ORDER BY run_at, id LIMIT ?`+db.skipLocked+`)
			UPDATE orders SET lease_until = ? WHERE id IN (SELECT due_id FROM due)
			RETURNING `+orderColumns,
			prepaid.Micros(now), prepaid.Micros(now), n, prepaid.Micros(until))
		if err != nil || len(rows) == 0 {
			return err
		}
		claimed, err = withHistory(ctx, tx, rows)
		return err
	})
	return claimed, err
}

// withHistory adds charges and attempts to orders, of which there is at least one, and sorts them by run_at.
func withHistory(ctx context.Context, tx *sqlx.Tx, rows []orderRow) ([]topup.History, error) {
	ids := make([]prepaid.OrderID, len(rows))
	index := make(map[prepaid.OrderID]int, len(rows))
	slices.SortFunc(rows, func(a, b orderRow) int { return cmp.Or(cmp.Compare(a.RunAt, b.RunAt), cmp.Compare(a.ID, b.ID)) })
	histories := make([]topup.History, len(rows))
	for i, row := range rows {
		ids[i], index[row.ID], histories[i].Order = row.ID, i, row.order()
	}
	var charges []chargeRow
	err := listIn(ctx, tx, &charges, `
		SELECT ch.id, ch.order_id, ch.status, ch.provider_ref, ch.holder > 0 AND ch.holder < COALESCE(c.holder, 0) AS former
		FROM charges ch JOIN orders o ON o.id = ch.order_id LEFT JOIN customers c ON c.id = o.customer
		WHERE ch.order_id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	for _, c := range charges {
		histories[index[c.Order]].Charge = topup.Charge(c)
	}
	var attempts []attemptRow
	err = listIn(ctx, tx, &attempts, `
		SELECT order_id, number, step, reference, outcome, code, provider_ref, started_at, ended_at
		FROM attempts WHERE order_id IN (?) ORDER BY order_id, number`, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		h := &histories[index[a.Order]]
		h.Attempts = append(h.Attempts, topup.Attempt{Order: a.Order, Number: a.Number, Step: a.Step,
			Reference: a.Reference, Outcome: a.Outcome, Code: a.Code, ProviderRef: a.ProviderRef,
			StartedAt: prepaid.FromMicros(a.StartedAt), EndedAt: prepaid.FromMicros(a.EndedAt)})
	}
	return histories, addSales(ctx, tx, histories)
}

// NextDue implements topup.Orders.
func (db Orders) NextDue(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.orderReader, &at, `
		SELECT COALESCE(MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END), 0)
		FROM orders WHERE run_at > 0`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next due order: %w", err)
	}
	return prepaid.FromMicros(at), nil
}
