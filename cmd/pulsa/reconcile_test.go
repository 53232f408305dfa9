package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/app/config"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
	"pulsa/topup"
)

// reportingProvider plays the reports of Reloadly and Stripe.
type reportingProvider struct {
	*httptest.Server

	mu      sync.Mutex
	rows    []string // of Reloadly's report
	intents []string // Stripe's, and the next two
	refunds []string
	dispute []string
	balance string
	down    bool
}

func newReportingProvider(t *testing.T) *reportingProvider {
	p := &reportingProvider{balance: "100.00"}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *reportingProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := func(of []string) string {
		return `{"object":"list","has_more":false,"url":"/v1","data":[` + strings.Join(of, ",") + `]}`
	}
	answer := ""
	switch r.URL.Path {
	case "/oauth/token":
		answer = `{"access_token":"t","expires_in":3600,"token_type":"Bearer"}`
	case "/accounts/balance":
		answer = `{"balance":` + p.balance + `,"currencyCode":"EUR"}`
	case "/topups/reports/transactions":
		answer = p.page(r)
	case "/v1/payment_intents":
		answer = list(p.intents)
	case "/v1/refunds":
		answer = list(p.refunds)
	case "/v1/disputes":
		answer = list(p.dispute)
	}
	if p.down || answer == "" {
		w.WriteHeader(http.StatusForbidden)
	}
	_, _ = io.WriteString(w, answer)
}

// page gives two rows at a time, whatever size is asked for.
func (p *reportingProvider) page(r *http.Request) string {
	const size = 2
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := min((number-1)*size, len(p.rows))
	to := min(from+size, len(p.rows))
	return fmt.Sprintf(`{"content":[%s],"totalPages":%d,"last":%t}`, strings.Join(p.rows[from:to], ","), (len(p.rows)+size-1)/size, to == len(p.rows))
}

func (p *reportingProvider) tell(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *reportingProvider) delivers(reference, amount, status string, at time.Time) {
	p.rows = append(p.rows, fmt.Sprintf(`{"transactionId":%d,"status":%q,"customIdentifier":%q,"deliveredAmount":%s,"deliveredAmountCurrencyCode":"EUR",
		"requestedAmount":%s,"requestedAmountCurrencyCode":"USD","transactionDate":%q}`, len(p.rows)+1, status, reference, amount, amount, at.UTC().Format(time.DateTime)))
}

func intentOf(charge, status string, amount int, at time.Time) string {
	return fmt.Sprintf(`{"id":"pi_%s","object":"payment_intent","amount":%d,"currency":"eur","status":%q,"created":%d,"metadata":{"charge":%q}}`,
		charge, amount, status, at.Unix(), charge)
}

// account is a store, and a configuration whose one brand uses both providers.
type account struct {
	*testing.T
	*reportingProvider
	db   *store.DB
	env  map[string]string
	day  time.Time // noon of the day that is compared
	sold int
}

func newAccount(t *testing.T) *account {
	t.Helper()
	commandsAlone(t)
	p, folder := newReportingProvider(t), t.TempDir()
	text := strings.NewReplacer("gateway: sim", "gateway: stripe", "network: sim", "network: reloadly").Replace(string(config.Demo)) + `
reloadly:
  client_id: ${RID}
  client_secret: ${RSECRET}
  base_url: ` + p.URL + `
  auth_url: ` + p.URL + `/oauth/token
stripe:
  key: ${SKEY}
  webhook_secret: ${SHOOK}
  base_url: ` + p.URL + "\n"
	config := filepath.Join(folder, "pulsa.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(folder, "pulsa.db"), store.Options{Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &account{T: t, reportingProvider: p, db: db, day: time.Now().UTC().Truncate(24 * time.Hour).Add(-12 * time.Hour), env: map[string]string{
		"PULSA_CONFIG": config, "PULSA_DATA": folder, "RID": "id", "RSECRET": "s", "SKEY": "sk_test_bcdf", "SHOOK": "whsec_bcdf",
	}}
}

// sells stores a delivered order of EUR 10 that cost EUR 9.60, and returns its id and its charge's.
func (a *account) sells(at time.Time) (order, charge string) {
	a.Helper()
	a.sold++
	ten, cost := prepaid.Money{Minor: 1000, Currency: "EUR"}, prepaid.Money{Minor: 960, Currency: "EUR"}
	id, ch := prepaid.NewOrderID(), prepaid.NewID[prepaid.ChargeID]()
	transfer := func(kind, debit, credit string, m prepaid.Money) topup.Entry {
		return topup.Entry{Kind: kind, Postings: []topup.Posting{{Account: debit, Amount: m}, {Account: credit, Amount: m.Neg()}}}
	}
	c, err := storetest.Payer(a.Context(), a.db, "demo", prepaid.MSISDN(fmt.Sprint(31612340000+a.sold)), at)
	if err != nil {
		a.Fatal(err)
	}
	_, _, err = a.db.Orders.Create(a.Context(), topup.NewOrder{
		Order: topup.Order{ID: id, Brand: "demo", Network: "reloadly", Customer: c.ID, MSISDN: c.MSISDN, Amount: ten,
			Funding:      topup.FundingRef{Kind: topup.ByCharge, Ref: string(c.Pays.ID), Provider: "stripe", Method: "card"},
			OperationKey: string(id), RequestHash: "h", AuthorisedBy: "pin", Status: topup.Charging, CreatedAt: at, StatusAt: at},
		Charge:  topup.Charge{ID: ch, Order: id, Status: topup.ChargeSending},
		Attempt: topup.Attempt{Order: id, Number: 1, Step: topup.StepCharge, Reference: string(ch), Outcome: topup.Sending, StartedAt: at},
	})
	if err != nil {
		a.Fatal(err)
	}
	delivery := transfer("delivery", "refunds_due", "airtime_sold", ten)
	delivery.Postings = append(delivery.Postings, transfer("", "airtime_sold", "wallet:reloadly", cost).Postings...)
	for _, c := range []topup.Change{
		{Order: id, From: topup.Charging, To: []topup.Status{topup.Charged, topup.Delivering}, Charge: topup.ChargeCaptured,
			Postings: []topup.Entry{transfer("capture", "psp:stripe", "refunds_due", ten)}, At: at},
		{Order: id, From: topup.Delivering, To: []topup.Status{topup.Delivered}, Postings: []topup.Entry{delivery}, Cost: cost, At: at},
	} {
		if moved, err := a.db.Orders.Apply(a.Context(), c); err != nil || !moved {
			a.Fatal(moved, err)
		}
	}
	return string(id), string(ch)
}

// both sells an order of which both providers know.
func (a *account) both(at time.Time) (order, charge string) {
	order, charge = a.sells(at)
	a.tell(func() {
		a.delivers(order, "10.000", "SUCCESSFUL", at.Add(time.Second))
		a.intents = append(a.intents, intentOf(charge, "succeeded", 1000, at.Add(-time.Second)))
	})
	return order, charge
}

// reconciles runs the command, and returns its items as "provider kind reference ours theirs note".
func (a *account) reconciles(args ...string) ([]string, error) {
	a.Helper()
	var out, log strings.Builder
	day := a.day.Format(time.DateOnly)
	args = append([]string{"reconcile", "--json", "--from", day, "--to", day}, args...)
	err := run(context.WithoutCancel(a.Context()), args, func(name string) string { return a.env[name] }, strings.NewReader(""), &out, &log)
	var items []string
	for line := range strings.Lines(out.String()) {
		var i struct {
			Provider, Kind, Reference, Note string
			Ours, Theirs                    int64
		}
		if err := json.Unmarshal([]byte(line), &i); err != nil {
			a.Fatalf("%v: %s", err, out.String())
		}
		items = append(items, strings.TrimSpace(fmt.Sprintln(i.Provider, i.Kind, i.Reference, i.Ours, i.Theirs, i.Note)))
	}
	slices.Sort(items)
	if strings.Contains(log.String(), "gives us no report") {
		a.Errorf("not all is compared: %s", log.String())
	}
	return items, err
}

func TestReconciliationFindsEachKindOfDifferenceInProvidersReports(t *testing.T) {
	a := newAccount(t)
	for range 3 {
		a.both(a.day)
	}
	if items, err := a.reconciles(); err != nil || len(items) > 0 {
		t.Fatalf("where all agree: %q, %v", items, err)
	}
	missing, missingCharge := a.sells(a.day)              // neither provider knows of it
	refunded, refundedCharge := a.sells(a.day)            // the network took it back, the charge was cancelled
	twice, twiceCharge := a.both(a.day)                   // delivered twice, charged another amount
	early, earlyCharge := a.both(a.day.AddDate(0, 0, -3)) // of another day: not asked about
	settled, settledCharge := a.sells(a.day)              // booked there three days later
	a.tell(func() {
		a.delivers(refunded, "10", "REFUNDED", a.day)
		a.intents = append(a.intents, intentOf(refundedCharge, "canceled", 1000, a.day))
		a.delivers(twice, "10", "SUCCESSFUL", a.day.Add(time.Minute))
		a.intents = slices.DeleteFunc(a.intents, func(i string) bool { return strings.Contains(i, twiceCharge) || strings.Contains(i, earlyCharge) })
		a.intents = append(a.intents, intentOf(twiceCharge, "succeeded", 1500, a.day))
		a.delivers("STRANGER", "7", "SUCCESSFUL", a.day)
		a.delivers("", "8", "SUCCESSFUL", a.day)
		a.delivers("UNDERWAY", "9", "PROCESSING", a.day)
		a.intents = append(a.intents, intentOf("unknown", "succeeded", 700, a.day), intentOf("declined", "requires_payment_method", 700, a.day))
		a.refunds = []string{fmt.Sprintf(`{"id":"re_1","object":"refund","amount":1000,"currency":"eur","status":"succeeded","created":%d,"payment_intent":%s}`,
			a.day.Unix(), intentOf(settledCharge, "succeeded", 1000, a.day))}
		a.dispute = []string{fmt.Sprintf(`{"id":"dp_1","object":"dispute","amount":1000,"currency":"eur","status":"lost","created":%d,"payment_intent":%s}`,
			a.day.Unix(), intentOf(missingCharge, "succeeded", 1000, a.day))}
		a.delivers(settled, "10", "SUCCESSFUL", a.day.AddDate(0, 0, 3))
		a.intents = append(a.intents, intentOf(settledCharge, "succeeded", 1000, a.day.AddDate(0, 0, 3)))
	})
	items, err := a.reconciles()
	want := []string{
		"network:reloadly delivery " + missing + " 1000 0",
		"network:reloadly delivery " + refunded + " 1000 0 REFUNDED",
		"network:reloadly delivery " + twice + " 1000 2000",
		"network:reloadly delivery STRANGER 0 700",
		"network:reloadly delivery transaction 13 0 800",
		"psp:stripe charge " + missingCharge + " 1000 0",
		"psp:stripe charge " + refundedCharge + " 1000 0 canceled",
		"psp:stripe charge " + twiceCharge + " 1000 1500",
		"psp:stripe charge unknown 0 700",
		"psp:stripe refund " + settledCharge + " 0 1000",
		"psp:stripe return " + missingCharge + " 0 1000",
	}
	// The wallet has lost nothing, although the ledger says so.
	items = slices.DeleteFunc(items, func(i string) bool { return strings.Contains(i, " wallet ") })
	for i := range want { // the transaction's id depends on how many rows came before
		if strings.Contains(want[i], "transaction") {
			n := slices.IndexFunc(items, func(got string) bool {
				return strings.Contains(got, "delivery transaction ") && strings.HasSuffix(got, " 0 800")
			})
			if n >= 0 {
				want[i] = items[n]
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, items); diff != "" || err == nil {
		t.Errorf("%v (order %s is of another day):\n%s", err, early, diff)
	}
}

func TestReconciliationClosesWhatNoLongerDiffersAndBelievesNoHalfReport(t *testing.T) {
	a := newAccount(t)
	order, charge := a.sells(a.day)
	a.tell(func() { a.intents = []string{intentOf(charge, "succeeded", 1000, a.day)} })
	if items, _ := a.reconciles(); len(items) != 1 {
		t.Fatalf("missing at the network: %q", items)
	}
	a.tell(func() { a.down = true })
	if _, err := a.reconciles(); err == nil || !strings.Contains(err.Error(), "report of") {
		t.Errorf("without a report: %v", err)
	}
	if items, _ := a.reconciles("--list"); len(items) != 1 {
		t.Errorf("a report that can't be read has closed it: %q", items)
	}
	a.tell(func() { a.down = false; a.delivers(order, "10", "SUCCESSFUL", a.day) })
	if items, err := a.reconciles(); err != nil || len(items) != 0 {
		t.Errorf("reported at last: %q, %v", items, err)
	}
}

func TestTheWalletMustChangeAsTheLedgerSays(t *testing.T) {
	a := newAccount(t)
	wallet := func() []string {
		a.Helper()
		items, _ := a.reconciles()
		return slices.DeleteFunc(items, func(i string) bool { return !strings.Contains(i, " wallet ") })
	}
	if items := wallet(); len(items) > 0 {
		t.Errorf("the first reading differs from nothing: %q", items)
	}
	a.both(a.day)
	a.tell(func() { a.balance = "90.40000" })
	if items := wallet(); len(items) > 0 {
		t.Errorf("the cost of a delivery: %q", items)
	}
	a.both(a.day)
	a.tell(func() { a.balance = "80.79" }) // half a unit more than the 9.60 of the ledger
	if items := wallet(); len(items) > 0 {
		t.Errorf("a cost that was rounded: %q", items)
	}
	a.both(a.day)
	a.tell(func() { a.balance = "571.19" })
	items := wallet()
	if len(items) != 1 || !strings.HasPrefix(items[0], "network:reloadly wallet since ") || !strings.HasSuffix(items[0], " -960 49040") {
		t.Fatalf("filled by 500: %q", items)
	}
	if again := wallet(); !slices.Equal(again, items) {
		t.Errorf("it is open until somebody closes it: %q", again)
	}
}

func TestWhatIsUnderWayIsNotHeldAgainstTheWallet(t *testing.T) {
	a := newAccount(t)
	if _, err := a.reconciles(); err != nil {
		t.Fatal(err)
	}
	a.both(a.day)
	if _, err := a.db.Writer().ExecContext(t.Context(), `UPDATE orders SET status = 'delivery_unknown'`); err != nil {
		t.Fatal(err)
	}
	if items, err := a.reconciles(); err != nil || len(items) > 0 {
		t.Errorf("%q, %v", items, err)
	}
}

func TestTheDoctorLooksIntoTheWallet(t *testing.T) {
	a := newAccount(t)
	text, err := os.ReadFile(a.env["PULSA_CONFIG"])
	if err == nil {
		err = os.WriteFile(a.env["PULSA_CONFIG"], []byte(strings.Replace(string(text), "reloadly:\n  client_id", "reloadly:\n  low_balance: 50\n  client_id", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		balance string
		down    bool
		want    string
	}{
		{"100.00", false, `"level":"ok","what":"wallet at reloadly"`},
		{"49.99", false, `it is below EUR 50.00`},
		{"0", false, `every order is held until then`},
		{"100.00", true, `check the client id and secret`},
	} {
		a.tell(func() { a.balance, a.down = c.balance, c.down })
		var out, log strings.Builder
		_ = run(context.WithoutCancel(t.Context()), []string{"doctor", "--json"}, func(name string) string { return a.env[name] }, strings.NewReader(""), &out, &log)
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: says nothing of %s:\n%s", c.balance, c.want, out.String())
		}
	}
}
