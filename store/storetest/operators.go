package storetest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store/scratch"
	"pulsa/topup"
)

var by = prepaid.By{Who: "anna", Why: "the customer asked"}

var operatorTests = []test{
	{"orders are listed by what is asked", func(w *world) {
		first, second := w.sale(), w.placed(w.purchase(w.customer()))
		ids := func(f operators.OrderFilter) []prepaid.OrderID {
			var ids []prepaid.OrderID
			for _, o := range must[[]topup.Order](w)(w.db.Orders.List(w.Context(), f)) {
				ids = append(ids, o.ID)
			}
			return ids
		}
		same(w, "all", len(ids(operators.OrderFilter{})), 2)
		same(w, "open", ids(operators.OrderFilter{Open: true}), []prepaid.OrderID{second.ID})
		same(w, "delivered", ids(operators.OrderFilter{Status: topup.Delivered, Brand: brand}), []prepaid.OrderID{first.ID})
		same(w, "of a number", ids(operators.OrderFilter{MSISDN: second.MSISDN}), []prepaid.OrderID{second.ID})
		same(w, "of a customer", ids(operators.OrderFilter{Customer: first.Customer}), []prepaid.OrderID{first.ID})
		same(w, "for humans", len(ids(operators.OrderFilter{NeedsHuman: true})), 0)
		same(w, "later", len(ids(operators.OrderFilter{Since: start.Add(24 * time.Hour)})), 0)
		same(w, "earlier", len(ids(operators.OrderFilter{Until: start})), 0)
		sieve := operators.OrderSieve{Channel: first.ReplyTo.Channel, Network: first.Network, Funding: first.Funding.Kind, Minor: first.Amount.Minor}
		same(w, "through a sieve", len(ids(operators.OrderFilter{OrderSieve: sieve})), 2)
		sieve.Minor++
		same(w, "through another", len(ids(operators.OrderFilter{OrderSieve: sieve})), 0)
		same(w, "of a reason", len(ids(operators.OrderFilter{OrderSieve: operators.OrderSieve{Reason: "NONE"}})), 0)
		all := ids(operators.OrderFilter{})
		for n, want := range []prepaid.OrderID{all[0], all[1], ""} {
			at, err := w.db.Orders.Look(w.Context(), operators.OrderFilter{Brand: brand}, n+1)
			same(w, "look", at.ID, want)
			if err != nil {
				w.Error(err)
			}
			if want != "" {
				same(w, "down to there", len(ids(operators.OrderFilter{DownTo: at})), n+1)
			}
		}
	}},
	{"pages of orders hold each order once, the newest first", func(w *world) {
		var placed []prepaid.OrderID
		for i := range 7 {
			at := start.Add(time.Duration(i/3) * time.Second) // some at once
			o := w.placed(w.purchase(w.customer(), func(n *topup.NewOrder) { n.Order.CreatedAt = at }))
			placed = append(placed, o.ID)
		}
		for _, f := range []operators.OrderFilter{{}, {Brand: brand}, {Status: topup.Charging}, {Open: true}, {Since: start}, {Brand: brand, Status: topup.Charging, Open: true}} {
			f.Limit = 2
			var listed []topup.Order
			for {
				page := must[[]topup.Order](w)(w.db.Orders.List(w.Context(), f))
				listed = append(listed, page...)
				if len(page) < f.Limit {
					break
				}
				f.After = operators.OrderCursor{CreatedAt: page[1].CreatedAt, ID: page[1].ID}
			}
			sorted := slices.IsSortedFunc(listed, func(a, b topup.Order) int { return b.CreatedAt.Compare(a.CreatedAt) })
			var ids []prepaid.OrderID
			for _, o := range listed {
				ids = append(ids, o.ID)
			}
			slices.Sort(ids)
			slices.Sort(placed)
			if same(w, "listed", ids, placed); !sorted {
				w.Errorf("%+v: not by time: %v", f, ids)
			}
		}
	}},
	{"what was booked with providers is listed", func(w *world) {
		o := w.sale()
		var kinds []string
		for _, b := range must[[]operators.Booked](w)(w.db.Reconciliation.Booked(w.Context(), start.Add(-time.Hour), start.Add(time.Hour))) {
			kinds = append(kinds, b.Provider+" "+b.Kind)
			if b.Order != o.ID || b.Amount != o.Amount || b.Reference == "" {
				w.Errorf("booked %+v", b)
			}
		}
		slices.Sort(kinds)
		same(w, "kinds", kinds, []string{"network:net delivery", "psp:sim charge"})
	}},
	{"a difference is one open item until it is closed", func(w *world) {
		d := operators.OpenItem{Provider: "psp:sim", Reference: "r", Kind: "charge", Currency: "EUR", Ours: 1000, HappenedAt: start}
		save := func(found ...operators.OpenItem) {
			w.ok(w.db.Reconciliation.SaveDifferences(w.Context(), found, start, start.Add(time.Hour), start.Add(2*time.Hour)))
		}
		open := func() []operators.OpenItem {
			return must[[]operators.OpenItem](w)(w.db.Reconciliation.OpenItems(w.Context(), false))
		}
		save(d)
		save(d)
		same(w, "found twice", len(open()), 1)
		w.ok(w.db.Reconciliation.CloseItem(w.Context(), open()[0].ID, by, start))
		save(d)
		same(w, "found again once closed", len(open()), 0)
		if err := w.db.Reconciliation.CloseItem(w.Context(), "none", by, start); !errors.Is(err, operators.ErrNoOpenItem) {
			w.Errorf("none: %v", err)
		}
		d.Theirs = 900
		save(d)
		same(w, "differs otherwise", len(open()), 1)
		save()
		same(w, "differs no longer", len(open()), 0)
		same(w, "all", len(must[[]operators.OpenItem](w)(w.db.Reconciliation.OpenItems(w.Context(), true))), 2)
	}},
	{"a difference keeps the provider's newest word for it", func(w *world) {
		d := operators.OpenItem{Provider: "psp:sim", Reference: "r", Kind: "charge", Currency: "EUR", Ours: 1000, HappenedAt: start}
		for _, note := range []string{"processing", "canceled"} {
			d.Note = note
			w.ok(w.db.Reconciliation.SaveDifferences(w.Context(), []operators.OpenItem{d}, start, start.Add(time.Hour), start))
			same(w, "note", must[[]operators.OpenItem](w)(w.db.Reconciliation.OpenItems(w.Context(), true))[0].Note, note)
		}
	}},
	{"a wallet's readings and what differs between them are kept", func(w *world) {
		read := func(currency prepaid.Currency) (sum, postings int64, underway bool) {
			sum, postings, underway, err := w.db.Reconciliation.WalletBooked(w.Context(), "net", currency)
			w.ok(err)
			return sum, postings, underway
		}
		if sum, postings, underway := read("USD"); sum != 0 || postings != 0 || underway {
			w.Errorf("nothing booked: %d in %d, under way %v", sum, postings, underway)
		}
		o := w.placed(w.purchase(w.customer()))
		w.apply(charged(o))
		if _, _, underway := read("USD"); !underway {
			w.Error("a delivery under way is not seen")
		}
		c, cost := delivered(o), prepaid.Money{Minor: 960, Currency: "USD"}
		c.Postings[0].Postings = append(c.Postings[0].Postings, topup.Posting{Account: "fx:USD", Amount: cost}, topup.Posting{Account: "wallet:net", Amount: cost.Neg()})
		w.apply(c)
		if sum, postings, underway := read("USD"); sum != -960 || postings != 1 || underway {
			w.Errorf("one delivery: %d in %d, under way %v", sum, postings, underway)
		}
		if sum, _, _ := read("EUR"); sum != 0 {
			w.Errorf("in another currency: %d", sum)
		}
		if _, found, err := w.db.Reconciliation.LastWalletReading(w.Context(), "net", "USD"); found || err != nil {
			w.Errorf("never read: %v, %v", found, err)
		}
		for i := range 2 {
			r := operators.WalletReading{Network: "net", Currency: "USD", At: start.Add(time.Duration(i) * time.Hour), Balance: int64(500 + i), Booked: -960, Postings: 1}
			item := &operators.OpenItem{Provider: "network:net", Reference: "since", Kind: "wallet", Currency: "USD", Ours: -960, Theirs: 40, HappenedAt: r.At}
			w.ok(w.db.Reconciliation.SaveWalletReading(w.Context(), r, item))
			last, found, err := w.db.Reconciliation.LastWalletReading(w.Context(), "net", "USD")
			w.ok(err)
			same(w, "found", found, true)
			same(w, "last", last, r)
		}
		w.ok(w.db.Reconciliation.SaveDifferences(w.Context(), nil, start.Add(-time.Hour), start.Add(time.Hour), start)) // of charges and deliveries
		same(w, "open", len(must[[]operators.OpenItem](w)(w.db.Reconciliation.OpenItems(w.Context(), false))), 1)
	}},
	{"an unlocked customer may try the PIN again", func(w *world) {
		c := w.customer()
		w.count(c, "wrong")
		w.ok(w.db.PINs.LockPIN(w.Context(), c.ID, start.Add(time.Hour), true))
		blocked := accounts.Blocked
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{Status: &blocked}))
		w.ok(w.db.Customers.Unlock(w.Context(), c.ID, false, by, start))
		same(w, "PIN", w.pin(c).Locked(start), false)
		same(w, "still owes", w.read(c).Status, accounts.Blocked)
		w.ok(w.db.Customers.Unlock(w.Context(), c.ID, true, by, start))
		same(w, "paid", w.read(c).Status, accounts.Active)
		if err := w.db.Customers.Unlock(w.Context(), "nobody", false, by, start); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("nobody: %v", err)
		}
	}},
	{"an erased customer is nowhere, and the books stay", func(w *world) {
		o := w.sale()
		c := must[accounts.Customer](w)(w.db.Customers.CustomerByID(w.Context(), o.Customer))
		w.ok(w.db.Customers.LinkAddress(w.Context(), c, place("telegram:352735"), start))
		w.ok(w.db.Customers.LinkAddress(w.Context(), c, place(c.MSISDN.Tel()), start))
		w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, "telegram:352735", []string{"", "twilio"}, true, start))
		w.count(c, "m1")
		for _, key := range cards.AllTryKeys("telegram:352735", c.ID) {
			must[int](w)(w.db.CardTries.CountWrongCode(w.Context(), brand, []string{key}, "m1", start, func(int) time.Time { return time.Time{} }))
		}
		w.apply(declined(w.placed(w.purchase(c, func(n *topup.NewOrder) { n.Order.MSISDN, n.Order.Email = "", "anyone@nauta.com.cu" }))))
		s, m := mandate(c, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		before := must[[]topup.Posting](w)(w.db.Ledger.Balances(w.Context(), brand))
		erase := operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}
		addresses := must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), erase, start))
		if !slices.Contains(addresses, "telegram:352735") || !slices.Contains(addresses, c.MSISDN.Tel()) {
			w.Errorf("addresses %v", addresses)
		}
		texts := must[map[string]string](w)(scratch.Texts(w.Context(), w.db))
		for _, table := range slices.Sorted(maps.Keys(texts)) {
			if strings.Contains(texts[table], string(c.MSISDN)) || strings.Contains(texts[table], "352735") || strings.Contains(texts[table], "anyone") ||
				strings.Contains(texts[table], "Jansen") || strings.Contains(texts[table], "4300") || strings.Contains(texts[table], m.Sealed) {
				w.Errorf("%s still knows: %s", table, texts[table])
			}
		}
		m.Holder, m.IBAN, m.From.Address, m.Sealed, m.RunAt = "", "", "", "", time.Time{}
		same(w, "mandate", must[[]payments.Mandate](w)(w.db.Mandates.MandatesByReference(w.Context(), m.Reference)), []payments.Mandate{m})
		same(w, "ledger", must[[]topup.Posting](w)(w.db.Ledger.Balances(w.Context(), brand)), before)
		same(w, "order's number", must[topup.History](w)(w.db.Orders.Order(w.Context(), o.ID)).MSISDN, prepaid.MSISDN("erased-1-ab"))
		if _, err := w.db.Customers.CustomerByMSISDN(w.Context(), brand, c.MSISDN); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("by number: %v", err)
		}
		if _, err := w.db.Customers.EraseCustomer(w.Context(), erase, start); !errors.Is(err, accounts.ErrNoCustomer) {
			w.Errorf("again: %v", err)
		}
		w.clean()
	}},
	{"nobody is erased while an order is under way or money is owed", func(w *world) {
		c := w.customer()
		o := w.placed(w.purchase(c))
		erase := operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}
		if _, err := w.db.Customers.EraseCustomer(w.Context(), erase, start); !isUnderWay(err) {
			w.Errorf("under way: %v", err)
		}
		w.apply(declined(o))
		blocked := accounts.Blocked
		w.ok(w.db.Customers.UpdateCustomer(w.Context(), c.ID, accounts.Update{Status: &blocked}))
		if _, err := w.db.Customers.EraseCustomer(w.Context(), erase, start); !errors.Is(err, accounts.ErrInDebt) {
			w.Errorf("in debt: %v", err)
		}
		erase.DespiteDebt = true
		must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), erase, start))
	}},
	{"the store tells its time", func(w *world) {
		now := must[time.Time](w)(w.db.Now(w.Context()))
		if skew := time.Since(now).Abs(); skew > 10*time.Second {
			w.Errorf("%s off", skew)
		}
	}},
}
