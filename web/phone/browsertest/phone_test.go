// Package browsertest tries the phone in a real browser: phone.mjs runs playwright-core from npm with
// Debian's Chromium. Before the first run, in this folder: npm ci.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestThePhoneInChromium registers, buys and spends a card. PULSA_TEST_SCREENSHOT names a file for a picture
// of it, PULSA_TEST_CHROMIUM a browser that is not at /usr/bin/chromium.
func TestThePhoneInChromium(t *testing.T) {
	if os.Getenv("PULSA_TEST_BROWSER") == "" {
		t.Skip("set PULSA_TEST_BROWSER=1 to try the phone in Chromium; it needs chromium, node and npm ci in web/phone/browsertest")
	}
	if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		t.Fatal("run npm ci in web/phone/browsertest first: ", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	dir := t.TempDir()
	pulsa := filepath.Join(dir, "pulsa")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", pulsa, "pulsa/cmd/pulsa").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	args := []string{"phone.mjs", pulsa, filepath.Join(dir, "data")}
	if picture := os.Getenv("PULSA_TEST_SCREENSHOT"); picture != "" {
		args = append(args, picture)
	}
	node := exec.CommandContext(ctx, "node", args...)
	node.WaitDelay = 10 * time.Second
	if out, err := node.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
