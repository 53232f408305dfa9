package ussd_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/ussd"
	"pulsa/prepaid"
)

const (
	token    = "vwxzqrstnpmlkjhgfdcb"
	oldToken = "bcdfghjklmnpqrstvwxz"
)

const (
	more = channels.LabelMore
	back = channels.LabelBack
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func euros(n int64) prepaid.Money { return prepaid.Money{Minor: n * 100, Currency: "EUR"} }

func line(string) channels.Channel {
	return channels.Channel{
		Brand: &prepaid.Brand{
			Name: "demo", Country: "NL", Currency: "EUR",
			Amounts: prepaid.AmountRange{Min: euros(10), Max: euros(50), Step: euros(5)},
		},
		Name: "line", Type: "ussd", WebhookURL: "https://topup.example/webhooks/demo/line", Settings: map[string]string{},
		Secrets: map[string]prepaid.Secret{"token": prepaid.NewSecret(token), "token_old": prepaid.NewSecret(oldToken)},
	}
}

// post is a request as the gateway makes it.
func post(query string, form url.Values) *http.Request {
	r := httptest.NewRequest("POST", "/webhooks/demo/line?"+query, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func typed(session, text string) url.Values {
	return url.Values{"sessionId": {session}, "serviceCode": {"*123#"}, "phoneNumber": {"+31612345678"}, "networkCode": {"20404"}, "text": {text}}
}

func receive(c channels.Channel, r *http.Request) (channels.Received, error) {
	return ussd.New(prepaid.NewVirtualClock(noon)).Receive(r, c)
}

func TestAdapter(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		New:     func(clock prepaid.Clock) channels.Adapter { return ussd.New(clock) },
		Channel: line,
		Request: func(_ channels.Channel, id, text string) *http.Request { return post("token="+token, typed(id, text)) },
		OtherRequest: func(_ channels.Channel, id, text string) *http.Request {
			form := typed(id, text)
			form.Set("phoneNumber", "+31687654321")
			return post("token="+token, form)
		},
		Forge: func(r *http.Request) { r.URL.RawQuery = "token=" + strings.ToUpper(token) },
		Repeated: func(channels.Channel) *http.Request {
			form := typed("7001", "a")
			form["text"] = []string{"a", "b"}
			return post("token="+token+"&token=x", form)
		},
		Customer: "tel:+31612345678",
		Other:    "tel:+31687654321",
		Hidden:   []string{token, "31612345678", "31687654321"},
	})
}

func TestWhatWasTypedIsTakenApart(t *testing.T) {
	can, _ := channels.Of(channels.USSD)
	can.MaxUnits = 0
	for _, test := range []struct {
		typed, id, text string
		inputs          []string
		turns           []channels.Label
	}{
		{"", "s/0", "", nil, nil},
		{"1", "s/1", "1", []string{"1"}, nil},
		{"1*10*4821", "s/3", "4821", []string{"1", "10", "4821"}, nil},
		{"1*", "s/2", "", []string{"1", ""}, nil},
		{"1*98", "s/1", "1", []string{"1"}, []channels.Label{more}},
		{"1*98*98*0", "s/1", "1", []string{"1"}, []channels.Label{more, more, back}},
		{"1*98*2", "s/3", "2", []string{"1", "98", "2"}, nil},
		{"98", "s/0", "", []string{}, []channels.Label{more}},
		{"1*00", "s/2", "00", []string{"1", "00"}, nil},
		{"a\x00\xff", "s/1", "a\uFFFD\uFFFD", []string{"a\uFFFD\uFFFD"}, nil},
	} {
		got, err := receive(line(""), post("token="+token, typed("s", test.typed)))
		want := channels.Inbound{
			ID: test.id, Address: "tel:+31612345678", Text: test.text, Can: can, ReceivedAt: noon, Deadline: noon.Add(5 * time.Second),
			Dial: &channels.Dial{Session: "s", Inputs: test.inputs}, Labels: []channels.Label{channels.LabelMore, channels.LabelBack}, Private: ussd.Turned(test.turns),
		}
		if diff := cmp.Diff(channels.Received{Messages: []channels.Inbound{want}}, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", test.typed, err, diff)
		}
	}
}

func TestNoAmountOnSaleTurnsPages(t *testing.T) {
	c := line("")
	c.Brand.Amounts = prepaid.AmountRange{Min: euros(1), Max: euros(100), Step: euros(1)}
	for text, id := range map[string]string{"1*98": "s/2", "1*00": "s/1"} {
		got, err := receive(c, post("token="+token, typed("s", text)))
		if err != nil || got.Messages[0].ID != id {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestCallersAreNumbers(t *testing.T) {
	for text, want := range map[string]prepaid.Address{
		"+254711082300": "tel:+254711082300", "254711082300": "tel:+254711082300", " 254711082300": "tel:+254711082300",
		"": "", "+": "", "anonymous": "", "++254711082300": "", "0711082300": "",
	} {
		form := typed("s", "")
		form.Set("phoneNumber", text)
		got, err := receive(line(""), post("token="+token, form))
		if want == "" {
			if !errors.Is(err, channels.ErrBadRequest) {
				t.Errorf("%q: %+v, %v", text, got, err)
			}
		} else if err != nil || got.Messages[0].Address != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestWhatCantBeReadIsRefusedWithoutQuotingIt(t *testing.T) {
	for name, form := range map[string]url.Values{
		"no session": typed("", "4821"), "an odd session": typed("s\n", "4821"), "a session that can't be stored": typed("s\xff", "4821"),
		"a long session": typed(strings.Repeat("s", 129), "4821"), "too many inputs": typed("s", strings.Repeat("4821*", 200)),
	} {
		_, err := receive(line(""), post("token="+token, form))
		if !errors.Is(err, channels.ErrBadRequest) || strings.Contains(err.Error(), "4821") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyTheTokenAndTheSourcesAreAuthentic(t *testing.T) {
	for _, test := range []struct {
		name, query, from, sources string
		ok                         bool
	}{
		{"the token", "token=" + token, "", "", true},
		{"the old token", "token=" + oldToken, "", "", true},
		{"no token", "", "", "", false},
		{"an empty token", "token=", "", "", false},
		{"another token", "token=" + token + "x", "", "", false},
		{"from an address that may", "token=" + token, "203.0.113.7:4711", "198.51.100.1, 203.0.113.7", true},
		{"from a network that may", "token=" + token, "203.0.113.7:4711", "203.0.113.0/24", true},
		{"by IPv6", "token=" + token, "[::ffff:203.0.113.7]:4711", "203.0.113.0/24,2001:db8::/32", true},
		{"from elsewhere", "token=" + token, "203.0.114.7:4711", "203.0.113.0/24", false},
		{"from nowhere", "token=" + token, "", "203.0.113.0/24", false},
		{"sources that can't be read", "token=" + token, "203.0.113.7:4711", "anywhere", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := line("")
			c.Settings["sources"] = test.sources
			r := post(test.query, typed("s", ""))
			r.RemoteAddr = test.from
			if _, err := receive(c, r); (err == nil) != test.ok || err != nil && !errors.Is(err, channels.ErrNotAuthentic) {
				t.Errorf("%v", err)
			}
		})
	}
	c := line("")
	c.Secrets = nil
	if _, err := receive(c, post("token=", typed("s", ""))); !errors.Is(err, channels.ErrNotAuthentic) {
		t.Errorf("a channel without a token: %v", err)
	}
}

func TestAChannelSaysWhatItLacks(t *testing.T) {
	for want, spoil := range map[string]func(*channels.Channel){
		"":                func(*channels.Channel) {},
		"USSD_TOKEN":      func(c *channels.Channel) { delete(c.Secrets, "token") },
		"fewer than 16":   func(c *channels.Channel) { c.Secrets["token"] = prepaid.NewSecret("short") },
		"sources must be": func(c *channels.Channel) { c.Settings["sources"] = "203.0.113.0/33" },
	} {
		c := line("")
		spoil(&c)
		err := ussd.New(prepaid.SystemClock{}).Check(c)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestNothingIsPushed(t *testing.T) {
	_, err := ussd.New(prepaid.SystemClock{}).Send(t.Context(), line(""), channels.Outbound{Text: "late"})
	var failure *channels.SendError
	if !errors.As(err, &failure) || failure.Class != channels.RefusedFor {
		t.Errorf("%v", err)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add("sessionId=ATUid_1&serviceCode=*123%23&phoneNumber=%2B254711082300&networkCode=63902&text=1*10*98", "token="+token)
	f.Add("sessionId=ATUid_1&status=Success&hopsCount=3", "token="+token)
	f.Add("sessionId=%ff&phoneNumber=+31612345678&text=%00*%ff*0", "%zz")
	f.Fuzz(func(t *testing.T, body, query string) {
		for _, q := range []string{query, "token=" + token} {
			r := httptest.NewRequest("POST", "/webhooks/demo/line", strings.NewReader(body))
			r.URL.RawQuery = q
			for _, in := range channeltest.CheckReceived(t, ussd.New(prepaid.SystemClock{}), line(""), r).Messages {
				if in.Dial == nil || in.Dial.Session == "" || !strings.HasPrefix(in.ID, in.Dial.Session+"/") {
					t.Errorf("%+v", in)
				}
				for _, parts := range [][]channels.Outbound{nil, {{Text: in.Text}}, {{Text: strings.Repeat("word ", 90), Ends: true}}} {
					w := httptest.NewRecorder()
					if err := ussd.New(prepaid.SystemClock{}).Respond(w, line(""), in, parts); err != nil || !strings.HasPrefix(w.Body.String(), "CON ") && !strings.HasPrefix(w.Body.String(), "END ") {
						t.Errorf("%v %q", err, w.Body)
					}
				}
			}
		}
	})
}
