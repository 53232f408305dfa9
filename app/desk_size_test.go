package app

import (
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/web/desk"
)

// deskSize is how many orders the desk has to do with. PULSA_DESK_ORDERS sets it.
func deskSize(t *testing.T) (orders int, most time.Duration) {
	t.Helper()
	text := os.Getenv("PULSA_DESK_ORDERS")
	if text == "" {
		return 10_000, 500 * time.Millisecond // other tests run beside
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("PULSA_DESK_ORDERS is %q", text)
	}
	return n, 100 * time.Millisecond
}

// slowAtSize are pages that take longer than the others may where there is much, and why.
var slowAtSize = map[string]string{"/{brand}/orders.csv": "a file of all that the filters leave"}

// TestTheDeskIsFastWithManyOrders asks for every page of the desk of a busy brand, whose books pass the audit. A page's time is the best of
// five.
func TestTheDeskIsFastWithManyOrders(t *testing.T) {
	race.Skip(t)
	size, most := deskSize(t)
	r := runWired(t, nil, func(c *config.Config) {
		if base := os.Getenv("PULSA_TEST_DATABASE_URL"); base != "" {
			c.DatabaseURL = prepaid.NewSecret(apptest.Schema(t, base))
		}
	}, Wiring{Clock: prepaid.SystemClock{}})
	began := time.Now()
	apptest.Crowd(t, r.Program.Program, r.completeSetup, r.server.URL, size)
	t.Logf("%d orders took %s", size, time.Since(began).Round(time.Second))
	found, err := r.DB.Audit.Violations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found[:min(len(found), 10)] {
		t.Error(v)
	}
	w := &deskWalk{running: r, walks: t, brand: "demo", number: new(int)}
	handlers := map[string]http.Handler{"demo": w.as("demo", operators.Roles()...), operators.AllBrands: w.as(operators.AllBrands, operators.Roles()...)}
	walked(t, func(row desk.Row) {
		if row.Method != http.MethodGet {
			return
		}
		for _, address := range w.addresses(row.Pattern) {
			best := time.Hour
			for range 5 {
				began := time.Now()
				if got := askDesk(handlers[whose(row)], http.MethodGet, address, nil); got.status >= 500 {
					t.Errorf("%s: %d", address, got.status)
				}
				best = min(best, time.Since(began))
			}
			if best > most && slowAtSize[row.Pattern] == "" {
				t.Errorf("%s: %s", address, best.Round(time.Millisecond))
			}
			if best > most/10 {
				t.Logf("%s: %s", row.Pattern, best.Round(time.Millisecond))
			}
		}
	})
}
