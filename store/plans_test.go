package store_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid/race"
	"pulsa/store"
	"pulsa/topup"
)

// fewRows are tables that stay small, so that they may be read whole.
var fewRows = map[string]bool{
	"brands": true, "brand_settings": true, "brand_changes": true, "retention": true, // a few rows for each brand
	"channel_switches": true, "send_slots": true, // a few for each channel
	"leases": true, "copies": true, // one for each copy that runs
	"key_checks": true, "keys_in_use": true, "keys_in_use_history": true, "card_keys": true, // a few for each key outside the database
	"card_series": true, "card_jobs": true, "resellers": true, "developer_keys": true, "developer_webhooks": true, "developer_rates": true, // made by hand
	"people": true, "people_links": true, "desk_sessions": true, "sign_in_tries": true, "assignments": true, // our own staff, and what they see to
	"brand_pauses": true,                          // one for each brand
	"presence":     true,                          // the pages that are open just now
	"open_items":   true, "wallet_readings": true, // one for each difference that people close, and for each reading
}

// readsAll are the methods that read more of a table than they return, and why they may: on both databases, or on one.
var readsAll = map[store.Dialect]map[string]string{
	"": {
		"Deeds.CheckSeal":             "looks at the whole record",
		"Audit.Violations":            "looks at everything: no index knows what is wrong",
		"Ledger.Balances":             "sums the ledger of a brand",
		"Reconciliation.WalletBooked": "sums the ledger of a wallet, once for each reading",
		"Reconciliation.Booked":       "reads a period of the ledger once a day; an index by time would cost each entry",
		"Brands.LanguagesOf":          "counts a brand's customers where somebody publishes settings",
		"Brands.ChannelsOf":           "counts a brand's customers where somebody publishes settings",
		"MasterKeys.OpenKeys":         "looks at a start whether anything needs a key that is not there",
		"MasterKeys.CheckKeys":        "looks whether anything needs a key that is not there",
		"MasterKeys.StoredUnder":      "counts what a key has sealed, where somebody changes keys",
		"Cards.CountCards":            "counts a brand's cards",
		"CardJobs.CountCodes":         "counts a brand's cards where some are made",
		"CardJobs.CountToRekey":       "counts a brand's cards where their key changes",
	},
	store.SQLite: {
		"CardReports.WrongCodes": "a week's wrong codes: older ones are in the archive",
		"Retention.Oldest":       "MIN reads the first entry of an index",
	},
	store.Postgres: { // each takes as many rows as it wants from where there are enough
		"Orders.List":             "what no index knows is looked through, in pieces that Orders.Look ends; listsOfOrders plans the others",
		"CardJobs.ClaimCards":     "a chunk is large beside the cards of this test",
		"CardJobs.ExportedCards":  "a chunk is large beside the cards of this test",
		"CardJobs.SaveChunk":      "a chunk is large beside the cards of this test",
		"Customers.ListCustomers": "a look goes over as many customers as a small brand has",
		"Links.ForgetMisses":      "all of this test is old",
		"Retention.Forget":        "all of this test is old; TestErasingAndForgettingScanNoTable plans it whatever is",
		"Retention.Oldest":        "reads a month of the ledger and what was done by hand, where somebody asks doctor",
		"Partitions.Prepare":      "counts what the default partitions have caught: nothing, but for this test",
	},
}

const fewestOrders = 10_000

// planOrders is how many orders the statements are planned with. PULSA_PLAN_ORDERS sets it.
func planOrders(t *testing.T) int {
	t.Helper()
	text := os.Getenv("PULSA_PLAN_ORDERS")
	if text == "" {
		return fewestOrders
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < fewestOrders {
		t.Fatalf("PULSA_PLAN_ORDERS is %q: give a number, 10000 at least", text)
	}
	return n
}

// plan fails the test for each statement that reads or sorts a whole table that grows, planned on a filled store, and for each excuse that
// no statement needs.
func plan(t *testing.T, db *store.DB, sent *store.Recorder, wasteOf func(t *testing.T, conn *sqlx.Conn, s store.Sent, in schema) string) {
	race.Skip(t)
	conn, err := db.Writer().Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := readSchema(t, conn, db.Dialect())
	fillStore(t, conn, db.Dialect(), in.columns, in.orders)
	excuses := maps.Clone(readsAll[""])
	maps.Copy(excuses, readsAll[db.Dialect()])
	all, needed := sent.All(), map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		s := all[key]
		waste := wasteOf(t, conn, s, in)
		switch {
		case db.Dialect() == store.Postgres && waste == "Seq Scan on deeds": // the record of this test is short; SQLite plans by rules
		case waste != "" && excuses[s.Method] != "":
			needed[s.Method] = true
		case waste != "":
			t.Errorf("%s: %s\n\t%s", s.Method, waste, strings.Join(strings.Fields(s.Query), " "))
		}
	}
	if len(all) < 700 {
		t.Errorf("only %d statements were recorded", len(all))
	}
	for method := range excuses {
		if !needed[method] && in.orders == fewestOrders {
			t.Errorf("%s needs no excuse", method)
		}
	}
	_ = conn.Close() // SQLite's writer has one
	listsOfOrders(t, db)
}

// listsOfOrders fails the test for each filter that leaves few orders whose pages are not read by the filter's own index, in its order.
// (Where a filter leaves most, PostgreSQL knows it, and may read by time alone.)
func listsOfOrders(t *testing.T, db *store.DB) {
	t.Helper()
	since := time.UnixMicro(1793525400000000).Add(-48 * time.Hour)
	after := operators.OrderCursor{CreatedAt: since.Add(24 * time.Hour), ID: "x"}
	for _, list := range []struct {
		filter operators.OrderFilter
		index  string
	}{
		{operators.OrderFilter{}, "orders_created"},
		{operators.OrderFilter{Brand: "rare"}, "orders_brand"},
		{operators.OrderFilter{Status: topup.Held}, "orders_status"},
		{operators.OrderFilter{Brand: "demo", Status: topup.Held}, "orders_status"},
		{operators.OrderFilter{MSISDN: "m7"}, "orders_msisdn"},
		{operators.OrderFilter{Brand: "demo", MSISDN: "m7"}, "orders_msisdn"},
		{operators.OrderFilter{Customer: "x7"}, "orders_customer"},
		{operators.OrderFilter{Open: true}, "orders_open"},
		{operators.OrderFilter{NeedsHuman: true}, "orders_needs_human"},
		{operators.OrderFilter{Brand: "demo", NeedsHuman: true}, "orders_needs_human"},
		{operators.OrderFilter{Brand: "demo", Open: true}, "orders_open"},
		{operators.OrderFilter{Brand: "rare", Until: since.Add(40 * time.Hour)}, "orders_brand"},
		{operators.OrderFilter{DownTo: operators.OrderCursor{CreatedAt: since.Add(47 * time.Hour), ID: "a"}, OrderSieve: operators.OrderSieve{Reason: "X"}}, "orders_created"},
		{operators.OrderFilter{Brand: "rare", OrderSieve: operators.OrderSieve{Reason: "X", Channel: "sms", Network: "sim", Funding: topup.ByCharge, Minor: 1000}}, "orders_brand"},
	} {
		for _, page := range []operators.OrderFilter{{}, {After: after}, {Since: since}, {Since: since, After: after}} {
			f := list.filter
			f.After, f.Since, f.Limit = page.After, page.Since, 51
			query := store.ListOrdersSQL(db, f)
			plan := explain(t, db, query.Query, query.Args...)
			sorts := sortsAll.MatchString(plan) && f.MSISDN == "" // a number has few orders
			if sorts || !regexp.MustCompile(`\b`+list.index+`\b`).MatchString(plan) {
				t.Errorf("%+v: not by %s in its order:\n%s", f, list.index, plan)
			}
		}
	}
}

// sortsAll matches a sort of all that is found, where that is not little, rather than of those of the same time.
var sortsAll = regexp.MustCompile(`-> +Sort  \(.* rows=\d{4,} |TEMP B-TREE FOR ORDER BY`)

// A step of SQLite's plan that reads a table, by an index or not: what, and how.
var sqliteScan = regexp.MustCompile(`^(SCAN|SEARCH) (\w+)(?: USING (.*))?$`)

// sqlitePlan is the step that reads a whole table, or all that a brand has in it; "" for none.
func sqlitePlan(t *testing.T, conn *sqlx.Conn, s store.Sent, in schema) string {
	t.Helper()
	var steps []struct {
		ID, Parent, Notused int
		Detail              string
	}
	if err := conn.SelectContext(t.Context(), &steps, "EXPLAIN QUERY PLAN "+s.Query, s.Args...); err != nil {
		t.Fatalf("%s: %v", s.Query, err)
	}
	ordered := strings.Contains(s.Query, "LIMIT") // an index in the order that is wanted is read to the limit
	for _, step := range steps {
		ordered = ordered && step.Detail != "USE TEMP B-TREE FOR ORDER BY"
	}
	for _, step := range steps {
		found := sqliteScan.FindStringSubmatch(step.Detail)
		if found == nil {
			continue
		}
		table := found[2]
		if named := regexp.MustCompile(`(?i)(?:FROM|JOIN|,|UPDATE)\s+(\w+)\s+(?:AS\s+)?` + table + `\b`).FindStringSubmatch(s.Query); named != nil {
			table = named[1]
		}
		index := sqliteIndex.FindStringSubmatch(found[3])
		whole := found[1] == "SCAN" || brandOnly.MatchString(found[3])
		if whole && index != nil {
			whole = !in.partial[index[1]] && !ordered
		}
		if whole && in.grows(table) {
			return step.Detail
		}
	}
	return ""
}

var (
	brandOnly   = regexp.MustCompile(`\(brand=\?\)$`)
	sqliteIndex = regexp.MustCompile(`INDEX (\w+)`)
)

// postgresPlan is the node that reads or sorts a whole table, or all that a brand has in it; "" for none.
func postgresPlan(t *testing.T, conn *sqlx.Conn, s store.Sent, in schema) string {
	t.Helper()
	var text string
	if err := conn.GetContext(t.Context(), &text, "EXPLAIN (FORMAT JSON) "+s.Query, s.Args...); err != nil {
		t.Fatalf("%s: %v", s.Query, err)
	}
	var explained []struct{ Plan planNode }
	if err := json.Unmarshal([]byte(text), &explained); err != nil {
		t.Fatal(err)
	}
	return explained[0].Plan.waste(in, false)
}

type planNode struct {
	Type     string     `json:"Node Type"`
	Relation string     `json:"Relation Name"`
	Index    string     `json:"Index Name"`
	Cond     string     `json:"Index Cond"`
	Rows     float64    `json:"Plan Rows"`
	Plans    []planNode `json:"Plans"`
}

// maxSorted is how many rows a statement may sort: a fiftieth of the orders.
func maxSorted(in schema) float64 { return float64(max(in.orders/50, 2000)) }

var brandCond = regexp.MustCompile(`^\((\w+\.)?brand = ('\w+'::text|\$\d+|\w+\.brand)\)$`)

func (n planNode) waste(in schema, limited bool) string {
	table := strings.TrimSuffix(n.Relation, "_default")
	if n.Relation == "" && n.Index != "" {
		table = in.indexed[n.Index] // of a bitmap
	}
	grows, whole := in.grows(table), !in.partial[n.Index] && !limited
	switch {
	case n.Type == "Seq Scan" && grows:
		return "Seq Scan on " + n.Relation
	case n.Type == "Sort" && n.Rows > maxSorted(in):
		return fmt.Sprintf("Sort of %.0f rows", n.Rows)
	case n.Index != "" && grows && whole && (n.Cond == "" || brandCond.MatchString(n.Cond)):
		return fmt.Sprintf("%s using %s: %s", n.Type, n.Index, n.Cond)
	}
	for _, child := range n.Plans {
		if waste := child.waste(in, n.Type == "Limit" || limited && n.Type != "Sort"); waste != "" {
			return waste
		}
	}
	return ""
}

type tableColumn struct {
	Table, Name, Type string
}

// schema is what there is to be filled.
type schema struct {
	columns map[string][]tableColumn // of each table, without those that the database numbers itself
	partial map[string]bool          // indexes of few rows
	indexed map[string]string        // the table of each index
	orders  int                      // how many there are
}

func (s schema) grows(table string) bool { return s.columns[table] != nil && !fewRows[table] }

func readSchema(t *testing.T, conn *sqlx.Conn, dialect store.Dialect) schema {
	t.Helper()
	indexes := `
		SELECT i.relname AS name, regexp_replace(t.relname, '_default$', '') AS "table", x.indpred IS NOT NULL AS partial
		FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid WHERE i.relnamespace = current_schema()::regnamespace`
	query := `
		SELECT t.relname AS "table", a.attname AS name, CAST(a.atttypid::regtype AS TEXT) AS type
		FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
		WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition ORDER BY a.attnum`
	if dialect == store.SQLite {
		indexes = `SELECT name, tbl_name AS "table", COALESCE(sql, '') LIKE '%WHERE%' AS partial FROM sqlite_schema WHERE type = 'index'`
		query = `SELECT t.name AS "table", c.name AS name, LOWER(c.type) AS type FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY c.cid`
	}
	var all []tableColumn
	if err := conn.SelectContext(t.Context(), &all, query); err != nil {
		t.Fatal(err)
	}
	s := schema{columns: map[string][]tableColumn{}, partial: map[string]bool{}, indexed: map[string]string{}, orders: planOrders(t)}
	for _, c := range all {
		if !strings.HasPrefix(c.Table, "goose") && !strings.HasPrefix(c.Table, "sqlite_") {
			s.columns[c.Table] = append(s.columns[c.Table], c)
		}
	}
	var known []struct {
		Name, Table string
		Partial     bool
	}
	if err := conn.SelectContext(t.Context(), &known, indexes); err != nil {
		t.Fatal(err)
	}
	for _, i := range known {
		s.partial[i.Name], s.indexed[i.Name] = i.Partial, i.Table
	}
	return s
}

// filledWith says what a column holds in row g where value does not: most of what there is has ended.
var filledWith = map[string]string{
	"orders.customer": "'x' || (g % @)", "orders.msisdn": "'m' || (g % @)", "orders.reply_address": "'a' || (g % @)", "orders.funding_kind": "'charge'",
	"orders.status":      "CASE WHEN g % 100 = 2 THEN 'delivering' WHEN g % 500 = 1 THEN 'held' WHEN g % 20 = 3 THEN 'declined' ELSE 'delivered' END",
	"orders.needs_human": "g % 500 = 1", "orders.email": "''",
	"customers.pin_locked_until": "CASE WHEN g % 500 = 3 THEN g ELSE 0 END", "card_tries.locked_until": "CASE WHEN g % 500 = 3 THEN g ELSE 0 END",
	"customers.status":    "CASE WHEN g % 200 = 5 THEN 'blocked' WHEN g % 20 = 3 THEN 'pending' ELSE 'active' END",
	"customers.frozen_at": "CASE WHEN g % 1000 = 0 THEN g ELSE 0 END", "customers.pseudonym": "''",
	"outbox.status": "CASE WHEN g % 100 = 2 THEN 'waiting' ELSE 'sent' END", "outbox.delivery": "CASE WHEN g % 100 = 3 THEN 'failed' ELSE 'delivered' END",
	"developer_deliveries.status": "CASE WHEN g % 100 = 2 THEN 'waiting' ELSE 'taken' END",
	"notices.told_at":             "CASE WHEN g % 100 = 2 THEN 0 ELSE g END", "notices.held": "CASE WHEN g % 200 = 2 THEN 'carrier' ELSE '' END",
	"cards.state": "CASE WHEN g % 3 = 0 THEN 'spent' ELSE 'live' END", "cards.reseller": "'kiosk-' || (g % 50)", "cards.series": "'1' || (g % 10)",
	"open_items.closed_at": "CASE WHEN g % 100 = 0 THEN 0 ELSE g END", "payment_setups.status": "CASE WHEN g % 100 = 2 THEN 'open' ELSE 'done' END",
	"developer_sales.key_id": "'x' || (g % 20)", "developer_deliveries.key_id": "'x' || (g % 20)", "card_jobs.state": "CASE WHEN g % 100 = 2 THEN 'under way' ELSE 'done' END",
}

var aTime = regexp.MustCompile(`^(.*_at|at|.*until|started)$`)

// value is an expression: what a column holds in row g.
func value(c tableColumn, dialect store.Dialect, n int) string {
	own := filledWith[c.Table+"."+c.Name]
	time := fmt.Sprintf("1793525400000000 - (%d - g) * 60000000", n) // a minute apart, until the tests' own time
	switch {
	case own != "":
		return strings.ReplaceAll(own, "@", strconv.Itoa(n/5))
	case c.Name == "brand":
		return "CASE WHEN g % 1000 = 7 THEN 'rare' WHEN g % 10 = 0 THEN 'other' ELSE 'demo' END"
	case c.Name == "run_at", c.Name == "doubt_at": // few have any
		return "CASE WHEN g % 100 = 2 THEN " + time + " ELSE 0 END"
	case c.Type == "text":
		return "'x' || g"
	case c.Type == "boolean":
		return "FALSE"
	case c.Type == "bytea":
		return "int8send(g)"
	case c.Type == "blob":
		return "CAST(g AS BLOB)"
	case aTime.MatchString(c.Name):
		return time
	case dialect == store.SQLite && slices.Contains([]string{"in_flight", "by_pin", "after_debit", "active"}, c.Name):
		return "FALSE"
	}
	return "g"
}

// fillStore puts n orders into a store, and into each other table that grows a tenth of that, fewestOrders at least. It lets PostgreSQL
// look at them. (Nothing ever lets SQLite.)
func fillStore(t *testing.T, conn *sqlx.Conn, dialect store.Dialect, tables map[string][]tableColumn, n int) {
	t.Helper()
	series := "FROM generate_series(1::bigint, %d) g"
	before, after := []string{"SET session_replication_role = replica"}, []string{"RESET session_replication_role", "ANALYZE"}
	if dialect == store.SQLite {
		series = "FROM (WITH RECURSIVE s(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < %d) SELECT g FROM s)"
		before, after = []string{"PRAGMA foreign_keys = OFF"}, nil
	}
	var fill []string
	for table, columns := range tables {
		if fewRows[table] {
			continue
		}
		rows := n
		if table != "orders" {
			rows = max(n/10, fewestOrders)
		}
		var names, expressions []string
		for _, c := range columns {
			names, expressions = append(names, c.Name), append(expressions, value(c, dialect, rows))
		}
		fill = append(fill, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") SELECT "+strings.Join(expressions, ", ")+" "+fmt.Sprintf(series, rows))
	}
	for _, query := range slices.Concat(before, fill, after) {
		if _, err := conn.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}
