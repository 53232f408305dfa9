package channels_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/prepaid"
)

// office sends from an outbox in memory through an adapter that does what the test says.
type office struct {
	t        *testing.T
	box      *channeltest.Outbox
	clock    *prepaid.VirtualClock
	registry *channels.Registry
	switches *switches
	sender   *channels.Sender
	config   channels.SenderConfig
	log      bytes.Buffer
	out      map[prepaid.Address]bool
	outErr   error
	outAt    string // the channel at which the last has opted out

	mu   sync.Mutex
	sent []string
	fail func(m channels.Outbound) error
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, box: &channeltest.Outbox{}, clock: prepaid.NewVirtualClock(start), out: map[prepaid.Address]bool{}, switches: &switches{}}
	o.registry = registry(t, o.switches, o.clock, &bare{kind: "bare", send: func(_ context.Context, m channels.Outbound) (string, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.fail != nil {
			if err := o.fail(m); err != nil {
				return "", err
			}
		}
		o.sent = append(o.sent, string(m.ID))
		return "ref-" + string(m.ID), nil
	}})
	o.config = channels.SenderConfig{
		Outbox: o.box, Slot: o.box.Slot, Registry: o.registry, Clock: o.clock, Jitter: func() float64 { return 0.5 },
		Log:      slog.New(slog.NewTextHandler(&o.log, nil)),
		OptedOut: func(_ context.Context, _, _ string, a prepaid.Address) (bool, error) { return o.out[a], o.outErr },
		OptOut: func(_ context.Context, brand, channel string, a prepaid.Address) error {
			o.out[a], o.outAt = true, brand+"/"+channel
			return o.outErr
		},
	}
	o.sender = channels.NewSender(o.config)
	return o
}

// with makes the sender anew, of other parts.
func (o *office) with(change func(*channels.SenderConfig)) {
	change(&o.config)
	o.sender = channels.NewSender(o.config)
}

func (o *office) put(m channels.Outbound) {
	o.t.Helper()
	if m.Brand == "" {
		m.Brand, m.Channel = "demo", "line"
	}
	if m.Address == "" {
		m.Address = "tel:+31612345678"
	}
	m.MessageID, m.CreatedAt = string(m.ID), o.clock.Now()
	if err := o.box.PutOutbound(o.t.Context(), []channels.Outbound{m}); err != nil {
		o.t.Fatal(err)
	}
}

// sendDue sends what is due, and lets time pass where the sender waits for nothing else.
func (o *office) sendDue() int {
	o.t.Helper()
	var n int
	var sendErr error
	if err := o.clock.Run(func() { n, sendErr = o.sender.SendDue(o.t.Context()) }); err != nil || sendErr != nil {
		o.t.Fatal(err, sendErr)
	}
	return n
}

func failure(class channels.Failure, after time.Duration) func(channels.Outbound) error {
	return func(channels.Outbound) error {
		return &channels.SendError{Class: class, Code: "42", After: after, Err: errors.New("cause")}
	}
}

func TestWhatIsDueIsSentInOrder(t *testing.T) {
	o := newOffice(t)
	for _, id := range []string{"a", "b", "c"} {
		o.put(channels.Outbound{ID: prepaid.OutboundID(id)})
	}
	if n := o.sendDue(); n != 3 || strings.Join(o.sent, "") != "abc" {
		t.Errorf("%d: %v", n, o.sent)
	}
	want := channels.SendEnd{Status: channels.HandedOn, ProviderRef: "ref-a", Now: start}
	if diff := cmp.Diff(want, o.box.End("a")); diff != "" {
		t.Error(diff)
	}
	if n := o.sendDue(); n != 0 {
		t.Errorf("%d sent again", n)
	}
}

func TestTheClassOfAFailureDecides(t *testing.T) {
	for _, test := range []struct {
		name string
		m    channels.Outbound
		fail func(channels.Outbound) error
		want channels.SendEnd
	}{
		{"retryable", channels.Outbound{}, failure(channels.Retryable, 0), channels.SendEnd{Status: channels.Waiting, RunAt: start.Add(5500 * time.Millisecond)}},
		{"throttled shortly", channels.Outbound{}, failure(channels.Throttled, time.Second), channels.SendEnd{Status: channels.Waiting, RunAt: start.Add(5500 * time.Millisecond)}},
		{"throttled", channels.Outbound{}, failure(channels.Throttled, time.Minute), channels.SendEnd{Status: channels.Waiting, RunAt: start.Add(66 * time.Second)}},
		{"opted out", channels.Outbound{}, failure(channels.RecipientOut, 0), channels.SendEnd{Status: channels.GivenUp, Refused: true}},
		{"misconfigured", channels.Outbound{}, failure(channels.Misconfigured, 0), channels.SendEnd{Status: channels.Waiting, RunAt: start.Add(5*time.Minute + 30*time.Second)}},
		{"refused", channels.Outbound{}, failure(channels.RefusedFor, 0), channels.SendEnd{Status: channels.GivenUp}},
		{"too late for our own words", channels.Outbound{}, failure(channels.WindowShut, 0), channels.SendEnd{Status: channels.GivenUp, Shut: true}},
		{"unknown", channels.Outbound{}, failure(channels.UnknownIfSent, 0), channels.SendEnd{Status: channels.Uncertain, RunAt: start.Add(30 * time.Second)}},
		{"unknown but repeatable", channels.Outbound{Repeatable: true}, failure(channels.UnknownIfSent, 0), channels.SendEnd{Status: channels.Waiting, RunAt: start.Add(5500 * time.Millisecond)}},
		{"unclassified", channels.Outbound{}, func(channels.Outbound) error { return errors.New("?") }, channels.SendEnd{Status: channels.Uncertain, RunAt: start.Add(30 * time.Second), Code: "unclassified"}},
		{"panic", channels.Outbound{}, func(channels.Outbound) error { panic("?") }, channels.SendEnd{Status: channels.Uncertain, RunAt: start.Add(30 * time.Second), Code: "panic"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t)
			o.fail = test.fail
			test.m.ID, test.m.Text = "a", "your code is 4821"
			o.put(test.m)
			if n := o.sendDue(); n != 1 {
				t.Errorf("dealt with %d", n)
			}
			test.want.Now = start
			if test.want.Code == "" {
				test.want.Code = "42"
			}
			if diff := cmp.Diff(test.want, o.box.End("a")); diff != "" {
				t.Error(diff)
			}
			if opted := o.out["tel:+31612345678"]; opted != (test.name == "opted out") {
				t.Errorf("opted out: %v", opted)
			} else if opted && o.outAt != "demo/line" {
				t.Errorf("opted out at %s", o.outAt)
			}
			if trouble := o.registry.List(t.Context())[1].Trouble != ""; trouble != (test.name == "misconfigured") {
				t.Errorf("trouble: %v", trouble)
			}
			if log := o.log.String(); strings.Contains(log, "4821") || strings.Contains(log, "31612345678") {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestItGivesUpAfterEightTries(t *testing.T) {
	o := newOffice(t)
	tries := 0
	o.fail = func(m channels.Outbound) error { tries++; return failure(channels.Retryable, 0)(m) }
	o.put(channels.Outbound{ID: "a"})
	for range 20 {
		o.sendDue()
		o.clock.AdvanceTo(o.clock.Now().Add(2 * time.Hour))
	}
	if tries != 8 || o.box.End("a").Status != channels.GivenUp {
		t.Errorf("%d tries, %+v", tries, o.box.End("a"))
	}
}

func TestAProviderThatAsksToWaitIsAskedAgainForADay(t *testing.T) {
	o := newOffice(t)
	tries := 0
	o.fail = func(m channels.Outbound) error { tries++; return failure(channels.Throttled, time.Minute)(m) }
	o.put(channels.Outbound{ID: "a"})
	for range 12 {
		o.sendDue()
		o.clock.AdvanceTo(o.clock.Now().Add(90 * time.Minute))
	}
	if tries != 12 || o.box.End("a").Status != channels.Waiting {
		t.Errorf("%d tries, %+v", tries, o.box.End("a"))
	}
	o.clock.AdvanceTo(start.Add(24 * time.Hour))
	if o.sendDue(); o.box.End("a").Status != channels.GivenUp {
		t.Errorf("after a day: %+v", o.box.End("a"))
	}
}

func TestWaitingForAChannelIsNoTry(t *testing.T) {
	o := newOffice(t)
	o.switches.on = map[string]bool{"demo/line": false}
	o.put(channels.Outbound{ID: "a"})
	for range 12 {
		o.sendDue()
		o.clock.AdvanceTo(o.clock.Now().Add(6 * time.Minute))
	}
	o.switches.on["demo/line"] = true
	o.fail = failure(channels.Retryable, 0)
	o.clock.AdvanceTo(o.clock.Now().Add(6 * time.Minute))
	now := o.clock.Now()
	o.sendDue()
	want := channels.SendEnd{Status: channels.Waiting, RunAt: now.Add(5500 * time.Millisecond), Code: "42", Now: now}
	if diff := cmp.Diff(want, o.box.End("a")); diff != "" {
		t.Error(diff)
	}
}

func TestItGivesUpAfterADay(t *testing.T) {
	o := newOffice(t)
	o.fail = failure(channels.Misconfigured, 0)
	o.put(channels.Outbound{ID: "a"})
	for range 23 * 12 {
		o.sendDue()
		o.clock.AdvanceTo(o.clock.Now().Add(5 * time.Minute))
	}
	if end := o.box.End("a"); end.Status != channels.Waiting {
		t.Errorf("given up after 23 hours: %+v", end)
	}
	o.clock.AdvanceTo(start.Add(24 * time.Hour))
	o.sendDue()
	if end := o.box.End("a"); end.Status != channels.GivenUp {
		t.Errorf("after 24 hours: %+v", end)
	}
}

func TestAFailureHoldsUpOnlyItsOwnAddress(t *testing.T) {
	o := newOffice(t)
	o.fail = func(m channels.Outbound) error {
		if m.ID == "a" {
			return failure(channels.Retryable, 0)(m)
		}
		return nil
	}
	o.put(channels.Outbound{ID: "a"})
	o.put(channels.Outbound{ID: "b"})
	o.put(channels.Outbound{ID: "c", Address: "tel:+31687654321"})
	o.sendDue()
	if strings.Join(o.sent, "") != "c" {
		t.Errorf("sent %v", o.sent)
	}
	o.fail = nil
	o.clock.AdvanceTo(start.Add(time.Minute))
	if o.sendDue(); strings.Join(o.sent, "") != "cab" {
		t.Errorf("sent %v", o.sent)
	}
}

func TestWhoHasOptedOutGetsOnlyAnswers(t *testing.T) {
	o := newOffice(t)
	o.out["tel:+31612345678"] = true
	o.put(channels.Outbound{ID: "news"})
	o.put(channels.Outbound{ID: "answer", Answer: true})
	o.sendDue()
	if len(o.sent) != 1 || o.sent[0] != "answer" || o.box.End("news").Status != channels.GivenUp || !o.box.End("news").Refused {
		t.Errorf("sent %v; news: %+v", o.sent, o.box.End("news"))
	}
}

func TestNothingIsSentWhileOptOutsCantBeRead(t *testing.T) {
	o := newOffice(t)
	o.outErr = errors.New("store is down")
	o.put(channels.Outbound{ID: "a"})
	o.sendDue()
	if len(o.sent) != 0 || o.box.End("a").Status != channels.Waiting {
		t.Errorf("sent %v, %+v", o.sent, o.box.End("a"))
	}
}

func TestAnInterruptedSendingIsNotRepeatedUnlessItMayBe(t *testing.T) {
	o := newOffice(t)
	o.put(channels.Outbound{ID: "a"})
	o.put(channels.Outbound{ID: "b", Address: "tel:+31687654321", Repeatable: true})
	if claimed, err := o.box.ClaimOutbound(t.Context(), start, start.Add(time.Minute), 9); err != nil || len(claimed) != 2 {
		t.Fatal(claimed, err)
	}
	if n := o.sendDue(); n != 0 {
		t.Errorf("%d sent while leased", n)
	}
	o.clock.AdvanceTo(start.Add(time.Minute))
	o.sendDue()
	if strings.Join(o.sent, "") != "b" || o.box.End("a").Status != channels.Uncertain {
		t.Errorf("sent %v, %+v", o.sent, o.box.End("a"))
	}
}

func TestAChannelThatIsOffSendsNothingUntilItIsOn(t *testing.T) {
	o := newOffice(t)
	o.switches.on = map[string]bool{"demo/line": false}
	o.put(channels.Outbound{ID: "a"})
	o.put(channels.Outbound{ID: "b", Brand: "demo", Channel: "gone"})
	o.sendDue()
	if len(o.sent) != 0 || o.box.End("a").Status != channels.Waiting || o.box.End("b").Status != channels.GivenUp {
		t.Errorf("%v %+v %+v", o.sent, o.box.End("a"), o.box.End("b"))
	}
	o.switches.on["demo/line"] = true
	o.clock.AdvanceTo(start.Add(6 * time.Minute))
	if o.sendDue(); strings.Join(o.sent, "") != "a" {
		t.Errorf("sent %v", o.sent)
	}
}

func TestTheRateOfAChannelIsKept(t *testing.T) {
	o := newOffice(t)
	b := demo()
	b.Channels[0].Settings = map[string]string{"rate": "2"}
	r := channels.NewRegistry(prepaid.NewBrands(b), "", nil, o.clock)
	var times []time.Duration
	if err := r.Register(&bare{kind: "bare", send: func(context.Context, channels.Outbound) (string, error) {
		times = append(times, o.clock.Now().Sub(start))
		return "", nil
	}}); err != nil {
		t.Fatal(err)
	}
	o.with(func(c *channels.SenderConfig) { c.Registry = r })
	for i := range 6 {
		o.put(channels.Outbound{ID: prepaid.OutboundID(strconv.Itoa(i))})
	}
	o.sendDue()
	half := time.Second / 2
	if diff := cmp.Diff([]time.Duration{0, 0, half, 2 * half, 3 * half, 4 * half}, times); diff != "" {
		t.Error(diff)
	}
}

func TestWhatWouldWaitLongForTheRateWaitsInTheOutbox(t *testing.T) {
	o := newOffice(t)
	b := demo()
	b.Channels[0].Settings = map[string]string{"rate": "2"}
	r := channels.NewRegistry(prepaid.NewBrands(b), "", nil, o.clock)
	if err := r.Register(&bare{kind: "bare"}); err != nil {
		t.Fatal(err)
	}
	var slotErr error
	o.with(func(c *channels.SenderConfig) {
		c.Registry = r
		c.Slot = func(context.Context, string, time.Time, time.Time, time.Duration) (time.Time, bool, error) {
			return time.Time{}, false, slotErr
		}
	})
	o.put(channels.Outbound{ID: "a"})
	o.sendDue()
	if end := o.box.End("a"); end.Status != channels.Waiting || !end.Untried || end.Code != "rate" {
		t.Errorf("%+v", end)
	}
	slotErr = errors.New("SQL does not answer")
	o.clock.AdvanceTo(start.Add(time.Minute))
	o.sendDue()
	if end := o.box.End("a"); end.Status != channels.Waiting || !end.Untried || end.Code != "rate not read" {
		t.Errorf("%+v", end)
	}
}

func TestRunSendsWhatIsPutAndStops(t *testing.T) {
	o := newOffice(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); o.sender.Run(ctx) }()
	for i := range 40 {
		o.put(channels.Outbound{ID: prepaid.OutboundID(strconv.Itoa(i)), Address: prepaid.Address("telegram:" + strconv.Itoa(1000+i%3))})
	}
	o.sender.Wake()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		o.mu.Lock()
		n := len(o.sent)
		o.mu.Unlock()
		if n == 40 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of 40 sent", n)
		}
	}
	stop()
	<-done
	last := map[int]int{}
	for _, id := range o.sent {
		n, _ := strconv.Atoi(id)
		if n < last[n%3] {
			t.Errorf("out of order for one address: %v", o.sent)
		}
		last[n%3] = n
	}
}
