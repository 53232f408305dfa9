package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/sim"
)

// The sender on real stores, and Twilio's protocol to a server that fails. Tests skip what they would have to wait for.

func runSkippingLines(t *testing.T) (*running, *apptest.Provider, *apptest.SkipClock) {
	v, clock := apptest.NewProvider(t), apptest.NewSkipClock()
	r := runWired(t, apptest.ProviderEnv(), func(c *config.Config) {
		c.PublicURL = apptest.PublicURL
		v.Connect(c)
	}, Wiring{Clock: clock})
	return r, v, clock
}

const (
	sendCall           = "Messages.json"
	longerThanAnyPause = 2 * time.Hour
)

func TestWhatMayHaveBeenSentIsNotSentAgainAndTheNextGoes(t *testing.T) {
	r, v, clock := runSkippingLines(t)
	v.RefuseWith(sendCall, apptest.Refused{Status: 502, Body: "<html>bad gateway</html>"})
	r.put("demo", "twilio", "tel:"+apptest.Number, "first")
	r.awaitSent()
	v.Accept(sendCall)
	clock.Skip(longerThanAnyPause)
	r.put("demo", "twilio", "tel:"+apptest.Number, "second")
	r.awaitSent()
	if m := v.Await(apptest.Number, 1); m.Text != "second" {
		t.Errorf("sent %q", m.Text)
	}
	if n := v.Calls(sendCall, 2); n != 2 {
		t.Errorf("%d calls for two messages", n)
	}
	figures, err := r.DB.Channels.ChannelFigures(t.Context(), "demo", []string{"twilio"}, r.Clock.Now().Add(-time.Hour-longerThanAnyPause))
	if got := figures["twilio"]; err != nil || got.Unknown != 1 || got.Sent != 1 || got.Codes["http 502"] != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAThrottlingProviderIsAskedAgainWhenItWants(t *testing.T) {
	r, v, clock := runSkippingLines(t)
	asked := clock.Now()
	v.RefuseWith(sendCall, apptest.Refused{Status: 429, RetryAfter: "40", Body: `{"code":20429,"message":"slow down","status":429}`})
	r.put("demo", "twilio", "tel:"+apptest.Number, "first")
	apptest.Await(t, "its refusal is written down", func() bool {
		figures, err := r.DB.Channels.ChannelFigures(t.Context(), "demo", []string{"twilio"}, asked)
		return err == nil && figures["twilio"].Retried == 1
	}, nil)
	again, err := r.DB.Outbox.NextOutbound(t.Context())
	if err != nil || again.Before(asked.Add(40*time.Second)) {
		t.Errorf("to be asked again at %s, %v", again, err)
	}
	v.Accept(sendCall)
	r.put("demo", "twilio", "tel:"+apptest.Number, "second")
	clock.Skip(time.Minute)
	r.Sender.Wake()
	v.Await(apptest.Number, 2)
	if list := v.To(apptest.Number); list[0].Text != "first" || list[1].Text != "second" || v.Calls(sendCall, 3) != 3 {
		t.Errorf("%v", list)
	}
}

func TestWhoHasBlockedUsIsOptedOutAndLeftAlone(t *testing.T) {
	r, v, _ := runSkippingLines(t)
	v.RefuseWith(sendCall, apptest.Refused{Status: 400, Body: `{"code":21610,"message":"unsubscribed","status":400}`})
	r.put("demo", "twilio", "tel:"+apptest.Number, "first")
	r.awaitSent()
	v.Accept(sendCall)
	r.put("demo", "twilio", "tel:"+apptest.Number, "second")
	r.put("demo", "twilio", "tel:+31687654321", "to another")
	v.Await("+31687654321", 1)
	r.awaitSent()
	if out, err := r.Accounts.OptedOut(t.Context(), "demo", "tel:"+apptest.Number); err != nil || out.ByWord || !out.At("twilio") || v.Calls(sendCall, 2) != 2 {
		t.Errorf("opted out: %v, %v; %d calls", out, err, v.Calls(sendCall, 2))
	}
}

func TestASenderThatDiesLeavesItUnclearAndTheNextGoes(t *testing.T) {
	r, v, _ := runSkippingLines(t)
	can, _ := channels.Of(channels.SMS)
	news := func(text string, at time.Time) channels.Outbound {
		return channels.Outbound{ID: prepaid.NewID[prepaid.OutboundID](), Brand: "demo", Channel: "twilio", Address: "tel:" + apptest.Number,
			MessageID: text, Text: text, Can: can, CreatedAt: at}
	}
	// One that no sender has seen yet: it is due later, and claimed by one that dies.
	later := r.Clock.Now().Add(time.Hour)
	if err := r.DB.Outbox.PutOutbound(t.Context(), []channels.Outbound{news("first", later), news("second", later)}); err != nil {
		t.Fatal(err)
	}
	claimed, err := r.DB.Outbox.ClaimOutbound(t.Context(), later, later.Add(time.Second), 9)
	if err != nil || len(claimed) != 1 || claimed[0].Text != "first" {
		t.Fatal(claimed, err)
	}
	s := channels.NewSender(channels.SenderConfig{Outbox: r.DB.Outbox, Slot: r.DB.Outbox.SendSlot, Registry: r.Registry, Clock: ahead{r.Clock, time.Hour + time.Minute}, Log: r.Program.Log,
		OptedOut: func(ctx context.Context, brand, channel string, a prepaid.Address) (bool, error) {
			out, err := r.Accounts.OptedOut(ctx, brand, a)
			return !out.Wants(channel), err
		},
		OptOut: r.Accounts.OptOutAt,
	})
	if n, err := s.SendDue(t.Context()); n != 2 || err != nil {
		t.Errorf("%d dealt with, %v", n, err)
	}
	if list := v.To(apptest.Number); len(list) != 1 || list[0].Text != "second" {
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
	v := apptest.NewProvider(t)
	clock := prepaid.SystemClock{}
	sims, err := sim.Open(sim.Options{Clock: clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	data, database := t.TempDir(), ""
	redis := os.Getenv("PULSA_TEST_REDIS_URL")
	if base := os.Getenv("PULSA_TEST_DATABASE_URL"); base != "" && redis != "" {
		database = apptest.Schema(t, base)
	}
	prefix := prepaid.NewToken()
	start := func() *running {
		return runWired(t, apptest.ProviderEnv(), func(c *config.Config) {
			c.PublicURL, c.Data = apptest.PublicURL, data
			v.Connect(c)
			for _, line := range c.Brands[0].Channels {
				line.Settings["rate"] = "1000"
			}
			if database != "" {
				c.DatabaseURL, c.RedisURL = prepaid.NewSecret(database), prepaid.NewSecret(apptest.PatientRedis(redis))
			}
		}, Wiring{Clock: clock, sims: sims, redisPrefix: prefix})
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
		v.Await(to, each)
		var order []string
		for _, m := range v.To(to) {
			order = append(order, m.Text)
		}
		if got := strings.Join(order, " "); got != "0 1 2 3 4 5 6 7 8 9 10 11" {
			t.Errorf("%s was sent %s", to, got)
		}
	}
	if n := v.Calls(sendCall, customers*each); n != customers*each {
		t.Errorf("%d calls for %d messages", n, customers*each)
	}
}
