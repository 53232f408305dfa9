package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// Forms remembers the forms that people have sent on the desk.
type Forms struct{ *core }

var _ operators.FormStore = Forms{}

var formTable = newTable[operators.SentForm]("desk_forms", names{"Key": "form_key", "Result": "result,json"})

// Begin implements operators.FormStore.
func (db Forms) Begin(ctx context.Context, f operators.Form) (was operators.SentForm, sent bool, err error) {
	err = db.write(ctx, "begin form", func(tx *sqlx.Tx) error {
		rows, err := formTable.insert(ctx, tx, operators.SentForm{Form: f}, `ON CONFLICT (person, form_key) DO NOTHING`)
		if err != nil || rows == 1 {
			return err
		}
		was, sent, err = formTable.get(ctx, tx, `WHERE person = ? AND form_key = ?`, f.Person, f.Key)
		return err
	})
	return was, sent, err
}

// Sent returns a form that a person has sent; false where there is none.
func (db Forms) Sent(ctx context.Context, person operators.PersonID, key string) (operators.SentForm, bool, error) {
	was, sent, err := formTable.get(ctx, db.reader, `WHERE person = ? AND form_key = ?`, person, key)
	if err != nil {
		return was, false, fmt.Errorf("read form: %w", err)
	}
	return was, sent, nil
}

// End implements operators.FormStore.
func (db Forms) End(ctx context.Context, f operators.Form, r operators.Result, at time.Time) error {
	return db.write(ctx, "end form", func(tx *sqlx.Tx) error {
		return formTable.update(ctx, tx, operators.SentForm{Form: f, EndedAt: at, Result: r}, `person = ? AND form_key = ?`, f.Person, f.Key)
	})
}

// Release implements operators.FormStore.
func (db Forms) Release(ctx context.Context, f operators.Form) error {
	_, err := exec(ctx, db.writer, `DELETE FROM desk_forms WHERE person = ? AND form_key = ? AND ended_at = 0`, f.Person, f.Key)
	if err != nil {
		return fmt.Errorf("release form: %w", err)
	}
	return nil
}

// Forget forgets up to n forms that were sent before a time, and returns how many.
func (db Forms) Forget(ctx context.Context, before time.Time, n int) (int, error) {
	rows, err := exec(ctx, db.writer, `
		DELETE FROM desk_forms WHERE (person, form_key) IN (SELECT person, form_key FROM desk_forms WHERE at < ? ORDER BY at LIMIT ?)`,
		prepaid.Micros(before), n)
	if err != nil {
		return 0, fmt.Errorf("forget forms: %w", err)
	}
	return int(rows), nil
}
