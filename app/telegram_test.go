package app

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/sim"
)

// bots are copies of the program on one store, whose calls of the provider are told apart.
type bots struct {
	t     *testing.T
	v     *apptest.Provider
	sims  *sim.Simulators
	data  string
	a, b  *running
	clock *apptest.SkipClock
}

// runBots starts the first copy, a, which polls.
func runBots(t *testing.T) *bots {
	o := &bots{t: t, v: apptest.NewProvider(t), clock: apptest.NewSlowClock(20), data: t.TempDir()}
	var err error
	o.sims, err = sim.Open(sim.Options{Clock: o.clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	o.a = o.start("a")
	o.polled("a", 0, nil)
	return o
}

func (o *bots) start(name string) *running {
	return runWired(o.t, apptest.ProviderEnv(), func(c *config.Config) {
		o.v.Connect(c)
		c.Data = filepath.Join(o.data, "data")
		for _, line := range c.Brands[0].Channels {
			if line.Type == "telegram" {
				line.Settings["base_url"] = o.v.URL + "/" + name
			}
		}
	}, Wiring{Clock: o.clock, sims: o.sims})
}

// lease tells until when somebody holds the bot.
func (o *bots) lease() time.Time {
	o.t.Helper()
	c, _ := o.b.Registry.Declared("demo", "telegram")
	until, err := o.b.DB.Leases.LeaseUntil(o.t.Context(), BotLeaseOf(c))
	if err != nil {
		o.t.Fatal(err)
	}
	return until
}

// lookAgain lets the time pass after which a copy looks at its bot.
func (o *bots) lookAgain() { o.clock.Skip(botLook) }

// polled waits until a copy has asked for updates from an offset on.
func (o *bots) polled(by string, offset int, meanwhile func()) {
	o.t.Helper()
	apptest.Await(o.t, fmt.Sprintf("%s polls from %d on", by, offset), func() bool { return o.asked(by, offset) > 0 }, meanwhile)
}

// asked counts the calls of a copy from an offset on; offset -1 counts all.
func (o *bots) asked(by string, offset int) int {
	n := 0
	for _, p := range o.v.Polls() {
		if p.By == by && (offset < 0 || p.Offset == offset) {
			n++
		}
	}
	return n
}

func TestOneCopyPollsAndAnotherTakesOverWhenItsLeaseHasLapsed(t *testing.T) {
	o := runBots(t)
	o.b = o.start("b")
	first := o.v.Queue("1", `"text":"HELP"`)
	o.v.Await("telegram:1", 1)
	o.polled("a", first+1, nil)
	if n := o.asked("b", -1); n != 0 {
		t.Errorf("the second copy polled %d times beside the first", n)
	}
	o.a.awaitSent()                        // what is not written down as sent, the other would rightly send again
	if err := o.a.DB.Close(); err != nil { // the first copy can hold no lease any more, nor give it back
		t.Fatal(err)
	}
	until := o.lease()
	if until.Before(o.clock.Now()) {
		t.Fatal(until)
	}
	o.v.Queue("3", `"text":"HELP"`)
	o.polled("b", 0, o.lookAgain)
	if now := o.clock.Now(); now.Before(until) {
		t.Errorf("taken over at %s, before the lease lapsed at %s", now, until)
	}
	o.v.Await("telegram:3", 1)
	o.b.awaitSent()
	for _, chat := range []string{"telegram:1", "telegram:3"} {
		if n := len(o.v.To(chat)); n != 1 {
			t.Errorf("%s was answered %d times", chat, n)
		}
	}
}

func TestALeaseThatIsGivenBackIsTakenAtOnce(t *testing.T) {
	o := runBots(t)
	o.b = o.start("b")
	if err := o.a.DB.Channels.SetSwitch(t.Context(), operators.SwitchChange{Brand: "demo", Channel: "telegram", On: false, By: prepaid.By{Who: "test"}, At: o.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	held := o.lease() // at least so long, if it is not given back
	o.clock.Skip(2 * botLook)
	apptest.Await(t, "switched off, it is given back", func() bool { return !o.lease().After(o.clock.Now()) }, nil)
	if now := o.clock.Now(); !now.Before(held) {
		t.Errorf("it lapsed at %s, held until %s", now, held)
	}
	began := strings.Count(o.a.log.String()+o.b.log.String(), "msg=polling")
	for range 10 {
		o.lookAgain()
		if until := o.lease(); until.After(o.clock.Now()) {
			t.Fatalf("a bot that is off is held until %s", until)
		}
	}
	if n := strings.Count(o.a.log.String()+o.b.log.String(), "msg=polling"); n != began {
		t.Errorf("a bot that is off was polled %d times", n-began)
	}
	if err := o.a.DB.Channels.SetSwitch(t.Context(), operators.SwitchChange{Brand: "demo", Channel: "telegram", On: true, By: prepaid.By{Who: "test"}, At: o.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	before := o.asked("a", -1) + o.asked("b", -1)
	apptest.Await(t, "switched on, it is polled", func() bool { return o.asked("a", -1)+o.asked("b", -1) > before }, o.lookAgain)
	o.v.Queue("1", `"text":"HELP"`)
	o.v.Await("telegram:1", 1)
}

func TestTheOffsetMovesOnlyAfterTheTurnHasCommitted(t *testing.T) {
	o := runBots(t)
	const sender = "demo/telegram/telegram:2"
	now := o.clock.Now()
	_, err := o.a.Sessions.Begin(t.Context(), conversation.Begin{
		Sender: sender, MessageID: "other", Token: "other", Now: now, LockFor: 1000 * time.Hour, LineUntil: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	id := o.v.Queue("2", `"text":"HELP"`)
	apptest.Await(t, "it is fetched again and again", func() bool { return o.asked("a", 0)+o.asked("a", id) >= 5 }, o.lookAgain)
	if n := o.asked("a", id+1); n != 0 {
		t.Errorf("the offset moved while the turn waited for its lock")
	}
	if err := o.a.Sessions.Leave(t.Context(), sender, "other"); err != nil {
		t.Fatal(err)
	}
	o.v.Await("telegram:2", 1)
	o.polled("a", id+1, nil)
	if n := len(o.v.To("telegram:2")); n != 1 {
		t.Errorf("answered %d times", n)
	}
}
