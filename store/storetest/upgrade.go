package storetest

import (
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/channels"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/topup"
)

// Fill puts something of everything that a server stores into an empty store: what an upgrade must carry over.
func Fill(t *testing.T, db *store.DB, hand *sqlx.DB) {
	t.Helper()
	w := &world{T: t, db: db, hand: hand}
	w.traces()
	w.archiveAll(start.Add(8 * 24 * time.Hour))
	c := w.traces()
	w.sale()
	w.apply(declined(w.placed(w.purchase(w.customer()))))
	w.placed(w.purchase(w.customer())) // under way
	w.saleByPIN()
	w.signs(w.customer())
	w.taken(start)

	mover := w.linked()
	w.ok(w.db.OptOuts.SetOptOut(w.Context(), brand, mover.MSISDN.Tel(), []string{"", "twilio"}, true, start))
	must[accounts.Customer](w)(w.db.Moves.MoveCustomer(w.Context(), w.move(mover, newNumber, "move")))
	closing := w.linked()
	must[[]prepaid.Address](w)(w.db.Moves.CloseCustomer(w.Context(), w.closing(closing, "close")))

	w.card("102-1")
	w.redeemed("102-1")
	w.card("102-2")
	j := w.job(5)
	batch := w.chunk(j, 5)
	step := cards.Chunk{Job: j, Cards: 5, First: batch[0].Serial, Last: cards.Key{Series: "101", Serial: batch[4].Serial}, Now: start, End: true}
	must[[]int](w)(w.db.CardJobs.SaveChunk(w.Context(), step, batch))
	w.exec(`INSERT INTO resellers (brand, name, title, created_at, created_by) VALUES ('demo', 'kiosk', 'Kiosk', 1, 'anna')`)
	w.ok(db.Blocks.SetPause(w.Context(), operators.Pause{Brand: "demo", Until: start.Add(time.Hour), Texts: map[string]string{"en": "until 14:00"}, By: by, At: start},
		prepaid.Deed{Brand: "demo", What: "pause", Kind: prepaid.OnBrand, Object: "demo", By: by, At: start}))
	w.ok(db.Deeds.Record(w.Context(), prepaid.Deed{Brand: "demo", What: "see number", Kind: prepaid.OnCustomer, Object: "c", About: "+31612345678", By: by, At: start}))

	w.ok(db.Approvals.Ask(w.Context(), asked("question"), []operators.DeskNotice{{ID: "n", Brand: brand, Approval: "question", Way: operators.ByMail, CreatedAt: start, RunAt: start}}, asked("question").Deed("ask", by, start)))
	if _, _, err := db.Forms.Begin(w.Context(), operators.Form{Person: "anna", Key: "k", At: start}); err != nil {
		w.Fatal(err)
	}

	must[int](w)(db.Blocks.AddBlocks(w.Context(), []operators.Block{blocked("erased-1-ab")}, prepaid.Deed{Brand: brand, What: "block", Kind: prepaid.OnBlock, By: by, At: start}))

	w.seals(start)

	key := w.developer(eur(100000)).ID
	w.hook(key)
	w.boughtBy(key)
	w.boughtBy(key)
	if _, err := w.db.Developers.CountRequest(w.Context(), key, start); err != nil {
		w.Fatal(err)
	}
	waits, unsure := message(c.MSISDN.Tel(), "m7", 0), message("tel:+31600000007", "m8", 0)
	w.put(unsure)
	w.end(w.claimOut(start)[0], channels.SendEnd{Status: channels.GivenUp, Code: "30003", Now: start})
	w.put(waits)
	w.ok(w.db.Windows.SawInbound(w.Context(), brand, "whatsapp", c.MSISDN.Tel(), "whatsapp:"+c.MSISDN.String(), start))
	w.ok(w.db.Channels.SetSwitch(w.Context(), operators.SwitchChange{Brand: brand, Channel: "twilio", On: true, By: by, At: start}))
	if _, _, err := w.db.Outbox.SendSlot(w.Context(), "demo/twilio", start, start.Add(time.Minute), time.Second); err != nil {
		w.Fatal(err)
	}
	w.ok(w.db.Reconciliation.SaveDispute(w.Context(), operators.OpenItem{Provider: "stripe", Reference: "dp_1", Currency: "EUR", Theirs: 1000, HappenedAt: start}, start))
	w.ok(w.db.Reconciliation.SaveWalletReading(w.Context(), operators.WalletReading{Network: "reloadly", Currency: "EUR", At: start, Balance: 1}, nil))
	must[bool](w)(w.db.Leases.HoldLease(w.Context(), "poll demo/bot", "a server", start, start.Add(time.Minute)))
	w.rightKey(operators.PINPepper, "1")
	must[operators.BrandState](w)(w.db.Brands.PutBrandInForce(w.Context(), operators.BrandState{Brand: brand, By: by, At: start}, 0,
		&operators.BrandVersion{Brand: brand, Text: "title: Demo\n", By: by, At: start}))
	w.ok(w.db.Retention.SetRetention(w.Context(), []*prepaid.Brand{{Name: brand}}))
	w.begun(w.customer())
	w.staff()
	w.missed("192.0.2.1", 1, start)
	order := operators.Object{Brand: brand, Kind: prepaid.OnOrder, ID: "ORDER"}
	w.ok(w.db.Waits.Assign(w.Context(), order, operators.Assignment{Person: "anna", Name: "Anna", Note: "asked the bank", At: start}, by))
	must[[]operators.Present](w)(w.db.Waits.Seen(w.Context(), order, operators.Present{Person: "anna", Name: "Anna", Since: start}, start, start))
	w.ok(w.db.Audit.SaveAuditRun(w.Context(), operators.AuditRun{ID: "audit", StartedAt: start, By: by}))
	w.atDesk(w.customer())
	w.clean()
}

// GoOn checks that a store that was filled by an earlier program is whole, and that a server goes on with it.
func GoOn(t *testing.T, db *store.DB, hand *sqlx.DB) {
	t.Helper()
	w := &world{T: t, db: db, hand: hand}
	w.drawn.Store(100_000) // numbers that Fill has not drawn
	w.clean()
	var open []topup.Order
	for _, h := range must[[]topup.History](w)(w.db.Orders.AllOrders(w.Context())) {
		if len(h.Attempts) == 0 || h.Charge.ID == "" || len(must[[]operators.Passage](w)(w.db.Orders.Passages(w.Context(), h.ID))) == 0 {
			w.Errorf("order %s has lost its history: %+v", h.ID, h)
		}
		if h.Status == topup.Charging {
			open = append(open, h.Order)
		}
	}
	if len(open) != 1 {
		w.Fatalf("%d orders are under way; want 1", len(open))
	}
	w.apply(charged(open[0]))
	w.apply(delivered(open[0]))
	w.sale()
	w.card("103-1")
	w.redeemed("103-1")
	if keys := must[[]developers.Key](w)(w.db.Developers.Keys(w.Context(), brand)); len(keys) == 0 {
		w.Error("no developer's key is left")
	}
	same(w, "still waits", len(w.claimOut(start.Add(time.Hour))) > 0, true)
	same(w, "a link", w.counts("short_links"), "short_links 1")
	mandates := must[[]payments.Mandate](w)(w.db.Mandates.MandatesByReference(w.Context(), ""))
	if len(mandates) == 0 {
		w.Error("no mandate is left")
	}
	c := must[accounts.Customer](w)(w.db.Customers.CustomerByMSISDN(w.Context(), brand, newNumber))
	must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}, start))
	must[[]store.Strays](w)(w.db.Partitions.Prepare(w.Context(), start))
	w.archiveAll(start.Add(8 * 24 * time.Hour))
	w.forgetAll(start.Add(100*24*time.Hour), prepaid.Retention{})
	w.clean()
}
