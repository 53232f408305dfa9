package main

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
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
	"pulsa/channels"
	"pulsa/prepaid"
)

const (
	twilioToken  = "0123456789abcdef"
	telegramBot  = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
	smsNumber    = "+3197010000001"
	whatsNumber  = "+3197010000002"
	hookSecret   = "bcdfghjklmnpqrst"
	publicForTst = "https://topup.example"
)

// realLines is the environment in which the demo brand has all its channels.
var realLines = map[string]string{
	"TWILIO_ACCOUNT_SID": "AC0123", "TWILIO_AUTH_TOKEN": twilioToken, "TWILIO_FROM": smsNumber, "TWILIO_WHATSAPP_FROM": whatsNumber,
	"TELEGRAM_BOT_TOKEN": telegramBot, "USSD_TOKEN": ussdToken,
}

// runLines starts the demo with all its channels, their providers played by one server.
func runLines(t *testing.T, change func(*config.Config)) (*running, *provider) {
	t.Helper()
	v := newProvider(t)
	r := runDemo(t, realLines, func(c *config.Config) {
		c.PublicURL = publicForTst
		v.connect(c)
		if change != nil {
			change(c)
		}
	})
	return r, v
}

// provider plays Twilio's and Telegram's servers: it takes what it is sent, and hands updates to who polls.
type provider struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	sent    []pushed
	hooks   map[string]string // by method or number: the address that was set
	updates []json.RawMessage // not confirmed yet
	next    int               // the first update's id is next - len(updates)
	polls   []poll
	refuse  map[string]refused // by method: what is answered instead
	asked   map[string]int     // by method: calls so far
	before  func(pushed)       // called before a sending is answered
}

// refused is an answer of a provider that does not do what it is asked.
type refused struct {
	status     int // 0: 200
	retryAfter string
	body       string
}

// pushed is a message that the provider was asked to send.
type pushed struct {
	to, from, text string
	callback       string
	buttons        map[string]string // data by label
	contact        bool
}

// poll is one getUpdates: who asked, and from which update on.
type poll struct {
	by     string
	offset int
}

func newProvider(t *testing.T) *provider {
	v := &provider{t: t, hooks: map[string]string{}, next: 1, refuse: map[string]refused{}, asked: map[string]int{}}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

// connect puts the server in the place of the brands' real providers.
func (v *provider) connect(c *config.Config) {
	for _, b := range c.Brands {
		for _, line := range b.Channels {
			switch line.Type {
			case "twilio", "whatsapp":
				line.Settings["base_url"] = v.URL
			case "telegram":
				line.Settings["base_url"] = v.URL
				line.Secrets["webhook_secret"] = prepaid.NewSecret(hookSecret)
			}
		}
	}
}

func (v *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	method := path.Base(r.URL.Path)
	v.mu.Lock()
	refusal, refuses := v.refuse[method]
	v.asked[method]++
	v.mu.Unlock()
	switch {
	case refuses:
		if refusal.retryAfter != "" {
			w.Header().Set("Retry-After", refusal.retryAfter)
		}
		w.WriteHeader(cmp.Or(refusal.status, http.StatusOK))
		_, _ = io.WriteString(w, refusal.body)
	case method == "getUpdates":
		v.serveUpdates(w, r)
	default:
		if method == "Messages.json" && v.before != nil {
			v.before(twilioMessage(r.Form))
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.answer(w, r, method)
	}
}

func (v *provider) answer(w http.ResponseWriter, r *http.Request, method string) {
	switch method {
	case "Messages.json":
		v.sent = append(v.sent, twilioMessage(r.Form))
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
		fmt.Fprintf(w, `{"senders":[{"sid":"XE1","sender_id":"whatsapp:%s"}],"meta":{"key":"senders"}}`, whatsNumber)
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

func twilioMessage(form url.Values) pushed {
	return pushed{to: form.Get("To"), from: form.Get("From"), text: form.Get("Body"), callback: form.Get("StatusCallback")}
}

func telegramMessage(form url.Values) pushed {
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
	m := pushed{to: "telegram:" + form.Get("chat_id"), text: form.Get("text"), buttons: map[string]string{}}
	for _, row := range markup.InlineKeyboard {
		m.buttons[row[0].Text] = row[0].Data
	}
	m.contact = len(markup.Keyboard) > 0 && markup.Keyboard[0][0].Contact
	return m
}

// serveUpdates answers as the Bot API does: at once where there is something, else after a while.
func (v *provider) serveUpdates(w http.ResponseWriter, r *http.Request) {
	offset, _ := strconv.Atoi(r.Form.Get("offset"))
	by, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	v.mu.Lock()
	v.polls = append(v.polls, poll{by, offset})
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

// queue keeps an update for who polls, and returns its id. thing is what its message holds.
func (v *provider) queue(chat, thing string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	id := v.next
	v.next++
	v.updates = append(v.updates, json.RawMessage(telegramUpdate(id, chat, thing)))
	return id
}

func telegramUpdate(id int, chat, thing string) string {
	return fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"date":1,"chat":{"id":%s,"type":"private"},"from":{"id":%s,"first_name":"Jo","language_code":"en"},%s}}`,
		id, 500+id, chat, chat, thing)
}

// to lists what was sent to somebody.
func (v *provider) to(to string) []pushed {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []pushed
	for _, m := range v.sent {
		if m.to == to {
			list = append(list, m)
		}
	}
	return list
}

// await waits until as many messages were sent to somebody, and returns the last.
func (v *provider) await(to string, n int) pushed {
	v.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if list := v.to(to); len(list) >= n {
			return list[n-1]
		}
	}
	v.t.Fatalf("%s was sent %d messages, want %d: %v", to, len(v.to(to)), n, v.to(to))
	return pushed{}
}

func (v *provider) hook(method string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.hooks[method]
}

func (v *provider) refuseWith(method string, answer refused) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refuse[method] = answer
}

func (v *provider) accept(method string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.refuse, method)
}

// calls waits until a method was called as often, and returns how often it was.
func (v *provider) calls(method string, n int) int {
	v.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
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

// postTwilio delivers a form as Twilio does, and returns the messages of the answer.
func (r *running) postTwilio(channel string, form url.Values) (texts []string, status int) {
	r.t.Helper()
	name := path.Base(channel)
	request, err := http.NewRequest(http.MethodPost, r.server.URL+"/webhooks/"+channel, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	query := ""
	if i := strings.Index(name, "?"); i >= 0 {
		query = name[i:]
	}
	address, _, _ := strings.Cut(channel, "?")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Twilio-Signature", twilioSignature(twilioToken, publicForTst+"/webhooks/"+address+query, form))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Messages []string `xml:"Message"`
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if response.StatusCode == http.StatusOK {
		if err := xml.Unmarshal(body, &answer); err != nil {
			r.t.Fatalf("%v in %s", err, body)
		}
	}
	return answer.Messages, response.StatusCode
}

// postTelegram delivers an update as Telegram does.
func (r *running) postTelegram(update string) int {
	r.t.Helper()
	request, err := http.NewRequest(http.MethodPost, r.server.URL+"/webhooks/demo/telegram", strings.NewReader(update))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("X-Telegram-Bot-Api-Secret-Token", hookSecret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// put pushes news, as late news is pushed.
func (r *running) put(brand, channel string, to prepaid.Address, text string) {
	r.t.Helper()
	kind := channels.SMS
	if channel == "telegram" {
		kind = channels.Telegram
	}
	can, _ := channels.Of(kind)
	err := r.DB.Outbox.PutOutbound(r.t.Context(), []channels.Outbound{{
		ID: prepaid.NewID[prepaid.OutboundID](), Brand: brand, Channel: channel, Address: to, MessageID: prepaid.NewToken(), Text: text,
		Can: can, CreatedAt: r.Clock.Now(),
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Sender.Wake()
}
