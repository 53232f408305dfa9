// Package sdktest tries the developers' API with Reloadly's own client for Node, unchanged. Before the first run, in this folder:
// npm ci.
package sdktest

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

// TestReloadlysOwnClient calls every method of it: sdk.mjs says what is expected.
func TestReloadlysOwnClient(t *testing.T) {
	if os.Getenv("PULSA_TEST_RELOADLY") == "" {
		t.Skip("set PULSA_TEST_RELOADLY=1 to try Reloadly's client; it needs node and npm ci in topup/reloadly/sdktest")
	}
	if _, err := os.Stat("node_modules/@reloadly"); err != nil {
		t.Fatal("run npm ci in topup/reloadly/sdktest first: ", err)
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
	client := exec.CommandContext(t.Context(), "node", "sdk.mjs")
	client.Env = append(os.Environ(), "PULSA_URL="+address, "CLIENT_ID="+key.ID, "CLIENT_SECRET="+key.Secret)
	if out, err := client.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
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
