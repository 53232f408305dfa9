package payments_test

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
	"github.com/google/go-cmp/cmp/cmpopts"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
	sim "pulsa/sim/gateway"
	"pulsa/store"
	"pulsa/store/storetest"
	"pulsa/topup"
)

const number prepaid.MSISDN = "31612345678"

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// world is a Service over a real store and the simulated gateway, with one pending customer.
type world struct {
	*payments.Service
	*payments.News
	payments.Books
	t        *testing.T
	store    *store.DB
	gateway  *sim.Gateway
	gateways map[string]payments.Gateway
	customer prepaid.CustomerID
	clock    *prepaid.VirtualClock
	brand    *prepaid.Brand

	charges    []prepaid.ChargeID // that the gateway reported
	chargesErr error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pulsa.db")
	if err := storetest.NewSQLite(path); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	brand := &prepaid.Brand{Name: "demo", Gateway: "sim", Title: "Demo", Test: true, Country: "NL", Currency: "EUR", Languages: []string{"en"},
		Creditor: prepaid.Creditor{Name: "Demo B.V.", Identifier: "NL79ZZZ999999990000"}}
	clock, log := prepaid.NewVirtualClock(start), slog.New(slog.DiscardHandler)
	w := &world{t: t, store: db, clock: clock, brand: brand}
	w.gateway, err = sim.New(sim.Config{Clock: clock, BaseURL: "https://pay.test", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	w.gateways = map[string]payments.Gateway{"sim": w.gateway}
	w.Service, err = payments.New(payments.Config{
		Store: db.Payments, Mandates: db.Mandates, Keys: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}), Gateways: w.gateways,
		Brands: prepaid.NewBrands(brand), Clock: clock, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.News, w.Books = payments.NewNews(w.Service, w), payments.Books{Orders: db.Orders, Instruments: db.Payments}
	w.gateway.Connect(w.Handle)
	c, err := db.Customers.SaveRegistration(t.Context(), accounts.Customer{ID: prepaid.NewID[prepaid.CustomerID](), Brand: "demo",
		MSISDN: number, Language: "en", PIN: accounts.PIN{Hash: "hash"}, CreatedAt: start}, []accounts.Place{{Address: number.Tel(), Channel: "fake", Kind: "sms"}})
	if err != nil {
		t.Fatal(err)
	}
	w.customer = c.ID
	return w
}

// ChargeChanged implements payments.Charges.
func (w *world) ChargeChanged(_ context.Context, id prepaid.ChargeID) error {
	w.charges = append(w.charges, id)
	return w.chargesErr
}

func (w *world) start(key string) payments.Setup {
	w.t.Helper()
	s, err := w.StartSetup(w.t.Context(), w.request(key))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) request(key string) payments.StartRequest {
	return payments.StartRequest{Brand: "demo", Customer: w.customer, MSISDN: number, Method: payments.SEPA, OperationKey: key,
		ReplyTo: topup.ReplyTo{Channel: "twilio", Kind: "sms", Address: number.Tel(), Language: "en"}}
}

func (w *world) reload() accounts.Customer {
	w.t.Helper()
	c, err := w.store.Customers.CustomerByMSISDN(w.t.Context(), "demo", number)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// order is one that the customer's active instrument pays for.
func (w *world) order() topup.Order {
	return topup.Order{ID: "BKTRMWQXZD", Brand: "demo", Customer: w.customer, MSISDN: number,
		Amount:  prepaid.Money{Minor: 1000, Currency: "EUR"},
		Funding: topup.FundingRef{Kind: topup.ByCharge, Ref: string(w.reload().Pays.ID), Provider: "sim", Method: "sepa"}}
}

func TestStartSetupKeepsOnePagePerOperationKey(t *testing.T) {
	w := newWorld(t)
	first := w.start("message:1")
	if first.URL == "" || first.Status != payments.SetupOpen || first.Gateway != "sim" {
		t.Errorf("got %+v", first)
	}
	if diff := cmp.Diff(first, w.start("message:1")); diff != "" {
		t.Errorf("repeated: %s", diff)
	}
	stored, err := w.Setup(t.Context(), first.ID)
	if diff := cmp.Diff(first, stored); diff != "" || err != nil {
		t.Errorf("stored: %v %s", err, diff)
	}
	if other := w.start("message:2"); other.ID == first.ID || other.URL == first.URL {
		t.Errorf("another key got the same page %+v", other)
	}
}

func TestANewerPageClosesTheEarlierOne(t *testing.T) {
	w := newWorld(t)
	first := w.start("message:1")
	second := w.start("message:2")
	status := func(id prepaid.SetupID) payments.SetupStatus {
		t.Helper()
		s, err := w.Setup(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return s.Status
	}
	if status(first.ID) != payments.SetupAbandoned || status(second.ID) != payments.SetupOpen {
		t.Errorf("the first is %s, the second %s", status(first.ID), status(second.ID))
	}
	if again := w.start("message:1"); again.ID != first.ID || status(second.ID) != payments.SetupOpen {
		t.Errorf("the first message, delivered again, gets %+v and leaves the second %s", again, status(second.ID))
	}
	// The earlier page may have been completed at the gateway, which is told too late: the newer one counts.
	late := payments.Event{Setup: first.ID, Ended: payments.SetupCompleted, Token: prepaid.NewSecret("tok_late"), Display: "late"}
	for range 2 {
		if err := w.Handle(t.Context(), late); err != nil {
			t.Fatal(err)
		}
	}
	if c := w.reload(); c.Pays.ID != "" || c.Status != accounts.Pending {
		t.Errorf("an abandoned page has set up %+v of a customer who is %s", c.Pays, c.Status)
	}
	if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	if err := w.gateway.CompleteSetup(t.Context(), number); !errors.Is(err, sim.ErrNoSetup) {
		t.Errorf("the earlier page was open as well: %v", err)
	}
	c := w.reload()
	if c.Status != accounts.Active || status(second.ID) != payments.SetupCompleted {
		t.Errorf("the newer page: customer %s, setup %s", c.Status, status(second.ID))
	}
	if err := w.Handle(t.Context(), late); err != nil || w.reload().Pays.ID != c.Pays.ID {
		t.Errorf("the earlier page has changed how the customer pays: %v", err)
	}
}

// stubborn is a gateway that can't close a page.
type stubborn struct{ payments.Gateway }

// CloseSetup implements payments.Gateway.
func (stubborn) CloseSetup(context.Context, payments.Setup) error {
	return errors.New("gateway unreachable")
}

func TestAPageThatCantBeClosedCompletesNothing(t *testing.T) {
	w := newWorld(t)
	w.gateways["sim"] = stubborn{w.gateway}
	w.start("message:1")
	w.start("message:2")
	for range 2 { // both pages, the newer one first
		if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
			t.Fatal(err)
		}
		if s, _ := w.Setup(t.Context(), w.start("message:2").ID); s.Status != payments.SetupCompleted {
			t.Errorf("the newer page is %s", s.Status)
		}
	}
}

func TestNobodyGetsAnothersPage(t *testing.T) {
	w := newWorld(t)
	first := w.start("message:1")
	r := w.request("message:1")
	r.Customer = "bcdfghjklmnpqrstvwxz"
	if s, err := w.StartSetup(t.Context(), r); !errors.Is(err, topup.ErrKeyReused) || s.URL != "" {
		t.Errorf("got %+v, %v", s, err)
	}
	if s := w.start("message:1"); s.URL != first.URL {
		t.Errorf("its own is %s, was %s", s.URL, first.URL)
	}
}

// forgetful loses one setup on its way into the store, as a crash does.
type forgetful struct{ payments.Store }

func (forgetful) SaveSetup(context.Context, payments.Setup) (payments.Setup, error) {
	return payments.Setup{}, errors.New("crashed")
}

func TestStartRepeatedAfterACrashFindsTheSamePage(t *testing.T) {
	w := newWorld(t)
	crashing, err := payments.New(payments.Config{
		Keys: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}), Store: forgetful{w.store.Payments}, Gateways: map[string]payments.Gateway{"sim": w.gateway},
		Clock:  prepaid.NewVirtualClock(start),
		Brands: prepaid.NewBrands(&prepaid.Brand{Name: "demo", Gateway: "sim", Test: true, Languages: []string{"en"}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crashing.StartSetup(t.Context(), w.request("message:1")); err == nil {
		t.Fatal("no error")
	}
	w.start("message:1")
	if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	if err := w.gateway.CompleteSetup(t.Context(), number); !errors.Is(err, sim.ErrNoSetup) {
		t.Errorf("a second page was open: %v", err)
	}
}

func TestConcurrentStartsGetOnePage(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	urls := make([]string, 64)
	for i := range urls {
		group.Go(func() {
			s, err := w.StartSetup(t.Context(), w.request("message:1"))
			if urls[i] = s.URL; err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, url := range urls {
		if url != urls[0] {
			t.Fatalf("got %s and %s", urls[0], url)
		}
	}
}

func TestUnknownBrandOrGatewayIsAnError(t *testing.T) {
	w := newWorld(t)
	r := w.request("message:1")
	r.Brand = "other"
	if _, err := w.StartSetup(t.Context(), r); err == nil {
		t.Error("no error")
	}
}

func TestCompletedSetupActivatesTheInstrumentOnce(t *testing.T) {
	w := newWorld(t)
	s := w.start("message:1")
	e := payments.Event{Setup: s.ID, Ended: payments.SetupCompleted, Token: prepaid.NewSecret("token"), Display: "NL** **** 4300"}
	for range 3 {
		if err := w.Handle(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	c := w.reload()
	if c.Status != accounts.Active || c.Pays.Display != "NL** **** 4300" || c.Pays.Gateway != "sim" || c.Pays.Method != "sepa" {
		t.Errorf("customer %+v", c)
	}
	first := c.Pays.ID
	e.Ended = payments.SetupAbandoned
	if err := w.Handle(t.Context(), e); err != nil || w.reload().Pays.ID != first {
		t.Errorf("late abandonment: %v, pays with %+v", err, w.reload().Pays)
	}
	if s, err := w.Setup(t.Context(), s.ID); err != nil || s.Status != payments.SetupCompleted {
		t.Errorf("setup %s, %v", s.Status, err)
	}
}

func TestAbandonedSetupLeavesTheCustomerPending(t *testing.T) {
	w := newWorld(t)
	s := w.start("message:1")
	if err := w.gateway.AbandonSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	if s, err := w.Setup(t.Context(), s.ID); err != nil || s.Status != payments.SetupAbandoned {
		t.Errorf("setup %s, %v", s.Status, err)
	}
	if c := w.reload(); c.Status != accounts.Pending {
		t.Errorf("customer is %s", c.Status)
	}
}

func TestNewsThatIsNotOursIsTakenAndBrokenNewsIsNot(t *testing.T) {
	w := newWorld(t)
	s := w.start("message:1")
	down := errors.New("store down")
	tests := []struct {
		name    string
		event   payments.Event
		charges error
		fails   bool
	}{
		{"unknown setup", payments.Event{Setup: "other", Ended: payments.SetupCompleted, Token: prepaid.NewSecret("t")}, nil, false},
		{"completed without a token", payments.Event{Setup: s.ID, Ended: payments.SetupCompleted}, nil, true},
		{"unknown charge", payments.Event{Charge: "other"}, topup.ErrNoOrder, false},
		{"charge not handled", payments.Event{Charge: "one"}, down, true},
		{"charge", payments.Event{Charge: "one"}, nil, false},
	}
	for _, test := range tests {
		w.charges, w.chargesErr = nil, test.charges
		if err := w.Handle(t.Context(), test.event); (err != nil) != test.fails {
			t.Errorf("%s: got %v", test.name, err)
		}
		if want := test.event.Charge != ""; (len(w.charges) == 1 && w.charges[0] == test.event.Charge) != want {
			t.Errorf("%s: passed on %v", test.name, w.charges)
		}
	}
}

func TestFundingChargesOnceAndGivesBackOnce(t *testing.T) {
	w := newWorld(t)
	w.start("message:1")
	if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	o := w.order()
	giveBack := func(ctx context.Context, o topup.Order, charge prepaid.ChargeID) topup.Result {
		return w.GiveBack(ctx, o, charge, prepaid.Money{})
	}
	steps := []struct {
		name string
		call func(context.Context, topup.Order, prepaid.ChargeID) topup.Result
		want topup.Outcome
	}{
		{"look up", w.LookUp, topup.Absent},
		{"take", w.Take, topup.Done},
		{"take again", w.Take, topup.Done},
		{"look up", w.LookUp, topup.Done},
		{"cancel", w.Cancel, topup.Refused},
		{"look up the refund", w.LookUpGivenBack, topup.Absent},
		{"give back", giveBack, topup.Done},
		{"give back again", giveBack, topup.Done},
		{"look up the refund", w.LookUpGivenBack, topup.Done},
	}
	for _, step := range steps {
		if r := step.call(t.Context(), o, "charge"); r.Outcome != step.want {
			t.Errorf("%s: got %s %q, want %s", step.name, r.Outcome, r.Code, step.want)
		}
	}
	charged, refunded := w.gateway.Charged(sim.Filter{Amount: o.Amount}), w.gateway.Refunded(sim.Filter{})
	if len(charged) != 1 || charged[0].Reference != "charge" || charged[0].MSISDN != number || len(refunded) != 1 {
		t.Errorf("charged %+v, refunded %+v", charged, refunded)
	}
}

func TestTakeRefusesWhatIsNotTheCustomersToPayWith(t *testing.T) {
	w := newWorld(t)
	w.start("message:1")
	if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*topup.Order)
		code   string
	}{
		{"unknown instrument", func(o *topup.Order) { o.Funding.Ref = "other" }, payments.CodeNoInstrument},
		{"another customer", func(o *topup.Order) { o.Customer = "other" }, payments.CodeNoInstrument},
		{"no such gateway", func(o *topup.Order) { o.Funding.Provider = "other" }, payments.CodeNoGateway},
	}
	for _, test := range tests {
		o := w.order()
		test.change(&o)
		if r := w.Take(t.Context(), o, "charge"); r.Outcome != topup.Refused || r.Code != test.code {
			t.Errorf("%s: got %s %q", test.name, r.Outcome, r.Code)
		}
	}
	if n := len(w.gateway.Charged(sim.Filter{})); n != 0 {
		t.Errorf("charged %d times", n)
	}
	o := w.order()
	o.Funding.Provider = "other"
	if r := w.LookUp(t.Context(), o, "charge"); r.Outcome != topup.Unknown {
		t.Errorf("look-up without a gateway: %s", r.Outcome)
	}
}

func TestTakeIsUnknownWhereTheInstrumentCannotBeRead(t *testing.T) {
	w := newWorld(t)
	o := w.order()
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if r := w.Take(t.Context(), o, "charge"); r.Outcome != topup.Unknown || r.Code != payments.CodeStore {
		t.Errorf("got %s %q", r.Outcome, r.Code)
	}
}

func TestRecordedTellsAGatewayWhatTheBooksHold(t *testing.T) {
	w := newWorld(t)
	w.start("message:1")
	if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	o := w.order()
	o.Status, o.OperationKey, o.CreatedAt, o.StatusAt = topup.Charging, "message:2", start, start
	n := topup.NewOrder{Order: o, Charge: topup.Charge{ID: "charge1", Order: o.ID, Status: topup.ChargeSending},
		Attempt: topup.Attempt{Order: o.ID, Number: 1, Step: topup.StepCharge, Reference: "charge1", Outcome: topup.Sending, StartedAt: start}}
	if _, _, err := w.store.Orders.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	i, err := w.store.Payments.Instrument(t.Context(), prepaid.InstrumentID(o.Funding.Ref))
	if err != nil {
		t.Fatal(err)
	}
	want := payments.Recorded{Token: i.Token, Amount: o.Amount, Since: start}
	if got, err := w.Recorded(t.Context(), "charge1"); got != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := w.store.Orders.Apply(t.Context(), topup.Change{Order: o.ID, From: topup.Charging, To: []topup.Status{topup.ChargeUnknown}, ChargeRef: "pi_1", At: start}); err != nil {
		t.Fatal(err)
	}
	want.ProviderRef = "pi_1"
	if got, err := w.Recorded(t.Context(), "charge1"); got != want || err != nil {
		t.Errorf("once the gateway's id is known: got %+v, %v", got, err)
	}
	if _, err := w.Recorded(t.Context(), "another"); !errors.Is(err, topup.ErrNoOrder) {
		t.Errorf("another's charge: got %v", err)
	}
}

func TestARevokedInstrumentEndsAndItsOwnerIsTold(t *testing.T) {
	w := newWorld(t)
	w.start("message:1")
	if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	if err := w.Handle(t.Context(), payments.Event{Revoked: prepaid.NewSecret("another's")}); err != nil {
		t.Fatal(err)
	}
	if w.reload().Pays.ID == "" {
		t.Fatal("another's token has ended the instrument")
	}
	for range 3 { // told once
		if err := w.gateway.Revoke(t.Context(), w.customer); err != nil && !errors.Is(err, sim.ErrNoSetup) {
			t.Fatal(err)
		}
	}
	if pays := w.reload().Pays; pays.ID != "" {
		t.Errorf("still pays by %+v", pays)
	}
	notices, err := w.store.Notices.ClaimNotices(t.Context(), start, start.Add(time.Minute), 10)
	if err != nil {
		t.Fatal(err)
	}
	var about []string
	for _, n := range notices {
		about = append(about, string(n.About)+" "+string(n.Address))
	}
	if diff := cmp.Diff([]string{"instrument_ended " + string(number.Tel()), "registered " + string(number.Tel())}, about,
		cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Error(diff)
	}
}

func TestTheGatewaysBookTellsWhoseSetupWasCharged(t *testing.T) {
	w := newWorld(t)
	begun := w.clock.Now()
	s := w.start("message:1")
	if err := w.gateway.CompleteSetup(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	w.clock.AdvanceTo(begun.Add(time.Hour))
	if r := w.Take(t.Context(), w.order(), "charge1"); r.Outcome != topup.Done {
		t.Fatalf("took %+v", r)
	}
	charged := w.gateway.Charged(sim.Filter{})
	if len(charged) != 1 || charged[0].Setup != string(s.ID) || !charged[0].SetUpAt.Equal(begun) {
		t.Errorf("booked %+v; want setup %s", charged, s.ID)
	}
}
