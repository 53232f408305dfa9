package app

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
)

// runLines starts the demo with all its channels, their providers played by one server.
func runLines(t *testing.T, change func(*config.Config)) (*running, *apptest.Provider) {
	t.Helper()
	v := apptest.NewProvider(t)
	r := runDemo(t, apptest.ProviderEnv(), func(c *config.Config) {
		c.PublicURL = apptest.PublicURL
		v.Connect(c)
		if change != nil {
			change(c)
		}
	})
	return r, v
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
	request.Header.Set("X-Twilio-Signature", twilioSignature(apptest.TwilioToken, apptest.PublicURL+"/webhooks/"+address+query, form))
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
	request.Header.Set("X-Telegram-Bot-Api-Secret-Token", apptest.HookSecret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// twilioSignature signs a form as Twilio documents it.
func twilioSignature(token, address string, form url.Values) string {
	text := address
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += name + form.Get(name)
	}
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// line is a customer on one of the real channels, who sees what the provider is told to show.
type line struct {
	r       *running
	v       *apptest.Provider
	channel string // "twilio", "whatsapp", "telegram"
	kind    string
	sent    int
	heard   int               // pushed messages so far
	buttons map[string]string // under the last message
}

const telegramChat = "31612345678" // so that the fake channel's customer of that number is the same

func newLine(t *testing.T, channel string) *line {
	r, v := runLines(t, nil)
	kind := channel
	if channel == "twilio" {
		kind = "sms"
	}
	return &line{r: r, v: v, channel: channel, kind: kind}
}

// address is who the customer is to us; at is who they are to the provider.
func (l *line) address() prepaid.Address { return l.customer().Address() }

func (l *line) customer() talk.Customer { return talk.Customer{Number: apptest.Number, Kind: l.kind} }

func (l *line) at() string {
	switch l.channel {
	case "whatsapp":
		return "whatsapp:" + apptest.Number
	case "telegram":
		return "telegram:" + telegramChat
	}
	return apptest.Number
}

// says sends a text and returns the answer, "" for silence.
func (l *line) says(text string) string {
	return l.sends(url.Values{"Body": {text}}, fmt.Sprintf(`"text":%q`, text), "")
}

// sends delivers a message: as a form to the channels at Twilio, as the inside of a message, or a tap, to Telegram,
// which always answers.
func (l *line) sends(form url.Values, thing, tap string) string {
	l.r.t.Helper()
	l.sent++
	if l.channel != "telegram" {
		return l.sendsTwilio(form)
	}
	update := apptest.TelegramUpdate(l.sent, telegramChat, thing)
	if tap != "" {
		update = fmt.Sprintf(`{"update_id":%d,"callback_query":{"id":"q%d","data":%q,"from":{"id":%s,"first_name":"Jo"},"message":{"message_id":%s,"date":1,"chat":{"id":%s,"type":"private"}}}}`,
			l.sent, l.sent, tap, telegramChat, l.lastMessage(), telegramChat)
	}
	if status := l.r.postTelegram(update); status != http.StatusOK {
		l.r.t.Fatalf("%s is answered %d", update, status)
	}
	return l.hears()
}

func (l *line) sendsTwilio(form url.Values) string {
	l.r.t.Helper()
	to := apptest.SMSNumber
	if l.channel == "whatsapp" {
		to = "whatsapp:" + apptest.WhatsAppNumber
	}
	base := url.Values{"MessageSid": {fmt.Sprintf("SMin%d", l.sent)}, "AccountSid": {"AC0123"}, "From": {l.at()}, "To": {to}, "NumMedia": {"0"}}
	for name, values := range form {
		base[name] = values
	}
	texts, status := l.r.postTwilio("demo/"+l.channel, base)
	if status != http.StatusOK {
		l.r.t.Fatalf("%v is answered %d", form, status)
	}
	return strings.Join(texts, " ")
}

// lastMessage is the id of the last pushed message at Telegram, which has the buttons.
func (l *line) lastMessage() string { return fmt.Sprint(1000 + l.heard) }

// hears waits for the next pushed message.
func (l *line) hears() string {
	l.r.t.Helper()
	l.heard++
	m := l.v.Await(l.at(), l.heard)
	l.buttons = m.Buttons
	return m.Text
}

// chooses takes an answer by its button where there is one, else by its number.
func (l *line) chooses(label, number string) string {
	for text, data := range l.buttons {
		if strings.HasPrefix(text, label) {
			return l.sends(nil, "", data)
		}
	}
	if l.channel == "telegram" {
		l.r.t.Fatalf("no button %s: %v", label, l.buttons)
	}
	return l.says(number)
}

func (l *line) wants(answer, word string) {
	l.r.t.Helper()
	if !strings.Contains(answer, word) {
		l.r.t.Errorf("%s: answered %q, want %q in it", l.channel, answer, word)
	}
}

// photo is what cannot be read.
func (l *line) photo() string {
	return l.sends(url.Values{"NumMedia": {"1"}, "MediaUrl0": {"https://x.example/1"}, "Body": {""}},
		`"photo":[{"file_id":"x","file_unique_id":"y","width":1,"height":1}]`, "")
}

func (l *line) state() string {
	l.r.t.Helper()
	c, _ := l.r.Registry.Declared("demo", l.channel)
	state, _, err := l.r.Handler.State(l.r.t.Context(), c, l.address())
	if err != nil {
		l.r.t.Fatal(err)
	}
	return state
}

func onEveryLine(t *testing.T, test func(t *testing.T, l *line)) {
	for _, channel := range []string{"twilio", "whatsapp", "telegram"} {
		t.Run(channel, func(t *testing.T) { test(t, newLine(t, channel)) })
	}
}

var orderName = regexp.MustCompile("Order [A-Z-]+")

func TestRegisteringAndBuyingComesToTheSameOnEveryChannel(t *testing.T) {
	type outcome struct {
		Said      []string
		Charged   []prepaid.Money
		Delivered []prepaid.Money
	}
	var first *outcome
	onEveryLine(t, func(t *testing.T, l *line) {
		var o outcome
		say := func(answer string) {
			o.Said = append(o.Said, strings.ReplaceAll(answer, "\n1 SEPA direct debit\n2 Credit or debit card\n3 PayPal", ""))
		}
		say(l.says("KOOP"))
		if l.channel == "telegram" { // the address proves no number; typing it twice is one step here
			l.wants(l.sends(nil, fmt.Sprintf(`"contact":{"phone_number":%q,"first_name":"Jo","user_id":%s}`, apptest.Number, telegramChat), ""), "Choose a PIN")
			o.Said[len(o.Said)-1] = strings.TrimSuffix(o.Said[len(o.Said)-1], " Tap the button to share it, that is quickest. Or type it, and we send that number a code by SMS.")
			o.Said = append(o.Said, "Please type your mobile number once more, to be sure.", "Choose a PIN of 4 digits. You'll need it for every top-up.")
		} else {
			say(l.says("06 12345678"))
			say(l.says("+31612345678"))
		}
		say(l.says(apptest.PIN))
		say(l.says(apptest.PIN))
		page := l.chooses("PayPal", "3")
		l.wants(page, "et up your way to pay")
		if err := l.r.Sims.Gateway.CompleteSetup(t.Context(), "31612345678"); err != nil {
			t.Fatal(err)
		}
		say(l.hears())
		say(l.says("KOOP 10 " + apptest.PIN))
		say(l.says("STATUS"))
		const code = "12345678901234"
		twenty := prepaid.Money{Minor: 2000, Currency: "EUR"}
		if err := harness.GivenCard(t.Context(), l.r.Program.Program, "demo", talk.GivenCard{Serial: "101-00000042", Code: prepaid.NewSecret(code), Amount: twenty}); err != nil {
			t.Fatal(err)
		}
		say(l.says("REDEEM " + code))
		say(l.says("REDEEM " + code))
		for _, e := range l.r.Sims.Gateway.Charged(simgateway.Filter{}) {
			o.Charged = append(o.Charged, e.Amount)
		}
		for _, e := range l.r.Sims.Network.Delivered(simnetwork.Filter{}) {
			o.Delivered = append(o.Delivered, e.Amount)
		}
		for i, text := range o.Said { // the order's own name
			o.Said[i] = orderName.ReplaceAllString(text, "Order X")
		}
		if first == nil {
			first = &o
		}
		if diff := cmp.Diff(*first, o); diff != "" {
			t.Error(diff)
		}
		ten := prepaid.Money{Minor: 1000, Currency: "EUR"}
		if !slices.Equal(o.Charged, []prepaid.Money{ten}) || !slices.Equal(o.Delivered, []prepaid.Money{ten, twenty}) {
			t.Errorf("charged %v, delivered %v", o.Charged, o.Delivered)
		}
		if violations, err := l.r.AuditAll(t.Context()); err != nil || len(violations) > 0 {
			t.Error(violations, err)
		}
		if log := l.r.log.String(); strings.Contains(log, apptest.PIN) || strings.Contains(log, code) || strings.Contains(log, "612345678") || strings.Contains(log, apptest.TelegramBot) {
			t.Errorf("the log shows a secret: %s", log)
		}
	})
}

func TestAPictureIsPolitelyNotReadAndChangesNothing(t *testing.T) {
	onEveryLine(t, func(t *testing.T, l *line) {
		l.wants(l.photo(), "text")
		l.says("KOOP")
		before := l.state()
		l.wants(l.photo(), "text")
		if after := l.state(); before != "registration.ask_msisdn" || after != before {
			t.Errorf("the state was %s and is %s", before, after)
		}
	})
}

func TestTheCarrierSStopEndsTheFlowAndIsNotAnswered(t *testing.T) {
	l := newLine(t, "twilio")
	l.wants(l.says("KOOP"), "mobile number")
	for _, word := range []string{"STOP", "HELP"} {
		if answer := l.sends(url.Values{"Body": {word}, "OptOutType": {word}}, "", ""); answer != "" {
			t.Errorf("%s, which Twilio has answered, is answered %q", word, answer)
		}
	}
	if state := l.state(); state != "idle" {
		t.Errorf("the flow stands at %s", state)
	}
	l.wants(l.says("KOOP"), "START")
	if answer := l.sends(url.Values{"Body": {"START"}, "OptOutType": {"START"}}, "", ""); answer != "" {
		t.Errorf("START is answered %q", answer)
	}
	l.wants(l.says("KOOP"), "mobile number")
	if n := len(l.v.To(l.at())); n != 0 {
		t.Errorf("%d messages were pushed", n)
	}
}

func TestWhoHasOptedOutHearsAnswersAndNoNews(t *testing.T) {
	l := newLine(t, "telegram")
	l.wants(l.says("STOP"), "no more messages") // an answer, though it is pushed and they are out by then
	l.wants(l.says("KOOP"), "mobile number")    // what they begin is served
	news := func(text string) {
		t.Helper()
		l.r.put("demo", "telegram", l.address(), text)
	}
	news("the first news")
	l.says("HELP") // leaves after the news, in the address's order
	if list := l.v.To(l.at()); strings.Contains(list[len(list)-2].Text, "news") {
		t.Errorf("news to who has opted out: %v", list)
	}
	l.wants(l.says("START"), "Welcome back")
	news("the second news")
	l.wants(l.hears(), "the second news")
	blocked := fmt.Sprintf(`{"update_id":99,"my_chat_member":{"chat":{"id":%[1]s,"type":"private"},"from":{"id":%[1]s,"first_name":"Jo"},"date":1,"new_chat_member":{"status":"kicked"}}}`, telegramChat)
	if status := l.r.postTelegram(blocked); status != http.StatusOK {
		t.Fatal(status)
	}
	if out, err := l.r.Accounts.OptedOut(t.Context(), "demo", l.address()); err != nil || out.ByWord || !out.At("telegram") {
		t.Errorf("who has blocked the bot is opted out: %v, %v", out, err)
	}
}

func TestASecretIsDeletedAndUsedButtonsGo(t *testing.T) {
	l := newLine(t, "telegram")
	l.wants(l.says("KOOP"), "mobile number")
	if m := l.v.To(l.at())[0]; !m.Contact {
		t.Errorf("no button shares the number: %+v", m)
	}
	l.says("KOOP 12 " + apptest.PIN)
	apptest.Await(t, "a PIN that was not asked for is deleted", func() bool { return l.v.Hook("deleteMessage") == fmt.Sprint(500+l.sent) }, nil)
	l.sends(nil, fmt.Sprintf(`"contact":{"phone_number":"31612345678","first_name":"Jo","user_id":%s}`, telegramChat), "")
	l.says(apptest.PIN)
	l.says(apptest.PIN)
	secret := fmt.Sprint(500 + l.sent) // the message's id
	question := l.lastMessage()
	l.chooses("PayPal", "")
	for deadline := time.Now().Add(apptest.Patience); l.v.Hook("editMessageReplyMarkup") == "" && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if got := l.v.Hook("deleteMessage"); got != secret {
		t.Errorf("message %q was deleted last, want %s", got, secret)
	}
	if tap, shown := l.v.Hook("answerCallbackQuery"), l.v.Hook("editMessageReplyMarkup"); tap != fmt.Sprintf("q%d", l.sent) || shown != question {
		t.Errorf("answered %q, keyboard removed from %q", tap, shown)
	}
}

// KOOP 10 has been asked about, and so has KOOP 20: "Again" below the older question must not buy EUR 20.
func TestAButtonBelongsToItsQuestionOnTelegram(t *testing.T) {
	l := newLine(t, "telegram")
	setup := talk.Setup{Brand: "demo", Language: "en", Customer: l.customer()}
	if err := harness.GivenCustomer(t.Context(), l.r.Program.Program, l.r.completeSetup, setup, talk.GivenCustomer{PIN: prepaid.NewSecret(apptest.PIN), Method: "sepa"}); err != nil {
		t.Fatal(err)
	}
	asks := func(amount string) (again string) {
		l.wants(l.says("KOOP "+amount+" "+apptest.PIN), "Order ")
		l.wants(l.says("KOOP "+amount+" "+apptest.PIN), "Buy it again?")
		again = l.buttons["Buy again"]
		if again == "" || len(again) > 64 {
			t.Fatalf("no button buys again: %v", l.buttons)
		}
		return again
	}
	charged := func(want ...string) {
		t.Helper()
		var amounts []string
		for _, e := range l.r.Sims.Gateway.Charged(simgateway.Filter{}) {
			amounts = append(amounts, e.Amount.String())
		}
		if !slices.Equal(amounts, want) {
			t.Errorf("charged %v, want %v", amounts, want)
		}
	}
	ten := asks("10")
	l.wants(l.says("EXIT"), "Stopped")
	twenty := asks("20")
	l.wants(l.sends(nil, "", ten), "earlier question")
	charged("EUR 10.00", "EUR 20.00")
	if l.state() != "topup.confirm_again" {
		t.Errorf("the present question does not stand any more: %s", l.state())
	}
	l.wants(l.sends(nil, "", "again"), "earlier question") // as buttons were before they named their question
	l.wants(l.sends(nil, "", twenty), "Order ")
	charged("EUR 10.00", "EUR 20.00", "EUR 20.00")
	l.wants(l.sends(nil, "", twenty), "earlier question")
	charged("EUR 10.00", "EUR 20.00", "EUR 20.00")
}

func TestTwoBrandsShareAnAccountWithDifferentNumbers(t *testing.T) {
	r, v := runLines(t, func(c *config.Config) {
		second := *c.Brands[0]
		second.Name, second.Title, second.Currency = "kompas", "Kompas", c.Brands[0].Currency
		second.Channels = nil
		for _, line := range c.Brands[0].Channels {
			if line.Type == "twilio" {
				settings := map[string]string{}
				for key, value := range line.Settings {
					settings[key] = value
				}
				settings["from"] = "+3197010000009"
				line.Settings = settings
				second.Channels, second.SMSChannel = append(second.Channels, line), line.Name
			}
		}
		c.Brands = append(c.Brands, &second)
		second.Network, second.Gateway = "sim", "sim"
	})
	form := func(id, to string) url.Values {
		return url.Values{"MessageSid": {id}, "AccountSid": {"AC0123"}, "From": {apptest.Number}, "To": {to}, "Body": {"KOOP"}, "NumMedia": {"0"}}
	}
	for brand, want := range map[string]struct{ to, title string }{"demo": {apptest.SMSNumber, "Demo Mobile"}, "kompas": {"+3197010000009", "Kompas"}} {
		texts, status := r.postTwilio(brand+"/twilio", form("SM"+brand, want.to))
		if status != http.StatusOK || len(texts) != 1 || !strings.Contains(texts[0], "Welcome to "+want.title) {
			t.Errorf("%s answers %d %q", brand, status, texts)
		}
		r.put(brand, "twilio", "tel:"+apptest.Number, "news of "+brand)
	}
	v.Await(apptest.Number, 2)
	for _, m := range v.To(apptest.Number) {
		brand, from := "demo", apptest.SMSNumber
		if strings.HasSuffix(m.Text, "kompas") {
			brand, from = "kompas", "+3197010000009"
		}
		if m.From != from || !strings.HasPrefix(m.Callback, apptest.PublicURL+"/webhooks/"+brand+"/twilio?outbound=") {
			t.Errorf("%q came from %s, with reports to %s", m.Text, m.From, m.Callback)
		}
	}
}

func TestDeliveryReportsReachTheMessageWhateverTheirOrder(t *testing.T) {
	r, v := runLines(t, nil)
	report := func(m apptest.Pushed, status string) {
		_, query, _ := strings.Cut(m.Callback, "?")
		form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {status}, "AccountSid": {"AC0123"}}
		if _, answered := r.postTwilio("demo/twilio?"+query, form); answered != http.StatusOK {
			t.Errorf("%s is answered %d", status, answered)
		}
	}
	v.Before = func(m apptest.Pushed) { report(m, "delivered") } // overtakes the answer
	r.put("demo", "twilio", "tel:"+apptest.Number, "news")
	report(v.Await(apptest.Number, 1), "sent") // overtaken
	for deadline := time.Now().Add(apptest.Patience); ; time.Sleep(5 * time.Millisecond) {
		sent, err := r.DB.Outbox.OutboundTo(t.Context(), "demo", "twilio", "tel:"+apptest.Number, 0, 9)
		if err == nil && len(sent) == 1 && sent[0].Delivery == "delivered" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v, %v", sent, err)
		}
	}
}
