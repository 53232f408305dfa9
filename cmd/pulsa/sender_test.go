package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/store"
)

// The sender on real stores, and Twilio's protocol to a server that fails. Time runs twenty times as fast.

func runQuickLines(t *testing.T) (*running, *provider) {
	v := newProvider(t)
	r := runWired(t, realLines, func(c *Config) {
		c.PublicURL = publicForTst
		v.connect(c)
	}, wiring{clock: quickClock{began: time.Now(), times: 20}})
	return r, v
}

const sendCall = "Messages.json"

func TestWhatMayHaveBeenSentIsNotSentAgainAndTheNextGoes(t *testing.T) {
	r, v := runQuickLines(t)
	v.refuseWith(sendCall, refused{status: 502, body: "<html>bad gateway</html>"})
	r.put("demo", "twilio", "tel:"+testNumber, "first")
	v.calls(sendCall, 1)
	v.accept(sendCall)
	r.put("demo", "twilio", "tel:"+testNumber, "second")
	if m := v.await(testNumber, 1); m.text != "second" {
		t.Errorf("sent %q", m.text)
	}
	time.Sleep(time.Second) // 20 s
	if n := v.calls(sendCall, 2); n != 2 {
		t.Errorf("%d calls for two messages", n)
	}
	figures, err := r.db.ChannelFigures(t.Context(), "demo", r.clock.Now().Add(-time.Hour))
	if got := figures["twilio"]; err != nil || got.Unknown != 1 || got.Sent != 1 || got.Codes["http 502"] != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAThrottlingProviderIsAskedAgainWhenItWants(t *testing.T) {
	r, v := runQuickLines(t)
	v.refuseWith(sendCall, refused{status: 429, retryAfter: "40", body: `{"code":20429,"message":"slow down","status":429}`})
	r.put("demo", "twilio", "tel:"+testNumber, "first")
	r.put("demo", "twilio", "tel:"+testNumber, "second")
	v.calls(sendCall, 1)
	asked := r.clock.Now()
	v.accept(sendCall)
	v.await(testNumber, 2)
	if waited := r.clock.Now().Sub(asked); waited < 35*time.Second {
		t.Errorf("asked again after %s", waited)
	}
	if list := v.to(testNumber); list[0].text != "first" || list[1].text != "second" || v.calls(sendCall, 3) != 3 {
		t.Errorf("%v", list)
	}
}

func TestWhoHasBlockedUsIsOptedOutAndLeftAlone(t *testing.T) {
	r, v := runQuickLines(t)
	v.refuseWith(sendCall, refused{status: 400, body: `{"code":21610,"message":"unsubscribed","status":400}`})
	r.put("demo", "twilio", "tel:"+testNumber, "first")
	v.calls(sendCall, 1)
	v.accept(sendCall)
	r.put("demo", "twilio", "tel:"+testNumber, "second")
	r.put("demo", "twilio", "tel:+31687654321", "to another")
	v.await("+31687654321", 1)
	time.Sleep(100 * time.Millisecond)
	if out, err := r.accounts.OptedOut(t.Context(), "demo", "tel:"+testNumber); err != nil || !out || v.calls(sendCall, 2) != 2 {
		t.Errorf("opted out: %v, %v; %d calls", out, err, v.calls(sendCall, 2))
	}
}

func TestASenderThatDiesLeavesItUnclearAndTheNextGoes(t *testing.T) {
	r, v := runQuickLines(t)
	can, _ := channels.Of(channels.SMS)
	news := func(text string, at time.Time) channels.Outbound {
		return channels.Outbound{ID: prepaid.NewID[prepaid.OutboundID](), Brand: "demo", Channel: "twilio", Address: "tel:" + testNumber,
			MessageID: text, Text: text, Can: can, CreatedAt: at}
	}
	// One that no sender has seen yet: it is due later, and claimed by one that dies.
	later := r.clock.Now().Add(time.Hour)
	if err := r.db.PutOutbound(t.Context(), []channels.Outbound{news("first", later), news("second", later)}); err != nil {
		t.Fatal(err)
	}
	claimed, err := r.db.ClaimOutbound(t.Context(), later, later.Add(time.Second), 9)
	if err != nil || len(claimed) != 1 || claimed[0].Text != "first" {
		t.Fatal(claimed, err)
	}
	s := channels.NewSender(channels.SenderConfig{Outbox: r.db, Registry: r.registry, Clock: ahead{r.clock, time.Hour + time.Minute}, Log: r.program.log,
		OptedOut: r.accounts.OptedOut, OptOut: r.accounts.OptOut})
	if n, err := s.SendDue(t.Context()); n != 2 || err != nil {
		t.Errorf("%d dealt with, %v", n, err)
	}
	if list := v.to(testNumber); len(list) != 1 || list[0].text != "second" {
		t.Errorf("sent %v", list)
	}
}

// ahead is a clock that goes before another.
type ahead struct {
	prepaid.Clock
	by time.Duration
}

func (a ahead) Now() time.Time { return a.Clock.Now().Add(a.by) }

func TestTwoCopiesSendEachMessageOnceAndInOrder(t *testing.T) {
	v := newProvider(t)
	clock := prepaid.SystemClock{}
	sims, err := openSimulators(Config{}, clock, slog.New(slog.DiscardHandler), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	data, database := t.TempDir(), ""
	redis := os.Getenv("PULSA_TEST_REDIS_URL")
	if base := os.Getenv("PULSA_TEST_DATABASE_URL"); base != "" && redis != "" {
		scratch, drop, err := store.Scratch(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		database = scratch
		t.Cleanup(func() { _ = drop(context.WithoutCancel(t.Context())) })
	}
	prefix := prepaid.NewToken()
	start := func() *running {
		return runWired(t, realLines, func(c *Config) {
			c.PublicURL, c.Data = publicForTst, data
			v.connect(c)
			for _, line := range c.Brands[0].Channels {
				line.Settings["rate"] = "1000"
			}
			if database != "" {
				c.DatabaseURL, c.RedisURL = prepaid.NewSecret(database), prepaid.NewSecret(redis)
			}
		}, wiring{clock: clock, sims: sims, redisPrefix: prefix})
	}
	copies := []*running{start(), start()}
	const customers, each = 8, 12
	for i := range each {
		for j := range customers {
			copies[(i+j)%2].put("demo", "twilio", prepaid.Address(fmt.Sprintf("tel:+3161234560%d", j)), fmt.Sprint(i))
		}
	}
	for j := range customers {
		to := fmt.Sprintf("+3161234560%d", j)
		v.await(to, each)
		var order []string
		for _, m := range v.to(to) {
			order = append(order, m.text)
		}
		if got := strings.Join(order, " "); got != "0 1 2 3 4 5 6 7 8 9 10 11" {
			t.Errorf("%s was sent %s", to, got)
		}
	}
	if n := v.calls(sendCall, customers*each); n != customers*each {
		t.Errorf("%d calls for %d messages", n, customers*each)
	}
}
