package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

var concurrencyTests = []test{
	{"one operation key makes one order", func(w *world) {
		for name, c := range map[string]accounts.Customer{"customer": w.customer(), "stranger": {MSISDN: msisdn(77)}} {
			orders := make([]topup.NewOrder, 64)
			for i := range orders {
				orders[i] = w.purchase(c, func(n *topup.NewOrder) {
					n.Order.OperationKey = "one " + name
					if name == "stranger" {
						byCard("101-1")(n)
					}
				})
			}
			var first atomic.Int32
			var ids sync.Map
			together(len(orders), func(i int) {
				o, existing, err := w.db.Orders.Create(w.Context(), orders[i])
				if err != nil {
					w.Error(err)
				}
				if !existing {
					first.Add(1)
				}
				ids.Store(o.ID, true)
			})
			if first.Load() != 1 || size(&ids) != 1 {
				w.Errorf("%s: %d were first, %d ids; want 1 and 1", name, first.Load(), size(&ids))
			}
		}
	}},
	{"a payer has one order in flight, whomever it is for", func(w *world) {
		c := w.customer()
		orders := make([]topup.NewOrder, 16)
		for i := range orders {
			orders[i] = w.purchase(c, func(n *topup.NewOrder) { n.Order.MSISDN = msisdn(90 + i%2) })
		}
		w.oneOf(orders, func(err error) bool {
			var inFlight *topup.InFlightError
			return errors.As(err, &inFlight)
		})
	}},
	{"a number has an order in flight for each who pays", func(w *world) {
		orders := make([]topup.NewOrder, 16)
		for i := range orders {
			orders[i] = w.purchase(w.customer(), func(n *topup.NewOrder) { n.Order.MSISDN = msisdn(99) })
		}
		together(len(orders), func(i int) {
			if _, existing, err := w.db.Orders.Create(w.Context(), orders[i]); err != nil || existing {
				w.Errorf("existing %v, %v", existing, err)
			}
		})
	}},
	{"no order passes a limit", func(w *world) {
		c := w.customer()
		orders := make([]topup.NewOrder, 64)
		for i := range orders {
			orders[i] = w.purchase(c, limited(prepaid.Limits{DaySum: eur(5000)}, start))
		}
		var bought, waited atomic.Int32
		together(len(orders), func(i int) {
			for {
				o, _, err := w.db.Orders.Create(w.Context(), orders[i])
				var limit *topup.LimitError
				var inFlight *topup.InFlightError
				switch {
				case err == nil:
					bought.Add(1)
					w.apply(charged(o))
					w.apply(delivered(o))
					return
				case errors.As(err, &limit):
					return
				case !errors.As(err, &inFlight) || waited.Add(1) > 100_000:
					w.Error(err)
					return
				}
			}
		})
		same(w, "bought", bought.Load(), int32(5))
	}},
	{"one order reserves a card", func(w *world) {
		c := w.card("101-1")
		var reserved atomic.Int32
		together(64, func(i int) {
			has, err := w.db.Cards.ReserveCard(w.Context(), brand, c.Serial, prepaid.OrderID(fmt.Sprint("ORDER", i)), start)
			if err != nil {
				w.Error(err)
			}
			if has {
				reserved.Add(1)
			}
		})
		same(w, "reserved", reserved.Load(), int32(1))
	}},
	{"no order is claimed twice", func(w *world) {
		for range 60 {
			w.placed(w.purchase(w.customer()))
		}
		at := start.Add(time.Hour)
		w.noneTwice(60, func() []string {
			claimed, err := w.db.Orders.Claim(w.Context(), at, at.Add(time.Minute), 4)
			if err != nil {
				w.Error(err)
			}
			var ids []string
			for _, h := range claimed {
				ids = append(ids, string(h.ID))
			}
			return ids
		})
	}},
	{"no message is claimed twice, nor two of an address", func(w *world) {
		for i := range 60 {
			to := prepaid.Address(fmt.Sprint("tel:+", i))
			w.put(message(to, "a", 0), message(to, "a", 1))
		}
		w.noneTwice(60, func() []string {
			claimed, err := w.db.Outbox.ClaimOutbound(w.Context(), start, start.Add(time.Minute), 4)
			if err != nil {
				w.Error(err)
			}
			return addresses(claimed)
		})
	}},
	{"no notice is claimed twice", func(w *world) {
		for range 40 {
			w.customer() // each has completed a setup
		}
		w.noneTwice(40, func() []string {
			claimed, err := w.db.Notices.ClaimNotices(w.Context(), start, start.Add(time.Minute), 3)
			if err != nil {
				w.Error(err)
			}
			var ids []string
			for _, n := range claimed {
				ids = append(ids, string(n.ID))
			}
			return ids
		})
	}},
	{"of one change, one moves the order", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		var moved atomic.Int32
		together(16, func(int) {
			m, err := w.db.Orders.Apply(w.Context(), charged(o))
			if err != nil {
				w.Error(err)
			}
			if m {
				moved.Add(1)
			}
		})
		same(w, "moved", moved.Load(), int32(1))
		w.clean()
	}},
	{"three PINs are tried, each key once", func(w *world) {
		c := w.customer()
		var counted sync.Map
		together(64, func(i int) {
			key := fmt.Sprint("message", i/2) // each is delivered twice
			_, ok, err := w.db.PINs.CountPINTry(w.Context(), c.ID, key, start)
			if err != nil {
				w.Error(err)
			}
			if ok {
				counted.Store(key, true)
			}
		})
		same(w, "keys", size(&counted), 3)
		same(w, "tries", w.pin(c).Tries, 3)
	}},
	{"no more one-time codes are sent than the caps say", func(w *world) {
		var sent sync.Map
		together(64, func(i int) {
			code := oneTimeCode(fmt.Sprint("message", i/2)) // each is delivered twice
			code.Address, code.MSISDN = prepaid.Address(fmt.Sprint("telegram:", i/2)), msisdn(i/2*100)
			code.Channel = []string{"one", "two"}[i/2%2]
			by, err := w.db.Codes.SaveCode(w.Context(), code, codeCaps)
			switch {
			case err != nil:
				w.Error(err)
			case by == accounts.NoCap:
				sent.Store(code.OperationKey, true)
			case by != accounts.CapChannel && by != accounts.CapBrand:
				w.Errorf("stopped by %s", by)
			}
		})
		same(w, "sent", size(&sent), codeCaps.Budget.PerBrand)
		total := 0
		for _, f := range must[[]accounts.CodeFigures](w)(w.db.Codes.CodeFigures(w.Context(), start)) {
			total += f.Sent
		}
		same(w, "counted", total, codeCaps.Budget.PerBrand)
	}},
	{"wrong codes of many are all counted", func(w *world) {
		together(32, func(i int) {
			keys := []string{"all", fmt.Sprint("address", i%4)}
			if i%2 == 1 {
				keys[0], keys[1] = keys[1], keys[0]
			}
			_, err := w.db.CardTries.CountWrongCode(w.Context(), brand, keys, fmt.Sprint(i), start, func(int) time.Time { return time.Time{} })
			if err != nil {
				w.Error(err)
			}
		})
		w.tries([]string{"all"}, 32, time.Time{})
		w.tries([]string{"address1"}, 8, time.Time{})
	}},
}

// oneOf creates the orders at once: one succeeds, and the others meet the expected error.
func (w *world) oneOf(orders []topup.NewOrder, expected func(error) bool) {
	w.Helper()
	var stored atomic.Int32
	together(len(orders), func(i int) {
		_, _, err := w.db.Orders.Create(w.Context(), orders[i])
		switch {
		case err == nil:
			stored.Add(1)
		case !expected(err):
			w.Error(err)
		}
	})
	same(w, "stored", stored.Load(), int32(1))
}

// noneTwice lets 8 claim until nothing is left, and expects each of want once.
func (w *world) noneTwice(want int, claim func() []string) {
	w.Helper()
	var claimed sync.Map
	together(8, func(int) {
		for {
			ids := claim()
			if len(ids) == 0 {
				return
			}
			for _, id := range ids {
				if _, twice := claimed.LoadOrStore(id, true); twice {
					w.Errorf("%s claimed twice", id)
				}
			}
		}
	})
	// On PostgreSQL a claim skips what another is just claiming: the last one may have come too early.
	for _, id := range claim() {
		claimed.Store(id, true)
	}
	same(w, "claimed", size(&claimed), want)
}

func addresses(messages []channels.Outbound) []string {
	var to []string
	for _, m := range messages {
		to = append(to, string(m.Address))
	}
	return to
}

func size(m *sync.Map) int {
	n := 0
	m.Range(func(any, any) bool { n++; return true })
	return n
}
