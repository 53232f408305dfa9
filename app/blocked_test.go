package app

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
	"pulsa/store"
)

// lockOrders keeps the table of orders from everybody else, as a migration or a backup may, until it is released.
func lockOrders(t *testing.T, address string) (release func()) {
	t.Helper()
	other, err := store.Open(t.Context(), address, store.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := other.Writer().BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = tx.Rollback(); _ = other.Close() })
	t.Cleanup(release)
	return release
}

// TestWithOrdersLockedEverybodyHearsInTime locks the table of orders under buyers: others are served as ever, buyers hear
// before their provider gives up, and what a provider has done is written down afterwards.
func TestWithOrdersLockedEverybodyHearsInTime(t *testing.T) {
	database, redis := apptest.Servers(t)
	t.Parallel()
	r := runWired(t, nil, func(c *config.Config) {
		c.DatabaseURL, c.RedisURL = prepaid.NewSecret(database), prepaid.NewSecret(redis)
	}, Wiring{Clock: prepaid.SystemClock{}, redisPrefix: "blocked:" + prepaid.NewToken() + ":"})
	const buyers = 24 // more than there are connections
	number := func(i int) string { return fmt.Sprintf("+316123450%02d", i) }
	for i := range buyers {
		r.customer(number(i))
	}
	const early, dialler, bystander = "+31612346001", "+31612346002", "+31612346003"
	r.customer(early)
	r.customer(dialler)

	// One order is at its network when the table is locked.
	behaviour, err := simnetwork.ParseBehaviour("delivers after 2s")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Sims.Network.Set(t.Context(), behaviour); err != nil {
		t.Fatal(err)
	}
	buy := func(from, as string) (answer string, status int, took time.Duration) {
		began := time.Now()
		answer, status = r.post(map[string]any{"id": "buys" + from, "from": from, "as": as, "text": "KOOP 10 " + apptest.PIN})
		return answer, status, time.Since(began)
	}
	var all sync.WaitGroup
	all.Go(func() {
		if answer, status, took := buy(early, "sms"); status != http.StatusOK || !strings.Contains(answer, "working on") || took > 10*time.Second {
			t.Errorf("the early buyer hears %d %q after %s", status, answer, took)
		}
	})
	for i := 0; len(r.Sims.Gateway.Charged(simgateway.Filter{})) == 0; i++ {
		if i == 2000 {
			t.Fatal("nothing was charged")
		}
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond) // the charge is written down
	release := lockOrders(t, database)

	for i := range buyers {
		all.Go(func() {
			if answer, status, took := buy(number(i), "sms"); status != http.StatusServiceUnavailable || took > 15*time.Second {
				t.Errorf("a buyer hears %d %q after %s", status, answer, took)
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	all.Go(func() { // nobody delivers it again
		if answer, status, took := buy(dialler, "ussd"); status != http.StatusOK || !strings.Contains(answer, "try again in a minute") || took > 5*time.Second {
			t.Errorf("who dials hears %d %q after %s", status, answer, took)
		}
	})
	for i := range 5 {
		began := time.Now()
		r.wants(bystander, "HELP", "Top up: KOOP 10")
		if took := time.Since(began); took > time.Second {
			t.Errorf("HELP %d took %s", i, took)
		}
		time.Sleep(200 * time.Millisecond)
	}
	all.Wait()
	if n := len(r.Sims.Gateway.Charged(simgateway.Filter{})); n != 1 {
		t.Errorf("%d charges while the table was locked", n)
	}
	release()

	if err := r.Sims.Network.Set(t.Context(), simnetwork.Behaviour{Kind: simnetwork.Delivers}); err != nil {
		t.Fatal(err)
	}
	for i := range buyers { // the provider delivers again
		if answer, status, _ := buy(number(i), "sms"); status != http.StatusOK || !strings.Contains(answer, "was added") {
			t.Errorf("delivered again: %d %q", status, answer)
		}
	}
	r.wants(early, "STATUS", "was added")
	if answer, status := r.post(map[string]any{"id": "later", "from": dialler, "as": "ussd", "text": "KOOP 10 " + apptest.PIN}); status != http.StatusOK || !strings.Contains(answer, "was added") {
		t.Errorf("who dials later hears %d %q", status, answer)
	}
	if n := len(r.Sims.Gateway.Charged(simgateway.Filter{})); n != buyers+2 {
		t.Errorf("%d charges, want %d", n, buyers+2)
	}
	if n := len(r.Sims.Network.Delivered(simnetwork.Filter{})); n != buyers+2 {
		t.Errorf("%d deliveries, want %d", n, buyers+2)
	}
}
