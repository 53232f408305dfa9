package telegram_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/telegram"
	"pulsa/prepaid"
)

type call struct {
	Method string
	Params url.Values
}

// bot records calls and answers the named methods with what is given, else with success.
func bot(t *testing.T, answers map[string]string) (c channels.Channel, calls *[]call) {
	t.Helper()
	calls = &[]call{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		method := strings.TrimPrefix(r.URL.Path, "/bot"+token+"/")
		*calls = append(*calls, call{method, r.PostForm})
		if answer, ok := answers[method]; ok {
			_, _ = w.Write([]byte(answer))
			return
		}
		_, _ = w.Write([]byte(`{"ok":true,"result":{"message_id":78}}`))
	}))
	t.Cleanup(server.Close)
	return line(server.URL), calls
}

func TestAMessageBringsItsKeyboard(t *testing.T) {
	c, calls := bot(t, nil)
	for _, test := range []struct {
		name, markup string
		m            channels.Outbound
	}{
		{"none", `{"remove_keyboard":true}`, channels.Outbound{}},
		{"choices", `{"inline_keyboard":[[{"text":"SEPA","callback_data":"17.sepa"}],[{"text":"Card","callback_data":"17.card"}]]}`,
			channels.Outbound{Buttons: []channels.Choice{{ID: "sepa", Label: "SEPA", Question: 17}, {ID: "card", Label: "Card", Question: 17}}}},
		{"contact", `{"keyboard":[[{"text":"Share my number","request_contact":true}],[{"text":"No"}]],"resize_keyboard":true,"one_time_keyboard":true}`,
			channels.Outbound{AskContact: true, ContactLabel: "Share my number", Buttons: []channels.Choice{{ID: "no", Label: "No"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			*calls = nil
			test.m.Address, test.m.Text, test.m.MessageID = "telegram:3527", "a_b *c* <d>", "9"
			if ref, err := telegram.New(prepaid.SystemClock{}).Send(t.Context(), c, test.m); err != nil || ref != "78" {
				t.Fatal(ref, err)
			}
			want := []call{{"sendMessage", url.Values{"chat_id": {"3527"}, "text": {"a_b *c* <d>"}, "reply_markup": {test.markup}}}}
			if diff := cmp.Diff(want, *calls); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestATapIsAnsweredAndASecretDeleted(t *testing.T) {
	refuse := `{"ok":false,"error_code":400,"description":"too old"}`
	send := func(t *testing.T, answers map[string]string, part int) ([]string, error) {
		c, calls := bot(t, answers)
		_, err := telegram.New(prepaid.SystemClock{}).Send(t.Context(), c, channels.Outbound{
			Address: "telegram:3527", Text: "ok", MessageID: "callback:4382:77", Part: part, DeleteRef: "76"})
		var got []string
		for _, call := range *calls {
			got = append(got, strings.TrimSpace(strings.Join([]string{call.Method, call.Params.Get("callback_query_id"), call.Params.Get("message_id")}, " ")))
		}
		return got, err
	}
	all := []string{"sendMessage", "answerCallbackQuery 4382", "editMessageReplyMarkup  77", "deleteMessage  76"}
	for _, test := range []struct {
		name    string
		answers map[string]string
		part    int
		want    []string
		sent    bool
	}{
		{"with the first part", nil, 0, all, true},
		{"not with the second", nil, 1, all[:1], true},
		{"though all of it fails", map[string]string{"answerCallbackQuery": refuse, "editMessageReplyMarkup": refuse, "deleteMessage": refuse}, 0, all, true},
		{"even if the message is refused", map[string]string{"sendMessage": refuse}, 0, all, false},
		{"but not before it is tried again", map[string]string{"sendMessage": `{"ok":false,"error_code":429,"parameters":{"retry_after":1}}`}, 0, all[:1], false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := send(t, test.answers, test.part)
			if diff := cmp.Diff(test.want, got); diff != "" || (err == nil) != test.sent {
				t.Error(err, diff)
			}
		})
	}
}

func TestOutdatedButtonsGo(t *testing.T) {
	for _, test := range []struct {
		name string
		m    channels.Outbound
		want []string // messages that lose their buttons
	}{
		{"of the message before", channels.Outbound{Outdated: "76"}, []string{"76"}},
		{"once, where they were tapped", channels.Outbound{Outdated: "77", MessageID: "callback:4382:77"}, []string{"77"}},
		{"both, where older ones were tapped", channels.Outbound{Outdated: "78", MessageID: "callback:4382:77"}, []string{"77", "78"}},
		{"with the first part", channels.Outbound{Outdated: "76", Part: 1}, nil},
	} {
		c, calls := bot(t, nil)
		test.m.Address, test.m.Text = "telegram:3527", "Which one?"
		if _, err := telegram.New(prepaid.SystemClock{}).Send(t.Context(), c, test.m); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, call := range *calls {
			if call.Method == "editMessageReplyMarkup" {
				got = append(got, call.Params.Get("message_id"))
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestAnAddressWithoutAChatIsRefused(t *testing.T) {
	for _, address := range []prepaid.Address{"tel:+31612345678", "telegram:", "telegram:x", "telegram:-5"} {
		_, err := telegram.New(prepaid.SystemClock{}).Send(t.Context(), line("http://127.0.0.1:1"), channels.Outbound{Address: address})
		var failure *channels.SendError
		if !errors.As(err, &failure) || failure.Class != channels.RefusedFor {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestATokenThatIsNoneIsMisconfigured(t *testing.T) {
	c := line("http://127.0.0.1:1")
	c.Secrets["bot_token"] = prepaid.NewSecret("110201543:\x7fAAH")
	_, err := telegram.New(prepaid.SystemClock{}).Send(t.Context(), c, channels.Outbound{Address: "telegram:3527"})
	var failure *channels.SendError
	if !errors.As(err, &failure) || failure.Class != channels.Misconfigured || strings.Contains(err.Error(), "110201543") {
		t.Errorf("%v", err)
	}
}
