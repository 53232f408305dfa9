package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app"
	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk/harness"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/store/scratch"
	"pulsa/topup"
)

// TestKilledServersKeepTheBooks kills the real server at every named crash point and at random moments while many
// customers buy, and the simulators now and then; lets what follows come to rest, and audits against the simulators'
// own books. PULSA_KILLS says how often (20).
func TestKilledServersKeepTheBooks(t *testing.T) { killOnEveryStore(t, killServers) }

// killOnEveryStore kills servers on SQLite and, where they are at hand, on PostgreSQL and Redis: env leads there. Not under
// the race detector, which sees nothing of servers in processes of their own, unless PULSA_KILLS asks for it.
func killOnEveryStore(t *testing.T, kill func(t *testing.T, env map[string]string)) {
	if testing.Short() || race.Enabled() && os.Getenv("PULSA_KILLS") == "" {
		t.Skip("kills servers for a while: run it without -short and -race, or set PULSA_KILLS")
	}
	t.Run("SQLite", func(t *testing.T) { kill(t, nil) })
	t.Run("PostgreSQL and Redis", func(t *testing.T) {
		database, redis := apptest.Servers(t)
		kill(t, map[string]string{"PULSA_DATABASE_URL": database, "PULSA_REDIS_URL": redis})
	})
}

func killServers(t *testing.T, env map[string]string) {
	began := time.Now()
	s := newStaged(t, env, "--time-out", "300ms") // who is never answered soon buys again
	s.sim.start()
	s.server.start()
	l := newCrowd(s)
	apptest.Await(t, "somebody buys before the first kill", func() bool { return l.added() > 0 }, nil)
	for i := range max(kills(t), len(harness.Points())) {
		s.server.kill()
		if i%5 == 4 {
			s.sim.kill()
			s.sim.start()
		}
		if i < len(harness.Points()) {
			point := harness.Points()[i].Name
			s.server.start("PULSA_CRASH_AT=" + point)
			s.died(point)
			continue
		}
		s.server.start()
		time.Sleep(50*time.Millisecond + rand.N(500*time.Millisecond))
	}
	l.end()
	t.Logf("killed after %s", time.Since(began).Round(time.Second))
	s.server.kill()
	s.sim.kill()
	s.sim.args = append(s.sim.args, "--time-out", "1ms") // a day of time-outs is to come
	s.sim.start()
	l.judge()
}

func kills(t *testing.T) int {
	text := os.Getenv("PULSA_KILLS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("PULSA_KILLS: %v", err)
	}
	return n
}

// died waits until the server has crashed by itself.
func (s *staged) died(point string) { died(s.T, s.server, point) }

func died(t *testing.T, server *process, point string) {
	t.Helper()
	select {
	case err := <-server.ended:
		server.ended <- err
		if !strings.Contains(fmt.Sprint(err), "killed") {
			t.Fatalf("the server was to crash at %s, and ended: %v\n%s", point, err, server.log.String())
		}
	case <-time.After(apptest.Patience):
		t.Fatalf("the server never reaches %s", point)
	}
}

// message is one text of a customer.
type message struct{ id, from, text string }

// crowd is many customers who buy.
type crowd struct {
	v    *staged
	stop chan struct{}
	all  sync.WaitGroup

	mu        sync.Mutex
	customers int
	answered  map[message]string
	pending   []message // perhaps seen, never answered
}

// told reports whether an answer tells of airtime that was bought.
func told(answer string) bool { return strings.Contains(answer, "was added") }

// toldOrder is an order's number in an answer.
var toldOrder = regexp.MustCompile(`\b[B-Z]{3}-[B-Z]{3}-[B-Z]{4}\b`)

// added counts the messages that were answered so.
func (l *crowd) added() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, answer := range l.answered {
		if told(answer) {
			n++
		}
	}
	return n
}

// killIBAN is what some pay by: it must be found nowhere.
const killIBAN = "NL91ABNA0417164300"

// buyers is how many customers write at the same time.
const buyers = 12

func newCrowd(v *staged) *crowd {
	l := &crowd{v: v, stop: make(chan struct{}), answered: map[message]string{}}
	for range buyers {
		l.all.Go(func() {
			for !l.stopped() {
				l.customer()
			}
		})
	}
	return l
}

func (l *crowd) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

func (l *crowd) end() {
	close(l.stop)
	l.all.Wait()
}

// fresh draws a customer's number; its end chooses what the simulators do.
func (l *crowd) fresh() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.customers++
	n := l.customers
	end := fmt.Sprintf("%04d", rand.IntN(8000))
	switch rand.IntN(40) {
	case 0, 1, 2, 3:
		end = "8001" // the network refuses: the money goes back
	case 4:
		end = "8003" // it delivers, and never answers
	case 5:
		end = "8002" // it never answers, and delivers nothing
	case 6:
		end = "8005" // it is out of funds
	case 7:
		end = "9003" // the gateway charges, and never answers
	case 8:
		end = "9001" // it declines
	}
	return fmt.Sprintf("+316%d%03d%s", 1+n%5, n/5%1000, end)
}

// customer registers, perhaps changes to direct debit, or forgets the PIN or closes the account and comes back, and pays by
// direct debit from then on, or changes the number, and buys a few times, until a message is not answered: then another one comes.
func (l *crowd) customer() {
	number := l.fresh()
	given := fmt.Sprintf(`{"Customer":{"Number":%q,"Kind":"sms"},"Language":"en","PIN":%q,"Method":"card"}`, number, testPIN)
	for {
		if _, err := post("http://"+l.v.admin+"/test/demo/given", given); err == nil {
			break
		}
		if l.stopped() {
			return
		}
		time.Sleep(20 * time.Millisecond) // it is being killed
	}
	var texts []string
	from, moved := number, 0
	switch rand.IntN(8) {
	case 0, 1:
		texts = []string{"PAY", testPIN, "1", killIBAN, "J. Jansen", "AGREE"}
	case 2:
		texts = []string{"FORGOT", "246810", testPIN, testPIN, "1", killIBAN, "J. Jansen", "AGREE"}
	case 3:
		texts = []string{"CLOSE", testPIN, "1", "CLOSE", "REGISTER", number, number, testPIN, testPIN, "1", killIBAN, "J. Jansen", "AGREE"}
	case 4:
		to := number[:4] + "6" + number[5:] // nobody's: fresh draws 1 to 5 there
		texts = []string{"NUMBER", testPIN, to, to, "246810", "246810"}
		from, moved = to, len(texts)
	}
	for _, amount := range []string{"10", "15", "20"} {
		texts = append(texts, "KOOP "+amount+" "+testPIN)
	}
	for i, text := range texts {
		m := message{prepaid.NewToken(), number, text}
		if i >= moved {
			m.from = from
		}
		answer, err := l.send(m)
		l.mu.Lock()
		if err != nil {
			l.pending = append(l.pending, m)
		} else {
			l.answered[m] = answer
		}
		l.mu.Unlock()
		if err != nil || l.stopped() {
			return
		}
	}
}

func (l *crowd) send(m message) (string, error) {
	return post("http://"+l.v.listen+"/webhooks/demo/fake", m.json())
}

func (m message) json() string {
	text, _ := json.Marshal(map[string]string{"id": m.id, "from": m.from, "text": m.text}) // strings always do
	return string(text)
}

var impatient = &http.Client{Timeout: 20 * time.Second}

func post(address, body string) (string, error) {
	response, err := impatient.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %d %s", response.StatusCode, text)
	}
	return string(text), err
}

// judge starts the program once more, under a clock that lets a day pass at once: providers deliver again what was
// not answered, everything comes to rest, and the books are held against each other.
func (l *crowd) judge() {
	t := l.v.T
	known := config.Supported()
	c, err := config.Load(l.v.config, func(name string) string { return l.v.env[name] }, known)
	if err != nil {
		t.Fatal(err)
	}
	if !c.DatabaseURL.Empty() { // as volatile is for SQLite: nobody kills this one
		c.DatabaseURL = prepaid.NewSecret(c.DatabaseURL.Reveal() + "&synchronous_commit=off")
	}
	clock := prepaid.NewVirtualClock(time.Now())
	log := &harness.LogBuffer{}
	p, err := app.Wire(t.Context(), c, app.Wiring{Clock: clock, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	s := survivor{t, p, clock}
	clock.AdvanceTo(clock.Now().Add(31 * time.Second)) // the locks of dead turns have lapsed
	for _, m := range l.pending {
		if answer := s.deliver(m); !strings.Contains(answer, `"text"`) {
			t.Errorf("message %s, delivered again, is answered %q", m.id, answer)
		}
	}
	for m, answer := range l.answered {
		if again := s.deliver(m); again != answer {
			t.Errorf("message %s was answered %s and is now answered %s", m.id, answer, again)
		}
	}
	s.rest()
	s.settleByHand()
	l.count(p)
	s.mandates()
	violations, err := p.AuditAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// count holds the orders against the messages.
func (l *crowd) count(p *app.Program) {
	t := l.v.T
	orders, err := p.DB.Orders.AllOrders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made, ends := map[string]int{}, map[string]int{}
	for _, o := range orders {
		ends[string(o.Status)]++
		if !o.Status.Ended() {
			t.Errorf("order %s is %s and next due at %s", o.ID, o.Status, o.RunAt)
		}
		made[string(o.ID)] = 0
	}
	for m, answer := range l.answered {
		if !told(answer) {
			continue
		}
		id := string(prepaid.ReadOrderID(toldOrder.FindString(answer)))
		if _, there := made[id]; !there {
			t.Errorf("message %s has no order, and was answered %s", m.id, answer)
		}
		made[id]++
	}
	for id, n := range made {
		if n > 1 {
			t.Errorf("order %s answers %d messages", id, n)
		}
	}
	t.Logf("%d customers, %d messages answered (%d at once with the airtime), %d only when delivered again, %d orders: %v",
		l.customers, len(l.answered), l.added(), len(l.pending), len(orders), ends)
	if l.added() == 0 || len(l.pending) == 0 {
		t.Error("too little happened to tell anything")
	}
}

// survivor is the program that comes after all the kills.
type survivor struct {
	*testing.T
	p     *app.Program
	clock *prepaid.VirtualClock
}

// deliver sends a message, and again where the answer is 503, as providers do.
func (s survivor) deliver(m message) string {
	s.Helper()
	for tries := 0; ; tries++ {
		r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, "/webhooks/demo/fake", strings.NewReader(m.json()))
		if err != nil {
			s.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		if err := s.clock.Run(func() { s.p.Routes().ServeHTTP(answer, r) }); err != nil {
			s.Fatal(err)
		}
		if answer.Code != http.StatusServiceUnavailable || tries == 5 {
			return answer.Body.String()
		}
		s.Logf("message %s is to be sent again", m.id)
		s.clock.AdvanceTo(s.clock.Now().Add(15 * time.Second))
	}
}

// rest lets time pass until nothing is to be done, or only what waits for an operator is left.
func (s survivor) rest() {
	s.Helper()
	for end := s.clock.Now().Add(26 * time.Hour); s.clock.Now().Before(end); {
		var next time.Time
		var err error
		clockErr := s.clock.Run(func() {
			if err = s.p.Settle(s.Context()); err == nil {
				next, err = s.p.NextDue(s.Context())
			}
		})
		if err := errors.Join(clockErr, err); err != nil {
			s.Fatal(err)
		}
		if timer, any := s.clock.Next(); any && (next.IsZero() || timer.Before(next)) {
			next = timer
		}
		if next.IsZero() {
			return
		}
		s.clock.AdvanceTo(next)
	}
}

// mandates looks that each has come to its end, and that no IBAN is left.
func (s survivor) mandates() {
	s.Helper()
	if due, err := s.p.DB.Mandates.NextMandate(s.Context()); err != nil || !due.IsZero() {
		s.Errorf("a mandate is still due at %s, %v", due, err)
	}
	all, err := s.p.DB.Mandates.MandatesByReference(s.Context(), "")
	if err != nil || len(all) == 0 {
		s.Errorf("%d mandates, %v", len(all), err)
	}
	for _, m := range all {
		setup, err := s.p.DB.Payments.Setup(s.Context(), m.Setup)
		if err != nil || setup.Status != payments.SetupCompleted || m.Sealed != "" {
			s.Errorf("mandate %s is %s, %v", m.Reference, setup.Status, err)
		}
	}
	texts, err := scratch.Texts(s.Context(), s.p.DB)
	if err != nil {
		s.Fatal(err)
	}
	for table, text := range texts {
		if strings.Contains(text, killIBAN[4:]) {
			s.Errorf("table %s holds an IBAN", table)
		}
	}
}

// settleByHand does what an operator does about a network that never answers: it has delivered nothing, or the
// look-ups would have told.
func (s survivor) settleByHand() {
	s.Helper()
	waiting, err := s.p.DB.Orders.List(s.Context(), operators.OrderFilter{NeedsHuman: true, Limit: 1000})
	if err != nil {
		s.Fatal(err)
	}
	for _, o := range waiting {
		var err error
		clockErr := s.clock.Run(func() {
			_, err = s.p.Topups.Resolve(s.Context(), o.ID, topup.NotDelivered, prepaid.By{Who: "test", Why: "the network's book"})
		})
		if err := errors.Join(clockErr, err); err != nil {
			s.Errorf("settle order %s by hand: %v", o.ID, err)
		}
	}
	s.rest()
}
