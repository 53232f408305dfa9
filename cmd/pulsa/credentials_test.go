package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pulsa/app/apptest"
	"pulsa/prepaid"
	"pulsa/topup/reloadly"
)

// realBrand is a brand with real customers. Its credentials are nowhere.
const realBrand = `public_url: https://topup.example
stripe: {key: "${STRIPE_KEY}", webhook_secret: "${STRIPE_HOOK}"}
reloadly: {client_id: "${RELOADLY_ID}", client_secret: "${RELOADLY_SECRET}"}
brands:
  demo:
    title: Demo
    country: NL
    currency: EUR
    languages: [en]
    keywords: {topup: [BUY]}
    amounts: {min: 10, max: 50, step: 5}
    gateway: stripe
    network: reloadly
    api: {}
    channels:
      twilio: {account_sid: "${TWILIO_SID}", auth_token: "${TWILIO_TOKEN}", from: "${TWILIO_FROM}"}
`

// needed says which credential a command asks for that has none of those that it needs, by the beginning of its line; the first that
// fits counts, and a command that stands nowhere needs none.
var needed = []struct{ command, name string }{
	{"apikeys list", ""}, {"apikeys show", ""}, {"apikeys deliveries", ""}, {"apikeys", "PULSA_PIN_PEPPER"},
	{"cards", "PULSA_CARD_KEY"}, {"resellers", "PULSA_CARD_KEY"},
	{"channels", "TWILIO_TOKEN"}, {"customers erase", "PULSA_PIN_PEPPER"},
	{"chat", "STRIPE_KEY"}, {"serve", "STRIPE_KEY"}, {"topups refund", "STRIPE_KEY"}, {"topups resolve", "STRIPE_KEY"}, {"reconcile", "STRIPE_KEY"},
}

// exampleOf is what --help of a command shows, as the shell would take it apart.
func exampleOf(t *testing.T, command string) []string {
	t.Helper()
	_, line, _ := strings.Cut(helpSections()[command], "Example: pulsa ")
	line, _, _ = strings.Cut(line, "\n")
	line, _, _ = strings.Cut(line, " >") // into a file
	var args []string
	for i, part := range strings.Split(strings.ReplaceAll(line, `"`, "'"), "'") {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	if len(args) == 0 {
		t.Fatalf("%s has no example", command)
	}
	return args
}

func TestEachCommandNeedsOnlyTheCredentialsThatItUses(t *testing.T) {
	commandsAlone(t)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("old-cards.csv", []byte("serial,code\n"), 0o600); err != nil { // of the example of cards import
		t.Fatal(err)
	}
	if err := os.WriteFile("demo.yaml", []byte("title: Demo\n"), 0o600); err != nil { // of the example of brands apply
		t.Fatal(err)
	}
	if err := os.Mkdir("pulsa-data", 0o700); err != nil { // of the example of audit
		t.Fatal(err)
	}
	file, data := filepath.Join(t.TempDir(), "pulsa.yaml"), t.TempDir()
	if err := os.WriteFile(file, []byte(realBrand), 0o600); err != nil {
		t.Fatal(err)
	}
	runs := func(env map[string]string, args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append(args, "--config", file), func(name string) string {
			if name == "PULSA_DATA" {
				return data
			}
			return env[name]
		}, strings.NewReader(""), &out, &out)
		if err != nil {
			report(&out, err)
		}
		return out.String(), err
	}
	if out, err := runs(map[string]string{"PULSA_PIN_PEPPER": testKey}, "apikeys", "create", "--brand", "demo", "--name", "shop"); err != nil {
		t.Fatalf("with the pepper alone: %v: %s", err, out) // it makes the database
	}
	parser, err := newParser(io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, leaf := range parser.Model.Leaves(false) {
		command := leaf.Path()
		reads := false
		for _, group := range leaf.AllFlags(true) {
			for _, flag := range group {
				reads = reads || flag.Name == "config"
			}
		}
		if !reads || command == "doctor" {
			continue
		}
		want := ""
		for _, n := range needed {
			if strings.HasPrefix(command, n.command) {
				want = n.name
				break
			}
		}
		out, err := runs(nil, exampleOf(t, command)...)
		told := strings.Contains(out, "is not set") || strings.Contains(out, "not set in the environment")
		switch {
		case strings.Contains(out, "Try: pulsa --help"), strings.Contains(out, "couldn't find binding"):
			t.Errorf("%s: its example is not understood: %s", command, out)
		case want == "" && err != nil && told:
			t.Errorf("%s: %s", command, out)
		case want != "" && (err == nil || !strings.Contains(out, want)):
			t.Errorf("%s does not ask for %s: %v: %s", command, want, err, out)
		case want != "":
			asked++
		}
	}
	if asked < 20 {
		t.Errorf("only %d commands ask for a credential", asked)
	}
	for _, args := range [][]string{{"topups", "list"}, {"customers", "frozen", "--brand", "demo"}, {"apikeys", "list"}, {"keys", "list"}, {"reconcile", "--list"}, {"audit"}} {
		if out, err := runs(nil, args...); err != nil {
			t.Errorf("%v: %s", args, out)
		}
	}
	if out, err := runs(nil, "customers", "erase", testNumber, "--brand", "demo", "--reason", "x"); err == nil || !strings.Contains(out, "PULSA_PIN_PEPPER is not set") {
		t.Errorf("erase: %s", out)
	}
	out, err := runs(nil, "doctor")
	for _, name := range []string{"PULSA_PIN_PEPPER", "PULSA_CARD_KEY", "STRIPE_KEY", "STRIPE_HOOK", "RELOADLY_ID", "RELOADLY_SECRET", "TWILIO_SID", "TWILIO_TOKEN", "TWILIO_FROM", "sqlite answers"} {
		if err == nil || !strings.Contains(out, name) {
			t.Errorf("doctor does not tell of %s: %s", name, out)
		}
	}
	keys := map[string]string{"PULSA_PIN_PEPPER": testKey, "PULSA_CARD_KEY": testKey}
	out, err = runs(keys, "doctor")
	for _, name := range []string{"STRIPE_KEY", "RELOADLY_SECRET", "TWILIO_TOKEN", "nothing waits for people"} {
		if err == nil || !strings.Contains(out, name) {
			t.Errorf("doctor with the keys does not tell of %s: %s", name, out)
		}
	}
	for _, name := range []string{"pin-pepper.key", "card.key"} {
		if _, err := os.Stat(filepath.Join(data, name)); err == nil {
			t.Errorf("%s was made for a real brand", name)
		}
	}
}

// readsAgain is a test brand at Reloadly, whose news is signed.
const readsAgain = testBrand + `reloadly: {client_id: id, client_secret: "${SECRET}", webhook_secret: "${HOOK}", base_url: "http://127.0.0.1:1", auth_url: "http://127.0.0.1:1"}
log: {level: warn}
`

func TestHangupReadsCredentialsAgain(t *testing.T) {
	folder, file, listen := t.TempDir(), filepath.Join(t.TempDir(), "pulsa.yaml"), freePort(t)
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yaml := strings.Replace(readsAgain, "network: sim", "network: reloadly", 1)
	write(file, yaml)
	write(filepath.Join(folder, "SECRET"), "secret\n")
	write(filepath.Join(folder, "HOOK"), "first\n")
	p := &process{t: t, ask: "http://" + listen + "/readyz", env: map[string]string{"PULSA_CREDENTIALS_DIR": folder, "HOOK": "of the environment"},
		args: []string{"serve", "--config", file, "--listen", listen, "--admin-listen", freePort(t), "--data", t.TempDir()}}
	p.start()
	defer p.kill()
	taken := func(secret string) bool {
		t.Helper()
		const stamp = "1763726400000"
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listen+"/networks/reloadly/webhook", strings.NewReader("{}"))
		request.Header.Set("X-Reloadly-Signature", reloadly.Sign(prepaid.NewSecret(secret), []byte("{}"), stamp))
		request.Header.Set("X-Reloadly-Request-Timestamp", stamp)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	hangup := func() {
		t.Helper()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	if !taken("first") || taken("of the environment") {
		t.Error("the file does not win over the variable")
	}
	write(filepath.Join(folder, "HOOK"), "second")
	if taken("second") {
		t.Error("a new secret is taken without SIGHUP")
	}
	write(file, yaml+"listem: 1\n")
	hangup()
	wrong := fmt.Sprintf("%s:%d: the file has no key listem", file, strings.Count(yaml, "\n")+1)
	apptest.Await(t, "it says what is wrong", func() bool { return strings.Contains(p.log.String(), wrong) }, nil)
	if !taken("first") || taken("second") || strings.Contains(p.log.String(), "level=INFO") {
		t.Errorf("something was taken of what is wrong: %s", p.log.String())
	}
	write(file, strings.Replace(yaml, "level: warn", "level: info", 1))
	hangup()
	apptest.Await(t, "the new secret is taken", func() bool { return taken("second") }, nil)
	apptest.Await(t, "the new level holds", func() bool { return strings.Contains(p.log.String(), "level=INFO") }, nil)
	if taken("first") {
		t.Error("the old secret is still taken")
	}
	for _, secret := range []string{"first", "second"} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log shows %s", secret)
		}
	}
}
