package app

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/app/apptest"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/topup"
)

const (
	speedClients = 8
	speedFor     = 4 * time.Second
	// speedCustomers is how many customers each client buys for in turn: their orders are summed up for the limits.
	speedCustomers = 100
)

// BenchmarkTopUpsAgainstPgbench measures how many durable top-ups a second the program makes on PostgreSQL, and how
// many pgbench makes that sends the very statements, as they were recorded on the wire, in the same run. It reports
// both and their ratio; the goal is 0.5 without PIN checks. With PIN checks is reported apart.
func BenchmarkTopUpsAgainstPgbench(b *testing.B) {
	if testing.Short() {
		b.Skip("runs for a quarter of a minute: run it without -short")
	}
	base := os.Getenv("PULSA_TEST_DATABASE_URL")
	if base == "" {
		b.Skip("PULSA_TEST_DATABASE_URL is not set")
	}
	if _, err := exec.LookPath("pgbench"); err != nil {
		b.Skip("pgbench is not installed")
	}
	s := newSpeed(b, base)
	for b.Loop() {
		ours := s.perSecond(func(client, n int) error { return s.topUp(s.p, client*1000+1+n%speedCustomers, client, n) })
		theirs := s.pgbench(s.script())
		withPIN := s.perSecond(s.withPIN)
		b.ReportMetric(ours, "topups/s")
		b.ReportMetric(theirs, "pgbench/s")
		b.ReportMetric(ours/theirs, "ratio")
		b.ReportMetric(withPIN, "with-PIN/s")
	}
	b.ReportMetric(0, "ns/op") // says nothing here
}

// speed is the demo on a PostgreSQL, with simulators that answer at once and keep no book.
type speed struct {
	*testing.B
	p       *Program
	address string
	runs    atomic.Int64
	members []accounts.Customer // with a PIN, one for each client
}

func newSpeed(b *testing.B, base string) *speed {
	address := apptest.Schema(b, base)
	s := &speed{B: b, address: address}
	s.p = s.wire(address)
	for client := range speedClients + 1 { // the last is recorded
		for n := range speedCustomers {
			s.customer(client*1000 + 1 + n)
		}
	}
	for client := range speedClients {
		c, err := s.p.Accounts.Register(b.Context(), accounts.Registration{Brand: "demo", MSISDN: speedNumber(90_000 + client),
			PIN: prepaid.NewSecret(apptest.PIN), Language: "en", Recognised: true})
		if err != nil {
			b.Fatal(err)
		}
		s.instrument(c.ID, "pin"+strconv.Itoa(client))
		s.members = append(s.members, c)
	}
	return s
}

func (s *speed) wire(address string) *Program {
	s.Helper()
	key := strings.Repeat("k", 32) // both programs on the database have the same
	c := apptest.DemoIn(s, map[string]string{"PULSA_PIN_PEPPER": key, "PULSA_CARD_KEY": key})
	c.Data, c.DatabaseURL = s.TempDir(), prepaid.NewSecret(address)
	big := prepaid.Money{Minor: 1 << 40, Currency: "EUR"}
	c.Brands[0].Limits = prepaid.Limits{DayCount: 1 << 30, DaySum: big, MonthSum: big}
	c.Brands[0].CheapPINHash = false
	quiet := slog.New(slog.DiscardHandler)
	sims, err := sim.Open(sim.Options{Clock: prepaid.SystemClock{}, Log: quiet, BaseURL: c.PublicURL})
	if err != nil {
		s.Fatal(err)
	}
	p, err := Wire(s.Context(), c, Wiring{Clock: prepaid.SystemClock{}, Log: quiet, sims: sims})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = p.Close() })
	return p
}

// speedNumber ends in no number for which the simulators have a special outcome.
func speedNumber(n int) prepaid.MSISDN { return prepaid.MSISDN(strconv.Itoa(31_610_000_000 + 10*n)) }

// customer stores one whose id and instrument are its number, so that pgbench can count through them.
func (s *speed) customer(n int) {
	s.Helper()
	id := prepaid.CustomerID(strconv.Itoa(n))
	_, err := s.p.DB.Customers.SaveRegistration(s.Context(), accounts.Customer{ID: id, Brand: "demo", MSISDN: speedNumber(n), Language: "en",
		CreatedAt: time.Now()}, nil)
	if err != nil {
		s.Fatal(err)
	}
	s.instrument(id, strconv.Itoa(n))
}

func (s *speed) instrument(c prepaid.CustomerID, id string) {
	s.Helper()
	setup, err := s.p.DB.Payments.SaveSetup(s.Context(), payments.Setup{ID: prepaid.NewID[prepaid.SetupID](), OperationKey: id, Brand: "demo",
		Customer: c, Gateway: "sim", Method: payments.Card, Status: payments.SetupOpen, CreatedAt: time.Now()})
	if err != nil {
		s.Fatal(err)
	}
	_, err = s.p.DB.Payments.EndSetup(s.Context(), setup.ID, &payments.Instrument{ID: prepaid.InstrumentID(id), Customer: c, Brand: "demo",
		Gateway: "sim", Method: payments.Card, Token: prepaid.NewSecret("tok"), CreatedAt: time.Now()}, prepaid.NewID[prepaid.NoticeID](), time.Now())
	if err != nil {
		s.Fatal(err)
	}
}

func (s *speed) request(c prepaid.CustomerID, instrument string, m prepaid.MSISDN, key string) topup.Request {
	return topup.Request{Brand: "demo", Customer: c, MSISDN: m, Amount: prepaid.Money{Minor: 1000, Currency: "EUR"},
		Funding:      topup.FundingRef{Kind: topup.ByCharge, Ref: instrument, Provider: "sim", Method: "card"},
		ReplyTo:      topup.ReplyTo{Channel: "fake", Kind: "sms", Address: "tel:+31600000000", Language: "en"},
		OperationKey: key, AuthorisedBy: "pin", Confirmed: true, Patience: 8 * time.Second}
}

// topUp buys once for the customer of a number.
func (s *speed) topUp(p *Program, customer, client, n int) error {
	id := strconv.Itoa(customer)
	key := fmt.Sprintf("%d/%d/%d", s.runs.Load(), client, n)
	return delivered(p.Topups.Place(s.Context(), s.request(prepaid.CustomerID(id), id, speedNumber(customer), key)))
}

func delivered(o topup.Order, err error) error {
	if err == nil && o.Status != topup.Delivered {
		err = fmt.Errorf("order is %s", o.Status)
	}
	return err
}

// withPIN checks the PIN first, as a text does.
func (s *speed) withPIN(client, n int) error {
	c := s.members[client]
	key := fmt.Sprintf("%d/pin/%d/%d", s.runs.Load(), client, n)
	if err := s.p.Accounts.CheckPIN(s.Context(), c, prepaid.NewSecret(apptest.PIN), key); err != nil {
		return err
	}
	return delivered(s.p.Topups.Place(s.Context(), s.request(c.ID, "pin"+strconv.Itoa(client), c.MSISDN, key)))
}

// perSecond lets all clients work for a while.
func (s *speed) perSecond(work func(client, n int) error) float64 {
	s.runs.Add(1)
	var all sync.WaitGroup
	var done atomic.Int64
	began := time.Now()
	for client := range speedClients {
		all.Go(func() {
			for n := 0; time.Since(began) < speedFor; n++ {
				if err := work(client, n); err != nil {
					s.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds()
}

// script makes one top-up over a recorded connection, and of its statements a pgbench script.
func (s *speed) script() string {
	s.Helper()
	tape := newTape(s.B, s.address)
	p := s.wire(tape.address)
	s.runs.Add(1)
	const recorded = speedClients*1000 + 1
	for n := range 2 { // the first also makes the connection ready
		tape.rewind()
		if err := s.topUp(p, recorded+n, speedClients, n); err != nil {
			s.Fatal(err)
		}
	}
	statements := tape.statements()
	h, err := s.p.DB.Orders.List(s.Context(), operators.OrderFilter{Limit: 1, Customer: prepaid.CustomerID(strconv.Itoa(recorded + 1))})
	if err != nil || len(h) != 1 {
		s.Fatalf("the recorded order: %v, %v", h, err)
	}
	order, err := s.p.DB.Orders.Order(s.Context(), h[0].ID)
	if err != nil {
		s.Fatal(err)
	}
	notices, err := s.p.DB.Notices.NoticesOf(s.Context(), order.ID, order.Status)
	if err != nil || len(notices) != 1 {
		s.Fatalf("the recorded notice: %v, %v", notices, err)
	}
	replace := strings.NewReplacer(
		quoted(order.ID), ":id", quoted(order.Charge.ID), ":id", quoted(notices[0]), ":id", quoted(order.OperationKey), ":id",
		quoted(order.Customer), ":customer", quoted(order.MSISDN), ":msisdn",
	)
	text := strings.Builder{}
	fmt.Fprintf(&text, "\\set id random(1, 9000000000000000000)\n\\set customer :client_id * 1000 + random(1, %d)\n\\set msisdn 31610000000 + 10 * :customer\n", speedCustomers)
	for _, statement := range statements {
		statement = strings.ReplaceAll(statement, ":", "'||chr(58)||'") // in texts: 'psp:sim' has no variable
		text.WriteString(strings.TrimSuffix(replace.Replace(statement), ";") + ";\n")
	}
	for _, left := range []string{string(order.ID), order.OperationKey} {
		if strings.Contains(text.String(), left) {
			s.Fatalf("%s is still in the script:\n%s", left, text.String())
		}
	}
	if n := strings.Count(strings.ToLower(text.String()), "commit"); n != 3 {
		s.Fatalf("%d transactions were recorded:\n%s", n, text.String())
	}
	return text.String()
}

func quoted[T ~string](text T) string { return "'" + string(text) + "'" }

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

func (s *speed) pgbench(script string) float64 {
	s.Helper()
	path := filepath.Join(s.TempDir(), "topup.sql")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		s.Fatal(err)
	}
	u, err := url.Parse(s.address)
	if err != nil {
		s.Fatal(err)
	}
	query := u.Query()
	schema := query.Get("search_path")
	query.Del("search_path")
	u.RawQuery = query.Encode()
	cmd := exec.Command("pgbench", "-n", "-M", "prepared", "-c", strconv.Itoa(speedClients), "-j", "2",
		"-T", strconv.Itoa(int(speedFor.Seconds())), "-f", path, u.String())
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c search_path="+schema)
	out, err := cmd.CombinedOutput()
	found := tps.FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "aborted") {
		s.Fatalf("pgbench: %v\n%s\n%s", err, out, script)
	}
	perSecond, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		s.Fatal(err)
	}
	return perSecond
}

// tape passes a connection on to a PostgreSQL and records the statements that the client sends in the simple
// protocol (https://www.postgresql.org/docs/current/protocol-message-formats.html).
type tape struct {
	address string // a URL that leads through it

	mu  sync.Mutex
	all []string
}

func newTape(b *testing.B, address string) *tape {
	u, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	target := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	t := &tape{}
	u.Host = l.Addr().String()
	query := u.Query()
	query.Set("default_query_exec_mode", "simple_protocol") // the values stand in the statements
	u.RawQuery = query.Encode()
	t.address = u.String()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				return
			}
			go t.pass(client, server)
			go func() { _, _ = io.Copy(client, server) }() // ends with the connection
		}
	}()
	return t
}

// pass copies what the client says, message by message, until it hangs up.
func (t *tape) pass(client, server net.Conn) {
	defer func() { _, _ = client.Close(), server.Close() }()
	for first := true; ; first = false {
		head := make([]byte, 5)
		if first {
			head = head[1:] // the start-up message has no type
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		if !first && head[0] == 'Q' {
			t.mu.Lock()
			t.all = append(t.all, strings.TrimRight(string(body), "\x00"))
			t.mu.Unlock()
		}
		if _, err := server.Write(append(head, body...)); err != nil {
			return
		}
	}
}

func (t *tape) rewind() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = nil
}

// statements are those that do something.
func (t *tape) statements() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for _, s := range t.all {
		if s = strings.TrimSpace(s); s != "" && s != ";" && !strings.HasPrefix(s, "--") {
			all = append(all, s)
		}
	}
	return all
}
