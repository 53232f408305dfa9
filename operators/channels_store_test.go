package operators_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pulsa/channels"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

// speaker is the adapter of a provider that has no calls for operators.
type speaker struct{ kind string }

func (s speaker) Type() string { return s.kind }

func (speaker) Receive(*http.Request, channels.Channel) (channels.Received, error) {
	return channels.Received{}, channels.ErrNotAuthentic
}

func (speaker) Send(context.Context, channels.Channel, channels.Outbound) (string, error) {
	return "", nil
}

// provider is the adapter of one that has: it notes the calls, and may refuse them.
type provider struct {
	speaker
	calls  []string
	refuse error
}

func (p *provider) SetWebhook(_ context.Context, c channels.Channel) error {
	p.calls = append(p.calls, "set "+c.ID()+" "+c.WebhookURL)
	return p.refuse
}

func (p *provider) DeleteWebhook(_ context.Context, c channels.Channel) error {
	p.calls = append(p.calls, "delete "+c.ID())
	return p.refuse
}

func (p *provider) Probe(context.Context, channels.Channel) (string, error) {
	return "account of the shop", p.refuse
}

// Check implements channels.Checker.
func (*provider) Check(c channels.Channel) error {
	if c.Secrets["token"].Empty() {
		return errors.New("TOKEN is not set")
	}
	return nil
}

// polled is one whose provider can be asked, too; simulated one that is none.
type (
	polled    struct{ *provider }
	simulated struct{ *provider }
)

func (polled) Poll(context.Context, channels.Channel, func(context.Context, channels.Inbound) error) error {
	return nil
}

func (simulated) Simulates() {}

// exchange is the operations on a brand's channels over a store of their own: hooked is told by a call, plain by hand, bot is
// polled, sim is a simulator, bare lacks its token, and off is declared so.
type exchange struct {
	*testing.T
	db               *store.DB
	clock            *prepaid.VirtualClock
	hooked, bot, sim *provider
	operators.Channels
}

func newExchange(t *testing.T, publicURL string) *exchange {
	t.Helper()
	token := map[string]prepaid.Secret{"token": prepaid.NewSecret("s3cr3t-token")}
	brand := &prepaid.Brand{Name: "shop", Channels: []prepaid.ChannelConfig{
		{Name: "hooked", Type: "hooked", Secrets: token}, {Name: "plain", Type: "plain"}, {Name: "bot", Type: "polled", Secrets: token},
		{Name: "sim", Type: "simulated", Secrets: token}, {Name: "bare", Type: "hooked"}, {Name: "off", Type: "plain", Disabled: true},
	}}
	x := &exchange{T: t, db: storetest.SQLite(t), clock: prepaid.NewVirtualClock(start),
		hooked: &provider{speaker: speaker{"hooked"}}, bot: &provider{speaker: speaker{"polled"}}, sim: &provider{speaker: speaker{"simulated"}}}
	registry := channels.NewRegistry(prepaid.NewBrands(brand), publicURL, x.db.Channels, x.clock)
	for _, a := range []channels.Adapter{x.hooked, speaker{"plain"}, polled{x.bot}, simulated{x.sim}} {
		if err := registry.Register(a); err != nil {
			t.Fatal(err)
		}
	}
	x.Channels = operators.Channels{Brand: brand, Registry: registry, Store: x.db.Channels, Outbox: x.db.Outbox, Leases: x.db.Leases,
		BotLease: func(c channels.Channel) string { return "bot " + c.ID() }, Clock: x.clock}
	return x
}

const publicURL = "https://topup.example"

func (x *exchange) ok(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

// switched expects the changes of the brand's switches.
func (x *exchange) switched(want ...operators.SwitchChange) {
	x.Helper()
	var got []operators.SwitchChange
	for _, name := range []string{"bot", "hooked", "off", "plain", "sim"} {
		deeds, err := x.db.Deeds.Of(x.Context(), operators.Object{Brand: "shop", Kind: prepaid.OnChannel, ID: name})
		x.ok(err)
		for _, d := range deeds {
			got = append(got, operators.SwitchChange{Brand: d.Brand, Channel: d.Object, On: d.New == "on", By: d.By, At: d.At})
		}
	}
	if diff := cmp.Diff(want, got, inAnyOrder); diff != "" {
		x.Errorf("switches (-want +got):\n%s", diff)
	}
}

// inAnyOrder compares what was done in the same moment.
var inAnyOrder = cmpopts.SortSlices(func(a, b operators.SwitchChange) bool { return !a.On && b.On })

func turned(channel string, on bool) operators.SwitchChange {
	return operators.SwitchChange{Brand: "shop", Channel: channel, On: on, By: operator, At: start}
}

// letsKnow lets the registry read the switches anew.
func (x *exchange) letsKnow() { x.clock.AdvanceTo(x.clock.Now().Add(operators.SwitchKnownWithin)) }

func TestChannelsAreListedWithWhoSwitchedThem(t *testing.T) {
	x := newExchange(t, publicURL)
	_, err := x.Disable(x.Context(), "hooked", operator)
	x.ok(err)
	x.letsKnow()
	got, err := x.List(x.Context())
	x.ok(err)
	url := func(name string) string { return publicURL + "/webhooks/shop/" + name }
	want := []operators.ListedChannel{
		{Channel: "shop/bare", Type: "hooked", Problem: "TOKEN is not set", URL: url("bare")},
		{Channel: "shop/bot", Type: "polled", On: true, URL: url("bot")},
		{Channel: "shop/hooked", Type: "hooked", SwitchedBy: "ola", Why: operator.Why, SwitchedAt: start, URL: url("hooked")},
		{Channel: "shop/off", Type: "plain", URL: url("off")},
		{Channel: "shop/plain", Type: "plain", On: true, URL: url("plain")},
		{Channel: "shop/sim", Type: "simulated", On: true, URL: url("sim")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	states := make([]string, len(got))
	for i, row := range got {
		states[i] = row.State()
	}
	said := []string{"off: TOKEN is not set", "on", "off (switched by ola, 2026-11-01T09:00:00Z: the customer asked)", "off", "on", "on"}
	if diff := cmp.Diff(said, states); diff != "" {
		t.Error(diff)
	}
}

func TestOperationsNameTheChannelsThatThereAre(t *testing.T) {
	x := newExchange(t, publicURL)
	for what, do := range map[string]func() error{
		"probe":   func() error { _, err := x.Probe(x.Context(), "none"); return err },
		"health":  func() error { _, err := x.Health(x.Context(), "none"); return err },
		"enable":  func() error { _, err := x.Enable(x.Context(), "none", operator); return err },
		"disable": func() error { _, err := x.Disable(x.Context(), "none", operator); return err },
	} {
		var unknown *operators.UnknownChannelError
		if err := do(); !errors.As(err, &unknown) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		want := &operators.UnknownChannelError{Brand: "shop", Channel: "none", Known: []string{"hooked", "plain", "bot", "sim", "bare", "off"}}
		if diff := cmp.Diff(want, unknown); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	x.switched()
}

func TestProbeTriesCredentials(t *testing.T) {
	x := newExchange(t, publicURL)
	got, err := x.Probe(x.Context(), "")
	x.ok(err)
	found := map[string]string{}
	for _, p := range got {
		found[p.Channel] = p.Found
		if wrong := p.Channel == "shop/bare"; p.OK == wrong || p.URL == "" {
			t.Errorf("%+v", p)
		}
	}
	const none = "ok, there are no credentials to try"
	want := map[string]string{"shop/hooked": "ok, account of the shop", "shop/bot": "ok, account of the shop", "shop/sim": "ok, account of the shop",
		"shop/plain": none, "shop/off": none, "shop/bare": "TOKEN is not set"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	x.hooked.refuse = &channels.SendError{Class: channels.Misconfigured, Code: "20003", Err: errors.New("s3cr3t-token is wrong")}
	one, err := x.Probe(x.Context(), "hooked")
	x.ok(err)
	refused := []operators.ProbedChannel{{Channel: "shop/hooked", Found: "the provider says no: misconfigured (20003)", URL: publicURL + "/webhooks/shop/hooked"}}
	if diff := cmp.Diff(refused, one); diff != "" {
		t.Error(diff)
	}
	if len(x.hooked.calls) > 0 {
		t.Errorf("a probe changed something: %q", x.hooked.calls)
	}
	x.switched()
}

func TestEnableTellsTheProviderAndKeepsWhoDidIt(t *testing.T) {
	x := newExchange(t, publicURL)
	url := func(name string) string { return publicURL + "/webhooks/shop/" + name }
	for name, provider := range map[string]operators.ProviderTold{
		"hooked": operators.ProviderNotified, "bot": operators.ProviderNotified, "plain": operators.ProviderByHand, "off": operators.ProviderByHand,
		"sim": operators.ProviderNone,
	} {
		got, err := x.Enable(x.Context(), name, operator)
		if want := (operators.Switched{Channel: "shop/" + name, On: true, Provider: provider, URL: url(name)}); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, want)
		}
	}
	calls := append(append(x.hooked.calls, x.bot.calls...), x.sim.calls...)
	if diff := cmp.Diff([]string{"set shop/hooked " + url("hooked"), "set shop/bot " + url("bot")}, calls); diff != "" {
		t.Errorf("calls: %s", diff)
	}
	switches, err := x.db.Channels.Switches(x.Context())
	x.ok(err)
	want := map[string]bool{"shop/hooked": true, "shop/bot": true, "shop/plain": true, "shop/off": true, "shop/sim": true}
	if diff := cmp.Diff(want, switches); diff != "" {
		t.Error(diff)
	}
}

func TestASwitchIsSaidInWords(t *testing.T) {
	const on, off = "shop/x is on. Running copies know within 5 seconds.\n", "shop/x is off. Running copies know within 5 seconds.\n"
	for want, s := range map[string]operators.Switched{
		"":                                       {On: true}, // nothing was switched
		on:                                       {On: true, Provider: operators.ProviderNotTold},
		on + "Its provider delivers to u\n":      {On: true, Provider: operators.ProviderNotified},
		on + "Let its provider deliver to u\n":   {On: true, Provider: operators.ProviderByHand},
		off:                                      {},
		off + "Its provider delivers no more.\n": {Provider: operators.ProviderNotified},
		off + "Its provider still delivers to u, in vain, until that is changed there.\n": {Provider: operators.ProviderByHand},
	} {
		if s.URL = "u"; want != "" {
			s.Channel = "shop/x"
		}
		if got := s.Text(); got != want {
			t.Errorf("%#v: %q, want %q", s, got, want)
		}
	}
}

func TestASwitchIsKeptOnceAndSaysWhoAndWhen(t *testing.T) {
	x := newExchange(t, publicURL)
	for range 2 {
		_, err := x.Disable(x.Context(), "hooked", operator)
		x.ok(err)
	}
	_, err := x.Enable(x.Context(), "hooked", operator)
	x.ok(err)
	x.switched(turned("hooked", false), turned("hooked", true))
}

func TestWhatCantWorkIsNotSwitchedOn(t *testing.T) {
	x := newExchange(t, publicURL)
	_, err := x.Enable(x.Context(), "bare", operator)
	if err == nil || err.Error() != "shop/bare can't be switched on: TOKEN is not set" {
		t.Error(err)
	}
	x.switched()
}

func TestAProviderThatCantBeToldIsAnErrorAndTheSwitchHolds(t *testing.T) {
	x := newExchange(t, publicURL)
	x.hooked.refuse = &channels.SendError{Class: channels.Misconfigured, Code: "20003", Err: errors.New("s3cr3t-token is wrong")}
	for on, do := range map[bool]func(context.Context, string, prepaid.By) (operators.Switched, error){true: x.Enable, false: x.Disable} {
		got, err := do(x.Context(), "hooked", operator)
		if got.Provider != operators.ProviderNotTold || err == nil || !strings.Contains(err.Error(), "20003") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("on %v: %+v, %v", on, got, err)
		}
		if switches, err := x.db.Channels.Switches(x.Context()); err != nil || switches["shop/hooked"] != on {
			t.Errorf("want on %v: %v, %v", on, switches, err)
		}
	}
}

func TestAProviderThatCantReachUsIsToldByHandOrPolled(t *testing.T) {
	x := newExchange(t, "http://localhost:8080")
	for name, want := range map[string]operators.ProviderTold{"hooked": operators.ProviderByHand, "bot": operators.ProviderNone} {
		if got, err := x.Enable(x.Context(), name, operator); err != nil || got.Provider != want {
			t.Errorf("%s: %+v, %v, want %q", name, got, err, want)
		}
	}
	if calls := append(x.hooked.calls, x.bot.calls...); len(calls) > 0 {
		t.Errorf("providers were told where they can't deliver: %q", calls)
	}
}

func TestDisableHasTheProviderDeliverNoMore(t *testing.T) {
	x := newExchange(t, publicURL)
	for name, provider := range map[string]operators.ProviderTold{
		"hooked": operators.ProviderNotified, "bot": operators.ProviderNotified, "plain": operators.ProviderByHand, "sim": operators.ProviderNone,
		"bare": operators.ProviderNone, // without its token nobody can be told
	} {
		if got, err := x.Disable(x.Context(), name, operator); err != nil || got.Channel != "shop/"+name || got.On || got.Provider != provider {
			t.Errorf("%s: %+v, %v, want %q", name, got, err, provider)
		}
	}
	calls := append(append(x.hooked.calls, x.bot.calls...), x.sim.calls...)
	if diff := cmp.Diff([]string{"delete shop/hooked", "delete shop/bot"}, calls); diff != "" {
		t.Error(diff)
	}
	switches, err := x.db.Channels.Switches(x.Context())
	x.ok(err)
	if diff := cmp.Diff(map[string]bool{"shop/hooked": false, "shop/bot": false, "shop/plain": false, "shop/sim": false, "shop/bare": false}, switches); diff != "" {
		t.Error(diff)
	}
}

// waits puts a message that waits on a channel with a code until a time.
func (x *exchange) waits(channel, code string, until time.Time) {
	x.Helper()
	id := prepaid.NewID[prepaid.OutboundID]()
	x.ok(x.db.Outbox.PutOutbound(x.Context(), []channels.Outbound{{ID: id, Brand: "shop", Channel: channel, Address: prepaid.Address("telegram:" + string(id)),
		MessageID: string(id), Text: "t", CreatedAt: start}}))
	_, err := x.db.Outbox.ClaimOutbound(x.Context(), start, start.Add(time.Minute), 1)
	x.ok(err)
	x.ok(x.db.Outbox.EndOutbound(x.Context(), id, channels.SendEnd{Status: channels.Waiting, RunAt: until, Code: code, Untried: code == channels.CodeOff, Now: start}))
}

func TestEnableSendsWhatWaitsForTheChannelOnceEveryCopyKnows(t *testing.T) {
	x := newExchange(t, publicURL)
	x.waits("hooked", channels.CodeOff, start.Add(time.Hour))
	x.waits("hooked", "20003", start.Add(2*time.Hour))
	x.waits("plain", channels.CodeOff, start.Add(3*time.Hour))
	_, err := x.Enable(x.Context(), "hooked", operator)
	x.ok(err)
	claim := func(at time.Time) int {
		due, err := x.db.Outbox.ClaimOutbound(x.Context(), at, at.Add(time.Minute), 10)
		x.ok(err)
		return len(due)
	}
	known := start.Add(operators.SwitchKnownWithin)
	if n := claim(known.Add(-time.Second)); n != 0 {
		t.Errorf("%d are sent while a copy may hold the channel to be off", n)
	}
	if n := claim(known); n != 1 {
		t.Errorf("%d are sent, want the one that waited for the channel", n)
	}
}

// health is how one channel fares.
func (x *exchange) health(name string) operators.ChannelHealth {
	x.Helper()
	got, err := x.Health(x.Context(), name)
	x.ok(err)
	if len(got) != 1 || got[0].Channel != "shop/"+name {
		x.Fatalf("%s: %+v", name, got)
	}
	return got[0]
}

func TestHealthSaysWhoSwitchedAChannelOff(t *testing.T) {
	x := newExchange(t, publicURL)
	_, err := x.Disable(x.Context(), "hooked", operator)
	x.ok(err)
	x.letsKnow()
	for name, want := range map[string]operators.ChannelHealth{
		"hooked": {State: operators.ChannelDown, Why: []string{"switched off by ola, 2026-11-01T09:00:00Z"}, Intended: true},
		"off":    {State: operators.ChannelDown, Why: []string{"disabled in the configuration"}, Intended: true},
		"bare":   {State: operators.ChannelDown, Why: []string{"TOKEN is not set"}},
		"plain":  {State: operators.ChannelOK},
	} {
		want.Channel = "shop/" + name
		if diff := cmp.Diff(want, x.health(name), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if failing := x.health(name).Failing(); failing != (name == "bare") {
			t.Errorf("%s is failing: %v", name, failing)
		}
	}
	if all, err := x.Health(x.Context(), ""); err != nil || len(all) != 6 {
		t.Errorf("all: %+v, %v", all, err)
	}
}

func TestHealthCountsWhatWaits(t *testing.T) {
	x := newExchange(t, publicURL)
	x.waits("hooked", "20003", start.Add(time.Hour))
	want := operators.ChannelHealth{Channel: "shop/hooked", State: operators.ChannelDown, Waiting: 1, OldestWaits: start, Codes: map[string]int{"20003": 1},
		Why: []string{"none of the 1 messages that wait gets through, the oldest since 2026-11-01T09:00:00Z", "the provider said 20003 (1)"}}
	if diff := cmp.Diff(want, x.health("hooked")); diff != "" {
		t.Error(diff)
	}
}

func TestHealthOfABotThatNobodyPolls(t *testing.T) {
	x := newExchange(t, "http://localhost:8080")
	down := operators.ChannelHealth{Channel: "shop/bot", State: operators.ChannelDown, Why: []string{"nobody polls the bot: is pulsa serve running?"}}
	if diff := cmp.Diff(down, x.health("bot"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	_, err := x.db.Leases.HoldLease(x.Context(), "bot shop/bot", "a server", start, start.Add(time.Minute))
	x.ok(err)
	if got := x.health("bot"); got.State != operators.ChannelOK {
		t.Errorf("one that is polled: %+v", got)
	}
	if got := newExchange(t, publicURL).health("bot"); got.State != operators.ChannelOK {
		t.Errorf("one that is not polled, since its provider reaches us: %+v", got)
	}
}
