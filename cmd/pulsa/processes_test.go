package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/channels/fake"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid/race"
	"pulsa/sim"
)

// built is the program as the Dockerfile builds it: without the race detector. A test that runs it shows nothing to the race
// detector, so it is left to the run without one.
func built(t testing.TB) string {
	t.Helper()
	if race.Enabled() {
		t.Skip("the built program has no race detector: this is tried without it")
	}
	path, err := builtServer()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// builtServer builds the program once, as the Dockerfile does.
var builtServer = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "pulsa-kill-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "pulsa")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// drawnPorts are those that freePort has given away.
var drawnPorts sync.Map

// freePort draws one that no outgoing connection takes while its server is down.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(18000))
		if _, drawn := drawnPorts.LoadOrStore(address, true); drawn {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// process is the program in a process of its own, which may be killed and started again.
type process struct {
	t    *testing.T
	args []string
	env  map[string]string
	ask  string // answers 200 when it is ready

	cmd   *exec.Cmd
	ended chan error
	log   *harness.LogBuffer // of the last life
}

// start runs the program and waits until it is ready, or has ended where that is wanted.
func (p *process) start(more ...string) {
	p.t.Helper()
	path := built(p.t)
	p.cmd = exec.Command(path, p.args...)
	p.cmd.Env = append(os.Environ(), more...)
	for name, text := range p.env {
		p.cmd.Env = append(p.cmd.Env, name+"="+text)
	}
	p.log = &harness.LogBuffer{}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.ended = make(chan error, 1)
	go func(cmd *exec.Cmd, ended chan error) { ended <- cmd.Wait() }(p.cmd, p.ended)
	for end := time.Now().Add(apptest.Patience); time.Now().Before(end); {
		if response, err := http.Get(p.ask); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			if len(more) == 0 {
				p.t.Fatalf("%s ended: %v\n%s", p.args[0], err, p.log.String())
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	p.t.Fatalf("%s is never ready", p.args[0])
}

// kill is kill -9.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	p.cmd = nil
}

// staged is the real server and the real simulators, each in a process of its own: the server is the same program as in
// production, with its providers' addresses configured.
type staged struct {
	*testing.T
	server, sim   *process
	config        string
	env           map[string]string // of the server
	listen, admin string
	simAt, books  string
}

const stagedProviders = `
simulator: {url: %[1]s, secret: "${SIM_SECRET}"}
reloadly: {base_url: %[1]s, auth_url: %[1]s/oauth/token, client_id: pulsa, client_secret: "${SIM_SECRET}", webhook_secret: "${SIM_SECRET}"}
`

func newStaged(t *testing.T, env map[string]string, simFlags ...string) *staged {
	s := &staged{T: t, config: filepath.Join(t.TempDir(), "pulsa.yaml"), listen: freePort(t), admin: freePort(t), simAt: freePort(t),
		books: filepath.Join(t.TempDir(), "books")}
	// Nobody meets a limit.
	yaml := strings.Replace(string(config.Demo), "{day_count: 10, day_sum: 200, month_sum: 600, sepa_exposure: 100}", "{day_count: 1000}", 1)
	yaml = strings.Replace(yaml, "network: sim", "network: reloadly", 1) + fmt.Sprintf(stagedProviders, "http://"+s.simAt)
	if err := os.WriteFile(s.config, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	const secret = "a secret that only tests know"
	s.env = map[string]string{"PULSA_CONFIG": s.config, "PULSA_DATA": filepath.Join(t.TempDir(), "data"), "PULSA_LISTEN": s.listen,
		"PULSA_ADMIN_LISTEN": s.admin, "SIM_SECRET": secret}
	for name, text := range env {
		s.env[name] = text
	}
	s.server = &process{t: t, args: []string{"serve"}, env: s.env, ask: "http://" + s.listen + "/readyz"}
	s.sim = &process{t: t, ask: "http://" + s.simAt + "/control/network",
		args: append([]string{"sim", "--listen", s.simAt, "--data", s.books, "--gateway-webhook", "http://" + s.listen + sim.Hook,
			"--webhook", "http://" + s.listen + "/networks/reloadly/webhook"}, simFlags...),
		env: map[string]string{"PULSA_SIM_GATEWAY_SECRET": secret, "PULSA_SIM_CLIENT_SECRET": secret, "PULSA_SIM_WEBHOOK_SECRET": secret}}
	t.Cleanup(s.sim.kill)
	t.Cleanup(s.server.kill)
	return s
}

// tell tells the simulators.
func (s *staged) tell(subject, phrase string) {
	s.Helper()
	r := sim.Remote{URL: "http://" + s.simAt}
	if err := r.Tell(s.Context(), subject+" "+phrase, "+31612345678"); err != nil {
		s.Fatal(err)
	}
}

// customer is somebody who writes to the staged server.
type stagedCustomer struct {
	*staged
	client *fake.Client
}

// says sends a text and wants an answer that holds part, at once or, where the machine is slow, later; it returns
// the answer.
func (c stagedCustomer) says(text, part string) string {
	c.Helper()
	replies, err := c.client.Send(c.Context(), fake.Message{Text: text})
	if err != nil {
		c.Fatal(err)
	}
	var all string
	for _, r := range replies {
		all += r.Text
	}
	switch {
	case strings.Contains(all, part):
	case strings.Contains(all, "We're working on your order"):
		c.hears(part)
	default:
		c.Fatalf("%q is answered %q, without %q\nserver: %s", text, all, part, c.server.log.String())
	}
	return all
}

// hears waits for a message that holds part.
func (c stagedCustomer) hears(part string) {
	c.Helper()
	var all []string
	for end := time.Now().Add(apptest.Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		messages, err := c.client.Outbox(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		for _, m := range messages {
			if all = append(all, m.Text); strings.Contains(m.Text, part) {
				return
			}
		}
	}
	c.Fatalf("heard %q, without %q\nserver: %s\nsimulators: %s", all, part, c.server.log.String(), c.sim.log.String())
}

// opens follows the link in a text, and returns the address of the simulators' page behind it.
func (c stagedCustomer) opens(text string) string {
	c.Helper()
	link := strings.TrimRight(strings.Fields(text[strings.Index(text, "http://"):])[0], ".")
	response, err := http.Get(link)
	if err != nil {
		c.Fatal(err)
	}
	_ = response.Body.Close()
	page := response.Request.URL
	if response.StatusCode != http.StatusOK || page.Host != c.simAt {
		c.Fatalf("%s leads to %s: %s", link, page, response.Status)
	}
	return page.String()
}

func TestServerAndSimulatorsInProcessesOfTheirOwn(t *testing.T) {
	if race.Enabled() {
		t.Skip("it sees nothing of processes of their own")
	}
	s := newStaged(t, nil)
	s.sim.start()
	s.server.start()
	c := stagedCustomer{s, &fake.Client{Server: "http://" + s.listen, Brand: "demo", From: "+31612345678", As: "sms", HTTP: &http.Client{Timeout: apptest.Patience}}}
	c.says("KOOP", "number")
	c.says("0612345678", "number once more")
	c.says("0612345678", "PIN")
	c.says(testPIN, "once more")
	c.says(testPIN, "pay")
	page := c.opens(c.says("2", "http://"))
	if response, err := http.PostForm(page, url.Values{"action": {"complete"}}); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("the payment page: %v %v", response, err)
	} else {
		_ = response.Body.Close()
	}
	c.hears("registered")
	c.says("KOOP 10 "+testPIN, "€10 was added")

	s.tell("network", "rejects TRANSACTION_REFUSED_BY_OPERATOR")
	c.says("KOOP 15 "+testPIN, "€15 was paid back")
	s.tell("network", "delivers")
	c.says("KOOP 20 "+testPIN, "€20 was added")
	s.tell("network", "takes the delivery back")
	c.hears("€20 was paid back")
	s.tell("payment", "needs authentication")
	c.opens(c.says("KOOP 25 "+testPIN, "http://"))
	s.tell("customer", "authenticates")
	c.hears("€25 was added")
	s.tell("payment", "is disputed")
	c.hears("returned our debit of €25")
	c.says("KOOP 10 "+testPIN, "blocked")

	books, err := (&sim.Remote{URL: "http://" + s.simAt}).Books(t.Context())
	if err != nil || len(books.Charged) != 4 || len(books.Refunded) != 2 || len(books.Returned) != 1 || len(books.Delivered) != 2 {
		t.Errorf("%v: %+v", err, books)
	}
	if out, err := s.operator("audit", "--books", s.books); err != nil || !strings.Contains(out, "no violation") {
		t.Errorf("audit: %v: %s", err, out)
	}

	days := []string{"reconcile", "--from", time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), "--to", time.Now().UTC().Format(time.DateOnly)}
	if out, err := s.operator(days...); err != nil || !strings.Contains(out, "no open item") {
		t.Errorf("reconcile: %v: %s", err, out)
	}
	s.sim.kill()
	if out, err := s.operator(days...); err == nil || strings.Contains(out, "no open item") {
		t.Errorf("reconcile without the simulators: %v: %s", err, out)
	}
	s.sim.args[slices.Index(s.sim.args, s.books)] = t.TempDir() // theirs know nothing
	s.sim.start()
	out, err := s.operator(days...)
	for kind, want := range map[string]int{"charge": 4, "refund": 2, "return": 1} {
		if n := len(regexp.MustCompile(`psp:sim +`+kind+` `).FindAllString(out, -1)); n != want || err == nil {
			t.Errorf("reconcile with other books finds %d of %s, want %d: %v: %s", n, kind, want, err, out)
		}
	}
}

// operator runs a command beside the server.
func (s *staged) operator(args ...string) (string, error) {
	var out bytes.Buffer
	err := run(s.Context(), args, func(name string) string { return s.env[name] }, strings.NewReader(""), &out, io.Discard)
	return out.String(), err
}
