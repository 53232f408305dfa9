package cards_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/cards"
	"pulsa/prepaid"
)

// stock is 10 cards on sale in series 101, two of them reserved and spent, 3 generated ones in series 102, and an
// expired one in series 103.
func stock(t *testing.T) world {
	t.Helper()
	w := newWorld(t)
	w.reseller(t, "kiosk")
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 10, Series: "101", Live: true})
	w.wait(time.Hour)
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 3, Series: "102", Reseller: "kiosk"})
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: prepaid.Money{Minor: 500, Currency: "EUR"}, Quantity: 1, Series: "103",
		Live: true, ExpiresAt: w.clock.Now().Add(time.Hour)})
	w.wait(time.Hour)
	spent, reserved := order("SPENT"), order("RESERVED")
	spent.Funding.Ref, reserved.Funding.Ref = "101-00000001", "101-00000002"
	w.spend(t, spent)
	w.Take(t.Context(), reserved, charge)
	return w
}

func (w world) found(t *testing.T, f cards.Filter, p cards.Page) []string {
	t.Helper()
	f.Brand = "demo"
	list, err := w.Search(t.Context(), f, p)
	if err != nil {
		t.Fatal(err)
	}
	var serials []string
	for _, c := range list.Cards {
		serials = append(serials, strings.Replace(c.Serial, "-0000000", "-", 1))
	}
	return serials
}

func TestCardsAreFoundByWhatIsKnownOfThem(t *testing.T) {
	w := stock(t)
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		f    cards.Filter
		want string
	}{
		"new and of a range":   {cards.Filter{Statuses: []cards.Status{"new"}, From: "101-00000001", To: "101-00000004"}, "101-2 101-3 101-4"},
		"activated":            {cards.Filter{Statuses: []cards.Status{"activated"}}, "101-1"},
		"expired":              {cards.Filter{Statuses: []cards.Status{"expired"}}, "103-1"},
		"expired or activated": {cards.Filter{Statuses: []cards.Status{"expired", "activated"}}, "101-1 103-1"},
		"generated":            {cards.Filter{Statuses: []cards.Status{"generated"}}, "102-1 102-2 102-3"},
		"reserved":             {cards.Filter{Statuses: []cards.Status{"reserved"}}, "101-2"},
		"one serial":           {cards.Filter{From: "102-00000002", To: "102-00000002"}, "102-2"},
		"series":               {cards.Filter{Series: "103"}, "103-1"},
		"amount":               {cards.Filter{Amount: prepaid.Money{Minor: 500, Currency: "EUR"}}, "103-1"},
		"reseller":             {cards.Filter{Reseller: "kiosk"}, "102-1 102-2 102-3"},
		"created":              {cards.Filter{Created: cards.Span{From: start.Add(time.Minute)}}, "102-1 102-2 102-3 103-1"},
		"created before":       {cards.Filter{Created: cards.Span{To: start}}, ""},
		"expires":              {cards.Filter{Expires: cards.Span{From: start, To: start.AddDate(1, 0, 0)}}, "103-1"},
		"activated between":    {cards.Filter{Activated: cards.Span{From: start.Add(2 * time.Hour), To: start.Add(3 * time.Hour)}}, "101-1"},
		"customer":             {cards.Filter{Customer: "31612345678"}, "101-1"},
		"another customer":     {cards.Filter{Customer: "31612345679"}, ""},
	} {
		if got := strings.Join(w.found(t, tt.f, cards.Page{}), " "); got != tt.want {
			t.Errorf("%s: %s; want %s", name, got, tt.want)
		}
	}
}

func TestPagesLeadForwardsAndBackInEveryOrder(t *testing.T) {
	w := stock(t)
	for _, by := range []cards.Sort{cards.BySerial, cards.ByCreated, cards.ByExpires, cards.ByActivated} {
		for _, down := range []bool{false, true} {
			all := w.found(t, cards.Filter{}, cards.Page{Sort: by, Descending: down})
			var forwards, backwards []string
			var last cards.Listing
			for p := (cards.Page{Sort: by, Descending: down, Limit: 3}); ; p.After = last.Next {
				forwards = append(forwards, w.found(t, cards.Filter{}, p)...)
				last, _ = w.Search(t.Context(), cards.Filter{Brand: "demo"}, p)
				if last.Next == nil {
					break
				}
			}
			for p := (cards.Page{Sort: by, Descending: down, Limit: 3, Last: true}); ; {
				backwards = append(w.found(t, cards.Filter{}, p), backwards...)
				list, _ := w.Search(t.Context(), cards.Filter{Brand: "demo"}, p)
				if list.Previous == nil {
					break
				}
				p = cards.Page{Sort: by, Descending: down, Limit: 3, Before: list.Previous}
			}
			if diff := cmp.Diff(all, forwards) + cmp.Diff(all, backwards); diff != "" {
				t.Errorf("by %s, descending %v:\n%s", by, down, diff)
			}
		}
	}
	if got := w.found(t, cards.Filter{}, cards.Page{Sort: cards.ByCreated, Descending: true, Limit: 2}); fmt.Sprint(got) != "[103-1 102-3]" {
		t.Error(got)
	}
}

func (w world) edit(t *testing.T, f cards.Filter, c cards.Change) (cards.Preview, cards.Job) {
	t.Helper()
	f.Brand = "demo"
	p, err := w.PreviewEdit(t.Context(), f, c, true)
	if err != nil {
		t.Fatal(err)
	}
	j, err := w.StartEdit(t.Context(), p, c, prepaid.By{Who: "ann", Why: "test"})
	if err == nil {
		j, err = w.ResumeEdit(t.Context(), j, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p, j
}

func TestEditsTouchWhatWasPreviewedAndNothingSpent(t *testing.T) {
	w := stock(t)
	before, _ := w.Card(t.Context(), "demo", "101-00000001")
	none, kiosk, never := "", "kiosk", time.Time{}
	later := w.clock.Now().AddDate(1, 0, 0)
	p, j := w.edit(t, cards.Filter{}, cards.Change{Reseller: &kiosk, Expires: &later})
	if p.Cards() != 12 || j.Done != 12 || len(p.Left) != 2 || j.State != cards.JobDone {
		t.Errorf("edit: %d previewed, %d done, left %v", p.Cards(), j.Done, p.Left)
	}
	if after, _ := w.Card(t.Context(), "demo", "101-00000001"); after != before {
		t.Errorf("the spent card is %+v", after)
	}
	if got := w.found(t, cards.Filter{Reseller: "kiosk", Expires: cards.Span{From: later}}, cards.Page{}); len(got) != 12 {
		t.Error(got)
	}
	w.edit(t, cards.Filter{Series: "102"}, cards.Change{Reseller: &none, Expires: &never})
	if c, _ := w.Card(t.Context(), "demo", "102-00000001"); c.Reseller != "" || !c.ExpiresAt.IsZero() {
		t.Errorf("%+v", c)
	}
	records, err := w.Audit(t.Context(), j.ID)
	if err != nil || len(records) != 1 || records[0].Cards != 12 || records[0].By != "ann" || records[0].Why != "test" {
		t.Errorf("audit: %+v, %v", records, err)
	}
}

func TestCardsGoFromStateToState(t *testing.T) {
	w := stock(t)
	state := func(serial string) cards.State {
		c, err := w.Card(t.Context(), "demo", serial)
		if err != nil {
			t.Fatal(err)
		}
		return c.State
	}
	for i, step := range []struct {
		action    cards.Action
		done      int64
		generated cards.State // of 102
		live      cards.State // of 101
	}{
		{cards.Lock, 12, cards.Locked, cards.Locked},
		{cards.Release, 0, cards.Locked, cards.Locked},
		{cards.Unlock, 12, cards.Generated, cards.Live},
		{cards.Release, 3, cards.Live, cards.Live},
		{cards.Withdraw, 12, cards.Void, cards.Void},
		{cards.Unlock, 0, cards.Void, cards.Void},
		{cards.Release, 0, cards.Void, cards.Void},
	} {
		_, j := w.edit(t, cards.Filter{}, cards.Change{Action: step.action})
		if j.Done != step.done || state("102-00000001") != step.generated || state("101-00000003") != step.live {
			t.Errorf("%d, %s: %d done, %s and %s", i, step.action, j.Done, state("102-00000001"), state("101-00000003"))
		}
	}
	if state("101-00000001") != cards.Spent || state("101-00000002") != cards.Reserved {
		t.Error("a spent or reserved card has changed")
	}
	if violations, err := w.db.Audit.Violations(t.Context()); err != nil {
		t.Error(violations, err)
	}
}

func TestAllCardsAreTouchedOnlyWhereThatIsSaid(t *testing.T) {
	w := stock(t)
	all := cards.Filter{Brand: "demo"}
	_, edit := w.PreviewEdit(t.Context(), all, cards.Change{Action: cards.Release}, false)
	_, remove := w.PreviewDelete(t.Context(), all, false)
	_, export := w.PreviewExport(t.Context(), all, false)
	for i, err := range []error{edit, remove, export} {
		if !errors.Is(err, cards.ErrOpen) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestFiltersThatFitNothingAreRefused(t *testing.T) {
	w := stock(t)
	later := cards.Span{From: w.clock.Now(), To: w.clock.Now().Add(-time.Hour)}
	for want, f := range map[string]cards.Filter{
		"101-00000010 stands behind 101-00000009": {From: "101-00000010", To: "101-00000009"},
		"is not of series 101":                    {From: "101-00000001", To: "102-00000002"},
		"must be a series":                        {To: "7"},
		"must end after it begins":                {Expires: later},
		"choose from new, activated":              {Statuses: []cards.Status{"odd"}},
	} {
		f.Brand = "demo"
		if _, err := w.Search(t.Context(), f, cards.Page{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if _, err := w.Redemptions(t.Context(), "demo", later, cards.ByNothing); err == nil {
		t.Error("a report on days that end before they begin")
	}
}

func TestDeletingLeavesWhatWasSpent(t *testing.T) {
	w := stock(t)
	p, err := w.PreviewDelete(t.Context(), cards.Filter{Brand: "demo"}, true)
	if err != nil || p.Cards() != 12 {
		t.Fatal(p, err)
	}
	j, err := w.StartDelete(t.Context(), p, prepaid.By{Who: "ann", Why: "test"})
	if err == nil {
		j, err = w.ResumeEdit(t.Context(), j, nil)
	}
	if err != nil || j.Done != 12 {
		t.Fatal(j, err)
	}
	if got := w.found(t, cards.Filter{}, cards.Page{}); fmt.Sprint(got) != "[101-1 101-2]" {
		t.Error(got)
	}
	made, _ := w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 1, Series: "102"})
	if made[0].Serial != "102-00000004" {
		t.Errorf("serial %s: a deleted one is used again", made[0].Serial)
	}
	violations, err := w.db.Audit.Violations(t.Context())
	for _, v := range violations {
		if v.Invariant == 9 && strings.Contains(v.Text, "issued") {
			t.Error(v)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func TestBalancesAddUp(t *testing.T) {
	w := stock(t)
	got, err := w.Balances(t.Context(), cards.Filter{Brand: "demo"}, cards.BySeries)
	s := func(n, worth int64) cards.Sum { return cards.Sum{Cards: n, Minor: n * worth} }
	want := []cards.Balance{
		{Group: "101", Currency: "EUR", Issued: s(10, 1000), Live: s(8, 1000), Reserved: s(1, 1000), Spent: s(1, 1000), Liability: s(9, 1000)},
		{Group: "102", Currency: "EUR", Issued: s(3, 1000), Generated: s(3, 1000), Liability: s(3, 1000)},
		{Group: "103", Currency: "EUR", Issued: s(1, 500), Expired: s(1, 500)},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	statement, err := w.Statement(t.Context(), "demo", "kiosk")
	if diff := cmp.Diff(want[1:2], statement); err != nil || diff != "" {
		t.Error(err, diff)
	}
	spent, err := w.Redemptions(t.Context(), "demo", cards.Span{}, cards.BySeries)
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	if diff := cmp.Diff([]cards.Redemption{{Day: day, Group: "101", Currency: "EUR", Sum: s(1, 1000)}}, spent); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestResellersMustExistAndAreCreatedOnce(t *testing.T) {
	w := newWorld(t)
	unknown := "nobody"
	_, generate := w.StartGenerate(t.Context(), cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 1, Series: "101", Reseller: unknown, By: prepaid.By{Who: "ann"}})
	_, edit := w.PreviewEdit(t.Context(), cards.Filter{Brand: "demo"}, cards.Change{Reseller: &unknown}, true)
	_, take := w.Import(t.Context(), cards.ImportRequest{Brand: "demo", Reseller: unknown, By: prepaid.By{Who: "ann"}}, strings.NewReader("x"), nil)
	_, statement := w.Statement(t.Context(), "demo", unknown)
	_, listing := w.Search(t.Context(), cards.Filter{Brand: "demo", Reseller: unknown}, cards.Page{})
	for i, err := range []error{generate, edit, take, statement, listing} {
		if err == nil || !strings.Contains(err.Error(), `no reseller "nobody"`) {
			t.Errorf("%d: %v", i, err)
		}
	}
	w.reseller(t, "kiosk")
	if _, err := w.CreateReseller(t.Context(), cards.Reseller{Brand: "demo", Name: "kiosk"}, prepaid.By{Who: "ann", Why: "test"}); !errors.Is(err, cards.ErrResellerExists) {
		t.Errorf("again: %v", err)
	}
	for _, name := range []string{"", " x", "x ", "a  b", "a\nb", "é", cards.NoReseller, strings.Repeat("x", 41)} {
		if _, err := w.CreateReseller(t.Context(), cards.Reseller{Brand: "demo", Name: name}, prepaid.By{Who: "ann", Why: "test"}); err == nil {
			t.Errorf("%q was created", name)
		}
	}
}

// cut ends a job after some chunks, as a killed process would.
func cut(after int) (context.Context, cards.Progress) {
	ctx, cancel := context.WithCancel(context.Background())
	return ctx, func(_, total int64) {
		if total == 0 {
			return // a file is checked: there is no job yet
		}
		if after--; after == 0 {
			cancel()
		}
	}
}

func TestAnInterruptedBatchCanOnlyBeResumedOrDeleted(t *testing.T) {
	w := newWorld(t)
	j, err := w.StartGenerate(t.Context(), cards.GenerateRequest{Brand: "luhn", Amount: tenEuros, Quantity: 200, Series: "101", By: prepaid.By{Who: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, progress := cut(2)
	if _, err := w.ResumeGenerate(ctx, j, nil, progress); err == nil {
		t.Fatal("not interrupted")
	}
	if j, err = w.Job(t.Context(), j.ID); err != nil || j.Done < 100 || j.Done >= 200 || j.State != cards.UnderWay {
		t.Fatalf("%+v, %v", j, err)
	}
	f := cards.Filter{Brand: "luhn", Batch: j.ID}
	if _, err := w.PreviewEdit(t.Context(), f, cards.Change{Action: cards.Release}, true); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Errorf("release: %v", err)
	}
	p, err := w.PreviewEdit(t.Context(), cards.Filter{Brand: "luhn"}, cards.Change{Action: cards.Release}, true)
	if err != nil || p.Cards() != 0 {
		t.Errorf("release all: %d, %v", p.Cards(), err)
	}
	if _, err := w.PreviewExport(t.Context(), f, true); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Errorf("export: %v", err)
	}
	if p, err := w.PreviewExport(t.Context(), cards.Filter{Brand: "luhn"}, true); err != nil || p.Cards() != 0 {
		t.Errorf("export all: %d, %v", p.Cards(), err)
	}
	stale := j
	if j, err = w.ResumeGenerate(t.Context(), j, nil, nil); err != nil || j.Done != 200 || j.State != cards.JobDone {
		t.Fatalf("%+v, %v", j, err)
	}
	if _, err := w.ResumeGenerate(t.Context(), stale, nil, nil); !errors.Is(err, cards.ErrJobElsewhere) && !errors.Is(err, cards.ErrExists) {
		t.Errorf("resumed by two: %v", err)
	}
	b, err := w.Balances(t.Context(), f, cards.ByNothing)
	if err != nil || b[0].Issued.Cards != 200 {
		t.Errorf("%+v, %v", b, err)
	}
	if p, err := w.PreviewEdit(t.Context(), f, cards.Change{Action: cards.Release}, true); err != nil || p.Cards() != 200 {
		t.Errorf("release: %d, %v", p.Cards(), err)
	}
}

func TestABatchWithoutACardIsGivenUpByDeletingIt(t *testing.T) {
	w := newWorld(t)
	batch, err := w.StartGenerate(t.Context(), cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 10, Series: "101", By: prepaid.By{Who: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.PreviewDelete(t.Context(), cards.Filter{Brand: "demo", Batch: batch.ID}, false)
	if err != nil || p.Cards() != 0 || p.Abandons != batch.ID {
		t.Fatalf("%+v, %v", p, err)
	}
	j, err := w.StartDelete(t.Context(), p, prepaid.By{Who: "ann", Why: "test"})
	if err == nil {
		_, err = w.ResumeEdit(t.Context(), j, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if open, err := w.Jobs(t.Context(), "demo", true); err != nil || len(open) > 0 {
		t.Errorf("open: %+v, %v", open, err)
	}
	if batch, err = w.Job(t.Context(), batch.ID); err != nil || batch.State != cards.Abandoned {
		t.Errorf("%+v, %v", batch, err)
	}
	if p, err := w.PreviewDelete(t.Context(), cards.Filter{Brand: "demo", Batch: batch.ID}, false); err != nil || p.Abandons != "" {
		t.Errorf("again: %+v, %v", p, err)
	}
}

func TestABatchWhoseCardsAreDeletedIsNeverResumed(t *testing.T) {
	w := newWorld(t)
	j, err := w.StartGenerate(t.Context(), cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 100, Series: "101", By: prepaid.By{Who: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, progress := cut(1)
	_, _ = w.ResumeGenerate(ctx, j, nil, progress)
	p, err := w.PreviewDelete(t.Context(), cards.Filter{Brand: "demo", Batch: j.ID}, false)
	if err != nil || p.Cards() != 50 {
		t.Fatal(p.Cards(), err)
	}
	d, err := w.StartDelete(t.Context(), p, prepaid.By{Who: "ann", Why: "test"})
	if err == nil {
		_, err = w.ResumeEdit(t.Context(), d, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if j, err = w.Job(t.Context(), j.ID); err != nil || j.State != cards.Abandoned {
		t.Errorf("%+v, %v", j, err)
	}
	if _, err := w.ResumeGenerate(t.Context(), j, nil, nil); err == nil {
		t.Error("resumed")
	}
}

func TestAnInterruptedEditGoesOnWhereItWas(t *testing.T) {
	w := newWorld(t)
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 200, Series: "101"})
	p, err := w.PreviewEdit(t.Context(), cards.Filter{Brand: "demo"}, cards.Change{Action: cards.Lock}, true)
	if err != nil {
		t.Fatal(err)
	}
	j, err := w.StartEdit(t.Context(), p, cards.Change{Action: cards.Lock}, prepaid.By{Who: "ann", Why: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, progress := cut(2)
	if _, err := w.ResumeEdit(ctx, j, progress); err == nil {
		t.Fatal("not interrupted")
	}
	if j, err = w.Job(t.Context(), j.ID); err != nil || j.Done != 100 {
		t.Fatalf("%+v, %v", j, err)
	}
	if j, err = w.ResumeEdit(t.Context(), j, nil); err != nil || j.Done != 200 || j.State != cards.JobDone {
		t.Errorf("%+v, %v", j, err)
	}
	if b, err := w.Balances(t.Context(), cards.Filter{Brand: "demo"}, cards.ByNothing); err != nil || b[0].Locked.Cards != 200 {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestGeneratingAtOnceMakesNoDoubles(t *testing.T) {
	w := newWorld(t)
	var errs [4]error
	together(len(errs), func(i int) {
		errs[i] = w.Generate(context.Background(), cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 500, Series: "5", CodeLength: 5, AllowGuessable: true},
			func(cards.Card, prepaid.Secret) error { return nil })
	})
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	if b, err := w.Balances(t.Context(), cards.Filter{Brand: "demo"}, cards.ByNothing); err != nil || b[0].Issued.Cards != 2000 {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestWhoCreatedAResellerIsOnRecord(t *testing.T) {
	w := newWorld(t)
	if _, err := w.CreateReseller(t.Context(), cards.Reseller{Brand: "demo", Name: "kiosk-7"}, prepaid.By{Who: "ann", Why: "contract 12"}); err != nil {
		t.Fatal(err)
	}
	jobs, err := w.Jobs(t.Context(), "demo", false)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%+v, %v", jobs, err)
	}
	got, err := w.Audit(t.Context(), jobs[0].ID)
	want := []cards.Record{{At: w.clock.Now(), Brand: "demo", Job: jobs[0].ID, Kind: cards.KindReseller, By: "ann", Why: "contract 12", First: "kiosk-7", Last: "kiosk-7"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestAGuessingWaveIsCountedOverAllAddresses(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		_, err := w.Find(t.Context(), "demo", prepaid.NewSecret(fmt.Sprintf("%014d", i)), []string{fmt.Sprint("address", i)}, fmt.Sprint("m", i))
		if !errors.Is(err, cards.ErrUnknown) {
			t.Fatal(err)
		}
	}
	counts, err := w.Guessing(t.Context())
	if diff := cmp.Diff(map[string]int64{"demo": 7, "luhn": 0}, counts); err != nil || diff != "" {
		t.Error(err, diff)
	}
	w.wait(10*time.Minute + time.Second)
	if counts, err := w.Guessing(t.Context()); err != nil || counts["demo"] != 0 {
		t.Error(counts, err)
	}
}
