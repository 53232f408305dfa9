package store_test

import (
	"testing"

	"pulsa/store"
	"pulsa/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.DB { return storetest.SQLite(t) })
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	storetest.Run(t, func(t *testing.T) *store.DB { return storetest.PostgresEmptied(t, url) })
}
