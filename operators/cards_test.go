package operators_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

var ann = prepaid.By{Who: "ann", Why: "ticket 4711"}

// cardShops are the cards of a real brand and of a test brand, in one store. A job deals with 50 cards at a time.
func cardShops(t *testing.T) (real, demo operators.Cards) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pulsa.db")
	if err := storetest.NewSQLite(path); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	brands := map[string]*prepaid.Brand{}
	for _, name := range []string{"real", "demo"} {
		brands[name] = &prepaid.Brand{Name: name, Test: name == "demo", Currency: "EUR", Country: "NL", Cards: prepaid.CardFormat{CodeLength: 14},
			Amounts: prepaid.AmountRange{Min: prepaid.Money{Minor: 500, Currency: "EUR"}}}
	}
	clock := prepaid.NewVirtualClock(start)
	service, err := cards.New(cards.Config{
		Store: db.Cards, Releaser: db.Cards, Tries: db.CardTries, Jobs: db.CardJobs, Batches: db.CardJobs, Shelf: db.Cards, Codes: db.CardJobs,
		KeyChecks: db.CardKeys, Reports: db.CardReports, Brands: prepaid.NewBrands(brands["real"], brands["demo"]), Keys: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}),
		Clock: clock, Chunk: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	return operators.Cards{Brand: brands["real"], Service: service, Clock: clock}, operators.Cards{Brand: brands["demo"], Service: service, Clock: clock}
}

// generate makes cards of ten euros.
func generate(t *testing.T, c operators.Cards, series string, quantity int) operators.CardsDone {
	t.Helper()
	j, err := c.Generate(t.Context(), operators.CardBatch{Amount: "10", Quantity: quantity, Series: series}, prepaid.By{Who: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return run(t, c, j)
}

func run(t *testing.T, c operators.Cards, j cards.Job) operators.CardsDone {
	t.Helper()
	done, err := c.Run(t.Context(), j, operators.CardRun{})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func everyCard() operators.CardSelection { return operators.CardSelection{All: true} }

func TestOnlyATestBrandSCardsAreOnSaleAtOnceAndTheirCodesTold(t *testing.T) {
	shop, demo := cardShops(t)
	for _, test := range []struct {
		shop  operators.Cards
		hold  bool
		told  int
		state string
	}{{shop, false, 0, "generated"}, {demo, true, 0, "generated"}, {demo, false, 3, "live"}} {
		j, err := test.shop.Generate(t.Context(), operators.CardBatch{Amount: "10", Quantity: 3, Series: "101", Hold: test.hold}, prepaid.By{Who: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		told := 0
		_, err = test.shop.Run(t.Context(), j, operators.CardRun{Made: func(cards.Card, prepaid.Secret) error { told++; return nil }})
		if err != nil || told != test.told {
			t.Errorf("%s, hold %t: %d codes told, %v", test.shop.Brand.Name, test.hold, told, err)
		}
		list, err := test.shop.Search(t.Context(), operators.CardQuery{Batch: string(j.ID)}, operators.CardPage{Limit: 10})
		if err != nil || len(list.Cards) != 3 || list.Cards[0].State != test.state {
			t.Errorf("%s, hold %t: %+v, %v", test.shop.Brand.Name, test.hold, list.Cards, err)
		}
	}
}

func TestAFieldThatCanNotBeReadIsNamed(t *testing.T) {
	shop, _ := cardShops(t)
	ctx := t.Context()
	search := func(q operators.CardQuery) error {
		_, err := shop.Search(ctx, q, operators.CardPage{Limit: 10})
		return err
	}
	plan := func(w operators.CardWork) error {
		_, err := shop.Plan(ctx, everyCard(), w, ann)
		return err
	}
	_, redemptions := shop.Redemptions(ctx, "", "soon", cards.ByNothing)
	_, batch := shop.Generate(ctx, operators.CardBatch{Amount: "10", Expires: "soon"}, ann)
	const day = "write a day like 2027-12-31, or a time like 2027-12-31T18:00:00Z"
	const until = "write a day like 2027-12-31, which counts, or a time like 2027-12-31 18:00"
	for want, err := range map[string]error{
		"amount 1,x: ":                           search(operators.CardQuery{Amount: "1,x"}),
		"serial 1-1: give one card or a range":   search(operators.CardQuery{Serial: "1-1", ToSerial: "1-2"}),
		"created-from soon: " + day:              search(operators.CardQuery{CreatedFrom: "soon"}),
		"activated-to soon: " + day:              search(operators.CardQuery{ActivatedTo: "soon"}),
		"set-valid-through soon: " + until:       plan(operators.CardEdit{SetExpires: "soon"}),
		"valid-through soon: " + until:           batch,
		"to soon: " + day:                        redemptions,
		"out operators.go/x: there is no such":   plan(operators.CardExport{Out: "operators.go/x", Plaintext: true}),
		"out cards.go: there is such a file alr": plan(operators.CardExport{Out: "cards.go", Plaintext: true}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) || !errors.As(err, new(*operators.FieldError)) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if err := search(operators.CardQuery{Customer: "0612"}); err == nil || strings.Contains(err.Error(), "0612") {
		t.Errorf("a customer's number stands in an error: %v", err)
	}
}

func TestCardsAreListedPageByPage(t *testing.T) {
	shop, _ := cardShops(t)
	generate(t, shop, "101", 5)
	ctx := t.Context()
	var serials []string
	next, before := "", ""
	for range 3 {
		list, err := shop.Search(ctx, operators.CardQuery{}, operators.CardPage{After: next, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list.Cards {
			serials = append(serials, c.Serial)
		}
		next, before = list.Next, list.Previous
	}
	want := []string{"101-00000001", "101-00000002", "101-00000003", "101-00000004", "101-00000005"}
	if next != "" || !slices.Equal(serials, want) {
		t.Errorf("%q, then %q", serials, next)
	}
	if list, err := shop.Search(ctx, operators.CardQuery{}, operators.CardPage{Before: before, Limit: 2}); err != nil || list.Cards[0].Serial != want[2] {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := shop.Search(ctx, operators.CardQuery{}, operators.CardPage{After: "x", Limit: 2}); err == nil {
		t.Error("x is a key")
	}
}

func TestEachGivesMoreCardsThanAPageHas(t *testing.T) {
	shop, _ := cardShops(t)
	generate(t, shop, "101", cards.MaxPage+1)
	n, last := 0, ""
	err := shop.Each(t.Context(), operators.CardQuery{}, operators.CardPage{Descending: true}, func(c operators.CardRow) error {
		n, last = n+1, c.Serial
		return nil
	})
	if err != nil || n != cards.MaxPage+1 || last != "101-00000001" {
		t.Errorf("%d cards to %s, %v", n, last, err)
	}
	full := errors.New("disk full")
	if err := shop.Each(t.Context(), operators.CardQuery{}, operators.CardPage{}, func(operators.CardRow) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
}

func TestAPlanTellsWhatWouldBeDoneAndDoesNothing(t *testing.T) {
	shop, _ := cardShops(t)
	ctx := t.Context()
	generate(t, shop, "101", 3)
	one := operators.CardSelection{CardQuery: operators.CardQuery{Serial: "101-2"}}
	plan, err := shop.Plan(ctx, one, operators.CardEdit{SetStatus: "lock"}, ann)
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Text() + plan.Question(); got != "To lock: 1 generated.\nLock 1 card of brand real?" {
		t.Error(got)
	}
	if list, err := shop.Search(ctx, operators.CardQuery{Status: []string{"locked"}}, operators.CardPage{Limit: 10}); err != nil || len(list.Cards) > 0 {
		t.Errorf("%+v, %v", list.Cards, err)
	}
	j, err := plan.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, shop, j).Text(); got != "1 card locked (job "+string(j.ID)+")." {
		t.Error(got)
	}
	plan, err = shop.Plan(ctx, everyCard(), operators.CardRelease{}, prepaid.By{Who: "ann"})
	if got := plan.Text(); err != nil || got != "Left alone: 1 locked.\nTo release: 2 generated.\n" {
		t.Errorf("%s, %v", got, err)
	}
	var none *operators.NoCardsError
	plan, err = shop.Plan(ctx, one, operators.CardRelease{}, prepaid.By{Who: "ann"})
	if got := plan.Text(); !errors.As(err, &none) || err.Error() != "no card to release: look with pulsa cards list --brand real and the same filter" || got != "Left alone: 1 locked.\n" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestWhoChangesOrDeletesCardsSaysWhich(t *testing.T) {
	shop, _ := cardShops(t)
	generate(t, shop, "101", 1)
	for _, w := range []operators.CardWork{operators.CardEdit{SetStatus: "void"}, operators.CardDelete{}} {
		if _, err := shop.Plan(t.Context(), everyCard(), w, prepaid.By{Who: "ann"}); !errors.Is(err, operators.ErrNoReason) {
			t.Errorf("%T without a reason: %v", w, err)
		}
		if _, err := shop.Plan(t.Context(), operators.CardSelection{}, w, ann); !errors.Is(err, cards.ErrOpen) {
			t.Errorf("%T of whatever there is: %v", w, err)
		}
	}
}

func TestAnEditSetsWhatIsWritten(t *testing.T) {
	shop, _ := cardShops(t)
	ctx := t.Context()
	generate(t, shop, "101", 1)
	if _, err := shop.CreateReseller(ctx, "kiosk", "Kiosk", ann); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		edit              operators.CardEdit
		expires, reseller string
		state             string
	}{
		{operators.CardEdit{SetExpires: "2090-01-01", SetReseller: "kiosk", SetStatus: "preserve"}, "2090-01-01", "kiosk", "generated"},
		{operators.CardEdit{SetStatus: "lock"}, "2090-01-01", "kiosk", "locked"},
		{operators.CardEdit{SetExpires: "never", SetReseller: "none"}, "", "", "locked"},
	} {
		plan, err := shop.Plan(ctx, everyCard(), test.edit, ann)
		if err != nil {
			t.Fatal(err)
		}
		j, err := plan.Start(ctx)
		if err != nil {
			t.Fatal(err)
		}
		run(t, shop, j)
		c, err := shop.Show(ctx, "101-00000001")
		if err != nil || c.ValidThrough != test.expires || c.Reseller != test.reseller || c.State != test.state {
			t.Errorf("%+v: %+v, %v", test.edit, c, err)
		}
	}
}

func TestAnInterruptedJobIsFoundAndGoesOn(t *testing.T) {
	shop, demo := cardShops(t)
	j, err := shop.Generate(t.Context(), operators.CardBatch{Amount: "10", Quantity: 120, Series: "101"}, prepaid.By{Who: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	_, err = shop.Run(ctx, j, operators.CardRun{Progress: func(int64, int64) { interrupt() }})
	var stopped *operators.UnfinishedError
	if !errors.As(err, &stopped) || !errors.Is(err, operators.ErrInterrupted) {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("interrupted\n%d of 120 cards are done; go on with: pulsa cards resume %s --brand %s", stopped.Job.Done, j.ID, j.Brand); err.Error() != want || stopped.Job.Done == 0 {
		t.Errorf("%v; want %s", err, want)
	}
	if _, err := demo.Unfinished(t.Context(), string(j.ID), ""); err == nil {
		t.Error("another brand goes on with it")
	}
	if open, err := shop.OpenJobs(t.Context()); err != nil || len(open) != 1 || open[0].Done != stopped.Job.Done || open[0].Ended != "" {
		t.Errorf("%+v, %v", open, err)
	}
	if _, err := shop.Run(t.Context(), j, operators.CardRun{}); !errors.Is(err, cards.ErrJobElsewhere) || strings.Contains(err.Error(), "are done") {
		t.Errorf("run from its beginning: %v", err)
	}
	again, err := shop.Unfinished(t.Context(), string(j.ID), "")
	if err != nil {
		t.Fatal(err)
	}
	run(t, shop, again)
	shown, err := shop.ShowJob(t.Context(), string(j.ID))
	if err != nil || shown.State != "done" || shown.Done != 120 || len(shown.Steps) != 3 || shown.Steps[2].Last != "101-00000120" {
		t.Errorf("%+v, %v", shown, err)
	}
	if _, err := shop.Unfinished(t.Context(), string(j.ID), ""); err == nil {
		t.Error("it goes on though it is done")
	}
}

func TestAnExportGoesOnInAnotherFileAndIsImportedElsewhere(t *testing.T) {
	shop, demo := cardShops(t)
	generate(t, shop, "101", 120)
	folder := t.TempDir()
	first, second := filepath.Join(folder, "first.csv"), filepath.Join(folder, "second.csv")
	plan, err := shop.Plan(t.Context(), everyCard(), operators.CardExport{Out: first, Plaintext: true}, ann)
	if err != nil {
		t.Fatal(err)
	}
	j, err := plan.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Of 120 cards 60 count for the marks, the other 60 for the lines: at 85 half of the file is written.
	ctx, interrupt := context.WithCancel(t.Context())
	_, err = shop.Run(ctx, j, operators.CardRun{Progress: func(done, _ int64) {
		if done > 80 {
			interrupt()
		}
	}})
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); !errors.Is(err, operators.ErrInterrupted) || len(left) > 0 {
		t.Fatalf("%v, left: %v", err, left)
	}
	again, err := shop.Unfinished(t.Context(), string(j.ID), second)
	if err != nil {
		t.Fatal(err)
	}
	done := run(t, shop, again)
	if want := fmt.Sprintf("120 cards in %s, checksum %s (job %s).", second, done.Exported.Checksum, j.ID); done.Text() != want {
		t.Error(done.Text())
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); !slices.Equal(left, []string{second}) {
		t.Errorf("files: %v", left)
	}
	if info, err := os.Stat(second); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	_, err = shop.Plan(t.Context(), everyCard(), operators.CardExport{Out: first, Plaintext: true}, ann)
	if none := new(operators.NoCardsError); !errors.As(err, &none) || !strings.Contains(err.Error(), "each is exported once") {
		t.Errorf("exported twice: %v", err)
	}

	ctx, interrupt = context.WithCancel(t.Context())
	file := operators.CardImport{File: second}
	_, err = demo.Import(ctx, file, prepaid.By{Who: "ann"}, func(_, total int64) {
		if total > 0 {
			interrupt()
		}
	})
	if stopped := new(operators.UnfinishedError); !errors.As(err, &stopped) || stopped.Job.Kind != cards.KindImport {
		t.Fatal(err)
	} else if _, err := demo.Run(t.Context(), stopped.Job, operators.CardRun{}); !errors.Is(err, operators.ErrNeedsFile) {
		t.Error(err)
	}
	taken, err := demo.Import(t.Context(), file, prepaid.By{Who: "ann"}, nil)
	if err != nil || taken.Done != 120 || taken.Text() != "120 cards imported, batch "+string(taken.ID)+", not on sale yet." {
		t.Errorf("%+v, %v", taken, err)
	}
	_, err = demo.Import(t.Context(), file, prepaid.By{Who: "ann"}, nil)
	if wrong := new(cards.ImportError); !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), second+": nothing was imported\n") {
		t.Error(err)
	}
}

func TestBalancesAreSummedUp(t *testing.T) {
	shop, _ := cardShops(t)
	ctx := t.Context()
	if _, err := shop.CreateReseller(ctx, "kiosk", "Kiosk", ann); err != nil {
		t.Fatal(err)
	}
	if _, err := shop.CreateReseller(ctx, "kiosk", "", ann); !errors.Is(err, cards.ErrResellerExists) || !strings.HasPrefix(err.Error(), "name kiosk: ") {
		t.Error(err)
	}
	generate(t, shop, "101", 1)
	j, err := shop.Generate(ctx, operators.CardBatch{Amount: "10", Quantity: 2, Series: "102", Reseller: "kiosk"}, ann)
	if err != nil {
		t.Fatal(err)
	}
	run(t, shop, j)
	type line struct {
		Group, Label string
		Open         int64
		Liability    string
	}
	lines := func(b operators.CardBalances) (list []line) { // those for people, which are in the order of the others
		rows := slices.Concat(b.Rows, b.Totals)
		for i, r := range b.ForPeople() {
			list = append(list, line{rows[i].Group, r.Group, r.Open, r.Liability})
		}
		return list
	}
	all, err := shop.Balances(ctx, operators.CardQuery{}, cards.ByReseller)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]line{{"", "none", 1, "10.00"}, {"kiosk", "kiosk", 2, "20.00"}, {"", "all", 3, "30.00"}}, lines(all)); diff != "" || len(all.Totals) != 1 {
		t.Error(diff)
	}
	all, err = shop.Balances(ctx, operators.CardQuery{}, "none")
	if diff := cmp.Diff([]line{{"", "all", 3, "30.00"}}, lines(all)); diff != "" || len(all.Totals) > 0 || err != nil {
		t.Errorf("%s, %+v, %v", diff, all.Totals, err)
	}
	statement, err := shop.Statement(ctx, "kiosk")
	if diff := cmp.Diff([]line{{"102", "102", 2, "20.00"}}, lines(statement)); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
}

func TestACardOfAnotherBrandIsNotShown(t *testing.T) {
	shop, demo := cardShops(t)
	generate(t, shop, "101", 1)
	if _, err := demo.Show(t.Context(), "101-00000001"); !errors.Is(err, operators.ErrNoCard) || err.Error() != "brand demo has no card with serial 101-00000001" {
		t.Error(err)
	}
}
