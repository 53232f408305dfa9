package store_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

// scansTable matches a step of SQLite's plan that reads a whole table, or all that a brand has in it.
var scansTable = regexp.MustCompile(`^SCAN \w+( AS \w+| \w+)?$|^SEARCH .* \(brand=\?\)$`)

// Erasing a customer, archiving and forgetting find their rows by an index, however many others there are.
func TestErasingAndForgettingScanNoTable(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	number := prepaid.MSISDN("31612345678")
	place := accounts.Place{Address: number.Tel(), Channel: "fake", Kind: "sms"}
	c, err := db.Customers.SaveRegistration(t.Context(), accounts.Customer{ID: "c", Brand: "demo", MSISDN: number, Language: "en", CreatedAt: now}, []accounts.Place{place})
	if err != nil {
		t.Fatal(err)
	}
	before, err := store.CachedStatements(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Customers.EraseCustomer(t.Context(), operators.Erasure{
		Customer: c.ID, By: prepaid.By{Who: "anna", Why: "asked"},
		Pseudonyms: accounts.Pseudonyms{Number: "erased", Address: func(prepaid.Address) prepaid.Address { return "erased" }},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, insert := range []string{ // so that there is something to do
		`INSERT INTO transcripts (brand, address, sender, message_id, at, entry) VALUES ('demo', 'a', 'demo/x/a', 'm', 1, x'00')`,
		`INSERT INTO pin_tries (brand, customer, operation_key, tried_at) VALUES ('demo', 'c', 'm', 1)`,
		`INSERT INTO card_try_keys (brand, key, operation_key, wrong, tried_at) VALUES ('demo', 'k', 'm', 1, 1)`,
		`INSERT INTO one_time_code_requests (brand, operation_key, address, msisdn, created_at) VALUES ('demo', 'm', 'a', '316', 1)`,
		`INSERT INTO one_time_codes (brand, address, msisdn, hash, operation_key, created_at, expires_at) VALUES ('demo', 'a', '316', 'h', 'm', 1, 1)`,
	} {
		if _, err := db.Writer().ExecContext(t.Context(), insert); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Retention.SetRetention(t.Context(), []*prepaid.Brand{{Name: "demo"}}); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Archives.Move(t.Context(), now, 10); err != nil || n != 4 {
		t.Fatalf("archived %d, %v", n, err)
	}
	if n, err := db.Retention.Forget(t.Context(), now, 10); err != nil || n != 5 {
		t.Fatalf("forgot %d, %v", n, err)
	}
	all, err := store.CachedStatements(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	explained := 0
	for _, query := range all {
		if slices.Contains(before, query) || strings.HasPrefix(strings.TrimSpace(query), "INSERT INTO retention") {
			continue
		}
		explained++
		var steps []struct {
			ID, Parent, Notused int
			Detail              string
		}
		if err := db.Writer().SelectContext(t.Context(), &steps, "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, s := range steps {
			if scansTable.MatchString(s.Detail) && s.Detail != "SCAN used" { // the addresses of one customer
				t.Errorf("%s\n\t%s", s.Detail, query)
			}
		}
	}
	if explained < 40 {
		t.Errorf("only %d statements were explained", explained)
	}
}

// An archive takes over whole rows: it has its hot table's columns, in their order.
func TestArchivesHaveTheColumnsOfTheirTables(t *testing.T) {
	t.Parallel()
	for name, db := range map[string]*store.DB{"sqlite": storetest.SQLite(t), "postgres": nil} {
		t.Run(name, func(t *testing.T) {
			if db == nil {
				db = storetest.Postgres(t)
			}
			columns := func(table string) []string {
				rows, err := db.Writer().QueryContext(t.Context(), "SELECT * FROM "+table+" LIMIT 0")
				if err != nil {
					t.Fatal(err)
				}
				defer rows.Close()
				names, err := rows.Columns()
				if err != nil || rows.Err() != nil {
					t.Fatal(err, rows.Err())
				}
				return names
			}
			for _, table := range store.ArchivedTables() {
				if hot, archive := columns(table), columns(table+"_archive"); !slices.Equal(hot, archive) {
					t.Errorf("%s has %v, its archive %v", table, hot, archive)
				}
			}
		})
	}
}
