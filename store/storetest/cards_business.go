package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

var cardBusinessTests = []test{
	{"a chunk is stored whole or not at all", func(w *world) {
		j := w.job(5)
		batch := w.chunk(j, 5)
		w.card("101-1")
		batch[3].MAC, batch[4].MAC = []byte("mac 101-1"), batch[0].MAC
		step := cards.Chunk{Job: j, Cards: 5, First: batch[0].Serial, Last: cards.Key{Series: "101", Serial: batch[4].Serial}, Now: start, End: true}
		clashes := must[[]int](w)(w.db.CardJobs.SaveChunk(w.Context(), step, batch))
		same(w, "clashes", clashes, []int{3, 4})
		same(w, "the job", must[cards.Job](w)(w.db.CardJobs.CardJob(w.Context(), j.ID)), j)
		batch[3].MAC, batch[4].MAC = []byte("3"), []byte("4")
		same(w, "clashes", must[[]int](w)(w.db.CardJobs.SaveChunk(w.Context(), step, batch)), nil)
		same(w, "the job", must[cards.Job](w)(w.db.CardJobs.CardJob(w.Context(), j.ID)), step.Advanced())
		w.clean()
		other := w.chunk(w.job(1), 1)
		other[0].Serial = batch[0].Serial
		if _, err := w.db.CardJobs.SaveChunk(w.Context(), cards.Chunk{Job: w.job(1), Cards: 1, Now: start}, other); !errors.Is(err, cards.ErrExists) {
			w.Errorf("a taken serial: %v", err)
		}
	}},
	{"two processes can't both make a chunk", func(w *world) {
		j := w.job(10)
		step := cards.Chunk{Job: j, Cards: 5, Last: cards.Key{Series: "101", Serial: "x"}, Now: start}
		errs := make([]error, 8)
		together(len(errs), func(i int) {
			batch := w.chunk(j, 5)
			for n := range batch {
				batch[n].Serial, batch[n].MAC = fmt.Sprintf("101-%d", 1000+10*i+n), fmt.Appendf(nil, "%d %d", i, n)
			}
			_, errs[i] = w.db.CardJobs.SaveChunk(context.Background(), step, batch)
		})
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, cards.ErrJobElsewhere):
				w.Errorf("%v", err)
			}
		}
		same(w, "winners", won, 1)
		all, unspent, err := w.db.CardJobs.CountCodes(w.Context(), brand, 14, start)
		w.ok(err)
		same(w, "codes", []int64{all, unspent}, []int64{5, 5})
		w.clean()
	}},
	{"a chunk that another process has made is not taken for somebody else's cards", func(w *world) {
		j := w.job(10)
		step := cards.Chunk{Job: j, Cards: 5, Last: cards.Key{Series: "101", Serial: "x"}, Now: start}
		must[[]int](w)(w.db.CardJobs.SaveChunk(w.Context(), step, w.chunk(j, 5)))
		again := w.chunk(j, 5)
		for i := range again {
			again[i].MAC = fmt.Append(nil, "another code", i)
		}
		if _, err := w.db.CardJobs.SaveChunk(w.Context(), step, again); !errors.Is(err, cards.ErrJobElsewhere) {
			w.Errorf("%v", err)
		}
	}},
	{"chunks with the same codes do not wait for each other in a ring", func(w *world) {
		const n = 2000
		steps, batches := make([]cards.Chunk, 3), make([][]cards.Sealed, 3)
		for i := range steps {
			j := w.job(n)
			batches[i] = w.chunk(j, n)
			for at := range batches[i] {
				batches[i][at].MAC = fmt.Appendf(nil, "code %d", (at*7+i*n/3)%n)
			}
			if i == 1 {
				slices.Reverse(batches[i])
			}
			steps[i] = cards.Chunk{Job: j, Cards: n, Last: cards.Key{Series: "101", Serial: "x"}, Now: start}
		}
		clashes, errs := make([][]int, 3), make([]error, 3)
		together(len(steps), func(i int) { clashes[i], errs[i] = w.db.CardJobs.SaveChunk(context.Background(), steps[i], batches[i]) })
		same(w, "errors", errs, make([]error, 3))
		slices.SortFunc(clashes, func(a, b []int) int { return len(a) - len(b) })
		same(w, "codes that exist", []int{len(clashes[0]), len(clashes[1]), len(clashes[2])}, []int{0, n, n})
		if !slices.IsSorted(clashes[1]) || clashes[1][n-1] != n-1 {
			w.Errorf("clashes: %v", clashes[1])
		}
	}},
	{"codes under another key clash too", func(w *world) {
		w.card("101-1")
		j := w.job(2)
		batch := w.chunk(j, 2)
		batch[1].OldMACs = [][]byte{[]byte("mac 101-1")}
		same(w, "clashes", must[[]int](w)(w.db.CardJobs.SaveChunk(w.Context(), cards.Chunk{Job: j, Cards: 2, Now: start}, batch)), []int{1})
	}},
	{"a spent card can't be changed or deleted by anything", func(w *world) {
		w.card("101-1")
		w.redeemed("101-1")
		for _, statement := range []string{
			`UPDATE cards SET state = 'live'`, `UPDATE cards SET expires_at = 1`, `UPDATE cards SET reseller = 'x'`, `DELETE FROM cards`,
			`UPDATE cards SET order_id = ''`, `UPDATE cards SET minor = 1`,
		} {
			if err := w.try(statement); err == nil {
				w.Errorf("%s: done", statement)
			}
		}
		w.exec(`UPDATE cards SET activated_by = 'erased', mac = ciphertext, key_version = 2`)
	}},
	{"the record of card work can't be changed", func(w *world) {
		s := w.service(1)
		w.ok(s.Generate(w.Context(), cards.GenerateRequest{Brand: brand, Amount: eur(1000), Quantity: 1, Series: "7"}, nil))
		for _, statement := range []string{`UPDATE card_audit SET by_whom = 'x'`, `DELETE FROM card_audit`} {
			if err := w.try(statement); err == nil {
				w.Errorf("%s: done", statement)
			}
		}
	}},
	{"the business runs from generating to the report", func(w *world) {
		s, ctx := w.service(1), w.Context()
		must[cards.Reseller](w)(s.CreateReseller(ctx, cards.Reseller{Brand: brand, Name: "kiosk"}, prepaid.By{Who: "ann", Why: "test"}))
		var codes []string
		w.ok(s.Generate(ctx, cards.GenerateRequest{Brand: brand, Amount: eur(1000), Quantity: 6000, Series: "7", Reseller: "kiosk", By: prepaid.By{Who: "ann"}},
			func(_ cards.Card, code prepaid.Secret) error {
				codes = append(codes, code.Reveal())
				return nil
			}))
		all := cards.Filter{Brand: brand}
		p := must[cards.Preview](w)(s.PreviewExport(ctx, all, true))
		export := must[cards.Job](w)(s.StartExport(ctx, p, cards.ExportSpec{Plaintext: true}, prepaid.By{Who: "ann", Why: "test"}))
		var file strings.Builder
		_, made, err := s.ResumeExport(ctx, export, func(write func(io.Writer) error) error { return write(&file) }, nil)
		w.ok(err)
		if made.Cards != 6000 || !strings.Contains(file.String(), "7-00006000,"+codes[5999]) {
			w.Errorf("%d exported", made.Cards)
		}
		edit := func(f cards.Filter, c cards.Change, want int64) {
			w.Helper()
			p := must[cards.Preview](w)(s.PreviewEdit(ctx, f, c, true))
			j := must[cards.Job](w)(s.StartEdit(ctx, p, c, prepaid.By{Who: "ann", Why: "test"}))
			j = must[cards.Job](w)(s.ResumeEdit(ctx, j, nil))
			if j.Done != want || p.Cards() != want {
				w.Errorf("%+v: %d of %d", c, j.Done, p.Cards())
			}
		}
		edit(all, cards.Change{Action: cards.Release}, 6000)
		edit(cards.Filter{Brand: brand, From: "7-00000001", To: "7-00000010"}, cards.Change{Action: cards.Lock}, 10)
		edit(cards.Filter{Brand: brand, Statuses: []cards.Status{"locked"}}, cards.Change{Action: cards.Withdraw}, 10)
		w.redeemed("7-00000011")
		p = must[cards.Preview](w)(s.PreviewDelete(ctx, cards.Filter{Brand: brand, From: "7-00000001", To: "7-00000020"}, false))
		j := must[cards.Job](w)(s.StartDelete(ctx, p, prepaid.By{Who: "ann", Why: "test"}))
		same(w, "deleted", must[cards.Job](w)(s.ResumeEdit(ctx, j, nil)).Done, int64(19))
		b := must[[]cards.Balance](w)(s.Statement(ctx, brand, "kiosk"))
		sum := func(n int64) cards.Sum { return cards.Sum{Cards: n, Minor: 1000 * n} }
		same(w, "statement", b, []cards.Balance{{Group: "7", Currency: "EUR", Issued: sum(5981), Live: sum(5980), Spent: sum(1), Liability: sum(5980)}})
		spent := must[[]cards.Redemption](w)(s.Redemptions(ctx, brand, cards.Span{From: start.Add(-time.Hour)}, cards.ByReseller))
		same(w, "redemptions", spent, []cards.Redemption{{Day: start.Truncate(24 * time.Hour), Group: "kiosk", Currency: "EUR", Sum: sum(1)}})
		rekeyed := w.service(2)
		j = must[cards.Job](w)(rekeyed.StartRekey(ctx, brand, prepaid.By{Who: "ann"}))
		same(w, "rekeyed", must[cards.Job](w)(rekeyed.ResumeRekey(ctx, j, nil)).Done, int64(5981))
		_, err = w.service(2).Find(ctx, brand, prepaid.NewSecret(codes[10]), nil, "m")
		if !errors.Is(err, cards.ErrSpent) {
			w.Errorf("the spent card after rekeying: %v", err)
		}
		w.clean()
	}},
	{"pages lead through all cards in every order", func(w *world) {
		for i := range 25 {
			c := sealed(fmt.Sprintf("%d-%d", 100+i%3, i))
			c.Series = fmt.Sprint(100 + i%3)
			c.CreatedAt, c.ExpiresAt = start.Add(time.Duration(i%4)*time.Second), start.Add(time.Duration(i%5-2)*time.Hour)
			c.Amount, c.Reseller = eur(int64(1000+i%2)), []string{"", "kiosk", "shop"}[i%3]
			c.State = []cards.State{cards.Generated, cards.Live, cards.Locked, cards.Void}[i/2%4]
			if i%7 == 0 {
				c.ExpiresAt = time.Time{}
			}
			must[[]int](w)(w.db.Cards.SaveCards(w.Context(), []cards.Sealed{c}))
		}
		s := w.service(1)
		want := map[cards.Sort]int{cards.ByExpires: 21, cards.ByActivated: 0}
		for _, by := range cards.Sorts() {
			n, ok := want[by]
			if !ok {
				n = 25
			}
			up, down := w.pages(s, by, false), w.pages(s, by, true)
			same(w, string(by), len(up), n)
			slices.Reverse(down)
			same(w, string(by)+" the other way round", down, up)
		}
		ranks := map[string]int{"new": 0, "expired": 1, "locked": 2, "void": 3}
		last := 0
		for _, shown := range w.pages(s, cards.ByStatus, false) {
			_, status, _ := strings.Cut(shown, " ")
			if ranks[status] < last {
				w.Errorf("by status: %s too late", shown)
			}
			last = ranks[status]
		}
		fit := 0
		for _, shown := range w.pages(s, cards.BySerial, false) {
			if strings.HasSuffix(shown, "expired") || strings.HasSuffix(shown, "void") {
				fit++
			}
		}
		same(w, "expired and void ones by status", len(w.pages(s, cards.ByStatus, true, "expired", "void")), fit)
	}},
}

// pages lists all cards in an order, by pages forwards and then back: "101-1 new".
func (w *world) pages(s *cards.Service, by cards.Sort, down bool, statuses ...cards.Status) []string {
	w.Helper()
	var all, back []string
	filter, page := cards.Filter{Brand: brand, Statuses: statuses}, cards.Page{Sort: by, Descending: down, Limit: 4}
	name := func(c cards.Card) string { return c.Serial + " " + c.Shown(start) }
	for {
		l := must[cards.Listing](w)(s.Search(w.Context(), filter, page))
		for _, c := range l.Cards {
			all = append(all, name(c))
		}
		if page.After = l.Next; l.Next == nil {
			break
		}
	}
	page.After, page.Last = nil, true
	for {
		l := must[cards.Listing](w)(s.Search(w.Context(), filter, page))
		for _, c := range slices.Backward(l.Cards) {
			back = append(back, name(c))
		}
		if page.Last, page.Before = false, l.Previous; l.Previous == nil {
			break
		}
	}
	slices.Reverse(back)
	same(w, string(by)+" from the last page", back, all)
	return all
}

// job stores a generating job of series 101.
func (w *world) job(total int64) cards.Job {
	w.Helper()
	return must[cards.Job](w)(w.db.CardJobs.StartCardJob(w.Context(), cards.Job{ID: prepaid.NewID[cards.JobID](), Brand: brand, Kind: cards.KindGenerate,
		State: cards.UnderWay, By: "ann", Total: total, CreatedAt: start,
		Spec: cards.Spec{Generate: &cards.GenerateRequest{Brand: brand, Series: "101", Quantity: int(total), Amount: eur(1000)}}}, by))
}

// chunk is n cards of a job.
func (w *world) chunk(j cards.Job, n int) []cards.Sealed {
	batch := make([]cards.Sealed, n)
	for i := range batch {
		batch[i] = sealed(fmt.Sprintf("101-%d", 100+j.Spec.Generate.First+int64(i)))
		batch[i].Batch, batch[i].Ciphertext = j.ID, make([]byte, 28+14)
	}
	return batch
}

// service is the card business over the store, with a version of the card key in use, and those before it.
func (w *world) service(version int) *cards.Service {
	w.Helper()
	keys := masters([]string{"1", "2"}[:version]...)
	keys.Use(version)
	return must[*cards.Service](w)(cards.New(cards.Config{
		Store: w.db.Cards, Releaser: w.db.Cards, Tries: w.db.CardTries, Jobs: w.db.CardJobs, Batches: w.db.CardJobs, Shelf: w.db.Cards, Codes: w.db.CardJobs, KeyChecks: w.db.CardKeys, Reports: w.db.CardReports,
		Brands: prepaid.NewBrands(&prepaid.Brand{Name: brand, Test: true, Currency: "EUR", Cards: prepaid.CardFormat{CodeLength: 14}}),
		Keys:   keys, Clock: prepaid.NewVirtualClock(start),
	}))
}

// try runs a statement that is to be refused.
func (w *world) try(query string) error {
	_, err := w.db.Writer().ExecContext(w.Context(), query)
	return err
}
