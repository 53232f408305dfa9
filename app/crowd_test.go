package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/conversation"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
	"pulsa/prepaid/race"

	simnetwork "pulsa/sim/network"
)

// arrivals are sessions that tell when a message has taken its place in the sender's line.
type arrivals struct {
	conversation.Sessions
	seen sync.Map // chan struct{} by message id
}

func (a *arrivals) Begin(ctx context.Context, b conversation.Begin) (conversation.Begun, error) {
	begun, err := a.Sessions.Begin(ctx, b)
	if arrived, ok := a.seen.LoadAndDelete(b.MessageID); ok {
		close(arrived.(chan struct{}))
	}
	return begun, err
}

// expect returns what is closed when the message has arrived.
func (a *arrivals) expect(id string) <-chan struct{} {
	arrived := make(chan struct{})
	a.seen.Store(id, arrived)
	return arrived
}

// crowdSize is how many customers talk at once; PULSA_CUSTOMERS sets it.
func crowdSize(t *testing.T) int {
	text := os.Getenv("PULSA_CUSTOMERS")
	if text == "" && race.Enabled() {
		return 200 // the race detector makes everything ten times as slow
	}
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("PULSA_CUSTOMERS is %q", text)
	}
	return n
}

// guest is one of the crowd: what they buy and the language they speak tell their answers from the others'.
type guest struct {
	*running
	number   string
	kind     string
	amount   int
	language string
}

func (g guest) id(n int) string { return fmt.Sprintf("%s/%d", g.number, n) }

func (g guest) send(id, text string) string {
	answer, status := g.post(map[string]any{"id": id, "from": g.number, "as": g.kind, "text": text, "language": g.language})
	if status != 200 {
		g.t.Errorf("%s is answered %d %s", id, status, answer)
	}
	return answer
}

func (g guest) wants(id, answer string, words ...string) {
	for _, word := range words {
		if !strings.Contains(answer, word) {
			g.t.Errorf("%s is answered %q, want %q in it", id, answer, word)
		}
	}
}

// guestWords are texts of the languages, by what they are about.
var guestWords = map[string]map[string]string{
	"en": {"pin": "Reply with your PIN", "done": "was added", "nothing": "nothing to cancel", "price": "€%d"},
	"nl": {"pin": "Antwoord met je pincode", "done": "opgewaardeerd", "nothing": "niets om te annuleren", "price": "€ %d"},
}

// visit is one customer's evening: an amount and its PIN sent right behind each other, a delivery that comes twice at
// once, and another that comes again much later.
func (g guest) visit(a *arrivals) {
	said := guestWords[g.language]
	price := fmt.Sprintf(said["price"], g.amount)
	arrived, first := a.expect(g.id(1)), ""
	var pair sync.WaitGroup
	pair.Go(func() { first = g.send(g.id(1), fmt.Sprintf("KOOP %d", g.amount)) })
	select {
	case <-arrived:
	case <-time.After(apptest.Patience):
		g.t.Errorf("%s never arrived", g.id(1))
	}
	second, again := "", ""
	pair.Go(func() { second = g.send(g.id(2), apptest.PIN) })
	pair.Go(func() { again = g.send(g.id(1), fmt.Sprintf("KOOP %d", g.amount)) })
	pair.Wait()
	g.wants(g.id(1), first, said["pin"])
	g.wants(g.id(2), second, said["done"], price, g.number)
	if again != first {
		g.t.Errorf("%s is answered %q, and again %q", g.id(1), first, again)
	}
	g.wants(g.id(3), g.send(g.id(3), "EXIT"), said["nothing"])
	if again := g.send(g.id(2), apptest.PIN); again != second {
		g.t.Errorf("%s is answered %q, and again %q", g.id(2), second, again)
	}
}

func TestACrowdIsServedEachInOrderAndOnce(t *testing.T) {
	n := crowdSize(t)
	var line *arrivals
	r := runWired(t, nil, nil, Wiring{Clock: apptest.NewSlowClock(20), sessions: func(real conversation.Sessions) conversation.Sessions {
		line = &arrivals{Sessions: real}
		return line
	}})
	guests := make([]guest, n)
	for i := range guests {
		m, err := prepaid.FreshMSISDN("NL", i+1)
		if err != nil {
			t.Fatal(err)
		}
		g := guest{running: r, number: m.String(), kind: []string{"sms", "whatsapp", "telegram"}[i%3], amount: 10 + 5*(i%9), language: []string{"en", "nl"}[i%2]}
		err = harness.GivenCustomer(t.Context(), r.Program.Program, r.completeSetup, talk.Setup{Brand: "demo", Language: g.language, Customer: talk.Customer{Number: g.number, Kind: g.kind}},
			talk.GivenCustomer{PIN: prepaid.NewSecret(apptest.PIN), Method: "card"})
		if err != nil {
			t.Fatal(err)
		}
		guests[i] = g
	}
	turns := make(chan guest)
	var all sync.WaitGroup
	for range 24 {
		all.Go(func() {
			for g := range turns {
				g.visit(line)
			}
		})
	}
	for _, i := range rand.Perm(n) {
		turns <- guests[i]
	}
	close(turns)
	all.Wait()
	delivered := map[prepaid.MSISDN][]prepaid.Money{}
	for _, e := range r.Sims.Network.Delivered(simnetwork.Filter{}) {
		delivered[e.MSISDN] = append(delivered[e.MSISDN], e.Amount)
	}
	for _, g := range guests {
		m, _ := prepaid.ParseE164(g.number)
		want := prepaid.Money{Minor: int64(g.amount) * 100, Currency: "EUR"}
		if got := delivered[m]; len(got) != 1 || got[0] != want {
			t.Errorf("%s was credited %v, want %v once", g.number, got, want)
		}
	}
	if violations, err := r.AuditAll(t.Context()); err != nil || len(violations) > 0 {
		t.Error(violations, err)
	}
}
