package accounts_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/accounts"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

const (
	msisdn  = prepaid.MSISDN("31612345678")
	address = prepaid.Address("telegram:3527")
)

var (
	right = prepaid.NewSecret("4821")
	wrong = prepaid.NewSecret("4822")
)

// world is a Service on a real store, in a time of its own.
type world struct {
	*accounts.Service
	db    *store.DB
	clock *prepaid.VirtualClock
	// refused is told of codes that a cap has refused; may be nil.
	refused func(brand, channel string, by accounts.CodeCap)
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
	clock := prepaid.NewVirtualClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	w := &world{db: db, clock: clock}
	w.Service = w.withPeppers(t, map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("p", 32))})
	return w
}

// ringOf is a ring whose newest key is in use.
func ringOf(keys map[int]prepaid.Secret) *prepaid.Keyring {
	ring := prepaid.NewKeyring(keys)
	ring.Use(slices.Max(ring.Versions()))
	return ring
}

// withPeppers is another Service on the same store.
func (w *world) withPeppers(t *testing.T, p map[int]prepaid.Secret) *accounts.Service {
	t.Helper()
	s, err := accounts.New(accounts.Config{
		Customers: w.db.Customers, Tries: w.db.PINs, Codes: w.db.Codes, OptOuts: w.db.OptOuts, Moves: w.db.Moves, Clock: w.clock,
		Brands:  prepaid.NewBrands(&prepaid.Brand{Name: "demo", Test: true, CheapPINHash: true}),
		Peppers: ringOf(p),
		CodeRefused: func(brand, channel string, by accounts.CodeCap) {
			if w.refused != nil {
				w.refused(brand, channel, by)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) wait(d time.Duration) { w.clock.AdvanceTo(w.clock.Now().Add(d)) }

// at is an address on the channel that it is usual for.
func at(a prepaid.Address) accounts.Place {
	if _, ok := a.Tel(); ok {
		return accounts.Place{Address: a, Channel: "twilio", Kind: "sms"}
	}
	return accounts.Place{Address: a, Channel: "bot", Kind: "telegram"}
}

func (w *world) register(t *testing.T, addresses ...prepaid.Address) accounts.Customer {
	t.Helper()
	var places []accounts.Place
	for _, a := range addresses {
		places = append(places, at(a))
	}
	c, err := w.Register(t.Context(), accounts.Registration{
		Brand: "demo", MSISDN: msisdn, PIN: right, Language: "nl", Places: places, Recognised: true,
		OperationKey: "registration",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stored is the customer's PIN as it now stands in the store.
func (w *world) stored(t *testing.T) accounts.PIN {
	t.Helper()
	c, err := w.ByMSISDN(t.Context(), "demo", msisdn)
	if err != nil {
		t.Fatal(err)
	}
	return c.PIN
}

func TestRegisteredCustomerIsKnownByWhatIsProven(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if _, err := w.ByAddress(ctx, "demo", address); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Fatalf("before: %v", err)
	}
	c := w.register(t, address)
	if c.Status != accounts.Pending || c.Registered() || c.Language != "nl" || !c.Recognised.Equal(w.clock.Now()) {
		t.Errorf("registered as %+v", c)
	}
	if strings.Contains(c.PIN.Hash, right.Reveal()) {
		t.Error("the PIN is stored in clear")
	}
	byAddress, err := w.ByAddress(ctx, "demo", address)
	if diff := cmp.Diff(c, byAddress); err != nil || diff != "" {
		t.Errorf("by address: %v\n%s", err, diff)
	}
	byMSISDN, err := w.ByMSISDN(ctx, "demo", msisdn)
	if diff := cmp.Diff(c, byMSISDN); err != nil || diff != "" {
		t.Errorf("by MSISDN: %v\n%s", err, diff)
	}
	if _, err := w.ByAddress(ctx, "demo", msisdn.Tel()); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Errorf("the number's phone, never proven: %v", err)
	}
	if _, err := w.ByMSISDN(ctx, "other", msisdn); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Errorf("at another brand: %v", err)
	}
	if err := w.Link(ctx, c, at(msisdn.Tel())); err != nil {
		t.Fatal(err)
	}
	if linked, err := w.ByAddress(ctx, "demo", msisdn.Tel()); err != nil || linked.ID != c.ID {
		t.Errorf("once proven: %v, %v", linked.ID, err)
	}
}

func TestRegisteringAKnownNumberAgainChangesNothing(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first := w.register(t, address)
	_, err := w.Register(ctx, accounts.Registration{Brand: "demo", MSISDN: msisdn, PIN: wrong, Language: "en", OperationKey: "another",
		Places: []accounts.Place{at("telegram:1")}})
	if !errors.Is(err, accounts.ErrRegistered) {
		t.Fatalf("%v; want ErrRegistered", err)
	}
	if _, err := w.ByAddress(ctx, "demo", "telegram:1"); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Errorf("whoever registered it again is linked: %v", err)
	}
	if err := w.CheckPIN(ctx, first, right, "m1"); err != nil {
		t.Errorf("the PIN: %v", err)
	}
}

func TestARegistrationMayCorrectItsOwnPIN(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first := w.register(t, address)
	for i := range 3 {
		_ = w.CheckPIN(ctx, first, wrong, string(rune('a'+i)))
	}
	second, err := w.Register(ctx, accounts.Registration{Brand: "demo", MSISDN: msisdn, PIN: wrong, Language: "en", OperationKey: "registration"})
	if err != nil || second.ID != first.ID || second.Language != "en" {
		t.Fatalf("%+v, %v", second, err)
	}
	if err := w.CheckPIN(ctx, second, wrong, "new"); err != nil {
		t.Errorf("the new PIN: %v", err)
	}
}

func TestARegistrationThatComesSeveralTimesAtOnceMakesOneCustomerWhosePINIsRight(t *testing.T) {
	w := newWorld(t)
	ids := make([]prepaid.CustomerID, 16)
	together(len(ids), func(i int) {
		c, err := w.Register(context.Background(), accounts.Registration{Brand: "demo", MSISDN: msisdn, PIN: right, Language: "nl", OperationKey: "one"})
		if err != nil && !errors.Is(err, accounts.ErrRegistered) { // another delivery's hash is stored: as good
			t.Error(err)
		}
		ids[i] = c.ID
	})
	c, err := w.ByMSISDN(t.Context(), "demo", msisdn)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if id != "" && id != c.ID {
			t.Errorf("customers %s and %s", c.ID, id)
		}
	}
	if err := w.CheckPIN(t.Context(), c, right, "m1"); err != nil {
		t.Errorf("the PIN: %v", err)
	}
}

func TestLanguageAndRecognitionAreKept(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	w.wait(time.Hour)
	if err := errors.Join(w.SetLanguage(t.Context(), c.ID, "en"), w.SetRecognised(t.Context(), c.ID)); err != nil {
		t.Fatal(err)
	}
	c, err := w.ByMSISDN(t.Context(), "demo", msisdn)
	if err != nil || c.Language != "en" || !c.Recognised.Equal(w.clock.Now()) {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAnOptOutLastsUntilItIsUndoneWhereItWasSaid(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(step string, want accounts.OptOut) {
		t.Helper()
		out, err := w.OptedOut(ctx, "demo", address)
		if diff := cmp.Diff(want, out); err != nil || diff != "" {
			t.Errorf("%s: %v %s", step, err, diff)
		}
	}
	expect("at first", accounts.OptOut{})
	do(w.OptOut(ctx, "demo", address))
	do(w.OptOut(ctx, "demo", address))
	expect("by word", accounts.OptOut{ByWord: true})
	do(w.OptOutAt(ctx, "demo", "twilio", address))
	do(w.OptOutAt(ctx, "demo", "second", address))
	expect("at carriers too", accounts.OptOut{ByWord: true, AtCarrier: []string{"second", "twilio"}})
	do(w.OptInAt(ctx, "demo", "second", address))
	expect("reached again by the second", accounts.OptOut{ByWord: true, AtCarrier: []string{"twilio"}})
	do(w.OptIn(ctx, "demo", "second", address))
	expect("START on the second", accounts.OptOut{AtCarrier: []string{"twilio"}})
	do(w.OptIn(ctx, "demo", "twilio", address))
	expect("START on the first", accounts.OptOut{})
	if out := (accounts.OptOut{AtCarrier: []string{"twilio"}}); out.Wants("twilio") || !out.Wants("telegram") || (accounts.OptOut{ByWord: true}).Wants("telegram") {
		t.Error("a carrier's STOP is that channel's, our own word is every channel's")
	}
}

// together runs do n times at once and waits.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}

func TestWhoClosedAnAccountComesBackUnderEveryPepperThatIsGiven(t *testing.T) {
	w := newWorld(t)
	c := w.register(t, msisdn.Tel())
	if err := w.OptOut(t.Context(), "demo", msisdn.Tel()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(t.Context(), c, msisdn.Tel(), "close"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ByMSISDN(t.Context(), "demo", msisdn); !errors.Is(err, accounts.ErrNoCustomer) {
		t.Fatalf("closed: %v", err)
	}
	out := func() bool {
		t.Helper()
		out, err := w.OptedOut(t.Context(), "demo", msisdn.Tel())
		if err != nil {
			t.Fatal(err)
		}
		return out.ByWord
	}
	w.Service = w.withPeppers(t, map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("p", 32)), 2: prepaid.NewSecret(strings.Repeat("q", 32))})
	if !out() {
		t.Error("the closing has undone STOP")
	}
	back := w.register(t, msisdn.Tel())
	if back.ID != c.ID || back.Holder != 2 || back.Status != accounts.Pending {
		t.Errorf("came back as %s, holder %d, %s; want %s, 2, pending", back.ID, back.Holder, back.Status, c.ID)
	}
	if err := w.CheckPIN(t.Context(), back, right, "try"); err != nil {
		t.Errorf("the new PIN: %v", err)
	}
	if !out() {
		t.Error("the registration has undone STOP")
	}
	if err := w.OptIn(t.Context(), "demo", "twilio", msisdn.Tel()); err != nil || out() {
		t.Errorf("START: %v, still out: %v", err, out())
	}
}
