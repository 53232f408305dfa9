package app

import (
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/cards"
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
var slowAtSize = map[string]string{
	"/{brand}/orders.csv": "a file of all that the filters leave",
	"/{brand}/cards.csv":  "likewise",
}

// cardLists are lists of cards as people search, beside those that the table of routes has.
var cardLists = []string{
	"?status=new", "?status=activated", "?status=expired", "?status=locked", "?status=live&series=909", "?series=909", "?reseller=none", "?exported=no", "?amount=10",
	"?sort=amount", "?sort=status&desc=1", "?sort=reseller", "?sort=serial&desc=1", "?sort=created", "?created-from=2020-01-01", "?activated-from=2020-01-01",
	"?expires-from=2020-01-01", "?from=909-00000001&to=909-00010000", "?from=909-00000001&to=909-00010000&all=found", "/incident?from=909-00000001&to=909-00010000&since=2020-01-01",
	"/lock?from=909-00000001&to=909-00010000&all=found", "/void?from=909-00000001&to=909-00010000&all=found",
}

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
	quantity := size
	if text := os.Getenv("PULSA_DESK_CARDS"); text != "" {
		if quantity, err = strconv.Atoi(text); err != nil {
			t.Fatalf("PULSA_DESK_CARDS is %q", text)
		}
	}
	w.sellsCards(quantity)
	asks := func(h http.Handler, pattern, address string) {
		best := time.Hour
		for range 5 {
			began := time.Now()
			if got := askDesk(h, http.MethodGet, address, nil); got.status >= 500 {
				t.Errorf("%s: %d", address, got.status)
			}
			best = min(best, time.Since(began))
		}
		if best > most && slowAtSize[pattern] == "" {
			t.Errorf("%s: %s", address, best.Round(time.Millisecond))
		}
		if best > most/10 {
			t.Logf("%s: %s", address, best.Round(time.Millisecond))
		}
	}
	for _, list := range cardLists {
		asks(handlers["demo"], "", "/demo/cards"+list)
	}
	walked(t, func(row desk.Row) {
		if row.Method != http.MethodGet {
			return
		}
		for _, address := range w.addresses(row.Pattern) {
			asks(handlers[whose(row)], row.Pattern, address)
		}
	})
}

// sellsCards makes so many cards, of which one in a hundred is spent.
func (w *deskWalk) sellsCards(quantity int) {
	w.walks.Helper()
	b := w.Brands.Named(w.brand)
	err := w.Cards.Generate(w.walks.Context(), cards.GenerateRequest{
		Brand: b.Name, Amount: prepaid.Money{Minor: 1000, Currency: b.Currency}, Quantity: quantity, Series: "909", Live: true,
	}, nil)
	if err != nil {
		w.walks.Fatal(err)
	}
	w.exec(`UPDATE cards SET state = 'spent', activated_at = created_at, activated_by = '31611990009' WHERE brand = ? AND series = '909' AND number % 100 = 0`, b.Name)
	if os.Getenv("PULSA_TEST_DATABASE_URL") != "" {
		w.exec(`ANALYZE cards`)
	}
}
