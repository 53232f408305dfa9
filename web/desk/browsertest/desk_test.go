// Package browsertest does an operator's tasks on the desk in a real browser, by keyboard alone, and looks at every page with axe-core:
// desk.mjs runs playwright-core from npm with Debian's Chromium. Before the first run, in this folder: npm ci.
package browsertest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pulsa/app"
	"pulsa/app/apptest"
	"pulsa/prepaid"
)

// orders is how many the desk has to do with. PULSA_DESK_ORDERS sets it.
func orders(t *testing.T) int {
	t.Helper()
	text := os.Getenv("PULSA_DESK_ORDERS")
	if text == "" {
		return 10_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("PULSA_DESK_ORDERS is %q", text)
	}
	return n
}

// TestTheDeskInChromium stands on PostgreSQL where PULSA_TEST_DATABASE_URL names one. PULSA_TEST_SCREENSHOTS names a folder for pictures of
// every page, PULSA_TEST_CHROMIUM a browser that is not at /usr/bin/chromium.
func TestTheDeskInChromium(t *testing.T) {
	if os.Getenv("PULSA_TEST_BROWSER") == "" {
		t.Skip("set PULSA_TEST_BROWSER=1 to try the desk in Chromium; it needs chromium, node and npm ci in web/desk/browsertest")
	}
	if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		t.Fatal("run npm ci in web/desk/browsertest first: ", err)
	}
	dir := t.TempDir()
	data, pulsa := filepath.Join(dir, "data"), filepath.Join(dir, "pulsa")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", pulsa, "pulsa/cmd/pulsa").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	environment := os.Environ()
	database := ""
	if base := os.Getenv("PULSA_TEST_DATABASE_URL"); base != "" {
		database = apptest.Schema(t, base)
		environment = append(environment, "PULSA_DATABASE_URL="+database)
	}
	t.Run("a crowd", func(t *testing.T) { crowd(t, data, database) })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	script, err := filepath.Abs("desk.mjs")
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(ctx, "node", script, pulsa, data, os.Getenv("PULSA_TEST_SCREENSHOTS"))
	node.Dir, node.Env, node.WaitDelay = dir, environment, 10*time.Second
	out, err := node.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

// crowd fills the demo's store as that of a busy brand, and locks a customer who has typed wrong codes of cards.
func crowd(t *testing.T, data, database string) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	c := apptest.DemoIn(t, nil)
	c.Data = data
	if database != "" {
		c.DatabaseURL = prepaid.NewSecret(database)
	}
	p, err := app.Wire(t.Context(), c, app.Wiring{Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	server := apptest.Serve(t, p, p.Topups.Drain)
	began := time.Now()
	apptest.Crowd(t, p.Program, p.Sims.Gateway.CompleteSetup, server.URL, orders(t))
	t.Logf("%d orders took %s", orders(t), time.Since(began).Round(time.Second))
	const guesser, unclear = "+31620000001", "+31620008009" // desk.mjs knows them
	apptest.Register(t, p.Program, p.Sims.Gateway.CompleteSetup, unclear)
	apptest.Register(t, p.Program, p.Sims.Gateway.CompleteSetup, guesser)
	for n := range 8 {
		text := fmt.Sprintf("REDEEM %014d", 12345678901230+n)
		if answer, status := apptest.Post(t, server.URL, map[string]any{"id": prepaid.NewToken(), "from": guesser, "text": text}); status != http.StatusOK {
			t.Fatalf("%s is answered %d %s", text, status, answer)
		}
	}
}
