package twilio_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/twilio"
	"pulsa/prepaid"
)

// provider records what it is asked and answers alike.
func provider(t *testing.T, status int, body string) (server *httptest.Server, asked *[]*http.Request) {
	asked = &[]*http.Request{}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		*asked = append(*asked, r)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server, asked
}

func TestAMessageIsSentAsTwilioWantsIt(t *testing.T) {
	t.Setenv("TWILIO_EDGE", "dublin") // the library would send the call elsewhere
	t.Setenv("TWILIO_REGION", "ie1")
	server, asked := provider(t, 201, `{"sid":"SM1"}`)
	send := func(spoil func(*channels.Channel, *channels.Outbound)) *http.Request {
		t.Helper()
		c, m := line(server.URL), channels.Outbound{ID: "bcd", Address: "tel:+31612345678", Text: "Ready & done", Can: channels.Capabilities{Kind: channels.SMS}}
		spoil(&c, &m)
		if _, err := twilio.New(prepaid.SystemClock{}).Send(t.Context(), c, m); err != nil {
			t.Fatal(err)
		}
		return (*asked)[len(*asked)-1]
	}
	plain := send(func(*channels.Channel, *channels.Outbound) {})
	user, password, _ := plain.BasicAuth()
	if plain.Method != "POST" || plain.URL.Path != "/2010-04-01/Accounts/"+account+"/Messages.json" || user != account || password != token {
		t.Errorf("%s %s as %s", plain.Method, plain.URL, user)
	}
	callback := webhook + "?outbound=bcd"
	for name, test := range map[string]struct {
		spoil func(*channels.Channel, *channels.Outbound)
		want  url.Values
	}{
		"plain": {func(*channels.Channel, *channels.Outbound) {}, url.Values{"To": {"+31612345678"}, "From": {"+31970123456"}}},
		"service": {func(c *channels.Channel, _ *channels.Outbound) { c.Settings["messaging_service_sid"] = "MG1" },
			url.Values{"To": {"+31612345678"}, "MessagingServiceSid": {"MG1"}}},
		"whatsapp": {func(_ *channels.Channel, m *channels.Outbound) { m.Can.Kind = channels.WhatsApp },
			url.Values{"To": {"whatsapp:+31612345678"}, "From": {"whatsapp:+31970123456"}}},
		"whatsapp of its own": {func(c *channels.Channel, m *channels.Outbound) {
			c.Settings["from"] = "whatsapp:+31970999999"
			m.Can.Kind, m.Address = channels.WhatsApp, "whatsapp:US.1234"
		}, url.Values{"To": {"whatsapp:US.1234"}, "From": {"whatsapp:+31970999999"}}},
		"whatsapp to whom it knows by an older number": {func(_ *channels.Channel, m *channels.Outbound) {
			m.Can.Kind, m.Address, m.To = channels.WhatsApp, "tel:+525512345678", "whatsapp:+5215512345678"
		}, url.Values{"To": {"whatsapp:+5215512345678"}, "From": {"whatsapp:+31970123456"}}},
		"a template": {func(_ *channels.Channel, m *channels.Outbound) {
			m.Can.Kind, m.Template = channels.WhatsApp, channels.Template{ID: "HX1", Values: []string{"€10", "+31612345678", "a\n  b"}}
		}, url.Values{"To": {"whatsapp:+31612345678"}, "From": {"whatsapp:+31970123456"}, "ContentSid": {"HX1"}, "ContentVariables": {`{"1":"€10","2":"+31612345678","3":"a b"}`}}},
		"a template without variables": {func(_ *channels.Channel, m *channels.Outbound) {
			m.Can.Kind, m.Template = channels.WhatsApp, channels.Template{ID: "HX1"}
		}, url.Values{"To": {"whatsapp:+31612345678"}, "From": {"whatsapp:+31970123456"}, "ContentSid": {"HX1"}}},
	} {
		if !test.want.Has("ContentSid") {
			test.want.Set("Body", "Ready & done")
		}
		test.want.Set("StatusCallback", callback)
		if diff := cmp.Diff(test.want, send(test.spoil).PostForm); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, local := range []string{"http://localhost:8080/webhooks/demo/line", "http://127.0.0.1/x", "http://10.0.0.3/x", ""} {
		got := send(func(c *channels.Channel, _ *channels.Outbound) { c.WebhookURL = local })
		if got.PostForm.Has("StatusCallback") {
			t.Errorf("%s: Twilio refuses a message whose reports can't reach us", local)
		}
	}
}

func TestTwilioSCodesAreClassified(t *testing.T) {
	for code, want := range map[int]channels.Failure{
		20429: channels.Throttled, 63018: channels.Throttled, 21610: channels.RecipientOut, 63016: channels.WindowShut,
		20003: channels.Misconfigured, 21606: channels.Misconfigured, 21211: channels.RefusedFor, 21614: channels.RefusedFor,
		30003: channels.RefusedFor, 30007: channels.RefusedFor, 99999: channels.RefusedFor,
	} {
		server, _ := provider(t, 400, `{"code":`+strconv.Itoa(code)+`,"message":"m","status":400}`)
		if failure := fail(t, server.URL); failure.Class != want || failure.Code != strconv.Itoa(code) {
			t.Errorf("%d: %+v, want %s", code, failure, want)
		}
	}
	for status, want := range map[int]channels.Failure{
		400: channels.RefusedFor, 401: channels.Misconfigured, 403: channels.Misconfigured, 404: channels.Misconfigured,
		429: channels.Throttled, 500: channels.UnknownIfSent, 503: channels.UnknownIfSent, 302: channels.Misconfigured,
	} {
		for _, body := range []string{"", "<html>", "{}", `{"code":0}`} {
			server, _ := provider(t, status, body)
			if failure := fail(t, server.URL); failure.Class != want {
				t.Errorf("%d %q: %+v, want %s", status, body, failure, want)
			}
		}
	}
	server, _ := provider(t, 503, `{"code":20503,"message":"m","status":503}`)
	if failure := fail(t, server.URL); failure.Class != channels.UnknownIfSent {
		t.Errorf("503 with a code: %+v", failure)
	}
}

func fail(t *testing.T, base string) *channels.SendError {
	t.Helper()
	_, err := twilio.New(prepaid.SystemClock{}).Send(t.Context(), line(base), channels.Outbound{ID: "b", Address: "tel:+31612345678", Text: "x"})
	var failure *channels.SendError
	if !errors.As(err, &failure) {
		t.Fatalf("%v", err)
	}
	return failure
}

func TestAnAddressWithoutAPhoneIsRefused(t *testing.T) {
	_, err := twilio.New(prepaid.SystemClock{}).Send(t.Context(), line("http://127.0.0.1:1"), channels.Outbound{Address: "telegram:3527"})
	var failure *channels.SendError
	if !errors.As(err, &failure) || failure.Class != channels.RefusedFor {
		t.Errorf("%v", err)
	}
}

func TestAChannelWithoutANumberAnswersButCantPush(t *testing.T) {
	c := line("http://127.0.0.1:1")
	delete(c.Settings, "from")
	a := twilio.New(prepaid.SystemClock{})
	if err := a.Check(c); err != nil {
		t.Error(err)
	}
	if !a.RepliesOnly(c) || a.RepliesOnly(line("")) {
		t.Error("what replies only is not known for it")
	}
	_, err := a.Send(t.Context(), c, channels.Outbound{Address: "tel:+31612345678"})
	var failure *channels.SendError
	if !errors.As(err, &failure) || failure.Class != channels.Misconfigured {
		t.Errorf("%v", err)
	}
}
