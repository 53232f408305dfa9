package apptest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/config"
	"pulsa/prepaid"
)

// What the demo brand is known by at its providers.
const (
	TwilioToken    = "0123456789abcdef"
	TelegramBot    = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
	SMSNumber      = "+3197010000001"
	WhatsAppNumber = "+3197010000002"
	HookSecret     = "bcdfghjklmnpqrst"
	USSDToken      = "bcdfghjklmnpqrstvwxz"
	PublicURL      = "https://topup.example"
)

// ProviderEnv is the environment in which the demo brand has all its channels.
func ProviderEnv() map[string]string {
	return map[string]string{
		"TWILIO_ACCOUNT_SID": "AC0123", "TWILIO_AUTH_TOKEN": TwilioToken, "TWILIO_FROM": SMSNumber, "TWILIO_WHATSAPP_FROM": WhatsAppNumber,
		"TELEGRAM_BOT_TOKEN": TelegramBot, "USSD_TOKEN": USSDToken,
	}
}

// Provider plays Twilio's and Telegram's servers: it takes what it is sent, and hands updates to who polls.
type Provider struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	sent    []Pushed
	hooks   map[string]string // by method or number: the address that was set
	updates []json.RawMessage // not confirmed yet
	next    int               // the first update's id is next - len(updates)
	polls   []Poll
	refuse  map[string]Refused // by method: what is answered instead
	asked   map[string]int     // by method: calls so far
	// Before, if set, is called before a sending is answered.
	Before func(Pushed)
	// Clock, if set before use, is by which Twilio notes when a message was made.
	Clock prepaid.Clock
	// loses: what Twilio is sent from now on it takes, and its answer never comes.
	loses bool
	// templates are those of Twilio's Content API, by id.
	templates map[string]Template
}

// Template is a template as Twilio keeps it.
type Template struct {
	Language, Text string // with {{1}}, {{2}}
	Approval       string // "approved"
}

// Refused is an answer of a provider that does not do what it is asked.
type Refused struct {
	Status     int // 0: 200
	RetryAfter string
	Body       string
}

// Pushed is a message that the provider was asked to send.
type Pushed struct {
	To, From, Text string
	Callback       string
	Buttons        map[string]string // data by label
	Contact        bool              // the keyboard asks for the customer's number
	Template       string            // the id of the template that is sent in the place of a text
	Values         string            // of its variables, as JSON
	at             time.Time
}

// Poll is one getUpdates: who asked, and from which update on.
type Poll struct {
	By     string
	Offset int
}

// NewProvider starts the server, which closes with the test.
func NewProvider(t *testing.T) *Provider {
	v := &Provider{t: t, hooks: map[string]string{}, next: 1, refuse: map[string]Refused{}, templates: map[string]Template{}, asked: map[string]int{}}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

// Connect puts the server in the place of the brands' real providers.
func (v *Provider) Connect(c *config.Config) {
	for _, b := range c.Brands {
		for _, line := range b.Channels {
			switch line.Type {
			case "twilio", "whatsapp":
				line.Settings["base_url"] = v.URL
			case "telegram":
				line.Settings["base_url"] = v.URL
				line.Secrets["webhook_secret"] = prepaid.NewSecret(HookSecret)
			}
		}
	}
}

// ServeHTTP answers as Twilio and Telegram do.
func (v *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	method := path.Base(r.URL.Path)
	v.mu.Lock()
	refusal, refuses := v.refuse[method]
	if method != "Messages.json" || r.Method == http.MethodPost { // a look at what was sent is no sending
		v.asked[method]++
	}
	v.mu.Unlock()
	switch {
	case refuses:
		if refusal.RetryAfter != "" {
			w.Header().Set("Retry-After", refusal.RetryAfter)
		}
		w.WriteHeader(cmp.Or(refusal.Status, http.StatusOK))
		_, _ = io.WriteString(w, refusal.Body)
	case method == "getUpdates":
		v.serveUpdates(w, r)
	default:
		if method == "Messages.json" && v.Before != nil {
			v.Before(twilioMessage(r.Form))
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.answer(w, r, method)
	}
}

func (v *Provider) answer(w http.ResponseWriter, r *http.Request, method string) {
	if strings.HasPrefix(r.URL.Path, "/v1/Content/") {
		v.answerContent(w, strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/Content/"), "/"))
		return
	}
	switch method {
	case "Messages.json":
		if r.Method == http.MethodGet {
			v.listMessages(w, r.Form.Get("To"))
			return
		}
		m := twilioMessage(r.Form)
		if m.at = time.Now(); v.Clock != nil {
			m.at = v.Clock.Now()
		}
		v.sent = append(v.sent, m)
		if v.loses {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"sid":"SM%d"}`, len(v.sent))
	case "AC0123.json":
		_, _ = io.WriteString(w, `{"friendly_name":"Demo","status":"active"}`)
	case "IncomingPhoneNumbers.json":
		fmt.Fprintf(w, `{"incoming_phone_numbers":[{"sid":"PN1","sms_url":%q}]}`, v.hooks["PN1.json"])
	case "PN1.json":
		v.hooks[method] = r.Form.Get("SmsUrl")
		_, _ = io.WriteString(w, `{"sid":"PN1"}`)
	case "Senders":
		fmt.Fprintf(w, `{"senders":[{"sid":"XE1","sender_id":"whatsapp:%s"}],"meta":{"key":"senders"}}`, WhatsAppNumber)
	case "XE1":
		var update struct {
			Webhook struct {
				CallbackURL string `json:"callback_url"`
			} `json:"webhook"`
		}
		if r.Method == http.MethodPost && json.NewDecoder(r.Body).Decode(&update) == nil {
			v.hooks[method] = update.Webhook.CallbackURL
		}
		fmt.Fprintf(w, `{"sid":"XE1","webhook":{"callback_url":%q}}`, v.hooks[method])
	case "sendMessage":
		v.sent = append(v.sent, telegramMessage(r.Form))
		fmt.Fprintf(w, `{"ok":true,"result":{"message_id":%d}}`, 1000+len(v.sent))
	case "getMe":
		_, _ = io.WriteString(w, `{"ok":true,"result":{"id":1,"username":"demo_bot"}}`)
	default: // setWebhook, deleteWebhook, answerCallbackQuery, editMessageReplyMarkup, deleteMessage
		v.hooks[method] = r.Form.Get("url") + r.Form.Get("message_id") + r.Form.Get("callback_query_id")
		_, _ = io.WriteString(w, `{"ok":true,"result":true}`)
	}
}

func twilioMessage(form url.Values) Pushed {
	return Pushed{To: form.Get("To"), From: form.Get("From"), Text: form.Get("Body"), Callback: form.Get("StatusCallback"),
		Template: form.Get("ContentSid"), Values: form.Get("ContentVariables")}
}

// listMessages answers as Twilio's list of messages does, the newest first.
func (v *Provider) listMessages(w http.ResponseWriter, to string) {
	list := []map[string]any{}
	for i, m := range slices.Backward(v.sent) {
		if m.To == to {
			list = append(list, map[string]any{"sid": fmt.Sprintf("SM%d", i+1), "to": m.To, "body": m.Text, "status": "delivered", "direction": "outbound-api",
				"date_created": m.at.UTC().Format(time.RFC1123Z), "error_code": nil})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"messages": list})
}

// answerContent answers as Twilio's Content API does: a template, or how WhatsApp has judged it.
func (v *Provider) answerContent(w http.ResponseWriter, path []string) {
	t, known := v.templates[path[0]]
	if !known || len(path) > 1 && t.Approval == "" {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":20404,"message":"not found","status":404}`)
		return
	}
	if len(path) > 1 {
		_ = json.NewEncoder(w).Encode(map[string]any{"sid": path[0], "whatsapp": map[string]any{"status": t.Approval, "category": "UTILITY"}})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"sid": path[0], "language": t.Language, "types": map[string]any{"twilio/text": map[string]any{"body": t.Text}}})
}

// Keep has Twilio keep a template.
func (v *Provider) Keep(id string, t Template) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.templates[id] = t
}

// LoseAnswers has Twilio take what it is sent, while its answers never come; or come again.
func (v *Provider) LoseAnswers(lost bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.loses = lost
}

func telegramMessage(form url.Values) Pushed {
	var markup struct {
		InlineKeyboard [][]struct {
			Text string `json:"text"`
			Data string `json:"callback_data"`
		} `json:"inline_keyboard"`
		Keyboard [][]struct {
			Contact bool `json:"request_contact"`
		} `json:"keyboard"`
	}
	_ = json.Unmarshal([]byte(form.Get("reply_markup")), &markup)
	m := Pushed{To: "telegram:" + form.Get("chat_id"), Text: form.Get("text"), Buttons: map[string]string{}}
	for _, row := range markup.InlineKeyboard {
		m.Buttons[row[0].Text] = row[0].Data
	}
	m.Contact = len(markup.Keyboard) > 0 && markup.Keyboard[0][0].Contact
	return m
}

// serveUpdates answers as the Bot API does: at once where there is something, else after a while.
func (v *Provider) serveUpdates(w http.ResponseWriter, r *http.Request) {
	offset, _ := strconv.Atoi(r.Form.Get("offset"))
	by, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	v.mu.Lock()
	v.polls = append(v.polls, Poll{by, offset})
	v.mu.Unlock()
	for range 20 {
		v.mu.Lock()
		if seen := offset - (v.next - len(v.updates)); seen > 0 {
			v.updates = v.updates[min(seen, len(v.updates)):]
		}
		ready := slices.Clone(v.updates)
		v.mu.Unlock()
		if len(ready) > 0 || r.Context().Err() != nil {
			_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "result": ready})
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	_, _ = io.WriteString(w, `{"ok":true,"result":[]}`)
}

// Queue keeps an update for who polls, and returns its id. thing is what its message holds.
func (v *Provider) Queue(chat, thing string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	id := v.next
	v.next++
	v.updates = append(v.updates, json.RawMessage(TelegramUpdate(id, chat, thing)))
	return id
}

// TelegramUpdate is an update with a private message in a chat. thing is what the message holds.
func TelegramUpdate(id int, chat, thing string) string {
	return fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"date":1,"chat":{"id":%s,"type":"private"},"from":{"id":%s,"first_name":"Jo","language_code":"en"},%s}}`,
		id, 500+id, chat, chat, thing)
}

// To lists what was sent to somebody.
func (v *Provider) To(to string) []Pushed {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []Pushed
	for _, m := range v.sent {
		if m.To == to {
			list = append(list, m)
		}
	}
	return list
}

// Await waits until as many messages were sent to somebody, and returns the last.
func (v *Provider) Await(to string, n int) Pushed {
	v.t.Helper()
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if list := v.To(to); len(list) >= n {
			return list[n-1]
		}
	}
	v.t.Fatalf("%s was sent %d messages, want %d: %v", to, len(v.To(to)), n, v.To(to))
	return Pushed{}
}

// Hook returns the address that a method has set, or the id that it was called with.
func (v *Provider) Hook(method string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.hooks[method]
}

// RefuseWith has a method answered so from now on.
func (v *Provider) RefuseWith(method string, answer Refused) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refuse[method] = answer
}

// Accept ends RefuseWith.
func (v *Provider) Accept(method string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.refuse, method)
}

// Calls waits until a method was called as often, and returns how often it was.
func (v *Provider) Calls(method string, n int) int {
	v.t.Helper()
	for deadline := time.Now().Add(Patience); ; time.Sleep(2 * time.Millisecond) {
		v.mu.Lock()
		asked := v.asked[method]
		v.mu.Unlock()
		if asked >= n {
			return asked
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("%s was called %d times, want %d", method, asked, n)
		}
	}
}

// Polls lists the calls of getUpdates so far.
func (v *Provider) Polls() []Poll {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.polls)
}
