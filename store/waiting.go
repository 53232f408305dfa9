package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Waits lists what waits for people, and who sees to it.
type Waits struct{ *core }

var (
	_ operators.WaitStore       = Waits{}
	_ operators.AssignmentStore = Waits{}
	_ operators.PresenceStore   = Waits{}
	_ operators.ItemStore       = Waits{}
)

// waitRow is a row of each waitSource.
type waitRow struct {
	Kind     operators.WaitKind
	Brand    string
	Object   string
	Since    int64
	Order    prepaid.OrderID `db:"order_id"`
	Customer prepaid.CustomerID
	Number   string
	Status   topup.Status
	Why      string
	Minor    int64
	Currency prepaid.Currency

	Person     operators.PersonID
	Name       string
	Note       string
	AssignedAt int64
}

// waitSource is where a part of what waits is found, by an index in the order of since and id.
type waitSource struct {
	kinds            []operators.WaitKind
	on               string // the kind of the objects
	brand, since, id string // columns
	columns          string // kind, order_id, customer, number, status, why, minor, currency
	from             string
	where            string // the condition of the index
	ofKind           map[operators.WaitKind]string
}

// ofAssignment are the columns of a row's assignment, a.
const ofAssignment = `COALESCE(a.person, '') AS person, COALESCE(a.name, '') AS name, COALESCE(a.note, '') AS note, COALESCE(a.at, 0) AS assigned_at`

// returnedDebits are what a blocked customer c owes: the debits that came back since they were blocked.
const returnedDebits = `FROM orders o JOIN charges ch ON ch.brand = o.brand AND ch.order_id = o.id
	WHERE o.customer = c.id AND ch.status = 'returned' AND (ch.changed_at >= c.blocked_at OR o.status_at >= c.blocked_at)`

var waitSources = []waitSource{
	{
		kinds: []operators.WaitKind{operators.WaitUnknown, operators.WaitRefund, operators.WaitLate}, on: prepaid.OnOrder,
		brand: "o.brand", since: "o.status_at", id: "o.id",
		columns: `CASE o.status WHEN 'refund_failed' THEN 'refund' WHEN 'declined' THEN 'late_charge' ELSE 'unknown' END AS kind,
			o.id AS order_id, o.customer, o.msisdn AS number, o.status, o.reason AS why, o.minor, o.currency`,
		from: "orders o", where: "o.needs_human",
		ofKind: map[operators.WaitKind]string{
			operators.WaitRefund: "o.status = 'refund_failed'", operators.WaitLate: "o.status = 'declined'",
			operators.WaitUnknown: "o.status NOT IN ('refund_failed', 'declined')",
		},
	},
	{
		kinds: []operators.WaitKind{operators.WaitDebt}, on: prepaid.OnCustomer, brand: "c.brand", since: "c.blocked_at", id: "c.id",
		columns: `'debt' AS kind, COALESCE((SELECT MAX(o.id) ` + returnedDebits + `), '') AS order_id, c.id AS customer, c.msisdn AS number, '' AS status, '' AS why,
			COALESCE((SELECT CAST(SUM(o.minor) AS BIGINT) ` + returnedDebits + `), 0) AS minor, COALESCE((SELECT MIN(o.currency) ` + returnedDebits + `), '') AS currency`,
		from: "customers c", where: "c.status = 'blocked'",
	},
	{
		kinds: []operators.WaitKind{operators.WaitFrozen}, on: prepaid.OnCustomer, brand: "c.brand", since: "c.frozen_at", id: "c.id",
		columns: `'frozen' AS kind, '' AS order_id, c.id AS customer, c.msisdn AS number, '' AS status, '' AS why, 0 AS minor, '' AS currency`,
		from:    "customers c", where: "c.frozen_at > 0 AND c.status <> 'erased'",
	},
	{
		kinds: []operators.WaitKind{operators.WaitNews}, on: prepaid.OnNotice, brand: "n.brand", since: "n.held_at", id: "n.id",
		columns: `'news' AS kind, n.order_id, '' AS customer, n.address AS number, n.about AS status, n.held AS why, 0 AS minor, '' AS currency`,
		from:    "notices n", where: "n.told_at = 0 AND n.held <> '' AND n.held <> 'stop'",
	},
}

// Waiting implements operators.WaitStore.
func (db Waits) Waiting(ctx context.Context, f operators.WaitFilter) ([]operators.Wait, error) {
	rows, err := db.differences(ctx, f)
	for _, s := range waitSources {
		if err != nil || f.Kind != "" && !slices.Contains(s.kinds, f.Kind) {
			continue
		}
		var found []waitRow
		query, args := db.waitQuery(s, f)
		if err = listIn(ctx, db.orderReader, &found, query, args...); err != nil {
			err = fmt.Errorf("list what waits: %w", err)
		}
		for _, r := range found {
			rows = append(rows, r.wait(s.on))
		}
	}
	if err != nil {
		return nil, err
	}
	operators.SortWaits(rows)
	return rows[:min(len(rows), f.Limit)], nil
}

// waitQuery reads the first rows of a source that a filter leaves.
func (db Waits) waitQuery(s waitSource, f operators.WaitFilter) (string, []any) {
	var c conditions
	c.add(s.where)
	brand := s.brand
	if db.dialect == SQLite {
		brand = "+" + brand // it would as soon go by brand
	}
	c.add(brand+" IN (?)", f.Brands)
	if only := s.ofKind[f.Kind]; only != "" {
		c.add(only)
	}
	if f.ID != "" {
		c.add(s.id+" = ?", f.ID)
	}
	if f.Person != "" {
		c.add("COALESCE(a.person, '') = ?", f.Person) // an expression: databases would begin at the assignments
	}
	if f.Nobodys {
		c.add("COALESCE(a.person, '') = ''")
	}
	if f.After.ID != "" {
		c.add("("+s.since+", "+s.id+") > (?, ?)", prepaid.Micros(f.After.Since), f.After.ID)
	}
	return `SELECT ` + s.columns + `, ` + s.brand + ` AS brand, ` + s.id + ` AS object, ` + s.since + ` AS since, ` + ofAssignment + `
		FROM ` + s.from + ` LEFT JOIN assignments a ON a.brand = ` + s.brand + ` AND a.kind = '` + s.on + `' AND a.object = ` + s.id +
		c.where() + ` ORDER BY ` + s.since + `, ` + s.id + ` LIMIT ?`, append(c.args, f.Limit)
}

func (r waitRow) wait(on string) operators.Wait {
	w := operators.Wait{
		Kind: r.Kind, On: operators.Object{Brand: r.Brand, Kind: on, ID: r.Object}, Since: prepaid.FromMicros(r.Since), Order: r.Order, Customer: r.Customer,
		Number: prepaid.MSISDN(r.Number).Masked(), Status: r.Status, Why: r.Why, Amount: prepaid.Money{Minor: r.Minor, Currency: r.Currency},
		Assignment: operators.Assignment{Person: r.Person, Name: r.Name, Note: r.Note, At: prepaid.FromMicros(r.AssignedAt)},
	}
	if r.Kind == operators.WaitNews {
		w.Number = prepaid.Address(r.Number).Masked()
	}
	return w
}

// itemRow is an open item, with the brand of its order and its assignment.
type itemRow struct {
	operators.OpenItem
	Brand, Object string
	Assigned      operators.Assignment
}

var itemTable = newTable[itemRow]("open_items", names{
	"Order": "order_id", "Brand": "brand,join", "Object": "object,join", "Assigned": "assigned,join", "ClosedAt": "-", "ClosedBy": "-", "Reason": "-",
})

// itemObject is what an open item i is about: its order, or itself.
const itemObject = `CASE WHEN i.order_id <> '' THEN i.order_id ELSE i.id END`

// differences are the open items of a filter, one row for all of an order.
func (db Waits) differences(ctx context.Context, f operators.WaitFilter) ([]operators.Wait, error) {
	if f.Kind != "" && f.Kind != operators.WaitDifference && f.Kind != operators.WaitDispute {
		return nil, nil
	}
	items, err := itemTable.query(ctx, db.orderReader, `
		SELECT i.id, i.provider, i.reference, i.kind, i.order_id, i.currency, i.ours, i.theirs, i.note, i.happened_at, i.found_at, COALESCE(o.brand, '') AS brand,
			`+itemObject+` AS object, COALESCE(a.person, '') AS assigned_person, COALESCE(a.name, '') AS assigned_name,
			COALESCE(a.note, '') AS assigned_note, COALESCE(a.at, 0) AS assigned_at
		FROM open_items i LEFT JOIN orders o ON o.id = i.order_id
			LEFT JOIN assignments a ON a.brand = COALESCE(o.brand, '') AND a.kind = '`+prepaid.OnItem+`' AND a.object = `+itemObject+`
		WHERE i.closed_at = 0 ORDER BY i.found_at, i.id`)
	if err != nil {
		return nil, fmt.Errorf("list differences: %w", err)
	}
	return netted(items, f), nil
}

// netted makes one row of all open items of an order.
func netted(items []itemRow, f operators.WaitFilter) []operators.Wait {
	var rows []operators.Wait
	index := map[string]int{}
	for _, i := range items {
		at, known := index[i.Object]
		if !known {
			at = len(rows)
			index[i.Object] = at
			w := operators.Wait{Kind: operators.WaitDifference, On: operators.Object{Brand: i.Brand, Kind: prepaid.OnItem, ID: i.Object}, Since: i.FoundAt, Order: i.Order,
				Why: i.Note, Amount: prepaid.Money{Currency: i.Currency}, Assignment: i.Assigned}
			if i.Kind == "dispute" {
				w.Kind = operators.WaitDispute
			}
			rows = append(rows, w)
		}
		w := &rows[at]
		w.Items = append(w.Items, i.OpenItem)
		if i.Currency == w.Amount.Currency {
			w.Amount.Minor += i.Theirs - i.Ours
		}
	}
	return slices.DeleteFunc(rows, func(w operators.Wait) bool {
		beyond := cmp.Or(w.Since.Compare(f.After.Since), strings.Compare(w.On.ID, f.After.ID)) > 0
		return !slices.Contains(f.Brands, w.On.Brand) || f.Kind != "" && w.Kind != f.Kind || f.ID != "" && w.On.ID != f.ID ||
			f.Person != "" && w.Person != f.Person || f.Nobodys && w.Person != "" || f.After.ID != "" && !beyond
	})
}

// CountWaiting implements operators.WaitStore.
func (db Waits) CountWaiting(ctx context.Context) ([]operators.WaitCount, error) {
	var counts []operators.WaitCount
	for _, s := range waitSources {
		var found []struct {
			Kind   operators.WaitKind
			Brand  string
			Count  int
			Oldest int64
		}
		kind, _, _ := strings.Cut(s.columns, " AS kind")
		// An expression: SQLite would rather read all in the order of brands.
		if err := list(ctx, db.orderReader, &found, `SELECT `+kind+` AS kind, `+s.brand+` || '' AS brand, COUNT(*) AS count, MIN(`+s.since+`) AS oldest
			FROM `+s.from+` WHERE `+s.where+` GROUP BY 1, 2`); err != nil {
			return nil, fmt.Errorf("count what waits: %w", err)
		}
		for _, r := range found {
			counts = append(counts, operators.WaitCount{Brand: r.Brand, Kind: r.Kind, Count: r.Count, Oldest: prepaid.FromMicros(r.Oldest)})
		}
	}
	var brands []string
	if err := list(ctx, db.orderReader, &brands, `
		SELECT DISTINCT COALESCE(o.brand, '') FROM open_items i LEFT JOIN orders o ON o.id = i.order_id WHERE i.closed_at = 0`); err != nil {
		return nil, fmt.Errorf("count differences: %w", err)
	}
	differences, err := db.differences(ctx, operators.WaitFilter{Brands: brands})
	for _, w := range differences {
		i := slices.IndexFunc(counts, func(c operators.WaitCount) bool { return c.Kind == w.Kind && c.Brand == w.On.Brand })
		if i < 0 {
			i = len(counts)
			counts = append(counts, operators.WaitCount{Brand: w.On.Brand, Kind: w.Kind, Oldest: w.Since})
		}
		counts[i].Count++
	}
	return counts, err
}

// ItemsOf implements operators.ItemStore.
func (db Waits) ItemsOf(ctx context.Context, brand, id string) ([]operators.OpenItem, error) {
	return itemsOf(ctx, db.orderReader, brand, id)
}

func itemsOf(ctx context.Context, q querier, brand, id string) ([]operators.OpenItem, error) {
	items, err := openItemTable.query(ctx, q, `
		SELECT `+openItemTable.of("i")+` FROM open_items i LEFT JOIN orders o ON o.id = i.order_id
		WHERE i.closed_at = 0 AND `+itemObject+` = ? AND COALESCE(o.brand, '') = ? ORDER BY i.happened_at, i.id`, id, brand)
	if err != nil {
		return nil, fmt.Errorf("read differences: %w", err)
	}
	return items, nil
}

// CloseItems implements operators.ItemStore.
func (db Waits) CloseItems(ctx context.Context, brand, id string, by prepaid.By, now time.Time) (int, error) {
	closed := 0
	err := db.writeOrders(ctx, "close differences", func(tx *sqlx.Tx) error {
		items, err := itemsOf(ctx, tx, brand, id)
		if err != nil {
			return err
		}
		for _, i := range items {
			rows, err := exec(ctx, tx, `UPDATE open_items SET closed_at = ?, closed_by = ?, reason = ? WHERE id = ? AND closed_at = 0`,
				prepaid.Micros(now), by.Who, by.Why, i.ID)
			if err != nil {
				return err
			}
			closed += int(rows)
		}
		if closed == 0 {
			return operators.ErrNoOpenItem
		}
		return recordDeed(ctx, tx, prepaid.Deed{Brand: brand, What: "close difference", Kind: prepaid.OnItem, Object: id, Old: "open", New: "closed", By: by, At: now})
	})
	return closed, err
}
