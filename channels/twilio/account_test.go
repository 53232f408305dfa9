package twilio_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/channels"
	"pulsa/channels/twilio"
	"pulsa/prepaid"
)

// switchboard plays the part of Twilio's API that knows where an account's messages are delivered.
type switchboard struct {
	*httptest.Server
	number, shortCode, service, sender string // the addresses

	serviceDefers bool // to its numbers
}

func newSwitchboard(t *testing.T) *switchboard {
	t.Helper()
	b := &switchboard{}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *switchboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Webhook map[string]string `json:"webhook"`
	}
	if r.Header.Get("Content-Type") == "application/json" {
		_ = json.NewDecoder(r.Body).Decode(&asked)
	}
	_ = r.ParseForm()
	if user, password, _ := r.BasicAuth(); user != account || password == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	whole := r.Method + " " + strings.Replace(r.URL.Path, "/2010-04-01/Accounts/"+account, "", 1)
	switch whole {
	case "GET .json":
		fmt.Fprint(w, `{"friendly_name":"Kompas","status":"active"}`)
	case "GET /IncomingPhoneNumbers.json":
		if r.Form.Get("PhoneNumber") != "+31970123456" {
			fmt.Fprint(w, `{"incoming_phone_numbers":[]}`)
			return
		}
		fmt.Fprintf(w, `{"incoming_phone_numbers":[{"sid":"PN1","sms_url":%q}]}`, b.number)
	case "POST /IncomingPhoneNumbers/PN1.json":
		b.set(w, &b.number, r.Form.Get("SmsUrl"), r.Form.Get("SmsMethod"))
	case "GET /SMS/ShortCodes.json":
		fmt.Fprintf(w, `{"short_codes":[{"sid":"SC0","short_code":"12345","sms_url":"https://other.example"},{"sid":"SC1","short_code":"1234","sms_url":%q}]}`, b.shortCode)
	case "POST /SMS/ShortCodes/SC1.json":
		b.set(w, &b.shortCode, r.Form.Get("SmsUrl"), r.Form.Get("SmsMethod"))
	case "GET /v1/Services/MG1":
		fmt.Fprintf(w, `{"sid":"MG1","inbound_request_url":%q,"use_inbound_webhook_on_number":%v}`, b.service, b.serviceDefers)
	case "POST /v1/Services/MG1":
		b.set(w, &b.service, r.Form.Get("InboundRequestUrl"), r.Form.Get("InboundMethod"))
	case "GET /v2/Channels/Senders":
		if r.Form.Get("Channel") != "whatsapp" && r.Form.Get("PageToken") != "second" {
			w.WriteHeader(http.StatusBadRequest)
		} else if r.Form.Get("PageToken") == "" {
			fmt.Fprint(w, `{"senders":[{"sid":"XE0","sender_id":"whatsapp:+31970000000"}],
				"meta":{"key":"senders","next_page_url":"https://messaging.twilio.com/v2/Channels/Senders?PageToken=second"}}`)
		} else {
			fmt.Fprint(w, `{"senders":[{"sid":"XE1","sender_id":"whatsapp:+31970123456"}],"meta":{"key":"senders","next_page_url":null}}`)
		}
	case "GET /v2/Channels/Senders/XE1":
		fmt.Fprintf(w, `{"sid":"XE1","webhook":{"callback_url":%q,"fallback_url":"https://fall.example"}}`, b.sender)
	case "POST /v2/Channels/Senders/XE1":
		if asked.Webhook["fallback_url"] != "https://fall.example" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		b.set(w, &b.sender, asked.Webhook["callback_url"], asked.Webhook["callback_method"])
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"code":20404,"message":"not found","status":404}`)
	}
}

func (b *switchboard) set(w http.ResponseWriter, where *string, address, method string) {
	if method != http.MethodPost {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	*where = address
	fmt.Fprint(w, `{"sid":"x"}`)
}

// whatItIs are the kinds of lines that Twilio can be told about: the channel, its adapter, where it is delivered.
func (b *switchboard) whatItIs() map[string]func() (channels.Channel, *twilio.Adapter, *string) {
	with := func(settings ...string) channels.Channel {
		c := line(b.URL)
		for i := 0; i < len(settings); i += 2 {
			c.Settings[settings[i]] = settings[i+1]
		}
		return c
	}
	sms, whatsapp := twilio.New(prepaid.SystemClock{}), twilio.NewWhatsApp(prepaid.SystemClock{})
	return map[string]func() (channels.Channel, *twilio.Adapter, *string){
		"number":     func() (channels.Channel, *twilio.Adapter, *string) { return with(), sms, &b.number },
		"short code": func() (channels.Channel, *twilio.Adapter, *string) { return with("from", "1234"), sms, &b.shortCode },
		"service": func() (channels.Channel, *twilio.Adapter, *string) {
			return with("messaging_service_sid", "MG1"), sms, &b.service
		},
		"WhatsApp sender": func() (channels.Channel, *twilio.Adapter, *string) { return with(), whatsapp, &b.sender },
	}
}

func TestTwilioIsToldWhereToDeliver(t *testing.T) {
	b := newSwitchboard(t)
	for name, what := range b.whatItIs() {
		c, a, present := what()
		for range 2 {
			if err := a.SetWebhook(t.Context(), c); err != nil || *present != webhook+"#rc=5&rp=all" {
				t.Fatalf("%s: %v, %q", name, err, *present)
			}
		}
		for range 2 {
			if err := a.DeleteWebhook(t.Context(), c); err != nil || *present != "" {
				t.Fatalf("%s: %v, %q", name, err, *present)
			}
		}
		*present = "https://elsewhere.example/sms"
		if err := a.DeleteWebhook(t.Context(), c); err != nil || *present != "https://elsewhere.example/sms" {
			t.Errorf("%s: another's address was removed: %v", name, err)
		}
	}
}

func TestWhatTheAccountHasNotIsSaid(t *testing.T) {
	b := newSwitchboard(t)
	for name, what := range b.whatItIs() {
		c, a, _ := what()
		if name == "service" {
			c.Settings["messaging_service_sid"] = "MG2"
		} else {
			c.Settings["from"] += "9"
		}
		var failure *channels.SendError
		if err := a.SetWebhook(t.Context(), c); !errors.As(err, &failure) || failure.Class != channels.Misconfigured {
			t.Errorf("%s that the account has not: %v", name, err)
		}
	}
}

func TestAServiceThatLetsItsNumbersDecideIsLeftAlone(t *testing.T) {
	b := newSwitchboard(t)
	b.serviceDefers = true
	c, a, present := b.whatItIs()["service"]()
	if err := a.SetWebhook(t.Context(), c); err == nil || *present != "" {
		t.Errorf("%v, %q", err, *present)
	}
}

func TestWhatNoCallReachesIsSetByHand(t *testing.T) {
	c := line("http://127.0.0.1:1")
	c.Settings["from"] = "Pulsa"
	if err := twilio.New(prepaid.SystemClock{}).SetWebhook(t.Context(), c); !errors.Is(err, channels.ErrByHand) {
		t.Errorf("a name: %v", err)
	}
	c.Settings["from"], c.Settings["messaging_service_sid"] = "", "MG1"
	if err := twilio.NewWhatsApp(prepaid.SystemClock{}).SetWebhook(t.Context(), c); !errors.Is(err, channels.ErrByHand) {
		t.Errorf("WhatsApp of a service: %v", err)
	}
}

func TestCredentialsAreTried(t *testing.T) {
	c := line(newSwitchboard(t).URL)
	whose, err := twilio.New(prepaid.SystemClock{}).Probe(t.Context(), c)
	if whose != "account Kompas" || err != nil {
		t.Error(whose, err)
	}
	for body, status := range map[string]int{`{"code":20003,"message":"no"}`: 401, `{"status":"suspended"}`: 200} {
		server, _ := provider(t, status, body)
		_, err = twilio.New(prepaid.SystemClock{}).Probe(t.Context(), line(server.URL))
		var failure *channels.SendError
		if !errors.As(err, &failure) || failure.Class != channels.Misconfigured {
			t.Errorf("%s: %v", body, err)
		}
	}
}
