package store_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"pulsa/store"
	"pulsa/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) (*store.DB, *sqlx.DB) {
		db := storetest.SQLite(t)
		return db, db.Writer()
	})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	users := storetest.PostgresUsers(t) // the program's has the rights that migrations grant it
	storetest.Run(t, func(t *testing.T) (*store.DB, *sqlx.DB) { return users.Emptied(t) })
}
