package operators

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/topup"
)

// dayOf is a DailyStore and a WaitStore of fixed figures, which notes since when orders were counted.
type dayOf struct {
	orders []OrderCount
	waits  []WaitCount

	mu    sync.Mutex // they are counted in the background, too
	since []time.Time
}

func (d *dayOf) counted() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.since)
}

func (d *dayOf) OrdersSince(_ context.Context, since time.Time) (counts []OrderCount, err error) {
	d.mu.Lock()
	d.since = append(d.since, since)
	d.mu.Unlock()
	for _, o := range d.orders {
		if !o.Hour.Before(since) {
			counts = append(counts, o)
		}
	}
	return counts, nil
}
func (d *dayOf) HeldNow(context.Context) ([]HeldCount, error)              { return nil, nil }
func (d *dayOf) LockedNow(context.Context, time.Time) ([]LockCount, error) { return nil, nil }
func (d *dayOf) Waiting(context.Context, WaitFilter) ([]Wait, error)       { return nil, nil }
func (d *dayOf) CountWaiting(context.Context) ([]WaitCount, error)         { return d.waits, nil }
func (d *dayOf) daily() *Daily {
	return &Daily{
		Store: d, Waits: d, Brands: prepaid.NewBrands(), Clock: prepaid.SystemClock{},
		Guessing: func(context.Context) (map[string]int64, error) { return map[string]int64{"demo": 60, "other": 1}, nil },
		Codes: func(context.Context, time.Time) ([]accounts.CodeFigures, error) {
			return []accounts.CodeFigures{{Brand: "demo", Sent: 4, Used: 3}}, nil
		},
		Wallets: func(context.Context) ([]WalletNow, error) {
			return []WalletNow{{Network: "net", Balance: prepaid.Money{Minor: 4800, Currency: "USD"}}}, nil
		},
	}
}

func TestTodayIsSummedForTheBrandsAskedForAndReadSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		hour := now.Truncate(time.Hour)
		d := &dayOf{
			orders: []OrderCount{
				{Brand: "demo", Hour: hour, Status: topup.Delivered, Network: "net", Count: 9, Cost: prepaid.Money{Minor: 2400, Currency: "USD"}},
				{Brand: "demo", Hour: hour.Add(-3 * time.Hour), Status: topup.Declined, Reason: "NO", Count: 1},
				{Brand: "demo", Hour: hour, Status: topup.Delivering, Count: 2},
				{Brand: "other", Hour: hour, Status: topup.Delivered, Count: 5},
			},
			waits: []WaitCount{{"demo", WaitDebt, 2, now.Add(-time.Hour)}, {"other", WaitDebt, 1, now.Add(-5 * time.Hour)}, {"", WaitDispute, 1, now.Add(-9 * time.Hour)}},
		}
		daily := d.daily()
		read := func(brands ...string) Today {
			t.Helper()
			today, err := daily.Today(t.Context(), brands)
			if err != nil {
				t.Fatal(err)
			}
			return today
		}
		one := read("demo")
		if one.All.Orders != 12 || one.All.Share() != 90 || one.Hours[23].Share() != 100 || one.Hours[20].Declined != 1 || one.Hours[1].Share() != -1 {
			t.Errorf("orders %+v, %+v", one.All, one.Hours)
		}
		if one.WaitCount != 2 || one.Differences != 0 || !one.OldestWait.Equal(now.Add(-time.Hour)) || !one.Wave || one.WrongCodes != 60 || one.Codes != (CodesNow{4, 3}) {
			t.Errorf("%+v", one)
		}
		if w := one.Wallets[0]; w.Hours != 48 || w.PerHour.Minor != 100 {
			t.Errorf("wallet %+v", w)
		}
		all := read("demo", "other", "")
		if all.All.Orders != 17 || all.WaitCount != 4 || all.Differences != 1 || !all.OldestWait.Equal(now.Add(-9*time.Hour)) {
			t.Errorf("all %+v", all)
		}
		if len(d.counted()) != 1 {
			t.Errorf("orders were counted %d times", len(d.counted()))
		}
		time.Sleep(6 * time.Second) // only what is recent is counted again
		if again := read("demo"); again.All != one.All || len(d.counted()) != 2 || !d.counted()[1].Equal(hour.Add(-time.Hour)) {
			t.Errorf("again %+v, counted since %v", again.All, d.counted())
		}
		time.Sleep(2 * time.Minute) // all of it, while nobody waits
		read("demo")
		synctest.Wait()
		if len(d.counted()) != 4 {
			t.Errorf("counted since %v", d.counted())
		}
	})
}
