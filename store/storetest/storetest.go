// Package storetest is what every store must hold, whichever database is below: package store's own tests
// run it on SQLite, and on PostgreSQL where one is at hand.
package storetest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jmoiron/sqlx"

	"pulsa/accounts"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/store"
	"pulsa/store/scratch"
	"pulsa/topup"
)

// DatabaseURL names the variable that holds the URL of a PostgreSQL for tests.
const DatabaseURL = "PULSA_TEST_DATABASE_URL"

// Run tests a store. open returns a fresh and empty one, and the handle of somebody at the keyboard, who may change what no program may; it
// closes both when the test ends.
func Run(t *testing.T, open func(t *testing.T) (*store.DB, *sqlx.DB)) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"archives", archiveTests}, {"books", bookTests}, {"round_trip", roundTripTests}, {"orders", orderTests}, {"limits", limitTests}, {"apply", applyTests}, {"customers", customerTests},
		{"pins", pinTests}, {"payments", paymentTests}, {"links", linkTests}, {"cards", cardTests}, {"outbox", outboxTests}, {"late", lateTests},
		{"notices", noticeTests}, {"holders", holderTests}, {"recoveries", recoveryTests}, {"moves", moveTests}, {"switches", switchTests}, {"audit", auditTests}, {"concurrency", concurrencyTests},
		{"breaches", breachTests()}, {"operators", operatorTests}, {"desk", deskTests}, {"deeds", deedTests}, {"pin_details", pinDetailTests}, {"developers", developerTests}, {"sales", saleTests}, {"webhooks", webhookTests}, {"key_checks", keyCheckTests}, {"keys_in_use", keysInUseTests}, {"brands", brandTests}, {"approvals", approvalTests},
		{"blocks", blockTests},
		{"daily", dailyTests}, {"people", peopleTests},
	} {
		if race.Enabled() && slices.Contains(oneGoroutine, group.name) {
			continue
		}
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
					db, hand := open(t)
					test.run(&world{T: t, db: db, hand: hand})
				})
			}
		})
	}
}

// oneGoroutine are the groups in which nothing runs at the same time: the race detector has nothing to find there.
var oneGoroutine = []string{"books", "round_trip", "switches", "audit", "breaches", "operators", "pin_details", "sales", "key_checks"}

// SQLite opens a fresh store in a file of its own.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pulsa.db")
	if err := NewSQLite(path); err != nil {
		t.Fatal(err)
	}
	return opened(t, "sqlite:"+path, store.Options{Volatile: true})
}

// NewSQLite puts the file of an empty, migrated store at path. Opening it takes a small part of the time that migrating
// one does.
func NewSQLite(path string) error {
	empty, err := emptySQLite()
	if err != nil {
		return fmt.Errorf("empty store: %w", err)
	}
	return os.WriteFile(path, empty, 0o600)
}

var emptySQLite = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "pulsa-empty-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "empty.db")
	db, err := store.Open(context.Background(), "sqlite:"+path, store.Options{Volatile: true})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Postgres opens a fresh store in a schema of its own, or skips the test where no PostgreSQL is at hand.
func Postgres(t testing.TB) *store.DB {
	t.Helper()
	return opened(t, PostgresURL(t), store.Options{})
}

// PostgresEmptied opens the store at url, which PostgresURL has made, without anything that earlier tests
// have left: that takes a tenth of the time of a schema of its own.
func PostgresEmptied(t testing.TB, url string) *store.DB {
	t.Helper()
	db := opened(t, url, store.Options{})
	empty(t, db)
	return db
}

// empty deletes all rows. The store's user is a superuser.
func empty(t testing.TB, db *store.DB) {
	t.Helper()
	var tables []string
	err := db.Writer().SelectContext(t.Context(), &tables, `
		SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
			AND NOT relispartition AND relname NOT LIKE 'goose%'`)
	if err != nil {
		t.Fatal(err)
	}
	// Without triggers, which keep the ledger. DELETE takes a quarter of TRUNCATE's time.
	all := "SET session_replication_role = replica"
	for _, table := range tables {
		if strings.HasPrefix(table, "detached_") { // an earlier test has set it aside
			all += "; DROP TABLE " + table
		} else {
			all += "; DELETE FROM " + table
		}
	}
	all += "; RESET session_replication_role"
	if _, err := db.Writer().ExecContext(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

// Users are the URLs of one schema: as a superuser, as the user who owns it, and as the program's own, who has been granted what it needs.
type Users struct{ Superuser, Owner, Program string }

// PostgresUsers makes a schema with users of its own, or skips the test. The months around start have their partitions.
func PostgresUsers(t testing.TB) Users {
	t.Helper()
	u := Users{Superuser: postgresURL(t, scratch.Empty)}
	admin, err := sqlx.Open("pgx", scratch.Direct(u.Superuser))
	if err != nil {
		t.Fatal(err)
	}
	token := prepaid.NewToken()
	owner, program := "pulsa_owner_"+token, "pulsa_program_"+token
	run := func(ctx context.Context, statements ...string) {
		t.Helper()
		if _, err := admin.ExecContext(ctx, strings.Join(statements, "; ")); err != nil {
			t.Fatal(err)
		}
	}
	run(t.Context(), "CREATE ROLE "+owner+" LOGIN PASSWORD '"+token+"'", "CREATE ROLE "+program+" LOGIN PASSWORD '"+token+"'",
		`DO $$ BEGIN EXECUTE format('ALTER SCHEMA %I OWNER TO `+owner+`', current_schema()); END $$`)
	t.Cleanup(func() {
		run(context.WithoutCancel(t.Context()), "REASSIGN OWNED BY "+owner+" TO CURRENT_USER", "DROP OWNED BY "+owner+", "+program,
			"DROP ROLE "+owner+", "+program)
		_ = admin.Close()
	})
	as := func(user, superuser string) string {
		address, err := url.Parse(superuser)
		if err != nil {
			t.Fatal(err)
		}
		address.User = url.UserPassword(user, token)
		return address.String()
	}
	u.Owner, u.Program = as(owner, scratch.Direct(u.Superuser)), as(program, u.Superuser)
	if _, err := opened(t, u.Program, store.Options{MigrateURL: u.Owner}).Partitions.Prepare(t.Context(), start); err != nil {
		t.Fatal(err)
	}
	return u
}

// Emptied opens the store as the program's own user, without anything that earlier tests have left, and as a superuser.
func (u Users) Emptied(t testing.TB) (*store.DB, *sqlx.DB) {
	t.Helper()
	super := opened(t, u.Superuser, store.Options{})
	empty(t, super)
	return opened(t, u.Program, store.Options{}), super.Writer()
}

// PostgresURL makes a schema and returns a URL that leads into it, or skips the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return postgresURL(t, scratch.Schema)
}

func postgresURL(t testing.TB, schema func(context.Context, string) (string, func(context.Context) error, error)) string {
	t.Helper()
	base := os.Getenv(DatabaseURL)
	if base == "" {
		t.Skip(DatabaseURL + " is not set")
	}
	url, drop, err := schema(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return url
}

// Opened opens the store at url, and closes it when the test ends.
func Opened(t testing.TB, url string) *store.DB {
	t.Helper()
	return opened(t, url, store.Options{})
}

func opened(t testing.TB, url string, o store.Options) *store.DB {
	t.Helper()
	vault, err := prepaid.NewVault(prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}), "tests")
	if err != nil {
		t.Fatal(err)
	}
	o.Vault = vault
	db, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// test is one sentence that must hold of a store.
type test struct {
	name string
	run  func(*world)
}

// world is a test with an empty store.
type world struct {
	*testing.T
	db    *store.DB
	hand  *sqlx.DB
	drawn atomic.Int64
}

const brand = "demo"

// start is the time at which every test begins; with a part that only microseconds can hold.
var start = time.Date(2026, 11, 2, 9, 30, 0, 123456000, time.UTC)

func eur(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "EUR"} }

// must ends the test where a call that cannot fail has failed.
func must[T any](w *world) func(T, error) T {
	return func(v T, err error) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return v
	}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// same fails the test where two values differ; empty and missing slices are alike.
func same[T any](w *world, what string, got, want T) {
	w.Helper()
	reveal := cmp.Comparer(func(a, b prepaid.Secret) bool { return a.Reveal() == b.Reveal() })
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), reveal); diff != "" {
		w.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// next draws a number that the test has not used. It may be called at the same time.
func (w *world) next() int { return int(w.drawn.Add(1)) }

func msisdn(n int) prepaid.MSISDN { return prepaid.MSISDN(fmt.Sprintf("316%08d", n)) }

// customer registers somebody who can pay by SEPA.
func (w *world) customer() accounts.Customer {
	w.Helper()
	n := w.next()
	c := must[accounts.Customer](w)(w.db.Customers.SaveRegistration(w.Context(), accounts.Customer{
		ID: prepaid.NewID[prepaid.CustomerID](), Brand: brand, MSISDN: msisdn(n), Language: "nl",
		PIN: accounts.PIN{Hash: "hash"}, CreatedAt: start,
	}, []accounts.Place{place(msisdn(n).Tel())}))
	s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, fmt.Sprint("setup", n))))
	must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), prepaid.NewID[prepaid.NoticeID](), start))
	return must[accounts.Customer](w)(w.db.Customers.CustomerByMSISDN(w.Context(), brand, c.MSISDN))
}

// place is an address on the channel that its kind of address is usual for.
func place(a prepaid.Address) accounts.Place {
	if _, ok := a.Tel(); ok {
		return accounts.Place{Address: a, Channel: "twilio", Kind: "sms"}
	}
	return accounts.Place{Address: a, Channel: "bot", Kind: "telegram"}
}

func setup(c accounts.Customer, key string) payments.Setup {
	return payments.Setup{ID: prepaid.NewID[prepaid.SetupID](), OperationKey: key, Brand: brand, Customer: c.ID,
		Gateway: "sim", Method: payments.SEPA, URL: "https://pay.example/1", GatewayRef: "ref", Status: payments.SetupOpen,
		ReplyTo: replyTo(c.MSISDN), CreatedAt: start, Holder: max(c.Holder, 1)}
}

// mandate is one by text, with the setup that it makes an instrument for.
func mandate(c accounts.Customer, key string) (payments.Setup, payments.Mandate) {
	s := setup(c, key)
	s.URL, s.GatewayRef = "", ""
	return s, payments.Mandate{
		Setup: s.ID, Brand: brand, Customer: c.ID, Reference: strings.ToUpper(string(s.ID)),
		Creditor: prepaid.Creditor{Name: "Demo B.V.", Address: "Kerkstraat 1", Identifier: "NL79ZZZ999999990000"},
		Language: "nl", Version: "0123456789abcdef", Text: "Machtiging van {holder}, {iban}", Holder: "J. Jansen", IBAN: "NL** **** 4300",
		From: s.ReplyTo, AgreedAt: start, Sealed: "c2VhbGVk", TellAt: start.Add(13 * time.Second), RunAt: start.Add(time.Minute),
	}
}

func instrument(c accounts.Customer) *payments.Instrument {
	return &payments.Instrument{ID: prepaid.NewID[prepaid.InstrumentID](), Customer: c.ID, Brand: brand, Gateway: "sim",
		Method: payments.SEPA, Token: prepaid.NewSecret("tok_1"), Display: "NL** **** 4300", CreatedAt: start}
}

func replyTo(m prepaid.MSISDN) topup.ReplyTo {
	return topup.ReplyTo{Channel: "twilio", Kind: "sms", Address: m.Tel(), Language: "nl"}
}

// purchase is an order of EUR 10 by a customer for their own number, ready for Create.
func (w *world) purchase(c accounts.Customer, change ...func(*topup.NewOrder)) topup.NewOrder {
	id := prepaid.NewOrderID()
	n := topup.NewOrder{
		Order: topup.Order{ID: id, Brand: brand, Network: "net", Customer: c.ID, MSISDN: c.MSISDN, Amount: eur(1000),
			Funding:      topup.FundingRef{Kind: topup.ByCharge, Ref: string(c.Pays.ID), Provider: "sim", Method: "card"},
			OperationKey: fmt.Sprint("message", w.next()), RequestHash: "request", ReplyTo: replyTo(c.MSISDN), AuthorisedBy: "pin",
			Status: topup.Charging, CreatedAt: start, StatusAt: start, RunAt: start, LeaseUntil: start.Add(2 * time.Minute)},
		Charge:  topup.Charge{ID: prepaid.NewID[prepaid.ChargeID](), Order: id, Status: topup.ChargeSending},
		Attempt: topup.Attempt{Order: id, Number: 1, Step: topup.StepCharge, Reference: "ch1", Outcome: topup.Sending, StartedAt: start},
		Since:   start.Add(-time.Minute),
	}
	for _, f := range change {
		f(&n)
	}
	n.Order.InFlight = n.Order.Funding.Kind == topup.ByCharge
	return n
}

// placed stores an order.
func (w *world) placed(n topup.NewOrder) topup.Order {
	w.Helper()
	o, existing, err := w.db.Orders.Create(w.Context(), n)
	if err != nil || existing {
		w.Fatalf("create: existing %v, %v", existing, err)
	}
	return o
}

// apply changes an order, expects it to have been in From, and to be read back as Order.Apply makes it.
func (w *world) apply(c topup.Change) {
	w.Helper()
	before := must[topup.History](w)(w.db.Orders.Order(w.Context(), c.Order))
	if moved, err := w.db.Orders.Apply(w.Context(), c); err != nil || !moved {
		w.Fatalf("apply %s to %v: moved %v, %v", c.From, c.To, moved, err)
	}
	SameAsApplied(w, before, c, must[topup.History](w)(w.db.Orders.Order(w.Context(), c.Order)))
}

// SameAsApplied fails the test where an order was not stored as Order.Apply makes it of what it was before the change.
func SameAsApplied(t interface {
	Helper()
	Errorf(format string, args ...any)
}, before topup.History, c topup.Change, stored topup.History) {
	t.Helper()
	want := before.Apply(c)
	want.Sale = stored.Sale // what the debit left there is the store's to say
	if c.Next != nil {
		want.Attempts[len(want.Attempts)-1].Order = c.Order
	}
	if want.Charge.Former && want.Status == topup.Confirming && len(c.To) > 0 {
		want.RunAt = c.At // an earlier holder is not waited for
	}
	if diff := cmp.Diff(want, stored, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("order %s after %s to %v (-Apply +stored):\n%s", c.Order, c.From, c.To, diff)
	}
}

// charged is the second transaction of a purchase that goes well.
func charged(o topup.Order) topup.Change {
	from := "psp:sim"
	if o.Funding.Kind == topup.ByCard {
		from = "card_liability"
	}
	return topup.Change{
		Order: o.ID, From: topup.Charging, To: []topup.Status{topup.Charged, topup.Delivering},
		Answered: &topup.Attempt{Number: 1, Outcome: topup.Done, ProviderRef: "pi_1", EndedAt: o.CreatedAt.Add(time.Second)},
		Next: &topup.Attempt{Number: 2, Step: topup.StepCredit, Reference: string(o.ID), Outcome: topup.Sending,
			StartedAt: o.CreatedAt.Add(time.Second)},
		Charge: topup.ChargeCaptured, ChargeRef: "pi_1",
		Postings: []topup.Entry{transfer("capture", from, "refunds_due", o.Amount)},
		RunAt:    o.CreatedAt.Add(time.Second), LeaseUntil: o.CreatedAt.Add(2 * time.Minute), At: o.CreatedAt.Add(time.Second),
	}
}

// delivered is the third.
func delivered(o topup.Order) topup.Change {
	at := o.CreatedAt.Add(2 * time.Second)
	return topup.Change{
		Order: o.ID, From: topup.Delivering, To: []topup.Status{topup.Delivered},
		Answered:   &topup.Attempt{Number: 2, Outcome: topup.Done, ProviderRef: "net-1", EndedAt: at},
		Postings:   []topup.Entry{transfer("delivery", "refunds_due", "airtime_sold", o.Amount)},
		Notice:     &topup.NewNotice{ID: prepaid.NewID[prepaid.NoticeID](), Kind: "order", DueAt: o.CreatedAt.Add(13 * time.Second)},
		NetworkRef: "net-1", Cost: prepaid.Money{Minor: 960, Currency: "USD"}, At: at,
	}
}

// declined ends an order that was not charged.
func declined(o topup.Order) topup.Change {
	return topup.Change{
		Order: o.ID, From: topup.Charging, To: []topup.Status{topup.Declined}, Charge: topup.ChargeDeclined,
		Answered: &topup.Attempt{Number: 1, Outcome: topup.Refused, Code: "insufficient_funds", EndedAt: o.CreatedAt},
		Notice:   &topup.NewNotice{ID: prepaid.NewID[prepaid.NoticeID](), Kind: "order", DueAt: o.CreatedAt.Add(13 * time.Second)},
		Reason:   "insufficient_funds", At: o.CreatedAt.Add(time.Second),
	}
}

func transfer(kind, debit, credit string, m prepaid.Money) topup.Entry {
	return topup.Entry{Kind: kind, Postings: []topup.Posting{{Account: debit, Amount: m}, {Account: credit, Amount: m.Neg()}}}
}

// together runs f for 0 to n-1 at once and waits for all.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(1)
	for i := range n {
		done.Go(func() {
			ready.Wait()
			f(i)
		})
	}
	ready.Done()
	done.Wait()
}
