package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"pulsa/conversation"
	"pulsa/prepaid"
)

// quickClock runs faster than time does.
type quickClock struct {
	prepaid.SystemClock
	began time.Time
	times time.Duration
}

func (q quickClock) Now() time.Time { return q.began.Add(time.Since(q.began) * q.times).UTC() }

func (q quickClock) Sleep(ctx context.Context, d time.Duration) error {
	return q.SystemClock.Sleep(ctx, d/q.times)
}

// bots are two copies of the program on one store, whose calls of the provider are told apart.
type bots struct {
	t     *testing.T
	v     *provider
	a, b  *running
	clock quickClock
}

func runBots(t *testing.T) *bots {
	o := &bots{t: t, v: newProvider(t), clock: quickClock{began: time.Now(), times: 20}}
	data := t.TempDir()
	sims, err := openSimulators(Config{}, o.clock, slog.New(slog.DiscardHandler), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	start := func(name string) *running {
		return runWired(t, realLines, func(c *Config) {
			o.v.connect(c)
			c.Data = filepath.Join(data, "data")
			for _, line := range c.Brands[0].Channels {
				if line.Type == "telegram" {
					line.Settings["base_url"] = o.v.URL + "/" + name
				}
			}
		}, wiring{clock: o.clock, sims: sims})
	}
	o.a = start("a")
	o.polled("a", 0)
	o.b = start("b")
	return o
}

// polled waits until a copy has asked for updates from an offset on.
func (o *bots) polled(by string, offset int) {
	o.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if o.asked(by, offset) > 0 {
			return
		}
	}
	o.t.Fatalf("%s never polled from %d on", by, offset)
}

// asked counts the calls of a copy from an offset on; offset -1 counts all.
func (o *bots) asked(by string, offset int) int {
	o.v.mu.Lock()
	defer o.v.mu.Unlock()
	n := 0
	for _, p := range o.v.polls {
		if p.by == by && (offset < 0 || p.offset == offset) {
			n++
		}
	}
	return n
}

func TestOneCopyPollsAndAnotherTakesOverWhenItsLeaseHasLapsed(t *testing.T) {
	o := runBots(t)
	first := o.v.queue("1", `"text":"HELP"`)
	o.v.await("telegram:1", 1)
	o.polled("a", first+1)
	if n := o.asked("b", -1); n != 0 {
		t.Errorf("the second copy polled %d times beside the first", n)
	}
	if err := o.a.db.Close(); err != nil { // the first copy can hold no lease any more, nor give it back
		t.Fatal(err)
	}
	c, _ := o.b.registry.Declared("demo", "telegram")
	until, err := o.b.db.LeaseUntil(t.Context(), botLeaseOf(c))
	if err != nil || until.Before(o.clock.Now()) {
		t.Fatal(until, err)
	}
	o.v.queue("3", `"text":"HELP"`)
	o.polled("b", 0)
	if now := o.clock.Now(); now.Before(until) {
		t.Errorf("taken over at %s, before the lease lapsed at %s", now, until)
	}
	o.v.await("telegram:3", 1)
	time.Sleep(50 * time.Millisecond)
	for _, chat := range []string{"telegram:1", "telegram:3"} {
		if n := len(o.v.to(chat)); n != 1 {
			t.Errorf("%s was answered %d times", chat, n)
		}
	}
}

func TestALeaseThatIsGivenBackIsTakenAtOnce(t *testing.T) {
	o := runBots(t)
	if err := o.a.db.SetSwitch(t.Context(), "demo", "telegram", false, "test", o.clock.Now()); err != nil {
		t.Fatal(err)
	}
	c, _ := o.b.registry.Declared("demo", "telegram")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		until, err := o.b.db.LeaseUntil(t.Context(), botLeaseOf(c))
		if err == nil && !until.After(o.clock.Now()) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("switched off, it is still held until %s (%v)", until, err)
		}
	}
	before := o.asked("a", -1) + o.asked("b", -1)
	time.Sleep(300 * time.Millisecond)
	if after := o.asked("a", -1) + o.asked("b", -1); after != before {
		t.Errorf("%d polls of a bot that is off", after-before)
	}
	if err := o.a.db.SetSwitch(t.Context(), "demo", "telegram", true, "test", o.clock.Now()); err != nil {
		t.Fatal(err)
	}
	o.v.queue("1", `"text":"HELP"`)
	o.v.await("telegram:1", 1)
}

func TestTheOffsetMovesOnlyAfterTheTurnHasCommitted(t *testing.T) {
	o := runBots(t)
	const sender = "demo/telegram/telegram:2"
	now := o.clock.Now()
	_, err := o.a.sessions.Begin(t.Context(), conversation.Begin{
		Sender: sender, MessageID: "other", Token: "other", Now: now, LockFor: time.Hour, LineUntil: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	id := o.v.queue("2", `"text":"HELP"`)
	for deadline := time.Now().Add(20 * time.Second); o.asked("a", 0)+o.asked("a", id) < 5 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if n := o.asked("a", id+1); n != 0 {
		t.Errorf("the offset moved while the turn waited for its lock")
	}
	if err := o.a.sessions.Leave(t.Context(), sender, "other"); err != nil {
		t.Fatal(err)
	}
	o.v.await("telegram:2", 1)
	o.polled("a", id+1)
	if n := len(o.v.to("telegram:2")); n != 1 {
		t.Errorf("answered %d times", n)
	}
}
