package store

import (
	"context"
	"fmt"

	"pulsa/operators"
	"pulsa/prepaid"
)

// Search finds what people at the desk type into the search box.
type Search struct{ *core }

var _ operators.SearchStore = Search{}

// mostFound is how much of a kind is found at most.
const mostFound = 50

type foundRow struct {
	Brand  string
	ID     string
	Status string
	At     int64
}

// lookup is one way to find something. Its query says brand, id, status and at.
type lookup struct {
	by, kind string
	query    string
	args     []any
}

// Find implements operators.SearchStore.
func (db Search) Find(ctx context.Context, s operators.Sought) ([]operators.Found, error) {
	var found []operators.Found
	for _, l := range lookups(s) {
		var rows []foundRow
		if err := list(ctx, db.orderReader, &rows, l.query+" LIMIT ?", append(l.args, mostFound)...); err != nil {
			return nil, fmt.Errorf("search by %s: %w", l.by, err)
		}
		for _, r := range rows {
			found = append(found, operators.Found{Kind: l.kind, Brand: r.Brand, ID: r.ID, By: l.by, Status: r.Status, At: prepaid.FromMicros(r.At)})
		}
	}
	return inBrands(found, s.Brands), nil
}

func inBrands(found []operators.Found, brands []string) []operators.Found {
	in := map[string]bool{}
	for _, b := range brands {
		in[b] = true
	}
	var kept []operators.Found
	for _, f := range found {
		if in[f.Brand] {
			kept = append(kept, f)
		}
	}
	return kept
}

// lookups are the ways to find what is sought. Each goes by an index that leaves few rows; which brands they are of is looked at later.
func lookups(s operators.Sought) []lookup {
	var all []lookup
	const order = `SELECT o.brand, o.id, o.status, o.created_at AS at FROM orders o`
	add := func(use bool, by, kind, query string, args ...any) {
		if use {
			all = append(all, lookup{by, kind, query, args})
		}
	}
	add(s.Order != "", operators.FoundByOrder, prepaid.OnOrder, order+` WHERE o.id = ?`, s.Order)
	ofCharge := order + ` JOIN charges c ON c.brand = o.brand AND c.order_id = o.id WHERE `
	add(s.Reference != "", operators.FoundByCharge, prepaid.OnOrder, ofCharge+`c.id = ?`, s.Reference)
	add(s.Reference != "", operators.FoundByGateway, prepaid.OnOrder, ofCharge+`c.provider_ref = ? AND c.provider_ref <> ''`, s.Reference)
	add(s.Reference != "", operators.FoundByNetwork, prepaid.OnOrder, order+` WHERE o.network_ref = ? AND o.network_ref <> ''`, s.Reference)
	ofSale := order + ` JOIN developer_sales s ON s.brand = o.brand AND s.order_id = o.id WHERE `
	add(s.Transaction != 0, operators.FoundByTransaction, prepaid.OnOrder, ofSale+`s.number = ?`, s.Transaction)
	for _, brand := range s.Brands {
		m := s.Numbers[brand]
		add(m != "", operators.FoundByNumber, prepaid.OnCustomer, `SELECT brand, id, status, created_at AS at FROM customers WHERE brand = ? AND msisdn = ?`, brand, m)
		add(m != "", operators.FoundByNumber, prepaid.OnOrder, order+` WHERE o.msisdn = ? AND o.brand = ? AND o.customer = '' ORDER BY o.created_at DESC`, m, brand)
		add(s.Serial != "", operators.FoundBySerial, prepaid.OnOrder,
			`SELECT brand, order_id AS id, state AS status, created_at AS at FROM cards WHERE brand = ? AND serial = ? AND order_id <> ''`, brand, s.Serial)
		add(s.Serial != "", operators.FoundBySerial, prepaid.OnCards,
			`SELECT brand, serial AS id, state AS status, created_at AS at FROM cards WHERE brand = ? AND serial = ? AND order_id = ''`, brand, s.Serial)
		add(s.Identifier != "", operators.FoundByIdentifier, prepaid.OnOrder,
			ofSale+`s.key_id IN (SELECT k.id FROM developer_keys k WHERE k.brand = ?) AND s.identifier_folded = ? AND s.identifier <> '' ORDER BY s.number DESC`,
			brand, s.Identifier)
	}
	add(s.Mandate != "", operators.FoundByMandate, prepaid.OnCustomer, `
		SELECT c.brand, c.id, c.status, m.agreed_at AS at FROM mandates m JOIN customers c ON c.brand = m.brand AND c.id = m.customer
		WHERE m.reference = ?`, s.Mandate)
	return all
}
