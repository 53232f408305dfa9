package channels_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/prepaid"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// bare is an adapter whose parts tests set.
type bare struct {
	kind    string
	check   func(channels.Channel) error
	receive func(*http.Request) (channels.Received, error)
	send    func(context.Context, channels.Outbound) (string, error)
}

func (a *bare) Type() string { return a.kind }

func (a *bare) Check(c channels.Channel) error {
	if a.check == nil {
		return nil
	}
	return a.check(c)
}

func (a *bare) Receive(r *http.Request, _ channels.Channel) (channels.Received, error) {
	return a.receive(r)
}

func (a *bare) Send(ctx context.Context, _ channels.Channel, m channels.Outbound) (string, error) {
	return a.send(ctx, m)
}

type switches struct {
	on   map[string]bool
	err  error
	read int
}

func (s *switches) Switches(context.Context) (map[string]bool, error) {
	s.read++
	return s.on, s.err
}

func demo() *prepaid.Brand {
	return &prepaid.Brand{Name: "demo", Channels: []prepaid.ChannelConfig{
		{Name: "line", Type: "bare"}, {Name: "spare", Type: "bare", Disabled: true}, {Name: "fax", Type: "fax"},
	}}
}

func registry(t testing.TB, s channels.Switches, clock prepaid.Clock, a channels.Adapter) *channels.Registry {
	t.Helper()
	r := channels.NewRegistry(prepaid.NewBrands(demo()), "https://topup.example/", s, clock)
	if err := r.Register(a); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRegisterRefusesADuplicate(t *testing.T) {
	r := registry(t, nil, prepaid.SystemClock{}, &bare{kind: "bare"})
	if err := r.Register(&bare{kind: "bare"}); err == nil {
		t.Error("registered twice")
	}
}

func TestASwitchWinsOverTheConfiguration(t *testing.T) {
	clock := prepaid.NewVirtualClock(start)
	s := &switches{}
	r := registry(t, s, clock, &bare{kind: "bare"})
	on := func(name string) bool {
		_, a, ok := r.Channel(t.Context(), "demo", name)
		return ok && a != nil
	}
	if !on("line") || on("spare") || on("fax") || on("none") {
		t.Error("as declared: line is on, the others are not")
	}
	s.on = map[string]bool{"demo/line": false, "demo/spare": true, "demo/fax": true}
	clock.AdvanceTo(start.Add(1999 * time.Millisecond))
	if !on("line") || s.read != 1 {
		t.Errorf("read %d times within two seconds", s.read)
	}
	clock.AdvanceTo(start.Add(2 * time.Second))
	if on("line") || !on("spare") || on("fax") || s.read != 2 {
		t.Error("the switches do not hold")
	}
	s.on, s.err = nil, errors.New("store is down")
	clock.AdvanceTo(start.Add(time.Minute))
	if on("line") || !on("spare") {
		t.Error("the last known switches do not hold while the store is down")
	}
}

func TestAChannelWithoutCredentialsIsOffAndSaysSo(t *testing.T) {
	a := &bare{kind: "bare", check: func(c channels.Channel) error {
		if c.Secrets["token"].Empty() {
			return errors.New("the token is not set")
		}
		return nil
	}}
	r := registry(t, &switches{on: map[string]bool{"demo/line": true}}, prepaid.SystemClock{}, a)
	if _, _, ok := r.Channel(t.Context(), "demo", "line"); ok {
		t.Error("a channel without credentials is on")
	}
	var got []string
	for _, s := range r.List(t.Context()) {
		got = append(got, s.Channel.ID()+": "+s.Problem)
		if s.On {
			t.Errorf("%s is on", s.Channel.ID())
		}
	}
	want := []string{`demo/fax: no adapter speaks "fax"`, "demo/line: the token is not set", "demo/spare: the token is not set"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAChannelKnowsItsPublicAddress(t *testing.T) {
	c, _, ok := registry(t, nil, prepaid.SystemClock{}, &bare{kind: "bare"}).Channel(t.Context(), "demo", "line")
	if !ok || c.WebhookURL != "https://topup.example/webhooks/demo/line" || c.ID() != "demo/line" {
		t.Errorf("%+v", c)
	}
}

func TestTroubleIsShownUntilItEnds(t *testing.T) {
	r := registry(t, nil, prepaid.SystemClock{}, &bare{kind: "bare"})
	c, _, _ := r.Channel(t.Context(), "demo", "line")
	trouble := func() string { return r.List(t.Context())[1].Trouble }
	r.SetTrouble(c, "20003")
	if trouble() != "20003" {
		t.Error("not shown")
	}
	r.SetTrouble(c, "")
	if trouble() != "" {
		t.Error("shown for ever")
	}
}

// stuck is a store of switches that answers only when let go.
type stuck struct{ entered, release chan struct{} }

func (s *stuck) Switches(context.Context) (map[string]bool, error) {
	s.entered <- struct{}{}
	<-s.release
	return map[string]bool{"demo/line": false}, nil
}

func TestASlowStoreHoldsUpOnlyWhoeverReadsIt(t *testing.T) {
	clock := prepaid.NewVirtualClock(start)
	s := &stuck{entered: make(chan struct{}, 9), release: make(chan struct{}, 9)}
	r := registry(t, s, clock, &bare{kind: "bare"})
	on := func() bool {
		_, _, ok := r.Channel(t.Context(), "demo", "line")
		return ok
	}
	s.release <- struct{}{}
	if on() {
		t.Error("on, before the switch was first read")
	}
	<-s.entered
	clock.AdvanceTo(start.Add(time.Minute))
	done := make(chan struct{})
	go func() { defer close(done); on() }()
	<-s.entered
	if on() { // hangs if it waits for the reader
		t.Error("the last known switch does not hold meanwhile")
	}
	s.release <- struct{}{}
	<-done
}

// reaching is an adapter that reaches the addresses of one scheme.
type reaching struct {
	bare
	scheme string
}

func (r *reaching) Reaches(a prepaid.Address) (channels.Capabilities, bool) {
	return channels.Capabilities{Kind: channels.Kind(r.kind)}, strings.HasPrefix(string(a), r.scheme)
}

func TestTheWaysToAnAddressBeginWithTheBrandsSMS(t *testing.T) {
	b := &prepaid.Brand{Name: "demo", SMSChannel: "third", Channels: []prepaid.ChannelConfig{
		{Name: "first", Type: "sms"}, {Name: "second", Type: "bot"}, {Name: "third", Type: "sms"}, {Name: "fourth", Type: "sms", Disabled: true}, {Name: "mute", Type: "bare"},
	}}
	r := channels.NewRegistry(prepaid.NewBrands(b), "", nil, prepaid.NewVirtualClock(start))
	for _, a := range []channels.Adapter{&reaching{bare{kind: "sms"}, "tel:"}, &reaching{bare{kind: "bot"}, "bot:"}, &bare{kind: "bare"}} {
		if err := r.Register(a); err != nil {
			t.Fatal(err)
		}
	}
	names := func(brand string, a prepaid.Address) string {
		var all []string
		for _, way := range r.Ways(t.Context(), brand, a) {
			all = append(all, way.Channel+" as "+string(way.Can.Kind))
		}
		return strings.Join(all, ", ")
	}
	got := names("demo", "tel:+1") + "; " + names("demo", "bot:1") + "; " + names("demo", "web:1") + "; " + names("none", "tel:+1")
	if want := "third as sms, first as sms; second as bot; ; "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
