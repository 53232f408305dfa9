package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// saleTests: many orders of a key at once, and what a report finds of them.
var saleTests = []test{
	{"one identifier makes one order and one debit", func(w *world) {
		k := w.developer(eur(100000))
		orders := make([]topup.NewOrder, 32)
		for i := range orders {
			orders[i] = w.resale(k, identified("one"))
			orders[i].Order.MSISDN = msisdn(1)
		}
		var ids sync.Map
		together(len(orders), func(i int) {
			o, _, err := w.db.Orders.Create(w.Context(), orders[i])
			if err != nil {
				w.Error(err)
			}
			ids.Store(o.ID, true)
		})
		if size(&ids) != 1 {
			w.Errorf("%d orders", size(&ids))
		}
		same(w, "balance", w.key(k.ID).Balance, eur(100000-960))
		other := w.resale(k, identified("one"))
		other.Order.RequestHash = "another request"
		if _, _, err := w.db.Orders.Create(w.Context(), other); !errors.Is(err, topup.ErrKeyReused) {
			w.Errorf("another request: %v", err)
		}
		w.placed(w.resale(k, identified("ONE"))) // capitals make a difference
		w.clean()
	}},
	{"refunds at once give back once each", func(w *world) {
		k := w.developer(eur(5 * 960))
		orders := make([]topup.NewOrder, 5)
		for i := range orders {
			orders[i] = w.resale(k)
			w.placed(orders[i])
		}
		var moved atomic.Int32
		together(20, func(i int) {
			ok, err := w.db.Orders.Apply(w.Context(), givenBack(orders[i%5]))
			if err != nil {
				w.Error(err)
			}
			if ok {
				moved.Add(1)
			}
		})
		if moved.Load() != 5 {
			w.Errorf("%d refunds", moved.Load())
		}
		same(w, "balance", w.key(k.ID).Balance, eur(5*960))
		w.clean()
	}},
	{"a key's limits hold, whatever comes at once", func(w *world) {
		k := w.developer(eur(1000000))
		limit := func(l topup.SaleLimits) func(*topup.NewOrder) { return func(n *topup.NewOrder) { n.Sale.Limits = l } }
		try := func(l topup.SaleLimits, want string, change ...func(*topup.NewOrder)) {
			w.Helper()
			_, _, err := w.db.Orders.Create(w.Context(), w.resale(k, append(change, limit(l))...))
			var met *topup.LimitError
			if errors.As(err, &met) {
				if met.Name != want {
					w.Errorf("refused by %s, want %q", met.Name, want)
				}
			} else if err != nil || want != "" {
				w.Errorf("%v, want %q", err, want)
			}
		}
		orders := make([]topup.NewOrder, 12)
		for i := range orders {
			orders[i] = w.resale(k, limit(topup.SaleLimits{DayCount: 5}))
		}
		var made atomic.Int32
		together(len(orders), func(i int) {
			if _, _, err := w.db.Orders.Create(w.Context(), orders[i]); err == nil {
				made.Add(1)
			}
		})
		if made.Load() != 5 {
			w.Errorf("%d orders of 5", made.Load())
		}
		try(topup.SaleLimits{DaySum: eur(6*960 - 1)}, topup.LimitDaySum)
		try(topup.SaleLimits{DaySum: eur(6 * 960)}, "")
		tomorrow := func(n *topup.NewOrder) { n.Order.CreatedAt = start.Add(25 * time.Hour) }
		try(topup.SaleLimits{DayCount: 1}, "", tomorrow)
		to := func(m prepaid.MSISDN, after time.Duration) func(*topup.NewOrder) {
			return func(n *topup.NewOrder) { n.Order.MSISDN, n.Order.CreatedAt = m, start.Add(after) }
		}
		first := w.resale(k, to(msisdn(500), 0), limit(topup.SaleLimits{Gap: 2 * time.Minute}))
		w.placed(first)
		try(topup.SaleLimits{Gap: 2 * time.Minute}, topup.LimitPending, to(msisdn(500), time.Hour))
		w.apply(sent(first.Order))
		try(topup.SaleLimits{Gap: 2 * time.Minute}, topup.LimitGap, to(msisdn(500), time.Minute))
		try(topup.SaleLimits{Gap: 2 * time.Minute}, "", to(msisdn(500), 2*time.Minute))
		second := w.resale(k, to(msisdn(501), 0))
		w.placed(second)
		w.apply(givenBack(second))
		try(topup.SaleLimits{Gap: 2 * time.Minute}, "", to(msisdn(501), time.Second)) // what came to nothing is no top-up
	}},
	{"sales are found by all that a report asks for", func(w *world) {
		k, stranger := w.developer(eur(100000)), w.developer(eur(100000))
		var numbers []int64
		for i := range 7 {
			n := w.resale(k, identified(fmt.Sprint("Order ", i)), func(n *topup.NewOrder) {
				n.Order.CreatedAt = start.Add(time.Duration(i) * time.Hour)
				if i == 3 {
					n.Sale.Country, n.Sale.Operator, n.Sale.OperatorName = "SR", 7, "Telesur"
				}
			})
			o := w.placed(n)
			numbers = append(numbers, must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).Sale.Number)
		}
		w.placed(w.resale(stranger, identified("Order 0 of another")))
		second := start.Truncate(time.Second)
		for name, c := range map[string]struct {
			filter developers.Filter
			total  int
			page   []int // indices
		}{
			"all":                    {developers.Filter{}, 7, []int{0, 1, 2, 3, 4, 5, 6}},
			"a page":                 {developers.Filter{Page: 2, Size: 3}, 7, []int{3, 4, 5}},
			"the last page":          {developers.Filter{Page: 3, Size: 3}, 7, []int{6}},
			"beyond":                 {developers.Filter{Page: 9, Size: 3}, 7, nil},
			"by number":              {developers.Filter{TransactionID: reloadly.ID(numbers[2])}, 1, []int{2}},
			"by identifier":          {developers.Filter{CustomIdentifier: "oRDER 5"}, 1, []int{5}},
			"by another's":           {developers.Filter{CustomIdentifier: "Order 0 of another"}, 0, nil},
			"by country":             {developers.Filter{CountryCode: "sr"}, 1, []int{3}},
			"by operator":            {developers.Filter{OperatorID: 7, OperatorName: "TELESUR"}, 1, []int{3}},
			"from":                   {developers.Filter{From: second.Add(5 * time.Hour)}, 2, []int{5, 6}},
			"to its second included": {developers.Filter{To: second.Add(time.Hour)}, 2, []int{0, 1}},
		} {
			page, total, err := w.db.Sales.Sales(w.Context(), k.ID, c.filter)
			w.ok(err)
			var got []int
			for _, h := range page {
				got = append(got, slices.Index(numbers, h.Sale.Number))
				if h.ID == "" || h.Amount != eur(1000) {
					w.Errorf("%s: order %+v", name, h.Order)
				}
			}
			if total != c.total || !slices.Equal(got, c.page) {
				w.Errorf("%s: %d, %v; want %d, %v", name, total, got, c.total, c.page)
			}
		}
	}},
}
