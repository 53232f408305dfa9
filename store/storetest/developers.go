package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/accounts"
	"pulsa/developers"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

func keyDeed(key, what string) prepaid.Deed {
	return prepaid.Deed{What: what, Kind: prepaid.OnKey, Object: key, By: by, At: start}
}

func usd(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "USD"} }

// developer makes a key whose account holds so much.
func (w *world) developer(balance prepaid.Money) developers.Key {
	w.Helper()
	k := developers.Key{ID: prepaid.NewID[string](), Brand: brand, Name: fmt.Sprint("key ", w.next()), Scopes: reloadly.Scopes(),
		SecretHash: "1.hash", Balance: prepaid.Money{Currency: balance.Currency}, ChangedAt: start, CreatedAt: start}
	w.ok(w.db.Developers.CreateKey(w.Context(), k, keyDeed(k.ID, "create")))
	if !balance.Zero() {
		same(w, "balance", must[prepaid.Money](w)(w.db.Developers.CreditKey(w.Context(), balance, "", keyDeed(k.ID, "credit"))), balance)
	}
	return w.key(k.ID)
}

func (w *world) key(id string) developers.Key {
	w.Helper()
	return must[developers.Key](w)(w.db.Developers.Key(w.Context(), id))
}

// resale is an order of EUR 10 that a developer pays EUR 9.60 or USD 10 for.
func (w *world) resale(k developers.Key, change ...func(*topup.NewOrder)) topup.NewOrder {
	n := w.purchase(accounts.Customer{MSISDN: msisdn(w.next())}, func(n *topup.NewOrder) {
		n.Order.Customer, n.Order.ReplyTo, n.Order.AuthorisedBy, n.Order.Status = "", topup.ReplyTo{}, "api", topup.Charged
		n.Order.Funding = topup.FundingRef{Kind: topup.ByDeveloper, Ref: k.ID}
		n.Charge.Status = topup.ChargeCaptured
		n.Attempt.Outcome, n.Attempt.EndedAt = topup.Done, start
		n.Sale = &topup.Sale{Operator: 1349, OperatorName: "Example NL", Country: "NL", Delivered: eur(1000),
			Requested: eur(1000), Discount: eur(40), Price: eur(960)}
		if k.Balance.Currency == "USD" {
			n.Sale.Requested, n.Sale.Discount, n.Sale.Price, n.Sale.FX = usd(1000), usd(0), usd(1000), "1 2026-11-01"
		}
	})
	for _, f := range change {
		f(&n)
	}
	if n.Order.Status == topup.Charged {
		n.Postings = []topup.Entry{paidByDeveloper(n, 1)}
	}
	return n
}

// debitedLater makes a resale one that is stored before its debit, and debited is the change that makes that.
func debitedLater(n *topup.NewOrder) {
	n.Order.Status, n.Charge.Status = topup.Charging, topup.ChargeSending
	n.Attempt.Outcome, n.Attempt.EndedAt = topup.Sending, time.Time{}
}

func debited(n topup.NewOrder) topup.Change {
	return topup.Change{Order: n.Order.ID, From: topup.Charging, To: []topup.Status{topup.Charged}, Charge: topup.ChargeCaptured,
		Postings: []topup.Entry{paidByDeveloper(n, 1)}, At: start.Add(time.Minute), RunAt: start.Add(time.Minute)}
}

// paidByDeveloper is the capture of a developer's order, or with -1 its refund.
func paidByDeveloper(n topup.NewOrder, sign int64) topup.Entry {
	e := topup.Entry{Kind: "capture"}
	if sign < 0 {
		e.Kind = "refund"
	}
	post := func(account string, m prepaid.Money) {
		m.Minor *= sign
		e.Postings = append(e.Postings, topup.Posting{Account: account, Amount: m})
	}
	post("developer:"+n.Order.Funding.Ref, n.Sale.Price)
	post("discount", n.Sale.Discount)
	if n.Sale.Requested.Currency != n.Order.Amount.Currency {
		post("fx:USD", n.Sale.Requested.Neg())
		post("fx:USD", n.Order.Amount)
	}
	post("refunds_due", n.Order.Amount.Neg())
	return e
}

func identified(identifier string) func(*topup.NewOrder) {
	return func(n *topup.NewOrder) { n.Sale.Identifier, n.Order.OperationKey = identifier, "api:"+identifier }
}

// sent, failed and given end a developer's order.
func sent(o topup.Order) topup.Change {
	return topup.Change{Order: o.ID, From: topup.Charged, To: []topup.Status{topup.Delivering, topup.Delivered}, At: start,
		Postings: []topup.Entry{transfer("delivery", "refunds_due", "airtime_sold", o.Amount)}, NetworkRef: "net-1"}
}

func givenBack(n topup.NewOrder) topup.Change {
	return topup.Change{Order: n.Order.ID, From: topup.Charged, To: []topup.Status{topup.Delivering, topup.Refunding, topup.Refunded},
		Charge: topup.ChargeRefunded, Reason: topup.CodeRefused, At: start, Postings: []topup.Entry{paidByDeveloper(n, -1)}}
}

var developerTests = []test{
	{"a key is kept, and found by its name once", func(w *world) {
		k := w.developer(eur(0))
		got := w.key(k.ID)
		same(w, "key", got, developers.Key{ID: k.ID, Brand: brand, Name: k.Name, Scopes: reloadly.Scopes(), SecretHash: "1.hash",
			Balance: eur(0), ChangedAt: start, CreatedAt: start})
		other := k
		other.ID = prepaid.NewID[string]()
		if err := w.db.Developers.CreateKey(w.Context(), other, keyDeed(other.ID, "create")); !errors.Is(err, developers.ErrNameTaken) {
			w.Errorf("the name again: %v", err)
		}
		revoke := keyDeed(k.ID, "revoke")
		revoke.At = start.Add(time.Second)
		w.ok(w.db.Developers.RevokeKey(w.Context(), revoke))
		w.ok(w.db.Developers.CreateKey(w.Context(), other, keyDeed(other.ID, "create")))
		if err := w.db.Developers.RevokeKey(w.Context(), keyDeed(k.ID, "revoke")); !errors.Is(err, developers.ErrRevoked) {
			w.Errorf("revoked again: %v", err)
		}
		if err := w.db.Developers.RevokeKey(w.Context(), keyDeed("nobody", "revoke")); !errors.Is(err, developers.ErrNoKey) {
			w.Errorf("revoke of nobody: %v", err)
		}
		if _, err := w.db.Developers.Key(w.Context(), "nobody"); !errors.Is(err, developers.ErrNoKey) {
			w.Errorf("nobody: %v", err)
		}
		if all := must[[]developers.Key](w)(w.db.Developers.Keys(w.Context(), "")); len(all) != 2 {
			w.Errorf("%d keys of all brands", len(all))
		}
		if none := must[[]developers.Key](w)(w.db.Developers.Keys(w.Context(), "other")); len(none) != 0 {
			w.Errorf("%d keys of another brand", len(none))
		}
		deeds := w.deeds(prepaid.OnKey, k.ID)
		if len(deeds) != 2 || deeds[0].What != "create" || deeds[1].What != "revoke" || deeds[1].By != by || !deeds[1].At.Equal(revoke.At) {
			w.Errorf("deeds %+v", deeds)
		}
	}},
	{"a payment is credited once, whoever books it and how often", func(w *world) {
		k, other := w.developer(eur(0)), w.developer(eur(0))
		var booked atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				switch _, err := w.db.Developers.CreditKey(w.Context(), eur(10), "statement 7", keyDeed(k.ID, "credit")); {
				case err == nil:
					booked.Add(1)
				case !errors.Is(err, developers.ErrBooked):
					w.Errorf("booked again: %v", err)
				}
			})
		}
		all.Wait()
		if n := booked.Load(); n != 1 {
			w.Errorf("booked %d times", n)
		}
		same(w, "balance", w.key(k.ID).Balance, eur(10))
		same(w, "of another key", must[prepaid.Money](w)(w.db.Developers.CreditKey(w.Context(), eur(1), "statement 7", keyDeed(other.ID, "credit"))), eur(1))
		w.ok(w.db.Developers.RevokeKey(w.Context(), keyDeed(k.ID, "revoke")))
		if _, err := w.db.Developers.CreditKey(w.Context(), eur(10), "", keyDeed(k.ID, "credit")); !errors.Is(err, developers.ErrRevoked) {
			w.Errorf("of a revoked key: %v", err)
		}
		same(w, "paid back", must[prepaid.Money](w)(w.db.Developers.CreditKey(w.Context(), eur(-10), "", keyDeed(k.ID, "credit"))), eur(0))
	}},
	{"an account is credited, and never overdrawn", func(w *world) {
		k := w.developer(eur(10000))
		same(w, "paid back", must[prepaid.Money](w)(w.db.Developers.CreditKey(w.Context(), eur(-9999), "", keyDeed(k.ID, "credit"))), eur(1))
		if _, err := w.db.Developers.CreditKey(w.Context(), eur(-2), "", keyDeed(k.ID, "credit")); !errors.Is(err, topup.ErrNoFunds) {
			w.Errorf("more than there is: %v", err)
		}
		if _, err := w.db.Developers.CreditKey(w.Context(), usd(1), "", keyDeed(k.ID, "credit")); !errors.Is(err, developers.ErrCurrency) {
			w.Errorf("another currency: %v", err)
		}
		if _, err := w.db.Developers.CreditKey(w.Context(), eur(1), "", keyDeed("nobody", "credit")); !errors.Is(err, developers.ErrNoKey) {
			w.Errorf("nobody: %v", err)
		}
		same(w, "balance", w.key(k.ID).Balance, eur(1))
		if deeds := w.deeds(prepaid.OnKey, k.ID); len(deeds) != 3 {
			w.Errorf("%d deeds: what was refused is none", len(deeds))
		}
		w.clean()
	}},
	{"an order debits the account in its own transaction", func(w *world) {
		for _, k := range []developers.Key{w.developer(eur(1000)), w.developer(usd(1000))} {
			n := w.resale(k, identified("order 1 "+k.ID))
			price := n.Sale.Price
			o := w.placed(n)
			h := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID))
			want := *n.Sale
			want.Number, want.Balance = h.Sale.Number, prepaid.Money{Minor: 1000 - price.Minor, Currency: price.Currency}
			want.DebitedAt = o.CreatedAt
			same(w, "sale", *h.Sale, want)
			same(w, "balance", w.key(k.ID).Balance, want.Balance)
			if h.Status != topup.Charged || h.Charge.Status != topup.ChargeCaptured || h.Sale.Number == 0 {
				w.Errorf("stored %s %s %d", h.Status, h.Charge.Status, h.Sale.Number)
			}
			w.clean()
			w.apply(sent(o))
			w.clean()
			w.ok(w.db.Developers.RevokeKey(w.Context(), keyDeed(k.ID, "revoke"))) // a refund reaches a revoked key too
			reversed := topup.Change{Order: o.ID, From: topup.Delivered, To: []topup.Status{topup.Refunding, topup.Refunded}, At: start,
				Charge: topup.ChargeRefunded, Postings: []topup.Entry{
					transfer("reversal", "airtime_sold", "refunds_due", o.Amount), paidByDeveloper(n, -1),
				}}
			w.apply(reversed)
			same(w, "balance after the refund", w.key(k.ID).Balance.Minor, int64(1000))
			w.clean()
		}
	}},
	{"what can't be paid for leaves nothing behind", func(w *world) {
		k := w.developer(eur(959))
		n := w.resale(k, identified("short"))
		if _, _, err := w.db.Orders.Create(w.Context(), n); !errors.Is(err, topup.ErrNoFunds) {
			w.Fatalf("created: %v", err)
		}
		if _, err := w.db.Orders.ByOperation(w.Context(), brand, n.Order.OperationKey); !errors.Is(err, topup.ErrNoOrder) {
			w.Errorf("the identifier is taken: %v", err)
		}
		same(w, "balance", w.key(k.ID).Balance, eur(959))
		must[prepaid.Money](w)(w.db.Developers.CreditKey(w.Context(), eur(1), "", keyDeed(k.ID, "credit")))
		w.placed(n)
		same(w, "balance", w.key(k.ID).Balance, eur(0))
		for name, other := range map[string]topup.NewOrder{
			"of nobody": w.resale(developers.Key{ID: "nobody"}), "of another brand": w.resale(k, func(n *topup.NewOrder) { n.Order.Brand = "other" }),
		} {
			if _, _, err := w.db.Orders.Create(w.Context(), other); !errors.Is(err, topup.ErrNoKey) {
				w.Errorf("%s: %v", name, err)
			}
		}
		w.ok(w.db.Developers.RevokeKey(w.Context(), keyDeed(k.ID, "revoke")))
		if _, _, err := w.db.Orders.Create(w.Context(), w.resale(k)); !errors.Is(err, topup.ErrNoKey) {
			w.Errorf("revoked: %v", err)
		}
		w.clean()
	}},
	{"a debit that comes later is made while the key may buy, and once", func(w *world) {
		k := w.developer(eur(2 * 960))
		orders := make([]topup.NewOrder, 8)
		for i := range orders {
			orders[i] = w.resale(k, debitedLater)
			o := w.placed(orders[i])
			if h := must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)); !h.Sale.DebitedAt.IsZero() || h.Sale.Price != eur(960) || h.Status != topup.Charging {
				w.Errorf("stored %s %+v", h.Status, h.Sale)
			}
		}
		same(w, "balance before", w.key(k.ID).Balance, eur(2*960))
		w.clean()
		var made, short atomic.Int32
		together(4*len(orders), func(i int) {
			moved, err := w.db.Orders.Apply(w.Context(), debited(orders[i%len(orders)]))
			switch {
			case errors.Is(err, topup.ErrNoFunds):
				short.Add(1)
			case err != nil:
				w.Error(err)
			case moved:
				made.Add(1)
			}
		})
		if made.Load() != 2 || short.Load() == 0 {
			w.Errorf("%d debits, %d refused; want 2", made.Load(), short.Load())
		}
		same(w, "balance", w.key(k.ID).Balance, eur(0))
		var left []int64
		waiting := -1
		for i, n := range orders {
			h := must[topup.History](w)(w.db.Orders.Order(w.Context(), n.Order.ID))
			if h.Status == topup.Charging { // what was refused has written nothing
				waiting = i
				continue
			}
			left = append(left, h.Sale.Balance.Minor)
			same(w, "debited at", h.Sale.DebitedAt, start.Add(time.Minute))
		}
		if slices.Sort(left); !slices.Equal(left, []int64{0, 960}) {
			w.Errorf("balances %v", left)
		}
		must[prepaid.Money](w)(w.db.Developers.CreditKey(w.Context(), eur(960), "", keyDeed(k.ID, "credit")))
		w.ok(w.db.Developers.RevokeKey(w.Context(), keyDeed(k.ID, "revoke")))
		if _, err := w.db.Orders.Apply(w.Context(), debited(orders[waiting])); !errors.Is(err, topup.ErrNoKey) {
			w.Errorf("revoked: %v", err)
		}
		same(w, "balance of the revoked", w.key(k.ID).Balance, eur(960))
		w.apply(declined(orders[waiting].Order))
		w.clean()
	}},
	{"a suspended key buys nothing until it is resumed", func(w *world) {
		k := w.developer(eur(10000))
		later := w.resale(k, debitedLater)
		w.placed(later)
		suspend := keyDeed(k.ID, "suspend")
		suspend.At = start.Add(time.Second)
		w.ok(w.db.Developers.SuspendKey(w.Context(), suspend))
		if got := w.key(k.ID); !got.SuspendedAt.Equal(suspend.At) || !got.Suspended() || got.Revoked() {
			w.Errorf("suspended at %s", got.SuspendedAt)
		}
		if err := w.db.Developers.SuspendKey(w.Context(), suspend); !errors.Is(err, developers.ErrSuspended) {
			w.Errorf("suspended again: %v", err)
		}
		if _, _, err := w.db.Orders.Create(w.Context(), w.resale(k)); !errors.Is(err, topup.ErrInactive) {
			w.Errorf("bought: %v", err)
		}
		if _, err := w.db.Orders.Apply(w.Context(), debited(later)); !errors.Is(err, topup.ErrInactive) {
			w.Errorf("debited: %v", err)
		}
		same(w, "balance", w.key(k.ID).Balance, eur(10000))
		w.ok(w.db.Developers.ResumeKey(w.Context(), keyDeed(k.ID, "resume")))
		if err := w.db.Developers.ResumeKey(w.Context(), keyDeed(k.ID, "resume")); !errors.Is(err, developers.ErrNotSuspended) {
			w.Errorf("resumed again: %v", err)
		}
		w.placed(w.resale(k))
		w.apply(debited(later))
		w.ok(w.db.Developers.RevokeKey(w.Context(), keyDeed(k.ID, "revoke")))
		for what, change := range map[string]func(context.Context, prepaid.Deed) error{
			"suspend": w.db.Developers.SuspendKey, "resume": w.db.Developers.ResumeKey,
		} {
			if err := change(w.Context(), keyDeed(k.ID, "x")); !errors.Is(err, developers.ErrRevoked) {
				w.Errorf("%s a revoked key: %v", what, err)
			}
			if err := change(w.Context(), keyDeed("nobody", "x")); !errors.Is(err, developers.ErrNoKey) {
				w.Errorf("%s nobody: %v", what, err)
			}
		}
		var did []string
		for _, d := range w.deeds(prepaid.OnKey, k.ID) {
			did = append(did, d.What)
		}
		if slices.Sort(did); !slices.Equal(did, []string{"create", "credit", "resume", "revoke", "suspend"}) {
			w.Errorf("deeds %v", did)
		}
		w.clean()
	}},
	{"many orders at once spend what there is and no more", func(w *world) {
		k := w.developer(eur(10 * 960))
		orders := make([]topup.NewOrder, 32)
		for i := range orders {
			orders[i] = w.resale(k)
		}
		var made atomic.Int32
		var left sync.Map
		together(len(orders), func(i int) {
			o, _, err := w.db.Orders.Create(w.Context(), orders[i])
			switch {
			case errors.Is(err, topup.ErrNoFunds):
			case err != nil:
				w.Error(err)
			default:
				made.Add(1)
				h, err := w.db.Orders.Order(w.Context(), o.ID)
				if err != nil {
					w.Error(err)
					return
				}
				left.Store(h.Sale.Balance.Minor, true)
			}
		})
		if made.Load() != 10 || size(&left) != 10 {
			w.Errorf("%d orders, %d balances; want 10 and 10", made.Load(), size(&left))
		}
		same(w, "balance", w.key(k.ID).Balance, eur(0))
		w.clean()
	}},
	{"requests are counted by window", func(w *world) {
		k := w.developer(eur(0))
		count := func(at time.Time) int { return must[int](w)(w.db.Developers.CountRequest(w.Context(), k.ID, at)) }
		var highest atomic.Int32
		together(20, func(int) {
			n, err := w.db.Developers.CountRequest(w.Context(), k.ID, start)
			if err != nil {
				w.Error(err)
			}
			for {
				old := highest.Load()
				if int32(n) <= old || highest.CompareAndSwap(old, int32(n)) {
					break
				}
			}
		})
		if highest.Load() != 20 {
			w.Errorf("20 requests counted %d", highest.Load())
		}
		if n := count(start.Add(time.Minute)); n != 1 {
			w.Errorf("the next window begins at %d", n)
		}
		same(w, "last use", w.key(k.ID).LastUsedAt, start.Add(time.Minute))
	}},
	{"a number's owner does not read what a developer bought for it", func(w *world) {
		n := w.resale(w.developer(eur(1000)))
		w.placed(n)
		same(w, "latest", len(must[[]topup.Order](w)(w.db.Orders.Latest(w.Context(), brand, topup.Whose{MSISDN: n.Order.MSISDN}, 1))), 0)
	}},
}
