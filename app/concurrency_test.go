package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
	"pulsa/topup"
)

const crowded = 64

// onEveryStore runs a test on the embedded store, and on PostgreSQL with Redis where they are at hand.
func onEveryStore(t *testing.T, test func(t *testing.T, change func(*config.Config))) {
	t.Run("SQLite", func(t *testing.T) { test(t, func(*config.Config) {}) })
	t.Run("PostgreSQL and Redis", func(t *testing.T) {
		database, redis := apptest.Servers(t)
		test(t, func(c *config.Config) {
			c.DatabaseURL, c.RedisURL = prepaid.NewSecret(database), prepaid.NewSecret(redis)
		})
	})
}

// atOnce does a thing 64 times at the same time.
func atOnce(do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range crowded {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}

func (r *running) wantClean() {
	r.t.Helper()
	violations, err := r.AuditAll(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, v := range violations {
		r.t.Error(v)
	}
}

// say sends one message of an id and returns the body of the answer; a 503 is sent again, as providers do.
func (r *running) say(id, from, text string) string {
	r.t.Helper()
	body, err := json.Marshal(map[string]string{"id": id, "from": from, "text": text})
	if err != nil {
		r.t.Error(err)
	}
	for end := time.Now().Add(apptest.Patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		response, err := http.Post(r.server.URL+"/webhooks/demo/fake", "application/json", bytes.NewReader(body))
		if err != nil {
			r.t.Error(err)
			return ""
		}
		var answer bytes.Buffer
		_, err = answer.ReadFrom(response.Body)
		_ = response.Body.Close()
		if err == nil && response.StatusCode == http.StatusOK {
			return answer.String()
		}
	}
	r.t.Errorf("message %s is never answered", id)
	return ""
}

// number draws one that no other test has used on a shared Redis, and whose end chooses nothing.
func number(i int) string {
	n := time.Now().UnixNano()/1000 + int64(i)*13
	return fmt.Sprintf("+3161%03d%04d", n/8000%800, n%8000)
}

func TestOfManyWhoRedeemOneCardExactlyOneGetsIt(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runDemo(t, nil, change)
		err := harness.GivenCard(t.Context(), r.Program.Program, "demo", talk.GivenCard{Serial: "101-00000001", Code: prepaid.NewSecret("48215973620418"),
			Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}})
		if err != nil {
			t.Fatal(err)
		}
		run := prepaid.NewToken()
		answers := make([]string, crowded)
		atOnce(func(i int) { answers[i] = r.say(fmt.Sprint(run, i), number(i), "REDEEM 48215973620418") })
		added := 0
		for _, a := range answers {
			if strings.Contains(a, "was added") {
				added++
			}
		}
		if delivered := len(r.Sims.Network.Delivered(simnetwork.Filter{})); added != 1 || delivered != 1 {
			t.Errorf("%d were told that they got it, and it was delivered %d times", added, delivered)
		}
		r.wantClean()
	})
}

func TestOneMessageDeliveredManyTimesAtOnceBuysOnce(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runDemo(t, nil, change)
		from, id := number(0), prepaid.NewToken()
		r.customer(from)
		answers := make([]string, crowded)
		atOnce(func(i int) { answers[i] = r.say(id, from, "KOOP 10 "+apptest.PIN) })
		for _, a := range answers {
			if a != answers[0] || !strings.Contains(a, "was added") {
				t.Errorf("answered %s and %s", answers[0], a)
			}
		}
		charged, delivered := len(r.Sims.Gateway.Charged(simgateway.Filter{})), len(r.Sims.Network.Delivered(simnetwork.Filter{}))
		if charged != 1 || delivered != 1 {
			t.Errorf("charged %d times, delivered %d", charged, delivered)
		}
		r.wantClean()
	})
}

func TestNobodyOfManyCrossesADailyLimit(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runDemo(t, nil, change) // EUR 200 and ten a day
		from := number(0)
		r.customer(from)
		m, err := prepaid.ParseE164(from)
		if err != nil {
			t.Fatal(err)
		}
		c, err := r.Accounts.ByMSISDN(t.Context(), "demo", m)
		if err != nil {
			t.Fatal(err)
		}
		atOnce(func(i int) {
			request := topup.Request{Brand: "demo", Customer: c.ID, MSISDN: m, Amount: prepaid.Money{Minor: 4500, Currency: "EUR"},
				Funding:      topup.FundingRef{Kind: topup.ByCharge, Ref: string(c.Pays.ID), Provider: "sim", Method: c.Pays.Method},
				OperationKey: fmt.Sprint("limit", i), AuthorisedBy: "pin", Confirmed: true, Patience: 8 * time.Second}
			for { // one at a time for a number: whoever meets another tries again, until a limit says no
				var busy *topup.InFlightError
				var limit *topup.LimitError
				_, err := r.Topups.Place(t.Context(), request)
				switch {
				case errors.As(err, &busy):
					time.Sleep(5 * time.Millisecond)
					continue
				case err != nil && !errors.As(err, &limit):
					t.Error(err)
				}
				return
			}
		})
		if n := len(r.Sims.Gateway.Charged(simgateway.Filter{})); n != 4 {
			t.Errorf("EUR 45 was charged %d times, where EUR 200 a day allows 4", n)
		}
		r.wantClean()
	})
}

func TestManyTextsOfOneCustomerCrossNoDailyLimit(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runDemo(t, nil, change)
		from, run := number(0), prepaid.NewToken()
		r.customer(from)
		atOnce(func(i int) { r.say(fmt.Sprint(run, i), from, fmt.Sprintf("KOOP %d %s", 10+5*(i%9), apptest.PIN)) })
		sum, n := int64(0), 0
		for _, e := range r.Sims.Gateway.Charged(simgateway.Filter{}) {
			sum, n = sum+e.Amount.Minor, n+1
		}
		if sum > 20000 || n > 10 || n == 0 {
			t.Errorf("charged %d times, %d cents in all", n, sum)
		}
		r.wantClean()
	})
}
