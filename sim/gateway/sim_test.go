package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/payments"
	"pulsa/prepaid"
	sim "pulsa/sim/gateway"
	"pulsa/topup"
)

const number prepaid.MSISDN = "31612345678"

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func demo() *prepaid.Brand {
	return &prepaid.Brand{Name: "demo", Title: "Demo <Mobile>", Test: true, Country: "NL", Currency: "EUR",
		Languages: []string{"en", "nl"}}
}

// gateway is the one under test, with what it told.
type gateway struct {
	*sim.Gateway
	t     *testing.T
	clock *prepaid.VirtualClock
	log   *strings.Builder

	mu   sync.Mutex
	told []payments.Event
	deaf error // what the taker of the news answers
}

func newGateway(t *testing.T, change func(*sim.Config)) *gateway {
	t.Helper()
	g := &gateway{t: t, clock: prepaid.NewVirtualClock(start), log: &strings.Builder{}}
	config := sim.Config{
		Clock: g.clock, Book: filepath.Join(t.TempDir(), "payments.jsonl"), BaseURL: "https://pay.test",
		Events: g.take, Log: slog.New(slog.NewTextHandler(g.log, nil)),
	}
	if change != nil {
		change(&config)
	}
	var err error
	if g.Gateway, err = sim.New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func (g *gateway) take(_ context.Context, e payments.Event) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.deaf == nil {
		g.told = append(g.told, e)
	}
	return g.deaf
}

func (g *gateway) set(phrase string) {
	g.t.Helper()
	b, err := sim.ParseBehaviour(phrase)
	if err == nil {
		err = g.Set(g.t.Context(), b)
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

// do carries out what may wait for the clock, and tells how long it took.
func (g *gateway) do(work func() topup.Result) (r topup.Result, took time.Duration) {
	g.t.Helper()
	began := g.clock.Now()
	if err := g.clock.Run(func() { r = work() }); err != nil {
		g.t.Fatal(err)
	}
	return r, g.clock.Now().Sub(began)
}

func (g *gateway) charge(reference string, m prepaid.MSISDN) (topup.Result, time.Duration) {
	g.t.Helper()
	return g.do(func() topup.Result { return g.Charge(g.t.Context(), request(reference, m)) })
}

func request(reference string, m prepaid.MSISDN) payments.ChargeRequest {
	return payments.ChargeRequest{Reference: reference, Brand: demo(), Customer: "customer", Method: payments.SEPA,
		Token: prepaid.NewSecret("sim_token"), Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}, MSISDN: m, Language: "en"}
}

func (g *gateway) lookUp(what payments.Operation, reference string) topup.Outcome {
	return g.LookUp(g.t.Context(), what, reference).Outcome
}

func TestEachBehaviourTellsAndTakesWhatItSays(t *testing.T) {
	const slow = 90 * time.Second
	tests := []struct {
		phrase, suffix string
		answer         topup.Outcome
		took           time.Duration
		charged        int
		found, again   topup.Outcome
	}{
		{"approves", "5678", topup.Done, 0, 1, topup.Done, topup.Done},
		{"declines", "9001", topup.Refused, 0, 0, topup.Refused, topup.Refused},
		{"times out", "9002", topup.Unknown, slow, 0, topup.Absent, topup.Unknown},
		{"times out after charging", "9003", topup.Unknown, slow, 1, topup.Done, topup.Done},
		{"needs authentication", "9004", topup.Action, 0, 0, topup.Action, topup.Action},
		{"pends", "9005", topup.Pending, 0, 1, topup.Pending, topup.Pending},
		{"approves after 20s", "9006", topup.Done, 20 * time.Second, 1, topup.Done, topup.Done},
		{"refuses to refund", "9007", topup.Done, 0, 1, topup.Done, topup.Done},
		{"", "9008", topup.Done, 0, 1, topup.Done, topup.Done},
		{"", "9009", topup.Pending, 0, 1, topup.Pending, topup.Pending},
		{"answers garbage", "9010", topup.Unknown, 0, 1, topup.Done, topup.Done},
	}
	for _, test := range tests {
		for _, told := range []bool{true, false} {
			m := number[:len(number)-4] + prepaid.MSISDN(test.suffix)
			g := newGateway(t, nil)
			if told && test.phrase == "" {
				continue
			} else if told {
				m = number
				g.set(test.phrase)
			}
			name := test.phrase + " " + string(m)
			r, took := g.charge("ref", m)
			if r.Outcome != test.answer || took != test.took {
				t.Errorf("%s: got %s after %s, want %s after %s", name, r.Outcome, took, test.answer, test.took)
			}
			if n := len(g.Charged(sim.Filter{MSISDN: m})); n != test.charged {
				t.Errorf("%s: charged %d times, want %d", name, n, test.charged)
			}
			if found := g.lookUp(payments.OpCharge, "ref"); found != test.found {
				t.Errorf("%s: look-up found %s, want %s", name, found, test.found)
			}
			if again, _ := g.charge("ref", m); again.Outcome != test.again {
				t.Errorf("%s: repeated charge got %s, want %s", name, again.Outcome, test.again)
			}
			if n := len(g.Charged(sim.Filter{})); n != test.charged {
				t.Errorf("%s: repeated, charged %d times, want %d", name, n, test.charged)
			}
		}
	}
}

func TestToldBehaviourHoldsUntilChangedAndWinsOverTheNumber(t *testing.T) {
	g := newGateway(t, nil)
	declines := number[:7] + "9001"
	g.set("approves")
	for _, reference := range []string{"one", "two"} {
		if r, _ := g.charge(reference, declines); r.Outcome != topup.Done {
			t.Errorf("told to approve: got %s", r.Outcome)
		}
	}
	if err := g.Set(t.Context(), sim.Behaviour{}); err != nil {
		t.Fatal(err)
	}
	if r, _ := g.charge("three", declines); r.Outcome != topup.Refused {
		t.Errorf("told nothing: got %s", r.Outcome)
	}
}

func TestParseBehaviourUnderstandsTheScriptsPhrasesOnly(t *testing.T) {
	for phrase, want := range map[string]sim.Kind{
		"approves": sim.Approves, "declines": sim.Declines, "times out": sim.TimesOut,
		"times  out after charging": sim.TimesOutAfterCharging, "needs authentication": sim.NeedsAuthentication,
		"returns the debit": sim.ReturnsDebit, "pends": sim.Pends, "answers garbage": sim.AnswersGarbage,
		"is disputed": sim.IsDisputed, "settles the debits": sim.SettlesDebits, "is atomic": sim.Atomic, "is not atomic": sim.NotAtomic,
		"refunds": sim.Refunds, "refuses to refund": sim.RefusesToRefund, "times out refunding": sim.TimesOutRefunding,
		"times out after refunding": sim.TimesOutAfterRefunding,
	} {
		if b, err := sim.ParseBehaviour(phrase); err != nil || b != (sim.Behaviour{Kind: want}) {
			t.Errorf("%q: got %v, %v", phrase, b, err)
		}
	}
	for _, phrase := range []string{"", "approve", "times out after delivering", "Approves", "pend", "declines CODE", "reports after", "approves after 2"} {
		_, err := sim.ParseBehaviour(phrase)
		if err == nil || !strings.Contains(err.Error(), "times out after charging") {
			t.Errorf("%q: got %v, want an error that lists what is understood", phrase, err)
		}
	}
}

func TestTimeOutEndsWithTheCaller(t *testing.T) {
	g := newGateway(t, func(c *sim.Config) { c.Clock = prepaid.SystemClock{} })
	g.set("times out after charging")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if r := g.Charge(ctx, request("ref", number)); r.Outcome != topup.Unknown {
		t.Errorf("got %s", r.Outcome)
	}
	if n := len(g.Charged(sim.Filter{})); n != 1 {
		t.Errorf("charged %d times", n)
	}
}

func TestSlowChargeIsTakenInItsTimeThoughNobodyWaits(t *testing.T) {
	g := newGateway(t, nil)
	if err := g.Set(t.Context(), sim.Behaviour{Kind: sim.Approves, After: time.Minute}); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := g.do(func() topup.Result { return g.Charge(gone, request("ref", number)) })
	if found := g.lookUp(payments.OpCharge, "ref"); r.Outcome != topup.Unknown || found != topup.Unknown {
		t.Errorf("before its time: got %s, found %s", r.Outcome, found)
	}
	if n := len(g.Charged(sim.Filter{})); n != 0 {
		t.Errorf("before its time: charged %d times", n)
	}
	g.clock.AdvanceTo(start.Add(time.Hour)) // looked at later, it has still happened then
	got := g.Charged(sim.Filter{})
	if len(got) != 1 || !got[0].At.Equal(start.Add(time.Minute)) {
		t.Errorf("in its time: got %+v", got)
	}
}

func TestRepeatedReferenceChargesOnce(t *testing.T) {
	g := newGateway(t, nil)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			if r := g.Charge(t.Context(), request("ref", number)); r.Outcome != topup.Done {
				t.Errorf("got %s", r.Outcome)
			}
		})
	}
	group.Wait()
	want := []sim.Entry{{Reference: "ref", Brand: "demo", Customer: "customer", MSISDN: number, Method: payments.SEPA,
		Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}, At: start}}
	if diff := cmp.Diff(want, g.Charged(sim.Filter{})); diff != "" {
		t.Error(diff)
	}
	other := request("ref", number)
	other.Amount.Minor = 2000
	if r := g.Charge(t.Context(), other); r.Outcome != topup.Unknown {
		t.Errorf("same reference, other amount: got %s", r.Outcome)
	}
}

func TestRefundGivesBackOnce(t *testing.T) {
	g := newGateway(t, nil)
	g.charge("ref", number)
	if found := g.lookUp(payments.OpRefund, "ref"); found != topup.Absent {
		t.Errorf("before: found %s", found)
	}
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			if r := g.Refund(t.Context(), "ref", prepaid.Money{}); r.Outcome != topup.Done {
				t.Errorf("got %s", r.Outcome)
			}
		})
	}
	group.Wait()
	g.clock.AdvanceTo(start.Add(time.Hour))
	g.Refund(t.Context(), "ref", prepaid.Money{})
	got := g.Refunded(sim.Filter{Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}})
	if len(got) != 1 || !got[0].At.Equal(start) {
		t.Errorf("refunded %+v", got)
	}
	if c, r := g.lookUp(payments.OpCharge, "ref"), g.lookUp(payments.OpRefund, "ref"); c != topup.Done || r != topup.Done {
		t.Errorf("charge %s, refund %s", c, r)
	}
	if r := g.Refund(t.Context(), "other", prepaid.Money{}); r.Outcome != topup.Refused {
		t.Errorf("of nothing: got %s", r.Outcome)
	}
}

func TestRefundsCanBeToldToo(t *testing.T) {
	tests := []struct {
		kind     sim.Kind
		answer   topup.Outcome
		refunded int
	}{
		{sim.Refunds, topup.Done, 1}, {sim.RefusesToRefund, topup.Refused, 0},
		{sim.TimesOutRefunding, topup.Unknown, 0}, {sim.TimesOutAfterRefunding, topup.Unknown, 1},
	}
	for _, test := range tests {
		g := newGateway(t, nil)
		g.charge("ref", number)
		g.set(string(test.kind))
		r, _ := g.do(func() topup.Result { return g.Refund(t.Context(), "ref", prepaid.Money{}) })
		if n := len(g.Refunded(sim.Filter{})); r.Outcome != test.answer || n != test.refunded {
			t.Errorf("%s: got %s and %d refunds", test.kind, r.Outcome, n)
		}
	}
	g := newGateway(t, nil)
	m := number[:7] + "9007"
	g.charge("ref", m)
	if r := g.Refund(t.Context(), "ref", prepaid.Money{}); r.Outcome != topup.Refused {
		t.Errorf("by number: got %s", r.Outcome)
	}
}

func TestCancelledChargeIsNeverTaken(t *testing.T) {
	g := newGateway(t, nil)
	for range 2 {
		if r := g.Cancel(t.Context(), "absent"); r.Outcome != topup.Done {
			t.Errorf("absent: got %s", r.Outcome)
		}
	}
	if r, _ := g.charge("absent", number); r.Outcome != topup.Refused {
		t.Errorf("charged after its cancel: got %s", r.Outcome)
	}
	g.charge("done", number)
	g.charge("pending", number[:7]+"9005")
	g.charge("waiting", number[:7]+"9004")
	for reference, want := range map[string]topup.Outcome{"done": topup.Refused, "pending": topup.Refused, "waiting": topup.Done} {
		if r := g.Cancel(t.Context(), reference); r.Outcome != want {
			t.Errorf("%s: got %s, want %s", reference, r.Outcome, want)
		}
	}
	if err := g.Authenticate(t.Context(), ""); !errors.Is(err, sim.ErrNoCharge) {
		t.Errorf("authenticated what was cancelled: %v", err)
	}
}

func TestReturnedDebitIsTheLastOneAndIsTold(t *testing.T) {
	g := newGateway(t, func(c *sim.Config) { c.SEPAPending = true })
	returns := sim.Behaviour{Kind: sim.ReturnsDebit}
	if err := g.Set(t.Context(), returns); !errors.Is(err, sim.ErrNoCharge) {
		t.Errorf("with no charge: got %v", err)
	}
	for _, reference := range []string{"first", "last"} {
		if r, _ := g.charge(reference, number); r.Outcome != topup.Pending {
			t.Fatalf("got %s", r.Outcome)
		}
	}
	if err := g.Set(t.Context(), returns); err != nil {
		t.Fatal(err)
	}
	if first, last := g.lookUp(payments.OpCharge, "first"), g.lookUp(payments.OpCharge, "last"); first != topup.Pending || last != topup.Returned {
		t.Errorf("first %s, last %s", first, last)
	}
	if r := g.Refund(t.Context(), "last", prepaid.Money{}); r.Outcome != topup.Refused {
		t.Errorf("refund of a returned debit: %s", r.Outcome)
	}
	if err := g.SettleDebits(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first := g.lookUp(payments.OpCharge, "first"); first != topup.Done {
		t.Errorf("settled: %s", first)
	}
	if err := g.Redeliver(t.Context()); err != nil { // all was taken: nothing is told twice
		t.Fatal(err)
	}
	want := []payments.Event{{Charge: "last"}, {Charge: "first"}}
	if diff := cmp.Diff(want, g.told, cmp.AllowUnexported(prepaid.Secret{})); diff != "" {
		t.Error(diff)
	}
	if n := len(g.Returned(sim.Filter{Reference: "last"})); n != 1 {
		t.Errorf("returned %d times", n)
	}
}

func TestServesTestBrandsOnly(t *testing.T) {
	g := newGateway(t, nil)
	r := request("ref", number)
	r.Brand.Test = false
	if got := g.Charge(t.Context(), r); got.Outcome != topup.Refused {
		t.Errorf("charge: %s", got.Outcome)
	}
	if _, err := g.StartSetup(t.Context(), payments.SetupRequest{Reference: "ref", Brand: r.Brand}); err == nil {
		t.Error("setup was started")
	}
}

func TestSaysAtStartThatItIsASimulator(t *testing.T) {
	g := newGateway(t, nil)
	if log := g.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "level=WARN msg=\"SIMULATED PAYMENTS") {
		t.Errorf("logged %q", log)
	}
}

func TestLateReportsHideChangesFromLookUpsAndNews(t *testing.T) {
	for name, prepare := range map[string]func(g *gateway) prepaid.MSISDN{
		"told":      func(g *gateway) prepaid.MSISDN { g.set("reports after 3m"); return number },
		"by number": func(*gateway) prepaid.MSISDN { return number[:7] + "9011" },
	} {
		g := newGateway(t, nil)
		m := prepare(g)
		g.charge("ref", m)
		if err := g.ReturnDebit(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		g.clock.AdvanceTo(start.Add(3*time.Minute - time.Second))
		if err := g.Redeliver(t.Context()); err != nil || len(g.told) != 0 || g.lookUp(payments.OpCharge, "ref") != topup.Absent {
			t.Errorf("%s: too early: %v, told %v, found %s", name, err, g.told, g.lookUp(payments.OpCharge, "ref"))
		}
		g.clock.AdvanceTo(start.Add(3 * time.Minute))
		if err := g.Redeliver(t.Context()); err != nil || len(g.told) != 1 || g.lookUp(payments.OpCharge, "ref") != topup.Returned {
			t.Errorf("%s: %v, told %v, found %s", name, err, g.told, g.lookUp(payments.OpCharge, "ref"))
		}
	}
}

func TestMoneyTakenBackIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		m      prepaid.MSISDN
		phrase string
		code   string
	}{
		"disputed":           {number, "is disputed", "disputed"},
		"returned":           {number, "returns the debit", "debit_returned"},
		"disputed by number": {number[:7] + "9008", "", "disputed"},
		"returned by number": {number[:7] + "9009", "", "debit_returned"},
	} {
		g := newGateway(t, nil)
		g.charge("ref", test.m)
		g.clock.AdvanceTo(start.Add(time.Minute))
		if test.phrase != "" {
			g.set(test.phrase)
		}
		if err := g.Redeliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r := g.LookUp(t.Context(), payments.OpCharge, "ref"); r.Outcome != topup.Returned || r.Code != test.code {
			t.Errorf("%s: found %+v", name, r)
		}
		if len(g.told) != 1 || g.told[0].Charge != "ref" || len(g.Returned(sim.Filter{})) != 1 {
			t.Errorf("%s: told %v", name, g.told)
		}
	}
}

func TestNonAtomicGatewayChargesRequestsUnderOneReferenceThatMeet(t *testing.T) {
	for name, prepare := range map[string]func(g *gateway) prepaid.MSISDN{
		"told":      func(g *gateway) prepaid.MSISDN { g.set("is not atomic"); return number },
		"by number": func(*gateway) prepaid.MSISDN { return number[:7] + "9012" },
		"atomic":    func(g *gateway) prepaid.MSISDN { g.set("is not atomic"); g.set("is atomic"); return number },
	} {
		g, want := newGateway(t, nil), 2
		if name == "atomic" {
			want = 1
		}
		r := request("ref", prepare(g))
		err := g.clock.Run(func() {
			g.clock.Within(0, func() { g.Charge(t.Context(), r) })
			g.Charge(t.Context(), r)
		})
		late, _ := g.charge("ref", r.MSISDN)
		if n := len(g.Charged(sim.Filter{})); err != nil || n != want || late.Outcome != topup.Done {
			t.Errorf("%s: charged %d times, %v; one that comes later is answered %s", name, n, err, late.Outcome)
		}
	}
}
