// Package kanneltest tries the SMS channel on Debian's Kannel: with fakesmsc in the customers' place, and bound by SMPP to a network that
// npm's smpp plays. Before the first run: apt-get install kannel kannel-extras, and in this folder npm ci.
package kanneltest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/channels"
	"pulsa/conversation/talk"
	"pulsa/prepaid"
	"pulsa/store"
)

const (
	number    = "+31612345678"
	shortCode = "1234"
	pin       = "4821"
	token     = "bcdfghjklmnpqrstvwxz"
	password  = "sgkwjdfhtzqp"
	cardCode  = "12345678901234"
)

// pulsaConfig has our id sent on as meta data, which kannelConfig puts into a tag of SMPP.
const pulsaConfig = `
brands:
  demo:
    title: Demo Mobile
    test: true
    country: NL
    currency: EUR
    languages: [en]
    keywords: {topup: [KOOP]}
    amounts: {min: 10, max: 50, step: 5}
    cheap_pin_hash: true
    gateway: sim
    network: sim
    channels:
      sms:
        type: httpsms
        preset: kannel
        gateway_url: GATEWAY
        user: pulsa
        password: ${KANNEL_PASSWORD}
        token: ${KANNEL_TOKEN}
        from: "1234"
        rate: 1000
        send_headers: |
          X-Kannel-Username: {user}
          X-Kannel-Password: {password}
          X-Kannel-From: {from}
          X-Kannel-To: {to}
          X-Kannel-Coding: {coding}
          X-Kannel-DLR-Mask: 31
          X-Kannel-DLR-Url: {dlr_url}
          X-Kannel-Meta-Data: ?smpp?pulsa={id}
`

const kannelConfig = `
group = core
admin-port = ADMIN
admin-password = none
admin-deny-ip = "*.*.*.*"
smsbox-port = SMSBOX
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-level = 1
dlr-storage = internal
sms-resend-freq = 1

SMSC

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = SMSBOX
sendsms-port = SENDSMS
sendsms-interface = 127.0.0.1
global-sender = 1234
log-level = 1

group = sendsms-user
username = pulsa
password = PASSWORD
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
post-url = "WEBHOOK/TOKEN?from=%p&id=%I&charset=%C"
max-messages = 10
concatenation = true
omit-empty = true
accept-x-kannel-headers = true
`

const fakeSMSC = `group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = PORT
connect-allow-ip = 127.0.0.1
`

const smppSMSC = `group = smsc
smsc = smpp
smsc-id = smpp
host = 127.0.0.1
port = PORT
transceiver-mode = true
smsc-username = kannel
smsc-password = kannel
system-type = ""
reconnect-delay = 1
enquire-link-interval = 5
wait-ack = 5
wait-ack-expire = 0x01

group = smpp-tlv
name = pulsa
tag = 0x1400
type = nulterminated
length = 64
smsc-id = smpp
`

// patience is how long a test waits for what must come, on however slow a machine.
const patience = 2 * time.Minute

// phone is the customer's, in the network behind Kannel.
type phone interface {
	writes(text string)
	writesTwice(text string)   // the same text, two seconds apart
	writesUnicode(text string) // a text that GSM-7 can't carry
	hears(words string)        // waits for the next message, which must hold the words
}

func needsKannel(t *testing.T) {
	t.Helper()
	if os.Getenv("PULSA_TEST_KANNEL") == "" {
		t.Skip("set PULSA_TEST_KANNEL=1 to try Kannel; it needs kannel, kannel-extras, node, and npm ci in channels/httpsms/kanneltest")
	}
	for _, needed := range []string{"/usr/sbin/bearerbox", "/usr/sbin/smsbox", "/usr/lib/kannel/test/fakesmsc", "node_modules/smpp"} {
		if _, err := os.Stat(needed); err != nil {
			t.Fatal("install kannel and kannel-extras, and run npm ci in channels/httpsms/kanneltest: ", err)
		}
	}
}

func TestKannelWithFakeSMSC(t *testing.T) {
	needsKannel(t)
	t.Parallel()
	port := freePort(t)
	s := start(t, strings.ReplaceAll(fakeSMSC, "PORT", port))
	s.play(&fakePhone{t: t, port: port, heard: make(chan string, 100)})
}

func TestKannelBoundBySMPP(t *testing.T) {
	needsKannel(t)
	t.Parallel()
	n := startNetwork(t)
	s := start(t, strings.ReplaceAll(smppSMSC, "PORT", n.port))
	s.play(&smppPhone{t: t, n: n})
}

// setup is a running Kannel with Pulsa behind it.
type setup struct {
	t                  *testing.T
	listen, admin, log string
	data               string
}

// play registers, with number and PIN typed twice alike, buys, redeems a card, and waits for news that comes too late for a
// response. All that was pushed must be reported as delivered.
func (s *setup) play(p phone) {
	t := s.t
	p.writes("KOOP")
	p.hears("What is your mobile number?")
	p.writesTwice("06 12345678")
	p.hears("number once more")
	p.hears("Choose a PIN")
	p.writesTwice(pin)
	p.hears("PIN once more")
	p.hears("How do you want to pay?")
	p.writes("3")
	p.hears("et up your way to pay")
	s.tell("event", map[string]any{"Customer": customer(), "Event": talk.Event{Kind: talk.SetupCompleted}})
	p.hears("you are registered")
	p.writes("KOOP 10 " + pin)
	p.hears("€10 was added to " + number)
	s.tell("given", map[string]any{"Card": map[string]any{"Serial": "101-00000042", "Code": cardCode, "Amount": prepaid.Money{Minor: 2000, Currency: "EUR"}}})
	p.writesUnicode("REDEEM " + fullWidth(cardCode))
	p.hears("€20")
	s.tell("event", map[string]any{"Customer": customer(), "Event": talk.Event{Kind: talk.NetworkBehaves, Behaviour: "delivers after 12s", For: 12 * time.Second}})
	p.writes("KOOP 15 " + pin)
	p.hears("€15")
	p.hears("€15 was added to " + number)
	s.awaitDelivered(2)
	text := s.readLog()
	for _, secret := range []string{token, password, pin, cardCode, "612345678"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log shows %s:\n%s", secret, text)
		}
	}
}

// fullWidth writes digits as East Asian phones do.
func fullWidth(digits string) string {
	return strings.Map(func(r rune) rune { return r - '0' + '０' }, digits)
}

func customer() talk.Customer { return talk.Customer{Number: number, Kind: "sms"} }

// tell posts to a test endpoint.
func (s *setup) tell(what string, request any) {
	s.t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.Post("http://"+s.admin+"/test/demo/"+what, "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %d %s %v", what, response.StatusCode, answer, err)
	}
}

// pushed lists what was pushed to a customer.
func (s *setup) pushed(to prepaid.Address) []channels.Outbound {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), "sqlite:"+filepath.Join(s.data, "pulsa.db"), store.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	sent, err := db.Outbox.OutboundTo(s.t.Context(), "demo", "sms", to, 0, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return sent
}

// awaitDelivered waits until so many messages were pushed to the customer and all are reported as delivered.
func (s *setup) awaitDelivered(n int) {
	s.t.Helper()
	var sent []channels.Outbound
	await(s.t, "the delivery reports", func() bool {
		sent = s.pushed(prepaid.Address("tel:" + number))
		for _, m := range sent {
			if m.Delivery != channels.DeliveredTo {
				return false
			}
		}
		return len(sent) == n
	}, func() string { return fmt.Sprintf("%+v\n%s", sent, s.readLog()) })
}

func (s *setup) readLog() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		s.t.Error(err)
	}
	return string(text)
}

func await(t *testing.T, what string, is func() bool, found func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s: %s", what, found())
		}
	}
}

// start runs Pulsa and Kannel with an SMSC.
func start(t *testing.T, smsc string) *setup { return startWith(t, smsc, pulsaConfig, nil) }

// startPushing is start with answers that go by the outbox, as all else that is pushed, and with what counts between the two.
func startPushing(t *testing.T, smsc string, between *counter) *setup {
	return startWith(t, smsc, pulsaConfig+"        answer: push\n", between)
}

func startWith(t *testing.T, smsc, config string, between *counter) *setup {
	t.Helper()
	folder := t.TempDir()
	admin, smsbox, sendsms, listen, pulsaAdmin := freePort(t), freePort(t), freePort(t), freePort(t), freePort(t)
	s := &setup{t: t, listen: "127.0.0.1:" + listen, admin: "127.0.0.1:" + pulsaAdmin, log: filepath.Join(folder, "pulsa.log"), data: filepath.Join(folder, "data")}
	webhook, gateway := "http://"+s.listen+"/webhooks/demo/sms", "http://127.0.0.1:"+sendsms
	if between != nil {
		webhook, gateway = between.webhooks(t, s.listen)+"/webhooks/demo/sms", between.sendings(t, gateway)
	}
	write := func(name, text string, pairs ...string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	configFile := write("pulsa.yaml", config, "GATEWAY", gateway)
	kannel := write("kannel.conf", kannelConfig, "SMSC\n", smsc, "ADMIN", admin, "SMSBOX", smsbox, "SENDSMS", sendsms, "PASSWORD", password, "WEBHOOK", webhook, "TOKEN", token)
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	run(t, log, []string{"KANNEL_PASSWORD=" + password, "KANNEL_TOKEN=" + token, "PULSA_PUBLIC_URL=" + strings.TrimSuffix(webhook, "/webhooks/demo/sms")},
		build(t), "serve", "--config", configFile, "--data", s.data, "--listen", s.listen, "--admin-listen", s.admin)
	await(t, "Pulsa", func() bool {
		response, err := http.Get("http://" + s.listen + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, s.readLog)
	for _, box := range []struct{ program, port string }{{"/usr/sbin/bearerbox", smsbox}, {"/usr/sbin/smsbox", sendsms}} {
		said := &quiet{}
		run(t, said, nil, box.program, kannel)
		await(t, box.program, func() bool { return listens(box.port) }, said.String)
	}
	return s
}

// quiet keeps what a program says.
type quiet struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (q *quiet) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.text.Write(p)
}

func (q *quiet) String() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.text.String()
}

var built struct {
	once   sync.Once
	folder string
	err    error
}

// build builds Pulsa, once for all tests.
func build(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "pulsa-kanneltest-"); built.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", filepath.Join(built.folder, "pulsa"), "pulsa/cmd/pulsa").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.folder, "pulsa")
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// run runs a command until the test ends, and returns its standard input and output.
func run(t *testing.T, log io.Writer, env []string, name string, args ...string) (io.Writer, *bufio.Reader) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Env, command.Stderr = append(os.Environ(), env...), log
	command.WaitDelay = 10 * time.Second
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	in, err := command.StdinPipe() // stays open until the command ends
	if err != nil {
		t.Fatal(err)
	}
	out, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout = write
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	t.Cleanup(func() { // the test's context has ended by then
		_ = command.Wait()
		_ = out.Close()
	})
	if name != "node" {
		go func() { _, _ = io.Copy(io.Discard, out) }() // until the program ends
	}
	return in, bufio.NewReader(out)
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func listens(port string) bool {
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
