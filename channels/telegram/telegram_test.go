package telegram_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/telegram"
	"pulsa/prepaid"
)

const (
	token  = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
	secret = "bcdfghjklmnp"
)

func line(providerURL string) channels.Channel {
	return channels.Channel{
		Brand: &prepaid.Brand{Name: "demo", Country: "NL"}, Name: "line", Type: "telegram", WebhookURL: "https://topup.example/webhooks/demo/line",
		Settings: map[string]string{"base_url": providerURL},
		Secrets:  map[string]prepaid.Secret{"bot_token": prepaid.NewSecret(token), "webhook_secret": prepaid.NewSecret(secret)},
	}
}

func post(proof, update string) *http.Request {
	r := httptest.NewRequest("POST", "/webhooks/demo/line", strings.NewReader(update))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Telegram-Bot-Api-Secret-Token", proof)
	return r
}

const (
	chat = `"chat":{"id":35278814,"type":"private"}`
	user = `"from":{"id":35278814,"is_bot":false,"first_name":"Jo","language_code":"nl-NL"}`
)

// update is an update of the customer's own chat with one thing in its message.
func update(id, thing string) string {
	return `{"update_id":` + id + `,"message":{"message_id":77,"date":1,` + chat + `,` + user + `,` + thing + `}}`
}

func refusal(status int, code, extra string) channeltest.Answer {
	return channeltest.Answer{Status: status, Body: `{"ok":false,"error_code":` + code + `,"description":"no: 35278814 ` + token + `"` + extra + `}`}
}

func TestAdapter(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		New:     func(clock prepaid.Clock) channels.Adapter { return telegram.New(clock) },
		Channel: line,
		Request: func(_ channels.Channel, id, text string) *http.Request {
			quoted, _ := json.Marshal(text)
			return post(secret, update(id, `"text":`+string(quoted)))
		},
		OtherRequest: func(_ channels.Channel, id, text string) *http.Request {
			quoted, _ := json.Marshal(text)
			return post(secret, strings.ReplaceAll(update(id, `"text":`+string(quoted)), "35278814", "35278815"))
		},
		Forge:    func(r *http.Request) { r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret+"x") },
		Customer: "telegram:35278814",
		Other:    "telegram:35278815",
		Hidden:   []string{token, secret, "35278814", "35278815"},
		Provider: &channeltest.Provider{
			Accepts: channeltest.Answer{Status: 200, Body: `{"ok":true,"result":{"message_id":78}}`}, Reference: "78",
			Throttles:    refusal(429, "429", `,"parameters":{"retry_after":7}`),
			Blocked:      refusal(403, "403", ""),
			Unauthorised: refusal(401, "401", ""),
			Refuses:      refusal(400, "400", ""),
		},
	})
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func receive(t *testing.T, body string) (channels.Received, error) {
	t.Helper()
	return telegram.New(prepaid.NewVirtualClock(noon)).Receive(post(secret, body), line(""))
}

func TestWhatACustomerMaySend(t *testing.T) {
	can, _ := channels.Of(channels.Telegram)
	base := channels.Inbound{ID: "9", Address: "telegram:35278814", Language: "nl", Can: can, ReceivedAt: noon, Deadline: noon.Add(55 * time.Second), Redelivers: true, MessageRef: "77"}
	with := func(change func(*channels.Inbound)) channels.Inbound { in := base; change(&in); return in }
	text := func(text string) channels.Inbound { return with(func(in *channels.Inbound) { in.Text = text }) }
	contact := func(c channels.Contact) channels.Inbound {
		return with(func(in *channels.Inbound) { in.Contact = &c })
	}
	attachment := with(func(in *channels.Inbound) { in.Attachment = true })
	signal := func(s channels.OptSignal) channels.Inbound {
		return with(func(in *channels.Inbound) { in.Signal, in.MessageRef = s, "" })
	}
	for _, test := range []struct {
		name, update string
		want         channels.Inbound
	}{
		{"a text", update("9", `"text":"KOOP 10"`), text("KOOP 10")},
		{"a command", update("9", `"text":"/koop@demo_bot 10 €"`), text("koop 10 €")},
		{"a start from a link", update("9", `"text":"/start abc"`), text("start")},
		{"a lone slash", update("9", `"text":"/"`), text("/")},
		{"a zero byte", update("9", `"text":"a\u0000b"`), text("a\uFFFDb")},
		{"the own contact", update("9", `"contact":{"phone_number":"31612345678","first_name":"Jo","user_id":35278814}`), contact(channels.Contact{MSISDN: "31612345678", Own: true})},
		{"another's contact", update("9", `"contact":{"phone_number":"+31612345678","first_name":"Al","user_id":4}`), contact(channels.Contact{MSISDN: "31612345678"})},
		{"a contact without an account", update("9", `"contact":{"phone_number":"+31612345678","first_name":"Al"}`), contact(channels.Contact{MSISDN: "31612345678"})},
		{"the own contact with blanks", update("9", `"contact":{"phone_number":"+31 6 1234 5678","first_name":"Jo","user_id":35278814}`), contact(channels.Contact{MSISDN: "31612345678", Own: true})},
		{"the own contact in national form", update("9", `"contact":{"phone_number":"06 1234 5678","first_name":"Jo","user_id":35278814}`), contact(channels.Contact{MSISDN: "31612345678", Own: true})},
		{"the own contact in full, like another in national form", update("9", `"contact":{"phone_number":"612345678","first_name":"Jo","user_id":35278814}`), contact(channels.Contact{MSISDN: "612345678", Own: true})},
		{"another's in national form", update("9", `"contact":{"phone_number":"0612345678","first_name":"Al"}`), contact(channels.Contact{MSISDN: "31612345678"})},
		{"another's in national form with signs", update("9", `"contact":{"phone_number":"(06) 12-34 56 78","first_name":"Al"}`), contact(channels.Contact{MSISDN: "31612345678"})},
		{"another's without a number", update("9", `"contact":{"phone_number":"112","first_name":"Al"}`), contact(channels.Contact{})},
		{"a contact without a number", update("9", `"contact":{"phone_number":"112","first_name":"Al","user_id":35278814}`), attachment},
		{"a photo", update("9", `"photo":[{"file_id":"x","file_unique_id":"y","width":1,"height":1}]`), attachment},
		{"a photo with words", update("9", `"caption":"hi","photo":[{"file_id":"x","file_unique_id":"y","width":1,"height":1}]`), text("hi")},
		{"a sticker", update("9", `"sticker":{"file_id":"x","file_unique_id":"y","width":1,"height":1}`), attachment},
		{"a tap", `{"update_id":9,"callback_query":{"id":"4382","data":"sepa",` + user + `,"message":{"message_id":77,"date":1,` + chat + `}}}`,
			with(func(in *channels.Inbound) { in.ID, in.Button, in.MessageRef = "callback:4382:77", "sepa", "" })},
		{"blocked", `{"update_id":9,"my_chat_member":{` + chat + `,` + user + `,"date":1,"old_chat_member":{"status":"member"},"new_chat_member":{"status":"kicked"}}}`, signal(channels.OptedOut)},
		{"unblocked", `{"update_id":9,"my_chat_member":{` + chat + `,` + user + `,"date":1,"old_chat_member":{"status":"kicked"},"new_chat_member":{"status":"member"}}}`, signal(channels.OptedIn)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := receive(t, test.update)
			if diff := cmp.Diff(channels.Received{Messages: []channels.Inbound{test.want}}, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
}

func TestWhatIsNotForUsIsIgnored(t *testing.T) {
	group := strings.ReplaceAll(update("9", `"text":"KOOP 10"`), `"id":35278814,"type":"private"`, `"id":-5,"type":"group"`)
	for name, body := range map[string]string{
		"an edited message":     strings.Replace(update("9", `"text":"KOOP 10"`), `"message"`, `"edited_message"`, 1),
		"a group":               group,
		"a channel's post":      strings.Replace(group, `"message"`, `"channel_post"`, 1),
		"a tap in a group":      `{"update_id":9,"callback_query":{"id":"1","data":"sepa",` + user + `,"message":{"message_id":77,"date":1,"chat":{"id":-5,"type":"group"}}}}`,
		"a tap on nothing":      `{"update_id":9,"callback_query":{"id":"1","data":"sepa",` + user + `}}`,
		"a group that adds us":  `{"update_id":9,"my_chat_member":{"chat":{"id":-5,"type":"group"},` + user + `,"date":1,"new_chat_member":{"status":"member"}}}`,
		"a pinned message":      update("9", `"pinned_message":{"message_id":1,"date":1,`+chat+`}`),
		"leave to write":        update("9", `"write_access_allowed":{"from_request":true}`),
		"another background":    update("9", `"chat_background_set":{"type":{"type":"fill"}}`),
		"a reaction":            `{"update_id":9,"message_reaction":{` + chat + `,"message_id":1,` + strings.Replace(user, "from", "user", 1) + `,"date":1,"old_reaction":[],"new_reaction":[{"type":"emoji","emoji":"👍"}]}}`,
		"what nobody knows yet": `{"update_id":9,"telepathy":{"text":"KOOP 10"}}`,
		"what has changed":      `{"update_id":9,"message":{"message_id":"seventy-seven"}}`,
	} {
		if got, err := receive(t, body); err != nil || len(got.Messages) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, body := range []string{"", "{}", "[]", "null", `{"update_id":"9"}`, `{"update_id":9`} {
		if got, err := receive(t, body); err == nil {
			t.Errorf("%q: %+v", body, got)
		}
	}
}

func TestAWebhookSecretIsDerivedFromTheToken(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = append(asked, r.URL.Path, r.PostForm.Get("url"), r.PostForm.Get("secret_token"), r.PostForm.Get("allowed_updates"))
		_, _ = w.Write([]byte(`{"ok":true,"result":true}`))
	}))
	defer server.Close()
	c := line(server.URL)
	delete(c.Secrets, "webhook_secret")
	a := telegram.New(prepaid.SystemClock{})
	if err := a.SetWebhook(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 4 || asked[0] != "/bot"+token+"/setWebhook" || asked[1] != c.WebhookURL || len(asked[2]) != 64 || asked[3] != `["message","callback_query","my_chat_member"]` {
		t.Fatalf("%q", asked)
	}
	if _, err := a.Receive(post(asked[2], update("9", `"text":"a"`)), c); err != nil {
		t.Errorf("with the derived secret: %v", err)
	}
	if _, err := a.Receive(post("", update("9", `"text":"a"`)), c); err != channels.ErrNotAuthentic {
		t.Errorf("without a secret: %v", err)
	}
	if err := a.DeleteWebhook(t.Context(), c); err != nil || asked[4] != "/bot"+token+"/deleteWebhook" {
		t.Errorf("%v %q", err, asked[4:])
	}
}

func TestCredentialsAreTried(t *testing.T) {
	for answer, want := range map[string]string{
		`{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Demo","username":"demo_bot"}}`: "bot @demo_bot",
		`{"ok":false,"error_code":401,"description":"Unauthorized"}`:                            "",
		`{"ok":true,"result":{}}`: "",
	} {
		c, _ := bot(t, map[string]string{"getMe": answer})
		whose, err := telegram.New(prepaid.SystemClock{}).Probe(t.Context(), c)
		if whose != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", answer, whose, err)
		}
	}
}

func TestABotWithoutATokenSaysSo(t *testing.T) {
	a := telegram.New(prepaid.SystemClock{})
	if err := a.Check(line("")); err != nil {
		t.Error(err)
	}
	if err := a.Check(channels.Channel{}); err == nil || !strings.Contains(err.Error(), "TELEGRAM_BOT_TOKEN") {
		t.Errorf("%v", err)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte(update("9", `"text":"/KOOP 10"`)))
	f.Add([]byte(update("9", `"contact":{"phone_number":"31612345678","user_id":35278814}`)))
	f.Add([]byte(`{"update_id":9,"callback_query":{"id":"4382","data":"sepa",` + user + `,"message":{"message_id":77,` + chat + `}}}`))
	f.Add([]byte(`{"update_id":9,"my_chat_member":{` + chat + `,"new_chat_member":{"status":"kicked"}}}`))
	adapter, c := telegram.New(prepaid.SystemClock{}), line("")
	f.Fuzz(func(t *testing.T, body []byte) {
		channeltest.CheckReceived(t, adapter, c, post(secret, string(body)))
	})
}
