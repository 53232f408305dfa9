package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/prepaid"
)

// Retention forgets what brands keep no longer.
type Retention struct{ *core }

// kept is a table that retention forgets rows of.
type kept struct {
	table string
	by    string // the column of the row's age
	kind  prepaid.RetentionKind
	// months: PostgreSQL has a partition for each
	months bool
	// forget deletes about n rows, where they do not go alone; nil where they do
	forget func(ctx context.Context, db Retention, brand string, before time.Time, n int) (int, error)
}

// keptTables are forgotten in this order: what refers to something goes before it. On PostgreSQL those that are partitioned have the same
// kind in partition_rule.
var keptTables = []kept{
	{"transcripts_archive", "at", prepaid.KeepTranscripts, true, nil},
	{"outbox_archive", "ended_at", prepaid.KeepMessages, true, nil},
	{"pin_tries_archive", "tried_at", prepaid.KeepTries, true, nil},
	{"card_try_keys_archive", "tried_at", prepaid.KeepTries, true, nil},
	{"one_time_code_requests_archive", "created_at", prepaid.KeepCodes, true, nil},
	{"one_time_codes", "expires_at", prepaid.KeepCodes, false, nil},
	{"last_inbound", "at", prepaid.KeepMessages, false, nil},
	{"short_links", "expires_at", prepaid.KeepCodes, false, nil},
	{"caller_checks", "at", prepaid.KeepTries, false, nil},
	{"customer_sightings", "until", prepaid.KeepTries, false, nil},
	{"customer_notes", "at", prepaid.KeepNews, false, nil},
	{"notices", "ordered_at", prepaid.KeepNews, true, nil},
	{"developer_deliveries", "ordered_at", prepaid.KeepNews, true, nil},
	{"orders", "created_at", prepaid.KeepOrders, false, forgetOrders},
	{"mandates", "agreed_at", prepaid.KeepMandates, false, forgetMandates},
	{"deeds", "at", prepaid.KeepDeeds, false, nil},
	{"approvals", "ended_at", prepaid.KeepDeeds, false, nil},
	{"blocks", "ended_at", prepaid.KeepDeeds, false, nil},
	{"card_audit", "at", prepaid.KeepDeeds, false, nil},
}

// withOrders are tables whose rows go with their orders, and whose months go once they are empty. The ledger's are set aside.
var withOrders = map[string]prepaid.RetentionKind{
	"order_history": prepaid.KeepOrders, "attempts": prepaid.KeepOrders, "ledger_entries": prepaid.KeepLedger, "ledger_postings": prepaid.KeepLedger,
}

// still keeps what is old and has not ended, whatever its age.
var still = map[string]string{
	"notices":              "told_at > 0",
	"developer_deliveries": "status <> 'waiting'",
	"orders":               "run_at = 0 AND NOT needs_human",
	"last_inbound":         "NOT EXISTS (SELECT 1 FROM customer_addresses a WHERE a.brand = last_inbound.brand AND a.address = last_inbound.address)",
	"approvals":            "ended_at > 0",
	"blocks":               "ended_at > 0",
	"deeds":                "(kind <> 'order' OR NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = deeds.object))",
}

// SetRetention writes down for how long each brand keeps what, for the functions that drop partitions. Brands that are not named stay as
// they were: what they keep is not forgotten sooner because they are gone.
func (db Retention) SetRetention(ctx context.Context, brands []*prepaid.Brand) error {
	known, err := db.keepers(ctx)
	if err != nil {
		return fmt.Errorf("set retention: %w", err)
	}
	same := func(b *prepaid.Brand) bool {
		for _, k := range prepaid.RetentionKinds() {
			if !slices.Contains(known, keeper{b.Name, k.Kind, b.Retention.Days(k)}) {
				return false
			}
		}
		return true
	}
	if brands = slices.DeleteFunc(slices.Clone(brands), same); len(brands) == 0 {
		return nil
	}
	return db.write(ctx, "set retention", func(tx *sqlx.Tx) error {
		for _, b := range brands {
			for _, k := range prepaid.RetentionKinds() {
				_, err := exec(ctx, tx, `
					INSERT INTO retention (brand, kind, days) VALUES (?, ?, ?)
					ON CONFLICT (brand, kind) DO UPDATE SET days = excluded.days WHERE retention.days <> excluded.days`, b.Name, string(k.Kind), b.Retention.Days(k))
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// keeper is for how long a brand keeps a kind.
type keeper struct {
	Brand string
	Kind  prepaid.RetentionKind
	Days  int
}

// monthOf is where the month of a time begins.
func monthOf(at time.Time) time.Time {
	return time.Date(at.UTC().Year(), at.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
}

func (k keeper) cutoff(now time.Time) time.Time { return now.AddDate(0, 0, -k.Days) }

func (db Retention) keepers(ctx context.Context) ([]keeper, error) {
	var keepers []keeper
	err := list(ctx, db.reader, &keepers, `SELECT brand, kind, days FROM retention ORDER BY kind, brand`)
	return keepers, err
}

// Forget deletes about n rows of each brand and table that are older than the brand keeps them. On PostgreSQL it drops the months that no
// brand keeps any of, sets those of the ledger aside, and deletes rows only of brands that keep less than others. It returns how much it
// did. It may be called by many at once.
func (db Retention) Forget(ctx context.Context, now time.Time, n int) (forgotten int, err error) {
	keepers, err := db.keepers(ctx)
	if err != nil {
		return 0, fmt.Errorf("forget: %w", err)
	}
	longest := map[prepaid.RetentionKind]int{}
	for _, k := range keepers {
		longest[k.Kind] = max(longest[k.Kind], k.Days)
		cutoff := prepaid.Micros(k.cutoff(now))
		if _, err := exec(ctx, db.writer, `UPDATE retention SET forgotten = ? WHERE brand = ? AND kind = ? AND forgotten < ?`, cutoff, k.Brand, string(k.Kind), cutoff); err != nil {
			return 0, fmt.Errorf("forget: %w", err)
		}
	}
	if db.dialect == Postgres {
		if forgotten, err = db.dropMonths(ctx, longest, now); err != nil {
			return forgotten, fmt.Errorf("forget: %w", err)
		}
	}
	for _, t := range keptTables {
		for _, k := range keepers {
			if t.kind != k.Kind {
				continue
			}
			before := k.cutoff(now)
			if db.dialect == Postgres && t.months && k.Days == longest[k.Kind] {
				before = monthOf(before.AddDate(0, 0, -1)) // the month goes as a whole; here is what dropMonths had to leave
			}
			forget := t.forget
			if forget == nil {
				forget = t.delete
			}
			rows, err := forget(ctx, db, k.Brand, before, n)
			if err != nil {
				return forgotten, fmt.Errorf("forget %s of %s: %w", t.table, k.Brand, err)
			}
			forgotten += rows
		}
	}
	return forgotten, nil
}

// delete deletes about n rows of a brand that are old.
func (t kept) delete(ctx context.Context, db Retention, brand string, before time.Time, n int) (int, error) {
	old := ` WHERE brand = ? AND ` + t.by + ` < ?`
	if and := still[t.table]; and != "" {
		old += ` AND ` + and
	}
	args := []any{brand, prepaid.Micros(before)}
	var found []int
	if err := list(ctx, db.reader, &found, `SELECT 1 FROM `+t.table+old+` LIMIT 1`, args...); err != nil || len(found) == 0 {
		return 0, err
	}
	some := ` AND rowid IN (SELECT rowid FROM ` + t.table + old + ` LIMIT ?)`
	if db.dialect == Postgres { // two partitions may have a row of the same ctid: then both are old
		some = ` AND ctid = ANY (ARRAY(SELECT ctid FROM ` + t.table + old + ` LIMIT ?))`
	}
	rows := 0
	err := db.write(ctx, "delete", func(tx *sqlx.Tx) error {
		if t.table == "one_time_codes" { // with the tries of them
			_, err := exec(ctx, tx, `
				DELETE FROM one_time_code_tries WHERE (brand, address, msisdn) IN (
					SELECT brand, address, msisdn FROM one_time_codes`+old+`)`, args...)
			if err != nil {
				return err
			}
		}
		deleted, err := exec(ctx, tx, `DELETE FROM `+t.table+old+some, append(append(args, args...), n)...)
		rows = int(deleted)
		return err
	})
	return rows, err
}

// dropMonths drops each partition that no brand keeps any of, and sets aside those of the ledger: what each account held is then carried
// forward. What the owner's functions refuse stays, and is deleted row by row.
func (db Retention) dropMonths(ctx context.Context, longest map[prepaid.RetentionKind]int, now time.Time) (dropped int, err error) {
	tables, err := Partitions(db).tables(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range tables {
		kind := withOrders[t.Table]
		if i := slices.IndexFunc(keptTables, func(k kept) bool { return k.table == t.Table }); i >= 0 {
			kind = keptTables[i].kind
		}
		if longest[kind] == 0 || t.Table == "ledger_entries" { // which go with their postings
			continue
		}
		query, args := `SELECT drop_partition(?, ?)`, []any{t.Table}
		if t.Table == "ledger_postings" {
			query, args = `SELECT detach_ledger_month(?)`, nil
		}
		for _, name := range t.Months {
			month, err := time.Parse(t.Table+"_2006_01", name)
			if err != nil || !month.Before(monthOf(now.AddDate(0, 0, -longest[kind]-1))) {
				continue
			}
			if holds, err := db.holds(ctx, t, month); err != nil || holds {
				continue
			}
			var done bool
			_, err = get(ctx, db.writer, &done, query, append(args, prepaid.Micros(month))...)
			switch {
			case isSQLState(err, raised):
				continue // the database's clock, or a brand that is gone, still keeps it
			case err != nil:
				return dropped, err
			case done:
				dropped++
			}
		}
	}
	return dropped, nil
}

// raised is the SQLSTATE of RAISE EXCEPTION.
const raised = "P0001"

// holds reports whether a month has a row that has not ended, or whose order is still kept.
func (db Retention) holds(ctx context.Context, t partitioned, month time.Time) (bool, error) {
	ended, query := still[t.Table], `SELECT 1 FROM `+t.Table+` WHERE `+t.ByColumn+` >= ? AND `+t.ByColumn+` < ?`
	switch {
	case withOrders[t.Table] != "":
		query = `SELECT 1 FROM orders WHERE created_at >= ? AND created_at < ?`
	case ended == "":
		return false, nil
	default:
		query += ` AND NOT (` + ended + `)`
	}
	return get(ctx, db.reader, new(int), query+` LIMIT 1`, prepaid.Micros(month), prepaid.Micros(month.AddDate(0, 1, 0)))
}

// Oldest is how far back a brand's rows of a kind go.
type Oldest struct {
	Brand string
	Kind  prepaid.RetentionKind
	Days  int       // it keeps them for; 0 is for ever
	At    time.Time // of the oldest row; zero where there is none
}

// Behind tells by how much a row is older than it is kept; 0 where none is.
func (o Oldest) Behind(now time.Time) time.Duration {
	if o.At.IsZero() || o.Days == 0 {
		return 0
	}
	return max(now.AddDate(0, 0, -o.Days).Sub(o.At), 0)
}

// Oldest lists for each brand and kind the oldest row that is kept. Rows that have not ended are left out. What is never deleted is kept
// for 0 days: on SQLite, the ledger.
func (db Retention) Oldest(ctx context.Context) ([]Oldest, error) {
	keepers, err := db.keepers(ctx)
	if err != nil {
		return nil, fmt.Errorf("read retention: %w", err)
	}
	var all []Oldest
	for _, k := range keepers {
		o := Oldest{Brand: k.Brand, Kind: k.Kind, Days: k.Days}
		var at int64
		if k.Kind == prepaid.KeepLedger {
			if at, err = db.oldestInLedger(ctx, k.Brand); err != nil {
				return nil, fmt.Errorf("read oldest in the ledger: %w", err)
			}
			o.add(at)
			if db.dialect != Postgres {
				o.Days = 0
			}
		}
		for _, t := range keptTables {
			if t.kind != k.Kind {
				continue
			}
			query := `SELECT COALESCE(MIN(` + t.by + `), 0) FROM ` + t.table + ` WHERE brand = ?`
			if and := still[t.table]; and != "" {
				query += ` AND ` + and
			}
			if _, err := get(ctx, db.reader, &at, query, k.Brand); err != nil {
				return nil, fmt.Errorf("read oldest of %s: %w", t.table, err)
			}
			o.add(at)
		}
		all = append(all, o)
	}
	return all, nil
}

// add tells of a row of a time; 0 is none.
func (o *Oldest) add(at int64) {
	if found := prepaid.FromMicros(at); at > 0 && (o.At.IsZero() || found.Before(o.At)) {
		o.At = found
	}
}
