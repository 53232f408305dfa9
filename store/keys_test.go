package store_test

import (
	"slices"
	"strings"
	"testing"

	"pulsa/store"
	"pulsa/store/storetest"
)

// keyWithoutBrand are keys of a brand's tables that do not begin with the brand, and why. The key (id) is none of them: ids are unique
// over all brands, and what is known by its id alone is found by it.
var keyWithoutBrand = map[string]string{
	"card_audit (seq)":         "SQLite numbers only what is the primary key",
	"developer_sales (number)": "SQLite numbers only what is the primary key; it is the transactionId of the API",
	"outbox (seq)":             "SQLite numbers only what is the primary key",
	"short_links (token)":      "whoever opens a link says nothing but its token",
	"deeds (operation)":        "an operation is known by its key alone",
	"mandates (reference)":     "banks name a mandate by its reference alone",
}

// key is a primary, a unique or a foreign key.
type key struct {
	Name    string
	Kind    string // "primary", "unique" or "foreign"
	Columns string // "brand, id"
	Branded bool   // its table has a brand
}

const postgresKeys = `
	SELECT t.relname AS name,
		CASE WHEN k.kind = 'f' THEN 'foreign' WHEN k.kind = 'p' THEN 'primary' ELSE 'unique' END AS kind,
		(SELECT string_agg(a.attname, ', ' ORDER BY c.place) FROM unnest(k.columns) WITH ORDINALITY AS c (number, place)
			JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.number) AS columns,
		EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'brand') AS branded
	FROM pg_class t JOIN (
		SELECT conrelid AS relid, 'f' AS kind, conkey::int[] AS columns FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
		UNION ALL
		SELECT indrelid, CASE WHEN indisprimary THEN 'p' ELSE 'u' END, string_to_array(indkey::text, ' ')::int[] FROM pg_index WHERE indisunique
	) k ON k.relid = t.oid
	WHERE t.relnamespace = current_schema()::regnamespace AND NOT t.relispartition AND t.relname NOT LIKE 'goose%'`

const sqliteKeys = `
	SELECT t.name,
		CASE i.origin WHEN 'pk' THEN 'primary' ELSE 'unique' END AS kind,
		(SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) AS columns,
		EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'brand') AS branded
	FROM sqlite_master t JOIN pragma_index_list(t.name) i ON i."unique" WHERE t.type = 'table' AND t.name NOT LIKE 'goose%'
	UNION ALL
	SELECT t.name, 'primary', group_concat(c.name, ', '), EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'brand')
	FROM sqlite_master t JOIN pragma_table_info(t.name) c ON c.pk > 0
	WHERE t.type = 'table' AND t.name NOT LIKE 'goose%' AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) WHERE origin = 'pk')
	GROUP BY t.name
	UNION ALL
	SELECT name, 'foreign', group_concat("from", ', '), branded FROM (
		SELECT t.name, f.id, f."from", EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'brand') AS branded
		FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY t.name, f.id, f.seq)
	GROUP BY name, id`

// Each key of what belongs to a brand begins with the brand, so that a brand can move to a database of its own.
func TestKeysBeginWithTheBrand(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { checkKeys(t, storetest.SQLite(t), sqliteKeys) })
	t.Run("Postgres", func(t *testing.T) { checkKeys(t, storetest.Postgres(t), postgresKeys) })
}

func checkKeys(t *testing.T, db *store.DB, query string) {
	var keys []key
	if err := db.Writer().SelectContext(t.Context(), &keys, query); err != nil {
		t.Fatal(err)
	}
	seen, excused, foreign := map[string]bool{}, map[string]bool{}, 0
	for _, k := range keys {
		if k.Kind == "foreign" {
			foreign++
		}
		if !k.Branded {
			continue
		}
		seen[k.Name] = seen[k.Name] || k.Kind == "primary"
		if strings.HasPrefix(k.Columns+",", "brand,") || k.Kind == "unique" && k.Columns == "id" {
			continue
		}
		name := k.Name + " (" + k.Columns + ")"
		if keyWithoutBrand[name] == "" {
			t.Errorf("the %s key of %s does not begin with the brand", k.Kind, name)
		}
		excused[name] = true
	}
	for name := range keyWithoutBrand {
		if !excused[name] {
			t.Errorf("%s needs no excuse", name)
		}
	}
	var without []string
	for name, primary := range seen {
		if !primary {
			without = append(without, name)
		}
	}
	slices.Sort(without)
	if len(without) > 0 {
		t.Errorf("%v have no primary key", without)
	}
	if len(seen) < 25 || foreign < 20 {
		t.Errorf("only %d tables of brands and %d foreign keys were read", len(seen), foreign)
	}
}
