package operators

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"pulsa/channels"
	"pulsa/developers"
	"pulsa/prepaid"
)

func TestOnlyAPublicAddressIsReachedByProviders(t *testing.T) {
	if f := checkPublicURL("http://127.0.0.1:8080", LevelError); f.Level != LevelError || f.Do == "" {
		t.Errorf("a loopback address with a real channel: %+v", f)
	}
	if f := checkPublicURL("http://127.0.0.1:8080", LevelWarn); f.Level != LevelWarn || f.Do == "" {
		t.Errorf("a loopback address with simulated channels: %+v", f)
	}
	if f := checkPublicURL("https://topup.example", LevelError); f.Level != LevelOK || f.Do != "" {
		t.Errorf("a public address: %+v", f)
	}
}

func TestClocksThatAreApartAreFound(t *testing.T) {
	for skew, want := range map[time.Duration]Level{0: LevelOK, -3 * time.Second: LevelWarn, time.Minute: LevelError} {
		if f := CheckClock(skew); f.Level != want || (want != LevelOK) != (f.Do != "") {
			t.Errorf("skew %s: %+v", skew, f)
		}
	}
}

// tickingClock is a second later each time it is asked.
type tickingClock struct {
	prepaid.Clock

	now time.Time
}

func (c *tickingClock) Now() time.Time {
	c.now = c.now.Add(time.Second)
	return c.now
}

// remoteClock is a database's clock.
type remoteClock struct {
	now time.Time
	err error
}

func (c remoteClock) Now(context.Context) (time.Time, error) { return c.now, c.err }

func TestTheTimeOfTheAnswerIsNoSkew(t *testing.T) {
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) // it is asked at second 1, and has answered at second 2
	for at, want := range map[time.Duration]time.Duration{
		time.Second: 0, 1500 * time.Millisecond: 0, 2 * time.Second: 0, 0: -time.Second, 5 * time.Second: 3 * time.Second,
	} {
		skew, took, err := ClockSkew(t.Context(), &tickingClock{now: start}, remoteClock{now: start.Add(at)})
		if skew != want || took != time.Second || err != nil {
			t.Errorf("database at %s: skew %s, took %s, %v", at, skew, took, err)
		}
	}
	findings := CheckDatabase(t.Context(), &tickingClock{now: start}, remoteClock{err: errors.New("no route")}, "postgres")
	if len(findings) != 1 || findings[0].Level != LevelError || findings[0].Found != "no route" {
		t.Errorf("a database that does not answer: %+v", findings)
	}
}

func TestOldRatesAreWarnedOf(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	rate := func(days int) developers.Rate {
		return developers.Rate{Rate: decimal.New(1, 0), Date: now.AddDate(0, 0, -days)}
	}
	got := CheckRates(now, "demo", map[prepaid.Currency]developers.Rate{"USD": rate(31), "JPY": rate(32)})
	want := []Finding{
		{LevelWarn, "api rates", "demo: JPY of 2026-10-19", "write today's rate and date into the brand's api.fx"},
		{LevelOK, "api rates", "demo: USD of 2026-10-20", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEachKindOfWaitingWorkIsAFinding(t *testing.T) {
	if got := (Waiting{}).Findings(); len(got) != 1 || got[0].Level != LevelOK {
		t.Errorf("nothing waits: %+v", got)
	}
	got := Waiting{Orders: 1, Stuck: 2, Untold: 3, Differences: 4}.Findings()
	for i, want := range []string{"1 orders wait", "2 orders are open", "3 pieces of news", "4 differences"} {
		if len(got) != 4 || got[i].Level != LevelWarn || !strings.HasPrefix(got[i].Found, want) {
			t.Errorf("%s: %+v", want, got)
		}
	}
}

// registry holds channels that all have the same adapter.
type registry struct {
	adapter channels.Adapter
	list    []channels.Status
}

func (r registry) List(context.Context) []channels.Status    { return r.list }
func (r registry) Adapter(channels.Channel) channels.Adapter { return r.adapter }

// provider is an adapter that only answers probes.
type provider struct {
	channels.Adapter

	err error
}

func (p provider) Probe(context.Context, channels.Channel) (string, error) { return "bot @demo", p.err }

// simulated is a provider that is simulated.
type simulated struct{ provider }

func (simulated) Simulates() {}

func TestChannelsThatAreOffAreFound(t *testing.T) {
	brand := &prepaid.Brand{Name: "demo", Channels: []prepaid.ChannelConfig{{Name: "on"}, {Name: "off", Disabled: true}}}
	channel := func(name string) channels.Channel { return channels.Channel{Brand: brand, Name: name} }
	for _, c := range []struct {
		name    string
		adapter channels.Adapter
		status  channels.Status
		level   Level
		address Level // of the finding about a local public URL
	}{
		{"on", provider{}, channels.Status{Channel: channel("on"), On: true}, LevelOK, LevelError},
		{"on, simulated", simulated{}, channels.Status{Channel: channel("on"), On: true}, LevelOK, LevelWarn},
		{"switched off", provider{}, channels.Status{Channel: channel("on")}, LevelWarn, LevelWarn},
		{"broken", provider{}, channels.Status{Channel: channel("on"), Problem: "no token"}, LevelError, LevelWarn},
		{"broken, and not wanted on", provider{}, channels.Status{Channel: channel("off"), Problem: "no token"}, LevelWarn, LevelWarn},
	} {
		got := CheckChannels(t.Context(), registry{c.adapter, []channels.Status{c.status}}, "pulsa.yaml", "http://localhost:8080")
		if len(got) != 2 || got[0].Level != c.level || got[1].Level != c.address {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestCredentialsAreTriedOfChannelsThatAreOn(t *testing.T) {
	channel := channels.Channel{Brand: &prepaid.Brand{Name: "demo"}, Name: "bot"}
	on, off := channels.Status{Channel: channel, On: true}, channels.Status{Channel: channel}
	for _, c := range []struct {
		name  string
		err   error
		level Level
		found string
	}{
		{"well", nil, LevelOK, "bot @demo"},
		{"refused", &channels.SendError{Class: channels.Misconfigured, Code: "401"}, LevelError, "the provider says no"},
		{"too often", &channels.SendError{Class: channels.Throttled, Code: "429"}, LevelWarn, "the provider says no"},
		{"unreachable", &channels.SendError{Class: channels.Retryable, Code: "timeout"}, LevelError, "no answer"},
	} {
		got := CheckCredentials(t.Context(), registry{provider{err: c.err}, []channels.Status{on, off}})
		if len(got) != 1 || got[0].Level != c.level || !strings.HasPrefix(got[0].Found, c.found) || (got[0].Do == "") != (c.level == LevelOK) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// wallet is one with a balance, or one that cannot be read.
type wallet struct {
	minor int64
	err   error
}

func (w wallet) Balance(context.Context) (prepaid.Money, error) {
	return prepaid.Money{Minor: w.minor, Currency: "EUR"}, w.err
}

func TestAWalletIsWarnedOfBeforeItIsEmpty(t *testing.T) {
	for _, c := range []struct {
		wallet wallet
		low    string
		want   Level
	}{
		{wallet{minor: 5000}, "50", LevelOK}, {wallet{minor: 4999}, "50", LevelWarn}, {wallet{minor: 1}, "", LevelOK},
		{wallet{minor: 0}, "50", LevelError}, {wallet{err: errors.New("no")}, "50", LevelError},
	} {
		if f := CheckWallet(t.Context(), "net", c.wallet, c.low); f.Level != c.want || (f.Do == "") != (c.want == LevelOK) {
			t.Errorf("%+v, low %q: %+v", c.wallet, c.low, f)
		}
	}
}

func TestAProviderThatDoesNotAnswerIsNotSaidToRefuse(t *testing.T) {
	for class, want := range map[channels.Failure]string{
		channels.Retryable: "no answer: ", channels.UnknownIfSent: "no answer: ",
		channels.Misconfigured: "the provider says no: ", channels.Throttled: "the provider says no: ",
	} {
		err := fmt.Errorf("probe: %w", &channels.SendError{Class: class, Code: "4711"})
		if got := failed(err); !strings.HasPrefix(got, want) || !strings.Contains(got, "4711") {
			t.Errorf("%s: %q, want it to begin with %q", class, got, want)
		}
	}
}
