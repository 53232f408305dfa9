package store_test

import (
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"

	"pulsa/store"
	"pulsa/store/scratch"
	"pulsa/store/storetest"
)

// What the store sends in these tests is planned on a filled store afterwards.

func TestStoreOnSQLite(t *testing.T) {
	t.Parallel()
	var sent store.Recorder
	storetest.Run(t, func(t *testing.T) (*store.DB, *sqlx.DB) {
		path := filepath.Join(t.TempDir(), "pulsa.db")
		if err := storetest.NewSQLite(path); err != nil {
			t.Fatal(err)
		}
		db := storetest.Opened(t, "sqlite:"+path)
		store.Record(t, db, path, &sent)
		return db, db.Writer()
	})
	t.Run("plans", func(t *testing.T) { plan(t, storetest.SQLite(t), &sent, sqlitePlan) })
}

func TestStoreOnPostgres(t *testing.T) {
	t.Parallel()
	users := storetest.PostgresUsers(t) // the program's has the rights that migrations grant it
	var sent store.Recorder
	storetest.Run(t, func(t *testing.T) (*store.DB, *sqlx.DB) {
		db, hand := users.Emptied(t)
		store.Record(t, db, users.Program, &sent)
		return db, hand
	})
	t.Run("plans", func(t *testing.T) {
		plan(t, storetest.Opened(t, scratch.Direct(storetest.PostgresURL(t))), &sent, postgresPlan)
	})
}
