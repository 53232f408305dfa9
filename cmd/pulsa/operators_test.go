package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulsa/app"
	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"
	"pulsa/store/scratch"
	"pulsa/topup"
)

// office is a folder with the demo's data, in which operators run commands.
type office struct {
	*testing.T
	data string
	env  map[string]string
}

// newOffice makes data that one delivered and one held order are in. The program that made them has ended.
func newOffice(t *testing.T) office {
	t.Helper()
	commandsAlone(t)
	o := office{t, t.TempDir(), map[string]string{}}
	o.env["PULSA_DATA"] = o.data
	p := o.program()
	for _, number := range []string{testNumber, "+31612348005"} {
		apptest.Register(t, p.Program, p.Sims.Gateway.CompleteSetup, number)
		m, err := prepaid.ParseE164(number)
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.Accounts.ByMSISDN(t.Context(), "demo", m)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Topups.Place(t.Context(), topup.Request{Brand: "demo", Customer: c.ID, MSISDN: m,
			Amount:  prepaid.Money{Minor: 1000, Currency: "EUR"},
			Funding: topup.FundingRef{Kind: topup.ByCharge, Ref: string(c.Pays.ID), Provider: "sim", Method: c.Pays.Method},
			ReplyTo: topup.ReplyTo{Channel: "fake", Kind: "sms", Address: m.Tel(), Language: "en"}, OperationKey: number, AuthorisedBy: "pin",
			Patience: 8 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return o
}

// program opens the demo over the office's data.
func (o office) program() *app.Program {
	o.Helper()
	c := apptest.DemoIn(o, o.env)
	p, err := app.Wire(o.Context(), c, app.Wiring{Clock: prepaid.SystemClock{}, Log: app.Logger(c.Log, &harness.LogBuffer{}), Volatile: true})
	if err != nil {
		o.Fatal(err)
	}
	return p
}

// pulsa runs a command and returns what it printed.
func (o office) pulsa(args ...string) (string, error) {
	o.Helper()
	var out, log bytes.Buffer
	err := run(context.WithoutCancel(o.Context()), args, func(name string) string { return o.env[name] }, strings.NewReader(""), &out, &log)
	for _, number := range []string{strings.TrimPrefix(testNumber, "+"), "31612348005"} {
		if strings.Contains(out.String()+log.String(), number) {
			o.Errorf("pulsa %v shows the number %s", args, number)
		}
	}
	return out.String(), err
}

// does runs a command that must succeed and say a word.
func (o office) does(word string, args ...string) string {
	o.Helper()
	out, err := o.pulsa(args...)
	if err != nil || !strings.Contains(out, word) {
		o.Errorf("pulsa %v: %v, printed\n%s\nwithout %q", args, err, out, word)
	}
	return out
}

// fails runs a command that must fail with a word.
func (o office) fails(word string, args ...string) {
	o.Helper()
	if out, err := o.pulsa(args...); err == nil || !strings.Contains(err.Error()+out, word) {
		o.Errorf("pulsa %v: %v, want %q\n%s", args, err, word, out)
	}
}

// order finds the one order in a status.
func (o office) order(status string) string {
	o.Helper()
	var line struct{ ID string }
	out := o.does(`"number":"+316****`, "topups", "list", "--status", status, "--json")
	if err := json.Unmarshal([]byte(out), &line); err != nil {
		o.Fatal(err)
	}
	return line.ID
}

func TestOperatorsSeeAndRefundOrders(t *testing.T) {
	o := newOffice(t)
	held, delivered := o.order("held"), o.order("delivered")
	shown := o.does("held", "topups", "show", held)
	for _, want := range []string{"+316****8005", "attempt 2", "INSUFFICIENT_BALANCE", "psp:sim", "requested -> charging", "notice"} {
		if !strings.Contains(shown, want) {
			t.Errorf("show lacks %q:\n%s", want, shown)
		}
	}
	o.does(`"postings":[`, "topups", "show", delivered, "--json")
	o.does(`"id":"`+delivered+`"`, "topups", "show", strings.ToLower(grouped(delivered)), "--json")
	o.does(grouped(delivered), "topups", "show", delivered)
	o.does(grouped(delivered), "topups", "list")
	o.fails("say why", "topups", "refund", held)
	o.fails("leave --goodwill out", "topups", "refund", held, "--goodwill", "--reason", "waits too long")
	o.does("order "+grouped(held)+" is refunded", "topups", "refund", strings.ReplaceAll(grouped(held), "-", " "), "--reason", "waits too long")
	o.fails("does not allow", "topups", "refund", held, "--reason", "again")
	o.fails("add --goodwill", "topups", "refund", delivered, "--reason", "complaint")
	o.does("is delivered", "topups", "refund", delivered, "--goodwill", "--reason", "complaint")
	o.does("loss", "topups", "show", delivered)
	o.fails("only what a customer paid", "topups", "refund", delivered, "--goodwill", "--reason", "again")
	o.fails("has the money back already", "topups", "refund", delivered, "--goodwill", "--reason", "again")
	o.does("no violation", "audit", "--books", o.data)
	o.fails(grouped(delivered)+": ", "topups", "resolve", strings.ToLower(grouped(delivered)), "--not-delivered", "--reason", "complaint")
	o.fails("does not allow", "topups", "resolve", delivered, "--not-delivered", "--reason", "complaint")
	o.fails("no such order", "topups", "show", "BBBBBBBBBB")
	o.does("by "+app.OSUser(), "topups", "show", held)
	o.does("no violation", "audit", "--books", o.data)
}

func grouped(id string) string { return prepaid.OrderID(id).Grouped() }

func TestWhatOperatorsMistypeIsNotAnsweredWithNothing(t *testing.T) {
	o := newOffice(t)
	o.fails("did you mean delivered?", "topups", "list", "--status", "deliverd")
	o.fails("--limit must be positive", "topups", "list", "--limit=-1")
	o.fails("--since must be positive", "topups", "list", "--since=-1h")
	o.fails("did you mean demo?", "customers", "show", testNumber, "--brand", "dema")
	o.fails("neither gateway.book nor network.book", "audit", "--books", t.TempDir())
	o.does("delivered", "topups", "list", "--status", "delivered")
	empty := filepath.Join(t.TempDir(), "mistyped")
	for _, args := range [][]string{{"audit"}, {"reconcile"}, {"topups", "list"}, {"customers", "show", testNumber, "--brand", "demo"}} {
		o.fails("there is no database", append(args, "--data", empty)...)
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("who only looks has made a folder")
	}
}

func TestAnUnknownBrandIsAWrongFlag(t *testing.T) {
	o := newOffice(t)
	for _, args := range [][]string{
		{"topups", "list"}, {"apikeys", "list"}, {"apikeys", "create", "--name", "x"},
		{"customers", "show", testNumber}, {"customers", "unlock", testNumber, "--reason", "x"}, {"customers", "erase", testNumber, "--reason", "x"},
		{"cards", "list"}, {"cards", "jobs"}, {"cards", "release"}, {"resellers", "list"},
		{"channels", "list"}, {"channels", "status"}, {"channels", "enable", "fake"}, {"chat"}, {"talk", "record"},
	} {
		_, err := o.pulsa(append(args, "--brand", "nope")...)
		if !errors.As(err, new(*config.NoBrandError)) && !errors.As(err, new(flagError)) || !strings.Contains(err.Error(), ": known are demo") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestOperatorsUnlockAndEraseCustomers(t *testing.T) {
	o := newOffice(t)
	about := []string{testNumber, "--brand", "demo"}
	o.does("Visa **** 4242", append([]string{"customers", "show"}, about...)...)
	o.does(`"status":"active"`, append([]string{"customers", "show", "--json"}, about...)...)
	o.does("is active", append([]string{"customers", "unlock", "--reason", "came to the shop"}, about...)...)
	o.does("came to the shop", append([]string{"customers", "show"}, about...)...)
	o.fails("under way", "customers", "erase", "+31612348005", "--brand", "demo", "--reason", "asked")
	o.does("is erased", append([]string{"customers", "erase", "--reason", "asked by letter"}, about...)...)
	o.fails("no such customer", append([]string{"customers", "show"}, about...)...)
	p := o.program()
	texts, err := scratch.TextsButMessages(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	for table, text := range texts {
		if strings.Contains(text, strings.TrimPrefix(testNumber, "+")) {
			t.Errorf("table %s still knows the number: %s", table, text)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	o.does("no violation", "audit", "--books", o.data)
}

func TestOperatorsGiveCustomersAnotherNumber(t *testing.T) {
	o := newOffice(t)
	const to = "+31687654321"
	move := func(from, to string) []string {
		return []string{"customers", "number", from, to, "--brand", "demo", "--reason", "ticket 4711"}
	}
	o.fails("say why", move(testNumber, to)[:6]...)
	o.fails("not a mobile", move(testNumber, "+31201234567")...)
	o.fails("is the customer's number already", move(testNumber, testNumber)...)
	o.fails("has an account of its own", move(testNumber, "+31612348005")...)
	o.fails("is under way", move("+31612348005", to)...)
	o.does("+316****4321", move(testNumber, to)...)
	o.fails("no such customer", "customers", "show", testNumber, "--brand", "demo")
	o.does("Visa **** 4242", "customers", "show", to, "--brand", "demo")
	o.does("ticket 4711", "customers", "show", to, "--brand", "demo")
	o.does("no violation", "audit", "--books", o.data)
}

func TestAServerKeepsItsSimulatorsAndCarriesOutWhatOperatorsAsk(t *testing.T) {
	o := newOffice(t)
	held := o.order("held")
	p := o.program()
	defer func() { _ = p.Close() }()
	admin := listenAdmin(t, p.AdminRoutes())
	o.env["PULSA_ADMIN_LISTEN"] = admin
	o.does("is refunded", "topups", "refund", held, "--reason", "waits")
	if n := len(p.Sims.Gateway.Refunded(simgateway.Filter{})); n != 1 {
		t.Errorf("refunded %d times", n)
	}
}

func TestReconciliationListsEveryDifferenceUntilItIsClosed(t *testing.T) {
	o := newOffice(t)
	today := time.Now().UTC().Format(time.DateOnly)
	days := []string{"reconcile", "--from", time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), "--to", today}
	o.does("no open item", days...)

	// The gateway's book forgets a charge, and the network's knows of a delivery that we never asked for.
	book := filepath.Join(o.data, "gateway.book")
	text, err := os.ReadFile(book)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err := os.WriteFile(book, []byte(strings.Join(lines[:len(lines)-1], "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := o.program()
	p.Sims.Network.Credit(t.Context(), topup.Credit{Reference: "BBBBBBBBBB", MSISDN: "31612345678", Amount: prepaid.Money{Minor: 700, Currency: "EUR"}})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := o.pulsa(append(days, "--json")...)
	if err == nil || strings.Count(out, "\n") != 2 || !strings.Contains(out, `"theirs":700`) || !strings.Contains(out, `"ours":1000`) {
		t.Fatalf("found %v:\n%s", err, out)
	}
	o.fails("4: order BBB-BBB-BBBB", "audit", "--books", o.data)
	var item struct{ ID string }
	for line := range strings.Lines(out) {
		if err := json.Unmarshal([]byte(line), &item); err != nil {
			t.Fatal(err)
		}
		if _, err := o.pulsa("reconcile", "--close", item.ID, "--reason", "ticket 4711"); err != nil {
			t.Error(err)
		}
	}
	o.does("no open item", days...)
	o.does("ticket 4711", "reconcile", "--list", "--all")
	o.fails("no such open item", "reconcile", "--close", item.ID, "--reason", "again")
	o.fails("write a day", "reconcile", "--from", "yesterday")
}

func TestTheDoctorSaysWhatToDo(t *testing.T) {
	o := newOffice(t)
	out := o.does("SIMULATED payments and network", "doctor")
	for _, want := range []string{"PULSA_PIN_PEPPER=$(openssl rand -hex 32)", "apart from SQL's", "nothing waits for people"} {
		if !strings.Contains(out, want) {
			t.Errorf("says nothing of %q:\n%s", want, out)
		}
	}
	o.does(`"level":"warn"`, "doctor", "--json")
	o.env["PULSA_DATABASE_URL"], o.env["PULSA_REDIS_URL"] = "postgres://127.0.0.1:1/none", "redis://127.0.0.1:1"
	o.fails("start the database", "doctor")
}

// listenAdmin serves and returns the address.
func listenAdmin(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
