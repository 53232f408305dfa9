package store_test

import (
	"path/filepath"
	"testing"

	"pulsa/store"
	"pulsa/store/storetest"
)

// A top-up by one text takes four transactions: the PIN's try, the order, the charge, the delivery.

func BenchmarkTopUpSQLite(b *testing.B) {
	storetest.BenchmarkTopUp(b, open(b, filepath.Join(b.TempDir(), "pulsa.db")))
}

func BenchmarkTopUpPostgres(b *testing.B) { storetest.BenchmarkTopUp(b, storetest.Postgres(b)) }

func BenchmarkOpenSQLite(b *testing.B) {
	for b.Loop() {
		db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "pulsa.db"), store.Options{Volatile: true})
		if err != nil {
			b.Fatal(err)
		}
		_ = db.Close()
	}
}
