package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Mandates keeps the mandates that customers gave by text.
type Mandates struct{ *core }

type mandateRow struct {
	Setup           prepaid.SetupID    `db:"setup"`
	Brand           string             `db:"brand"`
	Customer        prepaid.CustomerID `db:"customer"`
	Reference       string             `db:"reference"`
	CreditorName    string             `db:"creditor_name"`
	CreditorAddress string             `db:"creditor_address"`
	CreditorID      string             `db:"creditor_id"`
	Language        string             `db:"language"`
	Version         string             `db:"text_version"`
	Text            string             `db:"text"`
	Holder          string             `db:"holder"`
	IBAN            string             `db:"iban"`
	Channel         string             `db:"channel"`
	Kind            string             `db:"kind"`
	Address         prepaid.Address    `db:"address"`
	AgreedAt        int64              `db:"agreed_at"`
	Sealed          string             `db:"sealed"`
	Tries           int                `db:"tries"`
	TellAt          int64              `db:"tell_at"`
	RunAt           int64              `db:"run_at"`
}

const mandateColumns = `setup, brand, customer, reference, creditor_name, creditor_address, creditor_id, language, text_version,
	text, holder, iban, channel, kind, address, agreed_at, sealed, tries, tell_at, run_at`

func toMandateRow(m payments.Mandate) mandateRow {
	return mandateRow{
		Setup: m.Setup, Brand: m.Brand, Customer: m.Customer, Reference: m.Reference,
		CreditorName: m.Creditor.Name, CreditorAddress: m.Creditor.Address, CreditorID: m.Creditor.Identifier,
		Language: m.Language, Version: m.Version, Text: m.Text, Holder: m.Holder, IBAN: m.IBAN,
		Channel: m.From.Channel, Kind: m.From.Kind, Address: m.From.Address, AgreedAt: prepaid.Micros(m.AgreedAt),
		Sealed: m.Sealed, Tries: m.Tries, TellAt: prepaid.Micros(m.TellAt), RunAt: prepaid.Micros(m.RunAt),
	}
}

func (r mandateRow) mandate() payments.Mandate {
	return payments.Mandate{
		Setup: r.Setup, Brand: r.Brand, Customer: r.Customer, Reference: r.Reference,
		Creditor: prepaid.Creditor{Name: r.CreditorName, Address: r.CreditorAddress, Identifier: r.CreditorID},
		Language: r.Language, Version: r.Version, Text: r.Text, Holder: r.Holder, IBAN: r.IBAN,
		From:     topup.ReplyTo{Channel: r.Channel, Kind: r.Kind, Address: r.Address, Language: r.Language},
		AgreedAt: prepaid.FromMicros(r.AgreedAt), Sealed: r.Sealed, Tries: r.Tries,
		TellAt: prepaid.FromMicros(r.TellAt), RunAt: prepaid.FromMicros(r.RunAt),
	}
}

// SaveMandate implements payments.Mandates.
func (db Mandates) SaveMandate(ctx context.Context, s payments.Setup, m payments.Mandate) (payments.Setup, error) {
	var stored payments.Setup
	err := db.write(ctx, "save mandate", func(tx *sqlx.Tx) error {
		added, err := db.insertSetup(ctx, tx, s)
		if err != nil {
			return err
		}
		if added == 1 {
			_, err := insert(ctx, tx, `
				INSERT INTO mandates (`+mandateColumns+`)
				VALUES (:setup, :brand, :customer, :reference, :creditor_name, :creditor_address, :creditor_id, :language, :text_version,
					:text, :holder, :iban, :channel, :kind, :address, :agreed_at, :sealed, :tries, :tell_at, :run_at)`, toMandateRow(m))
			if err != nil {
				return err
			}
		}
		stored, err = setupOf(ctx, tx, s)
		return err
	})
	if err != nil {
		return payments.Setup{}, err
	}
	return stored, nil
}

// ClaimMandates implements payments.Mandates.
func (db Mandates) ClaimMandates(ctx context.Context, now, until time.Time, n int) ([]payments.Mandate, error) {
	var rows []mandateRow
	err := db.write(ctx, "claim mandates", func(tx *sqlx.Tx) error {
		return list(ctx, tx, &rows, `
			WITH due AS MATERIALIZED (
				SELECT setup AS due_setup FROM mandates
				WHERE run_at > 0 AND run_at <= ? AND lease_until <= ?
				ORDER BY run_at, setup LIMIT ?`+db.skipLocked+`)
			UPDATE mandates SET lease_until = ? WHERE setup IN (SELECT due_setup FROM due)
			RETURNING `+mandateColumns,
			prepaid.Micros(now), prepaid.Micros(now), n, prepaid.Micros(until))
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b mandateRow) int { return cmp.Or(cmp.Compare(a.RunAt, b.RunAt), cmp.Compare(a.Setup, b.Setup)) })
	mandates := make([]payments.Mandate, len(rows))
	for i, r := range rows {
		mandates[i] = r.mandate()
	}
	return mandates, nil
}

// PutOffMandate implements payments.Mandates. One that has ended meanwhile stays so.
func (db Mandates) PutOffMandate(ctx context.Context, id prepaid.SetupID, at time.Time) error {
	return db.write(ctx, "put off mandate", func(tx *sqlx.Tx) error {
		_, err := exec(ctx, tx, `UPDATE mandates SET run_at = ?, lease_until = 0, tries = tries + 1 WHERE setup = ? AND run_at > 0`,
			prepaid.Micros(at), id)
		return err
	})
}

// NextMandate implements payments.Mandates.
func (db Mandates) NextMandate(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := get(ctx, db.reader, &at, `
		SELECT COALESCE(MIN(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END), 0) FROM mandates WHERE run_at > 0`)
	if err != nil {
		return time.Time{}, fmt.Errorf("next mandate: %w", err)
	}
	return prepaid.FromMicros(at), nil
}

// endMandate drops a mandate's sealed IBAN and its due work with its setup, and tells when a notice may tell of it;
// found is false where the setup was none of a mandate.
func endMandate(ctx context.Context, tx *sqlx.Tx, id prepaid.SetupID) (tellAt time.Time, found bool, err error) {
	rows, err := exec(ctx, tx, `UPDATE mandates SET sealed = '', run_at = 0, lease_until = 0 WHERE setup = ?`, id)
	if err != nil || rows == 0 {
		return time.Time{}, false, err
	}
	var at int64
	_, err = get(ctx, tx, &at, `SELECT tell_at FROM mandates WHERE setup = ?`, id)
	return prepaid.FromMicros(at), true, err
}

// MandatesOf lists the mandates of a customer, newest first.
func (db Mandates) MandatesOf(ctx context.Context, c prepaid.CustomerID) ([]payments.Mandate, error) {
	return db.mandates(ctx, `customer = ?`, c)
}

// MandatesByReference lists those whose reference begins so, 20 at most.
func (db Mandates) MandatesByReference(ctx context.Context, begins string) ([]payments.Mandate, error) {
	return db.mandates(ctx, `reference LIKE ? ESCAPE '\'`, likeEscape(begins)+"%")
}

func (db Mandates) mandates(ctx context.Context, where string, arg any) ([]payments.Mandate, error) {
	var rows []mandateRow
	err := list(ctx, db.reader, &rows, `SELECT `+mandateColumns+` FROM mandates WHERE `+where+` ORDER BY agreed_at DESC, setup LIMIT 20`, arg)
	if err != nil {
		return nil, fmt.Errorf("read mandates: %w", err)
	}
	mandates := make([]payments.Mandate, len(rows))
	for i, r := range rows {
		mandates[i] = r.mandate()
	}
	return mandates, nil
}
