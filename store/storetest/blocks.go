package storetest

import (
	"errors"
	"time"

	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
)

// blocked is a number that Anna blocks.
func blocked(value string) operators.Block {
	return operators.Block{
		Brand: brand, ID: "block " + value, Batch: "batch", Blocked: operators.Blocked{Kind: operators.BlockNumber, Value: value, Shows: "+316****5678"}, By: by, At: start,
	}
}

// blocks writes blocks, and returns how many of them are new.
func (w *world) blocks(all ...operators.Block) int {
	w.Helper()
	return must[int](w)(w.db.Blocks.AddBlocks(w.Context(), all, prepaid.Deed{Brand: brand, What: "block", Kind: prepaid.OnBlock, Object: "batch", By: by, At: start}))
}

var blockTests = []test{
	{"a block is read as it was stored", func(w *world) {
		b := filled(func(b *operators.Block) { b.EndedAt = time.Time{} })
		same(w, "added", w.blocks(b), 1)
		same(w, "block", must[operators.Block](w)(w.db.Blocks.Block(w.Context(), b.Brand, b.ID)), b)
		if _, err := w.db.Blocks.Block(w.Context(), "other", b.ID); !errors.Is(err, operators.ErrNoBlock) {
			w.Error(err)
		}
	}},
	{"what is blocked is not blocked twice, and again once that has ended", func(w *world) {
		first, again := blocked("v"), blocked("v")
		first.Until, again.ID, again.At = start.Add(time.Hour), "again", start.Add(time.Minute)
		same(w, "added", w.blocks(first), 1)
		same(w, "again", w.blocks(again, blocked("w")), 1)
		count := func(now time.Time) int {
			return must[int](w)(w.db.Blocks.CountBlocked(w.Context(), brand, []operators.Blocked{first.Blocked, {Kind: operators.BlockIBAN, Value: "v"}, {Kind: operators.BlockNumber, Value: "w"}}, now))
		}
		same(w, "blocked", count(start), 2)
		same(w, "blocked after the end of one", count(start.Add(time.Hour)), 1)
		again.At = start.Add(time.Hour)
		same(w, "after its end", w.blocks(again), 1)
		same(w, "ended", must[operators.Block](w)(w.db.Blocks.Block(w.Context(), brand, first.ID)).EndedAt, first.Until)
	}},
	{"blocks end once, alone or together, and leave one deed", func(w *world) {
		w.blocks(blocked("v"), blocked("w"), blocked("x"))
		end := func(batch, id string) int {
			return must[int](w)(w.db.Blocks.EndBlocks(w.Context(), brand, batch, id, start.Add(time.Second), prepaid.Deed{Brand: brand, What: "unblock", By: by, At: start}))
		}
		same(w, "one", end("", "block v"), 1)
		same(w, "again", end("", "block v"), 0)
		same(w, "the rest", end("batch", ""), 2)
		same(w, "deeds", w.counts("deeds"), "deeds 3")
	}},
	{"blocks are listed a page at a time, the newest first", func(w *world) {
		for i, v := range []string{"a", "b", "c"} {
			b := blocked(v)
			b.At = start.Add(time.Duration(i/2) * time.Second) // two at once
			w.blocks(b)
		}
		var ids []string
		f := operators.BlockFilter{Brand: brand, Kind: operators.BlockNumber, Active: true, Now: start, Limit: 1}
		for {
			page := must[[]operators.Block](w)(w.db.Blocks.Blocks(w.Context(), f))
			if len(page) == 0 {
				break
			}
			ids = append(ids, page[0].ID)
			f.After = page[0].ID
		}
		same(w, "listed", ids, []string{"block c", "block b", "block a"})
	}},
	{"erasing a customer erases what blocks show of them, and they stay blocked", func(w *world) {
		c := w.customer()
		s, m := mandate(c, "mandate/1")
		must[payments.Setup](w)(w.db.Mandates.SaveMandate(w.Context(), s, m))
		number, address, iban, another := blocked("number "+string(c.MSISDN)), blocked("address "+string(c.MSISDN.Tel())), blocked("i"), blocked("another")
		address.Kind, address.Batch, iban.Kind, iban.Shows, iban.Batch, another.Batch = operators.BlockAddress, "address", operators.BlockIBAN, m.IBAN, "iban", "another"
		for _, b := range []operators.Block{number, address, iban, another} {
			d := prepaid.Deed{Brand: brand, What: "block", Kind: prepaid.OnBlock, Object: b.Batch, About: b.Shows, By: by, At: start}
			must[int](w)(w.db.Blocks.AddBlocks(w.Context(), []operators.Block{b}, d))
		}
		must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}, start))
		same(w, "shown", w.column(`SELECT id || shows FROM blocks WHERE shows <> ''`), another.ID+another.Shows)
		same(w, "deeds tell of", w.column(`SELECT d.object FROM deeds d JOIN deed_details x ON x.deed = d.id WHERE d.kind = 'block'`), "another")
		same(w, "blocked", must[int](w)(w.db.Blocks.CountBlocked(w.Context(), brand, []operators.Blocked{number.Blocked, address.Blocked, iban.Blocked}, start)), 3)
	}},
	{"blocks that have ended are forgotten with the deeds", func(w *world) {
		w.blocks(blocked("v"), blocked("w"))
		ended := func(at time.Time) {
			w.exec(`UPDATE blocks SET ended_at = ? WHERE value = 'v'`, prepaid.Micros(at))
			w.forgetAll(start, prepaid.Retention{})
		}
		ended(start.AddDate(-9, 0, 0))
		same(w, "within ten years", w.counts("blocks"), "blocks 2")
		ended(start.AddDate(-11, 0, 0))
		same(w, "left", w.column(`SELECT value FROM blocks`), "w")
	}},
}
