// Package apitest tries the developers' API with programs of others, unchanged: Reloadly's own client for Node, and two linters of
// OpenAPI documents. Before the first run, in this folder: npm ci.
package apitest

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestTheAPIWithProgramsOfOthers calls every method of Reloadly's client, as sdk.mjs says, and lints the document.
func TestTheAPIWithProgramsOfOthers(t *testing.T) {
	if os.Getenv("PULSA_TEST_RELOADLY") == "" {
		t.Skip("set PULSA_TEST_RELOADLY=1 to try the API with programs of others; it needs node and npm ci in topup/reloadly/apitest")
	}
	if _, err := os.Stat("node_modules/@reloadly"); err != nil {
		t.Fatal("run npm ci in topup/reloadly/apitest first: ", err)
	}
	folder := t.TempDir()
	pulsa := filepath.Join(folder, "pulsa")
	run(t, "go", "build", "-o", pulsa, "pulsa/cmd/pulsa")
	data := filepath.Join(folder, "data")
	var key struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(run(t, pulsa, "apikeys", "create", "--data", data, "--brand", "demo", "--name", "sdk", "--json"), &key); err != nil {
		t.Fatal(err)
	}
	run(t, pulsa, "apikeys", "credit", "--data", data, "--key", key.ID, "--amount", "100", "--reason", "the test's deposit")

	address := serve(t, pulsa, data)
	t.Run("Reloadly's client", func(t *testing.T) {
		client := exec.CommandContext(t.Context(), "node", "sdk.mjs")
		client.Env = append(os.Environ(), "PULSA_URL="+address, "CLIENT_ID="+key.ID, "CLIENT_SECRET="+key.Secret)
		if out, err := client.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	document := filepath.Join(folder, "openapi.json")
	save(t, address+"/openapi.json", document)
	for linter, args := range map[string][]string{
		"spectral": {"lint", document, "--ruleset", "spectral.yaml", "--fail-severity", "error", "--display-only-failures"},
		"redocly":  {"lint", document, "--extends", "recommended"},
	} {
		t.Run(linter, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), filepath.Join("node_modules", ".bin", linter), args...)
			command.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// save writes what an address answers into a file.
func save(t *testing.T, address, file string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", address, response.StatusCode, err)
	}
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a command to its end and returns what it prints.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Stderr = t.Output()
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

// serve runs the server until the test ends, and returns its address once it is ready.
func serve(t *testing.T, pulsa, data string) string {
	t.Helper()
	listen := freeAddress(t)
	server := exec.CommandContext(t.Context(), pulsa, "serve", "--data", data, "--listen", listen, "--admin-listen", freeAddress(t))
	server.Stdout, server.Stderr, server.WaitDelay = io.Discard, t.Output(), 10*time.Second
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Wait() }) // the test's context has ended by then
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get("http://" + listen + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return "http://" + listen
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not start: %v", err)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
