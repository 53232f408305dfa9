package harness

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/channels/fake"
	"pulsa/conversation/talk"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/prepaid/race"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
)

// TestWhateverHappensTheBooksAgreeAtRest lets customers text what comes to their minds while messages come twice, the
// program crashes, providers misbehave, numbers are recovered and changed, accounts closed and taken up again, news comes late, repeated and in any order, and the clock jumps. When all has come
// to rest, every message is answered and made one order at most, no order is left open, and the audit of the SQL and the
// simulators' books is clean. PULSA_RAPID_CHECKS says how many runs, each time others; without it they are 100, always the
// same, and 4 on PostgreSQL and Redis.
func TestWhateverHappensTheBooksAgreeAtRest(t *testing.T) {
	c, _ := storyVocabularyFor(t)
	t.Run("SQLite", func(t *testing.T) { chaos(t, c, 100, "", "") })
	t.Run("PostgreSQL and Redis", func(t *testing.T) {
		database, redis := os.Getenv("PULSA_TEST_DATABASE_URL"), os.Getenv("PULSA_TEST_REDIS_URL")
		if database == "" || redis == "" {
			t.Skip("PULSA_TEST_DATABASE_URL or PULSA_TEST_REDIS_URL is not set")
		}
		chaos(t, c, 4, database, redis)
	})
}

func chaos(t *testing.T, c config.Config, checks int, database, redis string) {
	if race.Enabled() {
		checks = max(checks/4, 2)
	}
	seed, text := "0", os.Getenv("PULSA_RAPID_CHECKS")
	if text == "" {
		seed, text = "20261121", fmt.Sprint(checks)
	}
	for name, value := range map[string]string{"rapid.checks": text, "rapid.seed": seed} {
		before := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatalf("PULSA_RAPID_CHECKS: %v", err)
		}
		t.Cleanup(func() { _ = flag.Set(name, before) })
	}
	m, err := NewMaker(t.Context(), c, database, redis)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	rapid.Check(t, func(r *rapid.T) { newUnrest(r, m).run() })
}

// unrest is one run: a program, its customers, and news that waits to be delivered.
type unrest struct {
	*rapid.T
	s         *Program
	customers []talk.Customer
	sent      []talk.Inbound

	mu    sync.Mutex
	news  []payments.Event
	taken []string // references of deliveries that were taken back
}

const (
	unrestCode    = "48215973620418"
	unrestSMSCode = "246810"
)

func newUnrest(r *rapid.T, m *Maker) *unrest {
	u := &unrest{T: r}
	for _, kind := range []string{"sms", "telegram", "sms"} {
		number, err := m.Fresh("demo")
		if err != nil {
			r.Fatal(err)
		}
		u.customers = append(u.customers, talk.Customer{Number: number, Kind: kind})
	}
	p, err := m.New(r.Context(), talk.Setup{Story: "unrest", Brand: "demo", Language: "en", Customer: u.customers[0], Givens: []talk.Given{
		{Customer: &talk.GivenCustomer{PIN: prepaid.NewSecret(storyPIN), Method: "card"}},
		{Card: &talk.GivenCard{Serial: "101-00000001", Code: prepaid.NewSecret(unrestCode), Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}}},
	}})
	if err != nil {
		r.Fatal(err)
	}
	u.s = p.(*Program)
	r.Cleanup(func() { _ = u.s.Close() })
	setup := u.s.setup
	setup.Customer = u.customers[1]
	u.must(u.s.run(func() error {
		return GivenCustomer(r.Context(), u.s.p, u.s.sims.Gateway.CompleteSetup, setup, talk.GivenCustomer{PIN: prepaid.NewSecret(storyPIN), Method: "sepa"})
	}))
	return u // the third is a stranger
}

func (u *unrest) must(err error) {
	u.Helper()
	if err != nil {
		u.Fatalf("%+v\n%s", err, u.s.log.String())
	}
}

// hold keeps the simulators' news until it is delivered; a program that starts takes it again.
func (u *unrest) hold() {
	u.s.sims.Gateway.Connect(func(_ context.Context, e payments.Event) error {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.news = append(u.news, e)
		return nil
	})
	u.s.sims.Network.Connect(func(_ context.Context, reference string) error {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.taken = append(u.taken, reference)
		return nil
	})
}

func (u *unrest) run() {
	for range rapid.IntRange(1, 25).Draw(u.T, "events") {
		u.hold()
		u.event()
	}
	u.rest()
	u.judge()
}

// events are what may happen, the likelier ones more than once.
var unrestful = []string{"text", "text", "text", "text", "text", "again", "two at once", "crash", "crash", "behave", "behave", "customer", "bank",
	"news", "news", "wait", "wait", "sleep", "restart", "outage", "recovery", "recovery", "leaving", "leaving"}

func (u *unrest) event() {
	ctx := u.Context()
	switch what := rapid.SampledFrom(unrestful).Draw(u.T, "event"); what {
	case "text":
		u.send(u.text())
	case "again":
		if len(u.sent) > 0 {
			u.send(u.sent[rapid.IntRange(0, len(u.sent)-1).Draw(u.T, "message")])
		}
	case "two at once":
		u.twoAtOnce()
	case "crash":
		points := Points()
		u.s.armed = points[rapid.IntRange(0, len(points)-1).Draw(u.T, "point")].Name
	case "behave":
		u.tell(rapid.SampledFrom([]string{"network delivers", "network", "network delivers after 40s", "network delivers after 100s",
			"network rejects INVALID_RECIPIENT_PHONE", "network rejects PHONE_RECENTLY_RECHARGED", "network rejects TRANSACTION_FAILED_ON_OPERATOR",
			"network fails with CONNECTION_TO_OPERATOR_FAILED", "network times out", "network times out after delivering", "network is out of funds", "network is unavailable",
			"network answers garbage", "network reports after 3m", "network reports after 20m", "network is not atomic",
			"payment approves", "payment", "payment approves after 20s", "payment approves after 100s", "payment declines", "payment times out",
			"payment times out after charging", "payment needs authentication", "payment pends", "payment answers garbage",
			"payment reports after 3m", "payment reports after 20m", "payment refuses to refund", "payment times out refunding",
			"payment times out after refunding", "payment is not atomic"}).Draw(u.T, "behaviour"))
	case "customer":
		u.tell("customer " + rapid.SampledFrom([]string{"completes payment setup", "abandons payment setup", "authenticates"}).Draw(u.T, "customer"))
	case "bank":
		u.tell(rapid.SampledFrom([]string{"payment returns the debit", "payment is disputed", "payment settles the debits",
			"payment revokes the mandate", "network takes the delivery back"}).Draw(u.T, "bank"))
	case "news":
		u.deliverNews(rapid.Bool().Draw(u.T, "repeated"))
	case "wait":
		u.wait(time.Duration(rapid.IntRange(1, 3600).Draw(u.T, "seconds")) * time.Second)
	case "sleep": // nobody is there to work
		u.must(u.s.AdvanceTo(ctx, u.s.Now().Add(time.Duration(rapid.IntRange(1, 7200).Draw(u.T, "seconds"))*time.Second)))
	case "restart":
		u.s.armed = ""
		u.must(u.s.Do(ctx, u.customers[0], talk.Event{Kind: talk.Restart}))
	case "outage":
		u.outage()
	case "recovery":
		u.recovery()
	case "leaving":
		u.leaving()
	}
}

// leaving lets somebody move or leave, and perhaps come back and buy; whatever stands in between is in the way.
func (u *unrest) leaving() {
	from := rapid.SampledFrom(u.customers).Draw(u.T, "from")
	number := "0" + strings.TrimPrefix(from.Number, "+31")
	to := rapid.SampledFrom([]string{"0687650001", "0687650002", number}).Draw(u.T, "to")
	back := []string{"REGISTER", number, number, unrestSMSCode, storyPIN, storyPIN, "2"}
	buys := []string{"KOOP 10 " + storyPIN}
	texts := rapid.SampledFrom([][]string{
		{"NUMBER", storyPIN, to, to, unrestSMSCode, unrestSMSCode},
		slices.Concat([]string{"NUMBER", storyPIN, to, to, unrestSMSCode, unrestSMSCode}, back),
		slices.Concat([]string{"CLOSE", storyPIN, "1", "CLOSE"}, back, buys),
		{"CLOSE", storyPIN, "1", "CLOSE"},
		slices.Concat([]string{"PAY REMOVE", storyPIN, "1"}, buys),
		{"ADDRESSES", storyPIN, "1"},
	}).Draw(u.T, "texts")
	for _, text := range texts {
		u.send(talk.Inbound{ID: prepaid.NewToken(), From: from, Language: "en", Text: text})
	}
}

// recovery lets somebody set a PIN without the old one, and perhaps a way to pay; a crash may come in between.
func (u *unrest) recovery() {
	from := rapid.SampledFrom(u.customers).Draw(u.T, "from")
	texts := []string{"FORGOT", unrestSMSCode, storyPIN, storyPIN}
	switch rapid.IntRange(0, 2).Draw(u.T, "pays") {
	case 1:
		texts = append(texts, "1", "NL91ABNA0417164300", "J. Jansen", "AGREE", "KOOP 10 "+storyPIN)
	case 2:
		texts = append(texts, "2")
	}
	for _, text := range texts {
		u.send(talk.Inbound{ID: prepaid.NewToken(), From: from, Language: "en", Text: text})
	}
}

func (u *unrest) outage() {
	e := rapid.SampledFrom([]talk.Event{{Kind: talk.RedisLost}, {Kind: talk.RedisDown, For: 2 * time.Minute}, {Kind: talk.ChannelDown, For: 2 * time.Minute}}).Draw(u.T, "outage")
	u.must(u.s.Do(u.Context(), u.customers[0], e))
}

// text is what somebody sends.
func (u *unrest) text() talk.Inbound {
	from := rapid.SampledFrom(u.customers).Draw(u.T, "from")
	text := rapid.SampledFrom([]string{
		"KOOP 10 " + storyPIN, "KOOP 10 " + storyPIN, "KOOP 15 " + storyPIN, "KOOP 20 " + storyPIN, "KOOP 10 4822", "KOOP", "10", storyPIN, "1", "2", "3",
		"REDEEM " + unrestCode, unrestCode, "REDEEM 11111111111111", "REGISTER", "0" + strings.TrimPrefix(from.Number, "+31"), unrestSMSCode, "PAY",
		"NL91ABNA0417164300", "J. Jansen", "AGREE", "PIN", "STOP", "START", "HELP", "STATUS", "EXIT", "BACK", "LANG", "yes", "hello there",
	}).Draw(u.T, "text")
	return talk.Inbound{ID: prepaid.NewToken(), From: from, Language: "en", Text: text}
}

func (u *unrest) send(in talk.Inbound) {
	u.Helper()
	if !slices.ContainsFunc(u.sent, func(s talk.Inbound) bool { return s.ID == in.ID }) {
		u.sent = append(u.sent, in)
	}
	if _, err := u.s.Send(u.Context(), in); err != nil {
		u.Fatalf("%s %q: %v", in.From.Number, in.Text, err)
	}
}

// twoAtOnce sends two messages at the same time, perhaps one and the same.
func (u *unrest) twoAtOnce() {
	first, second := u.text(), u.text()
	if rapid.Bool().Draw(u.T, "same") {
		second = first
	}
	u.s.armed = "" // one that crashes would leave the other in a program that is gone
	u.sent = append(u.sent, first, second)
	u.must(u.s.run(func() error {
		var errs [2]error
		other := make(chan struct{})
		u.s.clock.Within(0, func() { errs[0] = u.post(first); close(other) })
		errs[1] = u.post(second)
		for {
			select {
			case <-other:
				return errors.Join(errs[:]...)
			default:
				_ = u.s.clock.Sleep(u.Context(), 10*time.Millisecond)
			}
		}
	}))
}

// post puts a message through the webhook, under the story's clock.
func (u *unrest) post(in talk.Inbound) error {
	body, err := json.Marshal(fake.Message{ID: in.ID, From: in.From.Number, As: in.From.Kind, Text: in.Text, Language: in.Language})
	if err != nil {
		return err
	}
	answer, err := u.s.deliver(u.Context(), body)
	if err == nil && answer.status != http.StatusOK {
		err = fmt.Errorf("%q is answered %d", in.Text, answer.status)
	}
	return err
}

// tell tells the simulators, of whom there may be nothing to be told.
func (u *unrest) tell(text string) {
	u.Helper()
	err := u.s.run(func() error { return u.s.sims.Tell(u.Context(), text, "") })
	if errors.Is(err, simgateway.ErrNoSetup) || errors.Is(err, simgateway.ErrNoCharge) || errors.Is(err, simnetwork.ErrNoDelivery) {
		err = nil
	}
	u.must(u.s.reborn(u.Context(), err))
}

// deliverNews delivers one piece of news, any of those that wait; unless it is then repeated, it waits no more. What was
// not taken waits on.
func (u *unrest) deliverNews(repeated bool) {
	ctx := u.Context()
	u.mu.Lock()
	news, taken := slices.Clone(u.news), slices.Clone(u.taken)
	u.mu.Unlock()
	if len(news)+len(taken) == 0 {
		return
	}
	n := rapid.IntRange(0, len(news)+len(taken)-1).Draw(u.T, "which")
	err := u.s.run(func() error {
		if n < len(news) {
			return u.s.p.GatewayNews.Handle(ctx, news[n])
		}
		return u.s.p.DeliveryTakenBack(ctx, taken[n-len(news)])
	})
	if u.s.life.cut.Load() {
		u.must(u.s.reborn(ctx, nil))
		return
	}
	if err != nil || repeated {
		return // it comes again
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if n < len(news) {
		u.news = slices.Delete(u.news, n, n+1)
	} else {
		u.taken = slices.Delete(u.taken, n-len(news), n-len(news)+1)
	}
}

// wait lets time pass, with all that is due on the way.
func (u *unrest) wait(d time.Duration) {
	u.Helper()
	for until := u.s.Now().Add(d); ; {
		u.hold()
		if _, err := u.s.Settle(u.Context()); err != nil {
			u.Fatalf("settle: %v", err)
		}
		next, any, err := u.s.Next(u.Context())
		u.must(err)
		if soon := u.s.Now().Add(time.Second); next.Before(soon) {
			next = soon // what is due, and waits for a lock
		}
		if !any || next.After(until) {
			u.must(u.s.AdvanceTo(u.Context(), until))
			return
		}
		u.must(u.s.AdvanceTo(u.Context(), next))
	}
}

// rest ends all trouble, delivers what waits, and lets time pass until nothing is to be done.
func (u *unrest) rest() {
	u.s.armed = ""
	u.tell("network")
	u.tell("payment")
	u.tell("payment settles the debits")
	u.wait(time.Hour) // what is down comes back, locks lapse, late reports appear
	for _, in := range u.sent {
		u.send(in)
	}
	for range 100 { // with the steps between, some days
		u.deliverAll()
		u.wait(time.Hour)
		next, any, err := u.s.Next(u.Context())
		u.must(err)
		if !any && len(u.news)+len(u.taken) == 0 {
			return
		}
		u.must(u.s.AdvanceTo(u.Context(), next))
	}
	u.Fatalf("not at rest at %s\n%s", u.s.Now(), u.s.log.String())
}

func (u *unrest) deliverAll() {
	for range 100 {
		u.mu.Lock()
		n := len(u.news) + len(u.taken)
		u.mu.Unlock()
		if n == 0 {
			return
		}
		u.deliverNews(false)
		u.hold()
	}
	u.Fatalf("news that is never taken: %+v %v", u.news, u.taken)
}

func (u *unrest) judge() {
	ctx := u.Context()
	waiting, err := u.s.p.DB.Orders.List(ctx, operators.OrderFilter{NeedsHuman: true, Limit: 1000})
	u.must(err)
	for _, o := range waiting { // an operator tries again, now that the gateway gives back, or pays by other means
		if o.Status != topup.RefundFailed {
			continue
		}
		by := prepaid.By{Who: "test", Why: "once more"}
		u.must(u.s.run(func() error {
			h, err := u.s.p.Topups.Refund(ctx, o.ID, by)
			if err == nil && h.Status == topup.RefundFailed { // a spent card, or a debit that the bank has returned
				_, err = u.s.p.Topups.Resolve(ctx, o.ID, topup.WasRefunded, by)
			}
			return err
		}))
	}
	orders, err := u.s.p.DB.Orders.AllOrders(ctx)
	u.must(err)
	made := map[string]int{}
	for _, o := range orders {
		if !o.Status.Ended() || o.Status == topup.RefundFailed {
			u.Errorf("order %s is %s, next due %s", o.ID, o.Status, o.RunAt)
		}
		made[o.OperationKey]++
	}
	for key, n := range made {
		if n > 1 {
			u.Errorf("%s made %d orders", key, n)
		}
	}
	violations, err := u.s.audit(ctx)
	u.must(err)
	for _, v := range violations {
		u.Errorf("%s", v)
	}
	u.must(chargedForOthers(ctx, u.s.p, u.s.sims.Gateway.Charged(simgateway.Filter{})))
	if u.Failed() {
		u.Log(u.s.log.String())
	}
}

// chargedForOthers finds, in the gateway's book and by the times alone, what was charged for anyone but the person who set it up:
// between the beginning of a setup and an order that its token pays for nobody else has taken the customer's number. The store gives
// a customer's second order of one instant a microsecond more: times are compared without it.
func chargedForOthers(ctx context.Context, p *core.Program, charged []simgateway.Entry) error {
	for _, e := range charged {
		h, err := p.DB.Orders.ByCharge(ctx, prepaid.ChargeID(e.Reference))
		if err != nil {
			return err
		}
		var taken int
		handle := p.DB.Writer()
		err = handle.GetContext(ctx, &taken, handle.Rebind(`
			SELECT COUNT(*) FROM (
				SELECT customer, at FROM recoveries UNION ALL SELECT customer, at FROM customer_moves WHERE what = 'close'
			) AS taken WHERE customer = ? AND at > ? AND at < ?`), h.Customer, prepaid.Micros(e.SetUpAt), prepaid.Micros(h.CreatedAt.Truncate(time.Millisecond)))
		if err != nil {
			return err
		}
		if taken > 0 || e.Setup == "" || e.Customer != h.Customer {
			return fmt.Errorf("order %s of customer %s charges what setup %s of %s has made, and %d others have had the number since",
				h.ID, h.Customer, e.Setup, e.Customer, taken)
		}
	}
	return nil
}
