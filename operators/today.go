package operators

import (
	"context"
	"slices"
	"sync"
	"time"

	"pulsa/accounts"
	"pulsa/cards"
	"pulsa/prepaid"
	"pulsa/topup"
)

// OrderCount counts the orders of an hour that stand alike.
type OrderCount struct {
	Brand   string
	Hour    time.Time // in which they were made
	Status  topup.Status
	Reason  string // of declined ones
	Network string
	Count   int
	Cost    prepaid.Money // what the network took for those delivered
}

// HeldCount counts the orders that are held for one reason.
type HeldCount struct {
	Brand, Reason string
	Count         int
	Oldest        time.Time
}

// LockCount counts the customers of a brand who can't try a PIN, or a card code, just now.
type LockCount struct {
	Brand      string
	PIN, Codes int
}

// DailyStore reads the figures of today, at all brands.
type DailyStore interface {
	// OrdersSince counts the orders made since a time.
	OrdersSince(ctx context.Context, since time.Time) ([]OrderCount, error)
	HeldNow(ctx context.Context) ([]HeldCount, error)
	LockedNow(ctx context.Context, now time.Time) ([]LockCount, error)
}

// WalletNow is what our wallet at a network held when it was last read.
type WalletNow struct {
	Network string
	Balance prepaid.Money
	At      time.Time
	PerHour prepaid.Money // what orders took from it, an hour in the last 24; zero where that is not known
	Hours   float64       // for how long it lasts at that pace; negative where nothing is taken
}

// Daily tells how a day goes. It keeps what it has read for a few seconds, for all who look. All fields are needed. Safe for concurrent use.
type Daily struct {
	Store    DailyStore
	Waits    WaitStore
	Channels func(brand string) (Channels, error)
	Guessing func(context.Context) (map[string]int64, error) // wrong card codes of the last ten minutes, by brand
	Codes    func(ctx context.Context, since time.Time) ([]accounts.CodeFigures, error)
	Wallets  func(context.Context) ([]WalletNow, error) // as last read, without pace
	Brands   *prepaid.Brands
	Clock    prepaid.Clock

	mu   sync.Mutex
	last figures
	// The orders of the hours before the last two, which change seldom, are read for themselves.
	whole      []OrderCount
	wholeAt    time.Time
	refreshing bool
}

// figures are today's of all brands.
type figures struct {
	at       time.Time
	orders   []OrderCount
	held     []HeldCount
	waits    []WaitCount
	locked   []LockCount
	guessing map[string]int64
	codes    []accounts.CodeFigures
	wallets  []WalletNow
	channels map[string][]ChannelHealth
}

const (
	// dayHours is how many hours figures go back, the present one included.
	dayHours = 24
	// figuresFor is how long figures are shown to whoever looks.
	figuresFor = 5 * time.Second
	// wholeFor is how long the orders of earlier hours are, before they are read again while nobody waits for it; where nobody has
	// looked for a whole hour, whoever does waits.
	wholeFor = time.Minute
	// refreshWithin bounds that.
	refreshWithin = 30 * time.Second
)

// Hour is how the orders of an hour stand.
type Hour struct {
	From                                     time.Time
	Orders, Delivered, Declined, Given, Open int // Given: given back; Open: not ended
}

// Share is how many of its orders that ended were delivered, in percent; negative where none ended.
func (h Hour) Share() int {
	if ended := h.Orders - h.Open; ended > 0 {
		return (h.Delivered*100 + ended/2) / ended
	}
	return -1
}

// ReasonCount counts what was declined for one reason.
type ReasonCount struct {
	Reason string
	Count  int
}

// CodesNow is what became of the one-time codes of the last hour.
type CodesNow struct{ Sent, Used int }

// Today is how the last 24 hours went, at the brands asked for.
type Today struct {
	At          time.Time // when it was read
	Hours       []Hour    // the oldest first
	All         Hour      // their sum
	Declined    []ReasonCount
	Held        []HeldCount
	HeldCount   int
	Waiting     []WaitCount // by kind
	WaitCount   int
	OldestWait  time.Time // zero for none
	Differences int       // disputes, too
	Wallets     []WalletNow
	Channels    []ChannelHealth
	Outbox      int       // messages that wait
	OldestSend  time.Time // zero for none
	Locked      LockCount
	WrongCodes  int64 // card codes, in ten minutes
	Wave        bool  // so many at one brand that somebody must be guessing
	Codes       CodesNow
}

// Today returns the figures of some brands; "" is what belongs to no brand.
func (t *Daily) Today(ctx context.Context, brands []string) (Today, error) {
	f, err := t.read(ctx)
	if err != nil {
		return Today{}, err
	}
	return f.of(brands), nil
}

// read reads the figures, unless they were read just now.
func (t *Daily) read(ctx context.Context) (figures, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Clock.Now()
	if age := now.Sub(t.last.at); age >= 0 && age < figuresFor {
		return t.last, nil
	}
	f := figures{at: now, channels: map[string][]ChannelHealth{}}
	var err error
	for _, read := range []func() error{
		func() error { f.orders, err = t.orders(ctx, now); return err },
		func() error { f.held, err = t.Store.HeldNow(ctx); return err },
		func() error { f.waits, err = t.Waits.CountWaiting(ctx); return err },
		func() error { f.locked, err = t.Store.LockedNow(ctx, now); return err },
		func() error { f.guessing, err = t.Guessing(ctx); return err },
		func() error { f.codes, err = t.Codes(ctx, now.Add(-time.Hour)); return err },
		func() error { f.wallets, err = t.Wallets(ctx); return err },
		func() error { return t.readChannels(ctx, f.channels) },
	} {
		if err := read(); err != nil {
			return figures{}, err
		}
	}
	pace(f.wallets, f.orders)
	t.last = f
	return f, nil
}

// orders counts the orders of the last 24 hours: the last two hours are read anew. The caller holds the lock.
func (t *Daily) orders(ctx context.Context, now time.Time) ([]OrderCount, error) {
	recent := now.Truncate(time.Hour).Add(-time.Hour)
	age := now.Sub(t.wholeAt)
	if t.wholeAt.IsZero() || age < 0 || age >= time.Hour {
		all, err := t.Store.OrdersSince(ctx, firstHour(now))
		if err == nil {
			t.whole, t.wholeAt = all, now
		}
		return all, err
	}
	if age >= wholeFor && !t.refreshing {
		t.refreshing = true
		go t.refresh(context.WithoutCancel(ctx), now)
	}
	counts, err := t.Store.OrdersSince(ctx, recent)
	for _, c := range t.whole {
		if c.Hour.Before(recent) {
			counts = append(counts, c)
		}
	}
	return counts, err
}

// refresh reads the orders of all 24 hours. Where it can't, what was read before is shown on.
func (t *Daily) refresh(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, refreshWithin)
	defer cancel()
	all, err := t.Store.OrdersSince(ctx, firstHour(now))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refreshing = false
	if err == nil {
		t.whole, t.wholeAt = all, now
	}
}

func (t *Daily) readChannels(ctx context.Context, into map[string][]ChannelHealth) error {
	for _, b := range t.Brands.All() {
		lines, err := t.Channels(b.Name)
		if err != nil {
			return err
		}
		if into[b.Name], err = lines.Health(ctx, ""); err != nil {
			return err
		}
	}
	return nil
}

// firstHour is the beginning of the first of the last 24 hours.
func firstHour(now time.Time) time.Time {
	return now.Truncate(time.Hour).Add(-(dayHours - 1) * time.Hour)
}

// pace says how fast orders empty the wallets, and how long these last.
func pace(wallets []WalletNow, orders []OrderCount) {
	for i := range wallets {
		w := &wallets[i]
		spent := int64(0)
		for _, o := range orders {
			if o.Network == w.Network && o.Cost.Currency == w.Balance.Currency {
				spent += o.Cost.Minor
			}
		}
		w.Hours = -1
		if spent > 0 {
			w.PerHour = prepaid.Money{Minor: spent / dayHours, Currency: w.Balance.Currency}
			w.Hours = float64(max(w.Balance.Minor, 0)) * dayHours / float64(spent)
		}
	}
}

// of sums the figures of some brands.
func (f figures) of(brands []string) Today {
	in := func(brand string) bool { return slices.Contains(brands, brand) }
	t := Today{At: f.at, Wallets: f.wallets}
	t.addOrders(f.orders, in)
	for _, h := range f.held {
		if in(h.Brand) {
			t.Held = append(t.Held, h)
			t.HeldCount += h.Count
		}
	}
	for _, w := range f.waits {
		if in(w.Brand) {
			t.addWaits(w)
		}
	}
	for _, l := range f.locked {
		if in(l.Brand) {
			t.Locked.PIN += l.PIN
			t.Locked.Codes += l.Codes
		}
	}
	for brand, n := range f.guessing {
		if in(brand) {
			t.WrongCodes += n
			t.Wave = t.Wave || n >= cards.WaveCodes
		}
	}
	for _, c := range f.codes {
		if in(c.Brand) {
			t.Codes.Sent += c.Sent
			t.Codes.Used += c.Used
		}
	}
	for _, brand := range brands {
		for _, h := range f.channels[brand] {
			t.Channels = append(t.Channels, h)
			t.Outbox += h.Waiting
			t.OldestSend = earlier(t.OldestSend, h.OldestWaits)
		}
	}
	return t
}

// earlier returns the earlier of two times, of which either may be none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (t *Today) addOrders(orders []OrderCount, in func(brand string) bool) {
	first := firstHour(t.At)
	t.Hours = make([]Hour, dayHours)
	for i := range t.Hours {
		t.Hours[i].From = first.Add(time.Duration(i) * time.Hour)
	}
	for _, o := range orders {
		i := int(o.Hour.Sub(first) / time.Hour)
		if !in(o.Brand) || i < 0 || i >= dayHours {
			continue
		}
		t.Hours[i].add(o)
		t.All.add(o)
		if o.Status == topup.Declined {
			t.addReason(o)
		}
	}
	slices.SortStableFunc(t.Declined, func(a, b ReasonCount) int { return b.Count - a.Count })
}

func (h *Hour) add(o OrderCount) {
	h.Orders += o.Count
	switch o.Status {
	case topup.Delivered:
		h.Delivered += o.Count
	case topup.Declined:
		h.Declined += o.Count
	case topup.Refunded, topup.RefundFailed:
		h.Given += o.Count
	default:
		h.Open += o.Count
	}
}

func (t *Today) addReason(o OrderCount) {
	i := slices.IndexFunc(t.Declined, func(r ReasonCount) bool { return r.Reason == o.Reason })
	if i < 0 {
		i = len(t.Declined)
		t.Declined = append(t.Declined, ReasonCount{Reason: o.Reason})
	}
	t.Declined[i].Count += o.Count
}

func (t *Today) addWaits(w WaitCount) {
	t.WaitCount += w.Count
	t.OldestWait = earlier(t.OldestWait, w.Oldest)
	if w.Kind == WaitDifference || w.Kind == WaitDispute {
		t.Differences += w.Count
	}
	i := slices.IndexFunc(t.Waiting, func(known WaitCount) bool { return known.Kind == w.Kind })
	if i < 0 {
		t.Waiting = append(t.Waiting, WaitCount{Kind: w.Kind, Count: w.Count, Oldest: w.Oldest})
		return
	}
	t.Waiting[i].Count += w.Count
	t.Waiting[i].Oldest = earlier(t.Waiting[i].Oldest, w.Oldest)
}
