package twilio_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/twilio"
	"pulsa/prepaid"
)

const (
	account  = "ACbcdfghjklmnpqrstvwxzbcdfghjklmnp"
	token    = "vwxzqrstnpmlkjhgfdcbvwxzqrstnpml"
	oldToken = "bcdfghjklmnpqrstbcdfghjklmnpqrst"
	key      = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	oldKey   = "f9e8d7c6b5a493827160f5e4d3c2b1a0"
	webhook  = "https://topup.example/webhooks/demo/line"
)

func line(providerURL string) channels.Channel {
	return channels.Channel{
		Brand: &prepaid.Brand{Name: "demo", Country: "NL"}, Name: "line", Type: "twilio", WebhookURL: webhook,
		Settings: map[string]string{"account_sid": account, "from": "+31970123456", "base_url": providerURL},
		Secrets: map[string]prepaid.Secret{
			"auth_token": prepaid.NewSecret(token), "auth_token_old": prepaid.NewSecret(oldToken),
			"shared_key": prepaid.NewSecret(key), "shared_key_old": prepaid.NewSecret(oldKey),
		},
	}
}

// sign follows Twilio's description, with each distinct value of a repeated parameter, sorted.
func sign(secret, address string, form url.Values) string {
	return signBy(sha1.New, secret, address, form)
}

func signBy(newHash func() hash.Hash, secret, address string, form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		values := append([]string(nil), form[name]...)
		sort.Strings(values)
		for i, value := range values {
			if i == 0 || value != values[i-1] {
				address += name + value
			}
		}
	}
	mac := hmac.New(newHash, []byte(secret))
	mac.Write([]byte(address))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post is a request as Twilio makes it to an address that it knows; it is delivered to the path.
func post(secret, address string, form url.Values) *http.Request {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest("POST", u.RequestURI(), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", sign(secret, address, form))
	return r
}

// postShared is a request that Twilio signs by a shared key.
func postShared(newHash func() hash.Hash, secret, settings, address string, form url.Values) *http.Request {
	r := post(secret, address, form)
	r.Header.Set("X-Twilio-Signature", signBy(newHash, secret, address, form))
	r.Header.Set("X-Twilio-Webhooks-Signature-Settings", settings)
	return r
}

func inbound(id, text string) url.Values {
	return url.Values{"MessageSid": {"SM" + id}, "SmsStatus": {"received"}, "AccountSid": {account}, "From": {"+31612345678"},
		"To": {"+31970123456"}, "Body": {text}, "NumMedia": {"0"}, "NumSegments": {"1"}}
}

func with(form url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		form[pairs[i]] = append(form[pairs[i]], pairs[i+1])
	}
	return form
}

func harness() channeltest.Harness {
	refusal := func(status int, body string) channeltest.Answer {
		return channeltest.Answer{Status: status, Body: body, Header: http.Header{"Retry-After": {"7"}}}
	}
	return channeltest.Harness{
		New:     func(clock prepaid.Clock) channels.Adapter { return twilio.New(clock) },
		Channel: line,
		Request: func(c channels.Channel, id, text string) *http.Request {
			return post(token, c.WebhookURL, inbound(id, text))
		},
		OtherRequest: func(c channels.Channel, id, text string) *http.Request {
			form := inbound(id, text)
			form.Set("From", "+31687654321")
			return post(token, c.WebhookURL, form)
		},
		Forge: func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), "31612345678", "31687654321", 1)))
		},
		Repeated: func(c channels.Channel) *http.Request {
			return post(token, c.WebhookURL, with(inbound("7001", "a"), "Extra", "z", "Extra", "b", "Extra", "z"))
		},
		Report: func(c channels.Channel, id prepaid.OutboundID, status channels.Delivery) *http.Request {
			return post(token, c.WebhookURL+"?outbound="+string(id), url.Values{"MessageSid": {"SMbcd"}, "AccountSid": {account}, "MessageStatus": {string(status)}})
		},
		Customer: "tel:+31612345678",
		Other:    "tel:+31687654321",
		Hidden:   []string{token, "31612345678", "31687654321"},
		Provider: &channeltest.Provider{
			Accepts: channeltest.Answer{Status: 201, Body: `{"sid":"SMbcd","status":"queued","num_segments":"1"}`}, Reference: "SMbcd",
			Throttles:    refusal(429, `{"code":20429,"message":"Too many requests to +31612345678","status":429}`),
			Blocked:      refusal(400, `{"code":21610,"message":"+31612345678 has said STOP","status":400}`),
			Unauthorised: refusal(401, `{"code":20003,"message":"Authenticate with `+token+`","status":401}`),
			Refuses:      refusal(400, `{"code":21211,"message":"The 'To' number +31612345678 is not valid","status":400}`),
		},
	}
}

func TestAdapter(t *testing.T) { channeltest.Run(t, harness()) }

func TestTheWhatsAppAdapter(t *testing.T) {
	h := harness()
	h.New = func(clock prepaid.Clock) channels.Adapter { return twilio.NewWhatsApp(clock) }
	h.Channel = func(providerURL string) channels.Channel {
		c := line(providerURL)
		c.Type = "whatsapp"
		return c
	}
	h.Request = func(c channels.Channel, id, text string) *http.Request {
		form := inbound(id, text)
		form.Set("From", "whatsapp:+31612345678")
		return post(token, c.WebhookURL, form)
	}
	h.OtherRequest = func(c channels.Channel, id, text string) *http.Request {
		form := inbound(id, text)
		form.Set("From", "whatsapp:+31687654321")
		return post(token, c.WebhookURL, form)
	}
	channeltest.Run(t, h)
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	return twilio.New(prepaid.NewVirtualClock(noon)).Receive(r, c)
}

func TestTwilioSDocumentedSignatureIsAccepted(t *testing.T) {
	c := channels.Channel{
		Brand: &prepaid.Brand{}, WebhookURL: "https://mycompany.com/myapp.php",
		Secrets: map[string]prepaid.Secret{"auth_token": prepaid.NewSecret("12345")},
	}
	r := httptest.NewRequest("POST", "/myapp.php?foo=1&bar=2", strings.NewReader(url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"},
	}.Encode()))
	r.Header.Set("X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
	if _, err := receive(r, c); err == nil || err == channels.ErrNotAuthentic {
		t.Errorf("%v, want only that MessageSid is missing", err)
	}
}

func TestWhereTheURLAsksForNoRepeatsNoneComes(t *testing.T) {
	a := twilio.New(prepaid.SystemClock{})
	for setting, want := range map[string]struct {
		url        string
		redelivers bool
	}{"": {webhook + "#rc=5&rp=all", true}, "true": {webhook + "#rc=5&rp=all", true}, "false": {webhook, false}} {
		c := line("")
		c.Settings["redelivers"] = setting
		if url := a.ProviderURL(c); url != want.url {
			t.Errorf("redelivers %q: %s", setting, url)
		}
		got, err := a.Receive(post(token, webhook, inbound("SM1", "KOOP")), c)
		if err != nil || got.Messages[0].Redelivers != want.redelivers {
			t.Errorf("redelivers %q: %v, %v", setting, got, err)
		}
	}
}

func TestWhatASignatureMayLookLike(t *testing.T) {
	form := func() url.Values { return inbound("1", "KOOP") }
	const sha2 = "key=SK0123,algorithm=HMAC_SHA256"
	for _, test := range []struct {
		name string
		r    *http.Request
		c    func(*channels.Channel)
		ok   bool
	}{
		{"as configured", post(token, webhook, form()), nil, true},
		{"signed with the port", post(token, "https://topup.example:443/webhooks/demo/line", form()), nil, true},
		{"configured with the port", post(token, webhook, form()), func(c *channels.Channel) {
			c.WebhookURL = "https://topup.example:443/webhooks/demo/line"
		}, true},
		{"configured with repeats", post(token, webhook, form()), func(c *channels.Channel) { c.WebhookURL += "#rc=5&rp=all" }, true},
		{"with a query", post(token, webhook+"?outbound=b%20c&x", form()), nil, true},
		{"the old token", post(oldToken, webhook, form()), nil, true},
		{"a shared key", postShared(sha256.New, key, sha2, webhook, form()), nil, true},
		{"a shared key, and repeated parameters", postShared(sha256.New, key, sha2, webhook+"?outbound=b", with(form(), "Extra", "z", "Extra", "b", "Extra", "z")), nil, true},
		{"a shared key, signed with the port", postShared(sha256.New, key, sha2, "https://topup.example:443/webhooks/demo/line", form()), nil, true},
		{"the old shared key", postShared(sha256.New, oldKey, "algorithm=HMAC_SHA256, key=SK0123", webhook, form()), nil, true},
		{"a shared key by SHA-1", postShared(sha1.New, key, "key=SK0123,algorithm=HMAC_SHA1", webhook, form()), nil, true},
		{"another shared key", postShared(sha256.New, "bcd", sha2, webhook, form()), nil, false},
		{"the token as a shared key", postShared(sha256.New, token, sha2, webhook, form()), nil, false},
		{"a shared key as the token", post(key, webhook, form()), nil, false},
		{"a hash that nobody knows", postShared(sha256.New, key, "key=SK0123,algorithm=HMAC_MD5", webhook, form()), nil, false},
		{"no hash", postShared(sha256.New, key, "key=SK0123", webhook, form()), nil, false},
		{"no shared keys at all", postShared(sha256.New, "", sha2, webhook, form()), func(c *channels.Channel) { c.Secrets = nil }, false},
		{"another token", post("bcd", webhook, form()), nil, false},
		{"another address", post(token, "https://evil.example/webhooks/demo/line", form()), nil, false},
		{"no tokens at all", post("", webhook, form()), func(c *channels.Channel) { c.Secrets = nil }, false},
		{"another account", post(token, webhook, with(url.Values{"AccountSid": {"ACzz"}}, "MessageSid", "SM1", "From", "+31612345678")), nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := line("")
			if test.c != nil {
				test.c(&c)
			}
			if _, err := receive(test.r, c); (err == nil) != test.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestWhatAMessageMayHold(t *testing.T) {
	sms, _ := channels.Of(channels.SMS)
	whatsApp, _ := channels.Of(channels.WhatsApp)
	nobody := whatsApp
	nobody.Vouches = false
	from := func(form url.Values, from string) url.Values { form.Set("From", from); return form }
	for _, test := range []struct {
		name string
		form url.Values
		want channels.Inbound
	}{
		{"sms", inbound("1", "KOOP"), channels.Inbound{Address: "tel:+31612345678", Text: "KOOP", Can: sms}},
		{"stop, answered by Twilio", with(inbound("1", "STOP"), "OptOutType", "STOP"), channels.Inbound{Address: "tel:+31612345678", Text: "STOP", Signal: channels.OptedOut, Can: sms}},
		{"start", with(inbound("1", "START"), "OptOutType", "START"), channels.Inbound{Address: "tel:+31612345678", Text: "START", Signal: channels.OptedIn, Can: sms}},
		{"help", with(inbound("1", "HELP"), "OptOutType", "HELP"), channels.Inbound{Address: "tel:+31612345678", Text: "HELP", Signal: channels.AskedHelp, Can: sms}},
		{"a picture", url.Values{"MessageSid": {"SM1"}, "AccountSid": {account}, "From": {"+31612345678"}, "NumMedia": {"1"}}, channels.Inbound{Address: "tel:+31612345678", Attachment: true, Can: sms}},
		{"a picture with words", url.Values{"MessageSid": {"SM1"}, "AccountSid": {account}, "From": {"+31612345678"}, "Body": {"hi"}, "NumMedia": {"1"}}, channels.Inbound{Address: "tel:+31612345678", Text: "hi", Can: sms}},
		{"whatsapp", from(with(inbound("1", "SEPA"), "ButtonPayload", "17.sepa"), "whatsapp:+31612345678"), channels.Inbound{Address: "tel:+31612345678", Sender: "whatsapp:+31612345678", Text: "SEPA", Button: "17.sepa", Can: whatsApp}},
		{"a template's button", from(with(inbound("1", "Status"), "ButtonPayload", "later", "ButtonText", "Status"), "whatsapp:+31612345678"), channels.Inbound{Address: "tel:+31612345678", Sender: "whatsapp:+31612345678", Text: "Status", Can: whatsApp}},
		{"a list's row", from(with(inbound("1", ""), "ListId", "17.sepa", "ListTitle", "SEPA"), "whatsapp:+31612345678"), channels.Inbound{Address: "tel:+31612345678", Sender: "whatsapp:+31612345678", Text: "SEPA", Button: "17.sepa", Can: whatsApp}},
		{"another list's row", from(with(inbound("1", ""), "ListId", "row1", "ListTitle", "Status"), "whatsapp:+31612345678"), channels.Inbound{Address: "tel:+31612345678", Sender: "whatsapp:+31612345678", Text: "Status", Can: whatsApp}},
		{"whatsapp's own form of a number", from(inbound("1", "KOOP"), "whatsapp:+5215512345678"), channels.Inbound{Address: "tel:+525512345678", Sender: "whatsapp:+5215512345678", Text: "KOOP", Can: whatsApp}},
		{"whatsapp without a number", from(inbound("1", "KOOP"), "whatsapp:US.1234"), channels.Inbound{Address: "whatsapp:US.1234", Sender: "whatsapp:US.1234", Text: "KOOP", Can: nobody}},
		{"a location", from(with(inbound("1", ""), "Latitude", "52.1"), "whatsapp:+31612345678"), channels.Inbound{Address: "tel:+31612345678", Sender: "whatsapp:+31612345678", Attachment: true, Can: whatsApp}},
		{"bytes that can't be stored", inbound("1", "a\x00b\xff"), channels.Inbound{Address: "tel:+31612345678", Text: "a\uFFFDb\uFFFD", Can: sms}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := receive(post(token, webhook, test.form), line(""))
			test.want.Redelivers = true
			test.want.ID, test.want.ReceivedAt, test.want.Deadline = "SM1", noon, noon.Add(15*time.Second)
			if diff := cmp.Diff(channels.Received{Messages: []channels.Inbound{test.want}}, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
	for name, note := range map[string]url.Values{
		"a reaction": with(inbound("1", "👍"), "MessageType", "reaction"), "a deletion": with(inbound("1", ""), "MessageType", "deleted"), "nothing": inbound("1", ""),
		"a kind that WhatsApp does not pass on": with(inbound("1", ""), "MessageType", "unsupported"), "a note of the messenger's": with(inbound("1", "changed number"), "MessageType", "system"),
	} {
		if got, err := receive(post(token, webhook, from(note, "whatsapp:+31612345678")), line("")); err != nil || len(got.Messages) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, nobody := range []string{"12345", "VODAFONE", "", "whatsapp:", "whatsapp:a b"} {
		if got, err := receive(post(token, webhook, from(inbound("1", "x"), nobody)), line("")); err != nil || len(got.Messages) != 0 {
			t.Errorf("From %q: %+v, %v", nobody, got, err)
		}
	}
}

func TestCodesThatNeedWordsHaveThem(t *testing.T) {
	a := twilio.New(prepaid.SystemClock{})
	for code, word := range map[string]string{"30034": "A2P 10DLC", "63016": "24 hours", "30006": "landline", "30410": "in time", "21408": "Geo permissions"} {
		if got := a.Explain(code); !strings.Contains(got, word) {
			t.Errorf("%s: %q", code, got)
		}
	}
	if got := a.Explain("30007"); got != "" {
		t.Errorf("30007: %q", got)
	}
}

func TestStatusCallbacksAreReports(t *testing.T) {
	for status, want := range map[string]channels.Delivery{
		"queued": channels.Queued, "sending": channels.Queued, "sent": channels.Sent, "delivered": channels.DeliveredTo, "read": channels.Read,
		"undelivered": channels.Failed, "failed": channels.Failed, "dreaming": "",
	} {
		form := url.Values{"MessageStatus": {status}, "SmsStatus": {status}, "MessageSid": {"SM9"}, "AccountSid": {account}, "ErrorCode": {"30003"}}
		got, err := receive(post(token, webhook+"?outbound=bcdfg", form), line(""))
		var reports []channels.DeliveryReport
		if want != "" {
			reports = []channels.DeliveryReport{{Outbound: "bcdfg", ProviderRef: "SM9", Status: want, Code: "30003"}}
		}
		if diff := cmp.Diff(channels.Received{Reports: reports}, got); diff != "" || err != nil {
			t.Error(status, err, diff)
		}
	}
	shut := url.Values{"MessageStatus": {"undelivered"}, "MessageSid": {"SM9"}, "AccountSid": {account}, "ErrorCode": {"63016"}}
	got, err := receive(post(token, webhook+"?outbound=bcdfg", shut), line(""))
	want := []channels.DeliveryReport{{Outbound: "bcdfg", ProviderRef: "SM9", Status: channels.Failed, Code: "63016", Shut: true}}
	if diff := cmp.Diff(channels.Received{Reports: want}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestAReportTellsWhoHasOptedOut(t *testing.T) {
	for _, test := range []struct {
		to, code string
		want     prepaid.Address
	}{
		{"+31612345678", "21610", "tel:+31612345678"}, {"whatsapp:+31612345678", "21610", "tel:+31612345678"},
		{"whatsapp:US.1234", "21610", "whatsapp:US.1234"}, {"+31612345678", "30003", ""}, {"+31612345678", "", ""}, {"", "21610", ""},
	} {
		form := url.Values{"MessageStatus": {"failed"}, "MessageSid": {"SM9"}, "AccountSid": {account}, "ErrorCode": {test.code}, "To": {test.to}}
		got, err := receive(post(token, webhook+"?outbound=bcdfg", form), line(""))
		if err != nil || len(got.Reports) != 1 || got.Reports[0].Refused != test.want {
			t.Errorf("%+v: %+v, %v", test, got, err)
		}
	}
}

func TestWhoIsReached(t *testing.T) {
	sms, whatsApp := twilio.New(prepaid.SystemClock{}), twilio.NewWhatsApp(prepaid.SystemClock{})
	for address, want := range map[prepaid.Address][2]channels.Kind{
		"tel:+31612345678": {channels.SMS, ""}, "whatsapp:US.1234": {"", channels.WhatsApp}, "telegram:31612345678": {"", ""},
	} {
		for i, a := range []*twilio.Adapter{sms, whatsApp} {
			can, ok := a.Reaches(address)
			if ok != (want[i] != "") || ok && can.Kind != want[i] {
				t.Errorf("%s by %s: %v %v", address, a.Type(), can.Kind, ok)
			}
		}
	}
}

func TestRepliesAreTwiML(t *testing.T) {
	respond := func(texts ...string) (string, []string) {
		var parts []channels.Outbound
		for _, text := range texts {
			parts = append(parts, channels.Outbound{Text: text})
		}
		w := httptest.NewRecorder()
		if err := twilio.New(prepaid.SystemClock{}).Respond(w, line(""), channels.Inbound{}, parts); err != nil {
			t.Fatal(err)
		}
		var read struct {
			XMLName  xml.Name `xml:"Response"`
			Messages []string `xml:"Message"`
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &read); err != nil || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/xml") {
			t.Fatalf("%v: %s", err, w.Body)
		}
		return w.Body.String(), read.Messages
	}
	texts := []string{"Choose:\n1 <b> & \"c\"\n2 €", "second"}
	if _, got := respond(texts...); !cmp.Equal(texts, got) {
		t.Errorf("%q", got)
	}
	if body, got := respond(); len(got) != 0 || !strings.Contains(body, "<Response></Response>") {
		t.Errorf("%q", body)
	}
}

func TestAChannelWithoutCredentialsSaysWhatIsMissing(t *testing.T) {
	a := twilio.New(prepaid.SystemClock{})
	if err := a.Check(line("")); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*channels.Channel){
		"TWILIO_ACCOUNT_SID": func(c *channels.Channel) { delete(c.Settings, "account_sid") },
		"TWILIO_AUTH_TOKEN":  func(c *channels.Channel) { c.Secrets = nil },
	} {
		c := line("")
		spoil(&c)
		if err := a.Check(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

func FuzzReceive(f *testing.F) {
	f.Add("MessageSid=SM1&From=%2B31612345678&Body=KOOP&AccountSid="+account, "")
	f.Add("MessageStatus=sent&MessageSid=SM1&AccountSid="+account, "outbound=b")
	f.Add("From=whatsapp:US.1&MessageSid=a&Body=%ff%00", "%zz")
	f.Fuzz(func(t *testing.T, body, query string) {
		r := httptest.NewRequest("POST", "/webhooks/demo/line", strings.NewReader(body))
		r.URL.RawQuery = query
		address := webhook
		if query != "" {
			address += "?" + query
		}
		if form, err := url.ParseQuery(body); err == nil {
			form.Set("AccountSid", account)
			r.Body = io.NopCloser(strings.NewReader(form.Encode()))
			r.Header.Set("X-Twilio-Signature", sign(token, address, form))
		}
		channeltest.CheckReceived(t, twilio.New(prepaid.SystemClock{}), line(""), r)
	})
}
