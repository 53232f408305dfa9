// Package emulatortest tries the Telegram bot against telegram-test-api, an emulator of the Bot API that others have
// written. Before the first run, in this folder: npm ci.
package emulatortest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/conversation/talk"
)

const (
	token  = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
	chat   = 31612345678
	number = "+31612345678"
	pin    = "4821"
)

const configuration = `
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
    sms_channel: fake
    channels:
      fake: {}
      telegram: {bot_token: "${BOT}", base_url: EMULATOR}
`

// TestTheBotOnAnIndependentEmulator registers by sharing a contact, taps a button, buys, and looks for the PIN in what
// the chat still shows.
func TestTheBotOnAnIndependentEmulator(t *testing.T) {
	if os.Getenv("PULSA_TEST_TELEGRAM") == "" {
		t.Skip("set PULSA_TEST_TELEGRAM=1 to try the bot; it needs node and npm ci in channels/telegram/emulatortest")
	}
	if _, err := os.Stat("node_modules/telegram-test-api"); err != nil {
		t.Fatal("run npm ci in channels/telegram/emulatortest first: ", err)
	}
	c := &customer{t: t, emulator: startEmulator(t)}
	admin, log := startPulsa(t, c.emulator)

	c.writes("/start@demo_bot deep-link")
	c.hears("Welcome to Demo Mobile")
	c.writes("KOOP")
	if m := c.hears("What is your mobile number?"); !m.contact() {
		t.Errorf("no button shares the number: %+v", m)
	}
	c.sends("/sendMessage", map[string]any{"contact": map[string]any{"phone_number": number, "first_name": "Jo", "user_id": chat}})
	c.hears("Choose a PIN")
	c.writes(pin)
	c.hears("PIN once more")
	c.writes(pin)
	c.taps(c.hears("How do you want to pay?"), "PayPal")
	c.hears("et up your way to pay")
	act(t, admin, talk.Event{Kind: talk.SetupCompleted})
	c.hears("you are registered")
	c.writes("KOOP 10 " + pin)
	c.hears("€10 was added to " + number)
	c.sends("/sendMessage", map[string]any{"sticker": map[string]any{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}})
	c.hears("text")
	c.hides(pin)
	if text := log(); strings.Contains(text, token) || strings.Contains(text, pin) || strings.Contains(text, "612345678") {
		t.Errorf("the log shows a secret:\n%s", text)
	}
}

// start runs a command until the test ends, and returns its standard output.
func start(t *testing.T, log io.Writer, env []string, name string, args ...string) *bufio.Reader {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Env, command.Stderr = append(os.Environ(), env...), log
	command.WaitDelay = 10 * time.Second
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	if _, err := command.StdinPipe(); err != nil { // stays open until the command ends
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() }) // the test's context has ended by then
	return bufio.NewReader(out)
}

func startEmulator(t *testing.T) string {
	t.Helper()
	var log bytes.Buffer
	address, err := start(t, &log, nil, "node", "emulator.mjs").ReadString('\n')
	if err != nil {
		t.Fatalf("the emulator does not start: %v\n%s", err, log.String())
	}
	return strings.TrimSpace(address)
}

// startPulsa builds and runs the program. It returns its admin address, and what reads its log.
func startPulsa(t *testing.T, emulator string) (admin string, log func() string) {
	t.Helper()
	folder := t.TempDir()
	pulsa, config, logFile := filepath.Join(folder, "pulsa"), filepath.Join(folder, "pulsa.yaml"), filepath.Join(folder, "log")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", pulsa, "pulsa/cmd/pulsa").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(configuration, "EMULATOR", emulator)), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(logFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	log = func() string {
		text, err := os.ReadFile(logFile)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	listen := freeAddress(t)
	admin = "http://" + freeAddress(t)
	out := start(t, file, []string{"BOT=" + token}, pulsa, "serve", "--config", config, "--data", filepath.Join(folder, "data"),
		"--listen", listen, "--admin-listen", strings.TrimPrefix(admin, "http://"))
	go func() { _, _ = io.Copy(io.Discard, out) }() // until the program ends
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get("http://" + listen + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return admin, log
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the program does not start:\n%s", log())
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

// act lets something happen outside the chat.
func act(t *testing.T, admin string, e talk.Event) {
	t.Helper()
	request := map[string]any{"Customer": talk.Customer{Number: number, Kind: "telegram"}, "Event": e}
	if status, text := post(t, admin+"/test/demo/event", request); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
}

func post(t *testing.T, address string, body any) (int, string) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// customer is somebody with Telegram, as the emulator's own client protocol has it.
type customer struct {
	t        *testing.T
	emulator string
	inbox    []botMessage
}

// botMessage is what the bot has sent, as the emulator keeps it.
type botMessage struct {
	MessageID int `json:"messageId"`
	Message   struct {
		Text   string `json:"text"`
		Markup struct {
			Inline [][]struct {
				Text string `json:"text"`
				Data string `json:"callback_data"`
			} `json:"inline_keyboard"`
			Keyboard [][]struct {
				Contact bool `json:"request_contact"`
			} `json:"keyboard"`
		} `json:"reply_markup"`
	} `json:"message"`
}

func (m botMessage) contact() bool {
	return len(m.Message.Markup.Keyboard) > 0 && m.Message.Markup.Keyboard[0][0].Contact
}

var (
	user     = map[string]any{"id": chat, "first_name": "Jo", "is_bot": false, "language_code": "en"}
	chatRoom = map[string]any{"id": chat, "first_name": "Jo", "type": "private"}
)

// sends posts to the emulator's client protocol.
func (c *customer) sends(path string, thing map[string]any) {
	c.t.Helper()
	message := map[string]any{"botToken": token, "from": user, "chat": chatRoom, "date": time.Now().Unix()}
	for key, value := range thing {
		message[key] = value
	}
	if status, text := post(c.t, c.emulator+path, message); status != http.StatusOK || !strings.Contains(text, `"ok":true`) {
		c.t.Fatalf("%d %s", status, text)
	}
}

func (c *customer) writes(text string) {
	c.t.Helper()
	c.sends("/sendMessage", map[string]any{"text": text})
}

// taps presses a button under a message, and waits until the buttons are gone.
func (c *customer) taps(m botMessage, label string) {
	c.t.Helper()
	for _, row := range m.Message.Markup.Inline {
		if row[0].Text == label {
			shown := map[string]any{"message_id": m.MessageID, "date": 1, "from": user, "chat": chatRoom}
			c.sends("/sendCallback", map[string]any{"data": row[0].Data, "message": shown})
			c.await(fmt.Sprintf("the buttons of %q to go", m.Message.Text), func() bool {
				return slices.ContainsFunc(c.history(), func(h botMessage) bool { return h.MessageID == m.MessageID && len(h.Message.Markup.Inline) == 0 })
			})
			return
		}
	}
	c.t.Fatalf("no button %s under %+v", label, m)
}

// hears waits for the bot's next message, which must hold some words.
func (c *customer) hears(words string) botMessage {
	c.t.Helper()
	c.await(fmt.Sprintf("a message that says %q", words), func() bool {
		if len(c.inbox) == 0 {
			c.inbox = c.ask("/getUpdates", map[string]any{"token": token, "chatId": chat})
		}
		return len(c.inbox) > 0
	})
	m := c.inbox[0]
	c.inbox = c.inbox[1:]
	if !strings.Contains(m.Message.Text, words) {
		c.t.Fatalf("the bot says %q, want %q in it", m.Message.Text, words)
	}
	return m
}

// hides waits until nothing in the chat holds a secret any more.
func (c *customer) hides(secret string) {
	c.t.Helper()
	c.await("messages with the secret to go", func() bool {
		_, text := post(c.t, c.emulator+"/getUpdatesHistory", map[string]any{"token": token})
		return !strings.Contains(text, secret)
	})
}

func (c *customer) history() []botMessage {
	return c.ask("/getUpdatesHistory", map[string]any{"token": token})
}

func (c *customer) ask(path string, body map[string]any) []botMessage {
	c.t.Helper()
	_, text := post(c.t, c.emulator+path, body)
	var answer struct {
		Result []botMessage `json:"result"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		c.t.Fatalf("%v in %s", err, text)
	}
	return answer.Result
}

func (c *customer) await(what string, holds func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain for %s", what)
		}
	}
}
