package network_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
	sim "pulsa/sim/network"
	"pulsa/topup"
)

const number prepaid.MSISDN = "31612345678"

var (
	start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	ten   = prepaid.Money{Minor: 1000, Currency: "EUR"}
)

// network is the one under test.
type network struct {
	*sim.Network
	t     *testing.T
	clock *prepaid.VirtualClock
	log   *strings.Builder
}

func newNetwork(t *testing.T, change func(*sim.Config)) *network {
	t.Helper()
	n := &network{t: t, clock: prepaid.NewVirtualClock(start), log: &strings.Builder{}}
	config := sim.Config{Clock: n.clock, Book: filepath.Join(t.TempDir(), "network.jsonl"),
		Log: slog.New(slog.NewTextHandler(n.log, nil))}
	if change != nil {
		change(&config)
	}
	var err error
	if n.Network, err = sim.New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func (n *network) set(phrase string) {
	n.t.Helper()
	b, err := sim.ParseBehaviour(phrase)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.Set(n.t.Context(), b); err != nil {
		n.t.Fatal(err)
	}
}

// credit makes a credit that may wait for the clock, and tells how long it took.
func (n *network) credit(ctx context.Context, reference string, m prepaid.MSISDN) (r topup.Result, took time.Duration) {
	n.t.Helper()
	began := n.clock.Now()
	err := n.clock.Run(func() {
		r = n.Credit(ctx, topup.Credit{Reference: reference, MSISDN: m, Amount: ten})
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return r, n.clock.Now().Sub(began)
}

func (n *network) delivered() int { return len(n.Delivered(sim.Filter{})) }

func TestEachBehaviourTellsAndDeliversWhatItSays(t *testing.T) {
	const slow = 90 * time.Second
	tests := []struct {
		phrase, suffix string
		answer         topup.Outcome
		code           string
		took           time.Duration
		delivered      int
	}{
		{"delivers", "5678", topup.Done, "", 0, 1},
		{"rejects TRANSACTION_REFUSED_BY_OPERATOR", "8001", topup.Refused, "TRANSACTION_REFUSED_BY_OPERATOR", 0, 0},
		{"times out", "8002", topup.Unknown, "timeout", slow, 0},
		{"times out after delivering", "8003", topup.Unknown, "timeout", slow, 1},
		{"delivers after 40s", "8004", topup.Done, "", 40 * time.Second, 1},
		{"is out of funds", "8005", topup.Passing, "INSUFFICIENT_BALANCE", 0, 0},
		{"is unavailable", "8006", topup.Passing, "OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", 0, 0},
		{"rejects PHONE_RECENTLY_RECHARGED", "8007", topup.Passing, "PHONE_RECENTLY_RECHARGED", 0, 0},
		{"answers garbage", "8008", topup.Unknown, "garbage", 0, 1},
		{"rejects TRANSACTION_FAILED_ON_OPERATOR", "", topup.Unknown, "TRANSACTION_FAILED_ON_OPERATOR", 0, 0},
		{"fails with TRANSACTION_FAILED_ON_OPERATOR", "8012", topup.Unknown, "TRANSACTION_FAILED_ON_OPERATOR", 0, 0},
		{"rejects SOMETHING_NEW", "", topup.Refused, "SOMETHING_NEW", 0, 0},
		{"delivers", "9999", topup.Refused, "INVALID_RECIPIENT_PHONE", 0, 0},
	}
	for _, test := range tests {
		for _, told := range []bool{true, false} {
			if !told && test.suffix == "" {
				continue
			}
			n, m := newNetwork(t, nil), number
			if told {
				n.set(test.phrase)
			}
			if !told || test.suffix == "9999" {
				m = number[:7] + prepaid.MSISDN(test.suffix)
			}
			r, took := n.credit(t.Context(), "ref", m)
			if r.Outcome != test.answer || r.Code != test.code || took != test.took {
				t.Errorf("%s %s: got %s %q after %s", test.phrase, m, r.Outcome, r.Code, took)
			}
			if n.delivered() != test.delivered {
				t.Errorf("%s %s: delivered %d times", test.phrase, m, n.delivered())
			}
			found, want := n.LookUp(t.Context(), "ref"), topup.Absent
			switch {
			case test.delivered > 0:
				want = topup.Done
			case test.suffix == "8012":
				want = topup.Refused
			}
			if found.Outcome != want || want == topup.Refused && found.Code != test.code {
				t.Errorf("%s %s: look-up found %s %s", test.phrase, m, found.Outcome, found.Code)
			}
			if want != topup.Refused {
				continue
			}
			if again, _ := n.credit(t.Context(), "ref", m); again.Outcome != want || n.delivered() != 0 {
				t.Errorf("%s %s: repeated, it is %s", test.phrase, m, again.Outcome)
			}
		}
	}
}

func TestToldBehaviourHoldsUntilChangedAndWinsOverTheNumber(t *testing.T) {
	n, rejects := newNetwork(t, nil), number[:7]+"8001"
	n.set("delivers")
	for _, reference := range []string{"one", "two"} {
		if r, _ := n.credit(t.Context(), reference, rejects); r.Outcome != topup.Done {
			t.Errorf("told to deliver: got %s", r.Outcome)
		}
	}
	_ = n.Set(t.Context(), sim.Behaviour{})
	if r, _ := n.credit(t.Context(), "three", rejects); r.Outcome != topup.Refused {
		t.Errorf("told nothing: got %s", r.Outcome)
	}
}

func TestGarbageLeavesTheCallerWithoutAnAnswer(t *testing.T) {
	n := newNetwork(t, nil)
	n.set("answers garbage")
	if r, _ := n.credit(t.Context(), "ref", number); r.Outcome != topup.Unknown || n.delivered() != 1 {
		t.Errorf("got %s, delivered %d times", r.Outcome, n.delivered())
	}
}

func TestSlowCreditIsInTheBookOnlyInItsTimeThoughNobodyWaits(t *testing.T) {
	n := newNetwork(t, nil)
	n.set("delivers after 40s")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if r, _ := n.credit(gone, "ref", number); r.Outcome != topup.Unknown {
		t.Errorf("got %s", r.Outcome)
	}
	n.clock.AdvanceTo(start.Add(39 * time.Second))
	if found := n.LookUp(t.Context(), "ref").Outcome; found != topup.Pending || n.delivered() != 0 {
		t.Errorf("at 39 s: found %s, delivered %d times", found, n.delivered())
	}
	if again, took := n.credit(t.Context(), "ref", number); again.Outcome != topup.Done || took != time.Second {
		t.Errorf("repeated: got %s after %s", again.Outcome, took)
	}
	got := n.Delivered(sim.Filter{MSISDN: number})
	if len(got) != 1 || !got[0].At.Equal(start.Add(40*time.Second)) {
		t.Errorf("in its time: got %+v", got)
	}
}

func TestRecogniseRefusesUnknownNumbersAndIsDownWhenTold(t *testing.T) {
	n, unknown := newNetwork(t, nil), number[:7]+"9999"
	if err := n.Recognise(t.Context(), number); err != nil {
		t.Error(err)
	}
	if err := n.Recognise(t.Context(), number[:7]+"8006"); err != nil {
		t.Errorf("a number must register to try what its end chooses: %v", err)
	}
	if err := n.Recognise(t.Context(), unknown); !errors.Is(err, topup.ErrUnknownNumber) {
		t.Errorf("got %v", err)
	}
	n.set("is unavailable")
	if err := n.Recognise(t.Context(), number); !errors.Is(err, topup.ErrNetworkDown) {
		t.Errorf("got %v", err)
	}
}

func TestRepeatedReferenceAdoptsTheFirstDelivery(t *testing.T) {
	n := newNetwork(t, nil)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			r := n.Credit(t.Context(), topup.Credit{Reference: "ref", MSISDN: number, Amount: ten})
			if r.Outcome != topup.Done {
				t.Errorf("got %s", r.Outcome)
			}
		})
	}
	group.Wait()
	got := n.Delivered(sim.Filter{Amount: ten})
	if len(got) != 1 {
		t.Fatalf("delivered %d times", len(got))
	}
	want := sim.Entry{Reference: "ref", MSISDN: number, Amount: ten, NetworkRef: got[0].NetworkRef, At: start,
		Cost: prepaid.Money{Minor: 960, Currency: "EUR"}}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	r, _ := n.credit(t.Context(), "ref", number)
	if r.ProviderRef != want.NetworkRef || r.Cost != want.Cost || r.Code != "CUSTOM_IDENTIFIER_ALREADY_USED" {
		t.Errorf("repeated: got %+v", r)
	}
}

func TestNonAtomicNetworkDeliversRequestsUnderOneReferenceThatMeet(t *testing.T) {
	for name, prepare := range map[string]func(n *network) prepaid.MSISDN{
		"told":      func(n *network) prepaid.MSISDN { n.set("is not atomic"); return number },
		"by number": func(*network) prepaid.MSISDN { return number[:7] + "8010" },
		"atomic":    func(n *network) prepaid.MSISDN { n.set("is not atomic"); n.set("is atomic"); return number },
	} {
		n, want := newNetwork(t, nil), 2
		if name == "atomic" {
			want = 1
		}
		m := prepare(n)
		request := topup.Credit{Reference: "ref", MSISDN: m, Amount: ten}
		err := n.clock.Run(func() {
			n.clock.Within(0, func() { n.Credit(t.Context(), request) })
			n.Credit(t.Context(), request)
		})
		if err != nil || n.delivered() != want {
			t.Errorf("%s: delivered %d times, %v", name, n.delivered(), err)
		}
		if late, _ := n.credit(t.Context(), "ref", m); late.Outcome != topup.Done || n.delivered() != want {
			t.Errorf("%s: one that comes later is answered %s; delivered %d times", name, late.Outcome, n.delivered())
		}
	}
}

func TestLateReportsHideDeliveriesFromLookUps(t *testing.T) {
	for name, prepare := range map[string]func(n *network) prepaid.MSISDN{
		"told":      func(n *network) prepaid.MSISDN { n.set("reports after 3m"); return number },
		"by number": func(*network) prepaid.MSISDN { return number[:7] + "8009" },
	} {
		n := newNetwork(t, nil)
		n.credit(t.Context(), "ref", prepare(n))
		n.clock.AdvanceTo(start.Add(3*time.Minute - time.Second))
		if found := n.LookUp(t.Context(), "ref"); found.Outcome != topup.Absent || n.delivered() != 1 {
			t.Errorf("%s: found %s, delivered %d times", name, found.Outcome, n.delivered())
		}
		n.clock.AdvanceTo(start.Add(3 * time.Minute))
		if found := n.LookUp(t.Context(), "ref"); found.Outcome != topup.Done {
			t.Errorf("%s: found %s", name, found.Outcome)
		}
	}
}

func TestDeliveryTakenBackIsToldUntilItIsTaken(t *testing.T) {
	for name, m := range map[string]prepaid.MSISDN{"told": number, "by number": number[:7] + "8011"} {
		n := newNetwork(t, nil)
		var told []string
		deaf := errors.New("store down")
		n.Connect(func(_ context.Context, reference string) error { told = append(told, reference); return deaf })
		n.credit(t.Context(), "ref", m)
		n.clock.AdvanceTo(start.Add(time.Minute))
		var err error
		if name == "told" {
			err = n.Set(t.Context(), sim.Behaviour{Kind: sim.TakesBack})
		} else {
			err = n.Redeliver(t.Context())
		}
		if !errors.Is(err, deaf) || n.delivered() != 0 {
			t.Errorf("%s: %v, delivered %d times", name, err, n.delivered())
		}
		if found := n.LookUp(t.Context(), "ref"); found.Outcome != topup.Refused || found.Code != sim.CodeTakenBack {
			t.Errorf("%s: found %s %s", name, found.Outcome, found.Code)
		}
		deaf = nil
		for range 2 {
			if err := n.Redeliver(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if diff := cmp.Diff([]string{"ref", "ref"}, told); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err := n.TakeBack(t.Context(), sim.Filter{}); !errors.Is(err, sim.ErrNoDelivery) {
			t.Errorf("%s: taken back again: %v", name, err)
		}
	}
}

func TestCostIsDiscountedInTheWalletsCurrency(t *testing.T) {
	tests := []struct {
		amount prepaid.Money
		wallet prepaid.Currency
		rate   int64
		want   prepaid.Money
	}{
		{ten, "", 0, prepaid.Money{Minor: 960, Currency: "EUR"}},
		{ten, "EUR", 1_100_000, prepaid.Money{Minor: 960, Currency: "EUR"}},
		{ten, "USD", 1_100_000, prepaid.Money{Minor: 1056, Currency: "USD"}},
		{ten, "USD", 0, prepaid.Money{Minor: 960, Currency: "USD"}},
		{ten, "JPY", 163_500_000, prepaid.Money{Minor: 1570, Currency: "JPY"}},
		{ten, "KWD", 333_333, prepaid.Money{Minor: 3200, Currency: "KWD"}},
		{prepaid.Money{Minor: 13, Currency: "EUR"}, "", 0, prepaid.Money{Minor: 12, Currency: "EUR"}},
	}
	for _, test := range tests {
		n := newNetwork(t, func(c *sim.Config) { c.Currency, c.Rate = test.wallet, test.rate })
		r := n.Credit(t.Context(), topup.Credit{Reference: "ref", MSISDN: number, Amount: test.amount})
		if r.Cost != test.want {
			t.Errorf("%s in %s: got %s, want %s", test.amount, test.wallet, r.Cost, test.want)
		}
	}
}

func TestAmountMustBePositive(t *testing.T) {
	n := newNetwork(t, nil)
	r := n.Credit(t.Context(), topup.Credit{Reference: "ref", MSISDN: number, Amount: ten.Neg()})
	if r.Outcome != topup.Refused || n.delivered() != 0 {
		t.Errorf("got %s, delivered %d times", r.Outcome, n.delivered())
	}
}

func TestReopenedNetworkKnowsAllThatItDelivered(t *testing.T) {
	var path string
	keep := func(c *sim.Config) { path = c.Book }
	n := newNetwork(t, keep)
	n.credit(t.Context(), "one", number)
	n.set("delivers after 40s")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	n.credit(gone, "slow", number)
	n.set("delivers")
	n.credit(t.Context(), "torn", number)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-5], 0o600); err != nil {
		t.Fatal(err)
	}

	if err := n.Close(); err != nil { // writes nothing: as well it might have been killed
		t.Fatal(err)
	}
	n = newNetwork(t, func(c *sim.Config) { c.Book = path })
	for reference, want := range map[string]topup.Outcome{"one": topup.Done, "slow": topup.Pending, "torn": topup.Absent} {
		if found := n.LookUp(t.Context(), reference).Outcome; found != want {
			t.Errorf("%s: found %s, want %s", reference, found, want)
		}
	}
	n.clock.AdvanceTo(start.Add(time.Minute))
	n.credit(t.Context(), "one", number)
	if got := n.Delivered(sim.Filter{}); len(got) != 2 || got[0].Reference != "one" || got[1].Reference != "slow" {
		t.Errorf("delivered %+v", got)
	}
}

func TestUnwritableBookAnswersUnknown(t *testing.T) {
	n := newNetwork(t, nil)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if r, _ := n.credit(t.Context(), "ref", number); r.Outcome != topup.Unknown || n.delivered() != 0 {
		t.Errorf("got %s, delivered %d times", r.Outcome, n.delivered())
	}
}

func TestParseBehaviourUnderstandsTheScriptsPhrasesOnly(t *testing.T) {
	for phrase, want := range map[string]sim.Behaviour{
		"delivers":                   {Kind: sim.Delivers},
		"delivers after  2m":         {Kind: sim.Delivers, After: 2 * time.Minute},
		"delivers after 1d":          {Kind: sim.Delivers, After: 24 * time.Hour},
		"rejects FX_1":               {Kind: sim.Rejects, Code: "FX_1"},
		"times out":                  {Kind: sim.TimesOut},
		"times out after delivering": {Kind: sim.TimesOutAfterDelivering},
		"is out of funds":            {Kind: sim.OutOfFunds},
		"is unavailable":             {Kind: sim.Unavailable},
		"answers garbage":            {Kind: sim.AnswersGarbage},
		"reports after 2m":           {Kind: sim.ReportsAfter, After: 2 * time.Minute},
		"fails with OUTAGE":          {Kind: sim.Fails, Code: "OUTAGE"},
		"is not atomic":              {Kind: sim.NotAtomic},
		"is atomic":                  {Kind: sim.Atomic},
		"takes the delivery back":    {Kind: sim.TakesBack},
	} {
		if b, err := sim.ParseBehaviour(phrase); err != nil || b != want {
			t.Errorf("%q: got %v, %v", phrase, b, err)
		}
	}
	for _, phrase := range []string{"", "rejects", "rejects no", "fails", "fails with", "rejects A B", "delivers after", "delivers after 40",
		"delivers after s", "delivers after -1s", "delivers after 1.5s", "delivers after 9223372036854775807d",
		"times out after charging", "reports", "is disputed"} {
		_, err := sim.ParseBehaviour(phrase)
		if err == nil || !strings.Contains(err.Error(), "rejects CODE") {
			t.Errorf("%q: got %v, want an error that lists what is understood", phrase, err)
		}
	}
}

func TestSaysAtStartThatItIsASimulator(t *testing.T) {
	n := newNetwork(t, nil)
	if log := n.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "level=WARN msg=\"SIMULATED NETWORK") {
		t.Errorf("logged %q", log)
	}
}
