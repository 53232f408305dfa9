package twilio_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/twilio"
	"pulsa/prepaid"
)

// numbers plays the part of Twilio's API that keeps an account's numbers: one, that delivers to present.
func numbers(t *testing.T, present *string) *httptest.Server {
	t.Helper()
	account := "/2010-04-01/Accounts/" + account
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		switch path := strings.TrimPrefix(r.URL.Path, account); {
		case r.Method == "GET" && path == ".json":
			_, _ = w.Write([]byte(`{"friendly_name":"Kompas","status":"active"}`))
		case r.Method == "GET" && path == "/IncomingPhoneNumbers.json" && r.Form.Get("PhoneNumber") == "+31970123456":
			_, _ = w.Write([]byte(`{"incoming_phone_numbers":[{"sid":"PN1","sms_url":"` + *present + `"}]}`))
		case r.Method == "GET" && path == "/IncomingPhoneNumbers.json":
			_, _ = w.Write([]byte(`{"incoming_phone_numbers":[]}`))
		case r.Method == "POST" && path == "/IncomingPhoneNumbers/PN1.json" && r.Form.Get("SmsMethod") == "POST":
			*present = r.Form.Get("SmsUrl")
			_, _ = w.Write([]byte(`{"sid":"PN1"}`))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestANumberIsToldWhereToDeliver(t *testing.T) {
	present := ""
	c := line(numbers(t, &present).URL)
	a := twilio.New(prepaid.SystemClock{})
	for range 2 {
		if err := a.SetWebhook(t.Context(), c); err != nil || present != webhook+"#rc=5&rp=all" {
			t.Fatalf("%v, %q", err, present)
		}
	}
	for range 2 {
		if err := a.DeleteWebhook(t.Context(), c); err != nil || present != "" {
			t.Fatalf("%v, %q", err, present)
		}
	}
	present = "https://elsewhere.example/sms"
	if err := a.DeleteWebhook(t.Context(), c); err != nil || present == "" {
		t.Errorf("another's address was removed: %v", err)
	}
	c.Settings["from"] = "+31970999999"
	var failure *channels.SendError
	if err := a.SetWebhook(t.Context(), c); !errors.As(err, &failure) || failure.Class != channels.Misconfigured {
		t.Errorf("a number that the account has not: %v", err)
	}
}

func TestWhatTheCallDoesNotReachIsSetByHand(t *testing.T) {
	for name, spoil := range map[string]func(channels.Channel) channels.Adapter{
		"a messaging service": func(c channels.Channel) channels.Adapter {
			c.Settings["messaging_service_sid"] = "MG1"
			return twilio.New(prepaid.SystemClock{})
		},
		"a short code": func(c channels.Channel) channels.Adapter {
			c.Settings["from"] = "1234"
			return twilio.New(prepaid.SystemClock{})
		},
		"whatsapp": func(channels.Channel) channels.Adapter { return twilio.NewWhatsApp(prepaid.SystemClock{}) },
	} {
		c := line("http://127.0.0.1:1")
		if err := spoil(c).(channels.Hooked).SetWebhook(t.Context(), c); !errors.Is(err, channels.ErrByHand) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCredentialsAreTried(t *testing.T) {
	c := line(numbers(t, new(string)).URL)
	whose, err := twilio.New(prepaid.SystemClock{}).Probe(t.Context(), c)
	if diff := cmp.Diff("account Kompas", whose); diff != "" || err != nil {
		t.Error(diff, err)
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
