package app

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
)

// Fifty buyers send their text at one instant, and each PIN costs what it costs in earnest. Each is told within the patience
// of an SMS, by a result or by being asked to try again in a minute, and no right PIN ends up counted.
func TestFiftyBuyersAtOnceAtFullPINCost(t *testing.T) {
	if race.Enabled() {
		t.Skip("the race detector makes a hash ten times as slow")
	}
	r := runWired(t, nil, func(c *config.Config) { c.Brands[0].CheapPINHash = false }, Wiring{Clock: prepaid.SystemClock{}})
	buyers := make([]string, 50)
	for i := range buyers {
		m, err := prepaid.FreshMSISDN("NL", i+1)
		if err != nil {
			t.Fatal(err)
		}
		buyers[i] = m.String()
		err = harness.GivenCustomer(t.Context(), r.Program.Program, r.completeSetup, talk.Setup{Brand: "demo", Language: "en", Customer: talk.Customer{Number: m.String(), Kind: talk.SMS}},
			talk.GivenCustomer{PIN: prepaid.NewSecret(apptest.PIN), Method: "card"})
		if err != nil {
			t.Fatal(err)
		}
	}
	sms, _ := channels.Of(channels.SMS)
	patience := sms.Patience + 2*time.Second // and what the answer itself takes
	var all sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	start := make(chan struct{})
	for i, number := range buyers {
		all.Go(func() {
			<-start
			began := time.Now()
			answer, status := r.post(map[string]any{"id": fmt.Sprint("m", i), "from": number, "as": talk.SMS, "text": "KOOP 10 " + apptest.PIN})
			if took := time.Since(began); took > patience {
				t.Errorf("%s was told after %v", number, took)
			}
			said := "?"
			for name, words := range map[string]string{"bought": "was added", "working": "We're working on", "busy": "check your PIN"} {
				if status == 200 && strings.Contains(answer, words) {
					said = name
				}
			}
			if said == "?" {
				t.Errorf("%s is answered %d %q", number, status, answer)
			}
			mu.Lock()
			answers[said]++
			mu.Unlock()
		})
	}
	close(start)
	all.Wait()
	t.Log(answers)
	for _, number := range buyers {
		m, _ := prepaid.ParseE164(number)
		c, err := r.Accounts.ByMSISDN(t.Context(), "demo", m)
		if err != nil {
			t.Fatal(err)
		}
		if p := c.PIN; p.Tries != 0 || p.MonthTries != 0 || p.Locks != 0 || p.Locked(time.Now()) {
			t.Errorf("%s: a right PIN is counted: %+v", number, p)
		}
	}
}

func TestAPINForWhichNoPatienceIsLeftIsNotCounted(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	line, _ := r.Registry.Declared("demo", "fake")
	can, _ := channels.Of(channels.SMS)
	m, _ := prepaid.ParseE164(apptest.Number)
	for i := range 4 {
		parts, err := r.Handler.Turn(t.Context(), line, channels.Inbound{ID: fmt.Sprint("late", i), Address: m.Tel(), Text: "KOOP 10 " + apptest.PIN,
			Can: can, ReceivedAt: r.Clock.Now().Add(-10 * time.Second)})
		if err != nil || len(parts) != 1 || !strings.Contains(parts[0].Text, "check your PIN") {
			t.Fatalf("answered %+v, %v", parts, err)
		}
	}
	c, err := r.Accounts.ByMSISDN(t.Context(), "demo", m)
	if err != nil || c.PIN.Tries != 0 || c.PIN.MonthTries != 0 {
		t.Errorf("counted: %+v, %v", c.PIN, err)
	}
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "was added")
}
