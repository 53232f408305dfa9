package httpsms_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/httpsms"
	"pulsa/prepaid"
)

func receive(c channels.Channel, r *http.Request) (channels.Received, error) {
	return newAdapter(prepaid.NewVirtualClock(noon)).Receive(r, c)
}

// ask is a request of Kannel's kind.
func ask(pairs ...string) *http.Request {
	return request("GET", webhook+"/"+token+"?"+query(pairs...), nil, "")
}

// byGet is Kannel with get-url.
func byGet(pairs ...string) channels.Channel {
	return kannel(append([]string{"in_text", "query.text"}, pairs...)...)
}

// one is the message that a request holds.
func one(t *testing.T, c channels.Channel, r *http.Request) channels.Inbound {
	t.Helper()
	got, err := receive(c, r)
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	return got.Messages[0]
}

func TestKannelSRequestsAreRead(t *testing.T) { // as Debian's Kannel 1.4.5 was seen to make them, by get-url and by post-url
	for query, want := range map[string]channels.Inbound{
		"from=%2B31612345678&text=KOOP+10+1234&id=5375558d&charset=UTF-8":                {Text: "KOOP 10 1234"},
		"from=31612345678&text=%04%1F%04%40%D8%3D%DE%00&id=5375558d&charset=UTF-16BE":    {Text: "Пр😀"},
		"from=0612345678&text=a++b%E2%82%AC%0A&id=5375558d&charset=UTF-8":                {Text: "a  b€\n"},
		"from=0031612345678&text=%F6%00&id=5375558d&charset=8-BIT":                       {Attachment: true},
		"from=%2B31612345678&text=caf%E9&id=5375558d&charset=WINDOWS-1252":               {Text: "café"},
		"from=%2B31612345678&text=a%FF%00b&id=5375558d&charset=UTF-8":                    {Text: "a\uFFFD\uFFFDb"},
		"from=%2B31612345678&text=%1B%65%00&id=5375558d&charset=GSM":                     {Text: "€@"},
		"from=%2B31612345678&text=%EF%BC%91%EF%BC%90+KOOP&id=5375558d&charset=utf-8&x=%": {},
	} {
		got, err := receive(byGet(), request("GET", webhook+"/"+token+"?"+strings.TrimSuffix(query, "&x=%"), nil, ""))
		if strings.HasSuffix(query, "%") {
			r := request("GET", webhook+"/"+token, nil, "")
			r.URL.RawQuery = query
			if got, err := receive(byGet(), r); !errors.Is(err, channels.ErrBadRequest) {
				t.Errorf("%s: %+v, %v", query, got, err)
			}
			continue
		}
		can, _ := channels.Of(channels.SMS)
		can.OwnsOptOut = false
		want.ID, want.Address, want.Can, want.ReceivedAt, want.Deadline = "5375558d", "tel:"+number, can, noon, noon.Add(15e9)
		if diff := cmp.Diff(channels.Received{Messages: []channels.Inbound{want}}, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", query, err, diff)
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		text := values.Get("text")
		values.Del("text")
		got, err = receive(kannel(), request("POST", webhook+"/"+token+"?"+values.Encode(), map[string]string{"Content-Type": "text/plain"}, text))
		if diff := cmp.Diff(channels.Received{Messages: []channels.Inbound{want}}, got); diff != "" || err != nil {
			t.Errorf("%s by post-url: %v %s", query, err, diff)
		}
	}
}

func TestAMessageIsKnownByItsIDElseByItsTimeAndTextElseNotAtAll(t *testing.T) {
	byTime := byGet("in_time", "query.time")
	first := one(t, byTime, ask("from", number, "text", "4821", "id", "", "time", "2026-11-30 17:01:31"))
	for name, r := range map[string]*http.Request{
		"another time": ask("from", number, "text", "4821", "time", "2026-11-30 17:01:33"),
		"another text": ask("from", number, "text", "4822", "time", "2026-11-30 17:01:31"),
	} {
		if got := one(t, byTime, r); got.ID == first.ID {
			t.Errorf("%s has the same id", name)
		}
	}
	again := one(t, byTime, ask("from", number, "text", "4821", "time", "2026-11-30 17:01:31"))
	if again.ID != first.ID {
		t.Errorf("a repeated delivery has another id: %q and %q", first.ID, again.ID)
	}
	if strings.Contains(first.ID, "4821") {
		t.Errorf("the id shows the text: %q", first.ID)
	}
	other := byTime
	other.Secrets = map[string]prepaid.Secret{"token": prepaid.NewSecret(token + "x")}
	r := request("GET", webhook+"/"+token+"x?"+query("from", number, "text", "4821", "time", "2026-11-30 17:01:31"), nil, "")
	if got := one(t, other, r); got.ID == first.ID {
		t.Error("the id of a time and a PIN can be computed without the token")
	}
	if a, b := one(t, byGet(), ask("from", number, "text", "4821")), one(t, byGet(), ask("from", number, "text", "4821")); a.ID == b.ID {
		t.Error("equal texts are taken for one message: registration asks for number and PIN twice")
	}
	if got := one(t, byTime, ask("from", number, "text", "a", "id", "own", "time", "t")); got.ID != "own" {
		t.Errorf("the gateway's id is %q", got.ID)
	}
}

func TestSendersAreNumbers(t *testing.T) {
	for from, want := range map[string]prepaid.Address{
		"+31612345678": "tel:+31612345678", "31612345678": "tel:+31612345678", "0031612345678": "tel:+31612345678", "0612345678": "tel:+31612345678",
		"+254711082300": "tel:+254711082300", "254711082300": "tel:+254711082300",
		"1234": "", "INFO": "", "": "", "+": "", "0": "", "00": "", "+0612345678": "",
	} {
		got, err := receive(byGet(), ask("from", from, "text", "a", "id", "1"))
		switch {
		case err != nil:
			t.Errorf("%q: %v", from, err)
		case want == "" && len(got.Messages) > 0, want != "" && (len(got.Messages) != 1 || got.Messages[0].Address != want):
			t.Errorf("%q: %+v, want %s", from, got, want)
		}
	}
	c := byGet("in_numbers", "national")
	c.Brand = &prepaid.Brand{Name: "demo", Country: "SR"} // has numbers of seven digits, and no 0 before them
	for from, want := range map[string]prepaid.Address{"8123456": "tel:+5978123456", "+5978123456": "tel:+5978123456", "5978123456": "tel:+5978123456"} {
		if got := one(t, c, ask("from", from, "text", "a", "id", "1")); got.Address != want {
			t.Errorf("%q within the country: %s", from, got.Address)
		}
	}
}

func TestTextsAreUnwrappedAndDecoded(t *testing.T) {
	for _, test := range []struct {
		name  string
		pairs []string
		query []string
		want  string
		none  bool
	}{
		{"hex by coding", []string{"in_text_as", "hex", "in_coding", "query.coding", "in_codings", "0=gsm 8=utf-16be"}, []string{"text", "041f0440", "coding", "8"}, "Пр", false},
		{"septets in hex", []string{"in_text_as", "hex", "in_coding", "query.coding", "in_codings", "0=gsm 8=utf-16be"}, []string{"text", "001b65", "coding", "0"}, "@€", false},
		{"a coding of no text", []string{"in_coding", "query.coding", "in_codings", "0=gsm 8=utf-16be"}, []string{"text", "a", "coding", "4"}, "", true},
		{"base64", []string{"in_text_as", "base64"}, []string{"text", "S09PUA=="}, "KOOP", false},
		{"latin letters", []string{"in_charset", "iso-8859-1"}, []string{"text", "\xe9\x80"}, "é\u0080", false},
		{"a coding that says nothing", []string{"in_charset", "iso-8859-7", "in_coding", "query.coding"}, []string{"text", "\xe1", "coding", "3"}, "α", false},
		{"Greek letters", []string{"in_charset", "iso-8859-7"}, []string{"text", "\xe1"}, "α", false},
	} {
		c := byGet(append(test.pairs, "in_id", "query.id")...)
		if len(test.pairs) == 0 || test.pairs[0] != "in_charset" {
			c.Settings["in_charset"] = "utf-8"
		}
		got := one(t, c, ask(append(test.query, "from", number, "id", "1")...))
		if got.Text != test.want || got.Attachment != test.none {
			t.Errorf("%s: %q, attachment %v", test.name, got.Text, got.Attachment)
		}
	}
	for name, r := range map[string]*http.Request{
		"not hex":            ask("from", number, "text", "4821x", "id", "1"),
		"no text":            ask("from", number, "id", "1"),
		"no sender":          ask("text", "4821", "id", "1"),
		"a long id":          ask("from", number, "text", "48", "id", strings.Repeat("4821", 40)),
		"an odd id":          ask("from", number, "text", "48", "id", "4821\n"),
		"an unknown charset": ask("from", number, "text", "48", "id", "1", "charset", "4821"),
	} {
		_, err := receive(byGet("in_text_as", "hex"), r)
		if !errors.Is(err, channels.ErrBadRequest) || strings.Contains(err.Error(), "4821") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAGETHasNoText(t *testing.T) {
	if got, err := receive(kannel(), ask("from", number, "text", "KOOP", "id", "1")); !errors.Is(err, channels.ErrBadRequest) || !strings.Contains(err.Error(), "body is missing") {
		t.Errorf("get-url where post-url is expected: %+v, %v", got, err)
	}
	if got := one(t, kannel(), request("POST", webhook+"/"+token+"?"+query("from", number, "id", "1"), nil, "")); got.Text != "" {
		t.Errorf("an empty text: %+v", got)
	}
}

func TestOnlyWhatProvesItselfIsAuthentic(t *testing.T) {
	for _, test := range []struct {
		name, path, sources, remote string
		pairs                       []string
		ok                          bool
	}{
		{"the token", "/" + token, "", "", nil, true},
		{"the old token", "/" + oldToken, "", "", nil, true},
		{"none", "", "", "", nil, false},
		{"an empty one", "/", "", "", nil, false},
		{"another", "/" + token + "x", "", "", nil, false},
		{"more than the token", "/" + token + "/x", "", "", nil, false},
		{"in the query where it belongs into the path", "?token=" + token, "", "", nil, false},
		{"in the query", "?token=" + token, "", "", []string{"in_token", "query.token"}, true},
		{"not in the query", "?token=", "", "", []string{"in_token", "query.token"}, false},
		{"from an address that may", "/" + token, "203.0.113.0/24 198.51.100.7", "198.51.100.7:9", nil, true},
		{"from one that may not", "/" + token, "203.0.113.0/24", "198.51.100.7:9", nil, false},
		{"unsigned", "/" + token, "", "", []string{"in_signature", "header.X-Signature"}, false},
	} {
		c := byGet(append(test.pairs, "sources", test.sources)...)
		r := request("GET", webhook+test.path, nil, "")
		separator := "?"
		if r.URL.RawQuery != "" {
			separator = r.URL.RawQuery + "&"
		}
		r.URL.RawQuery = strings.TrimPrefix(separator+query("from", number, "text", "a", "id", "1"), "?")
		r.RemoteAddr = test.remote
		if _, err := receive(c, r); (err == nil) != test.ok || err != nil && !errors.Is(err, channels.ErrNotAuthentic) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	c := byGet()
	c.Secrets = nil
	if _, err := receive(c, ask("from", number, "text", "a")); !errors.Is(err, channels.ErrNotAuthentic) {
		t.Errorf("a channel without a token: %v", err)
	}
}

func TestReportsCarryTheNetworkSCodeAndNothingOfTheMessage(t *testing.T) {
	for answer, want := range map[string]string{
		"id:77 sub:001 dlvrd:000 submit date:2611301701 done date:2611301702 stat:UNDELIV err:011 text:Your PIN 4821": "011",
		"NACK/0x00000045/Invalid": "00000045", "NACK/11/x": "11", "": "2", "ACK/": "2",
	} {
		got, err := receive(byGet(), ask("outbound", "bcd", "dlr", "2", "dlr_answer", answer))
		if want := []channels.DeliveryReport{{Outbound: "bcd", Status: channels.Failed, Code: want}}; err != nil || !cmp.Equal(want, got.Reports) {
			t.Errorf("%q: %+v, %v", answer, got, err)
		}
	}
	for _, r := range []*http.Request{ask("outbound", "bcd", "dlr", "32"), ask("dlr", "1"), ask("outbound", strings.Repeat("x", 200), "dlr", "1")} {
		if got, err := receive(byGet(), r); err != nil || len(got.Reports)+len(got.Messages) > 0 {
			t.Errorf("%s: %+v, %v", r.URL.RawQuery, got, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	parts := []channels.Outbound{{Text: "Привет & 10"}}
	for _, test := range []struct {
		name  string
		pairs []string
		parts []channels.Outbound
		body  string
		kind  string
	}{
		{"text", nil, []channels.Outbound{{Text: "one €"}, {Text: "two"}}, "one €\ntwo", "text/plain; charset=utf-8"},
		{"nothing", nil, nil, "", "text/plain; charset=utf-8"},
		{"words of the gateway", []string{"answer_ack", "ACK/Jasmin"}, nil, "ACK/Jasmin", "text/plain; charset=utf-8"},
		{"JSON", []string{"answer_type", "application/json", "answer_body", `{"reply":"{text}","dcs":{coding}}`}, []channels.Outbound{{Text: "a\"\n"}}, `{"reply":"a\"\n","dcs":0}`, "application/json"},
		{"XML", []string{"answer_type", "text/xml", "answer_body", `<r>{text}</r>`}, parts, `<r>Привет &amp; 10</r>`, "text/xml"},
	} {
		w := httptest.NewRecorder()
		if err := httpsms.New(prepaid.SystemClock{}).Respond(w, kannel(test.pairs...), channels.Inbound{}, test.parts); err != nil {
			t.Error(err)
		}
		if w.Body.String() != test.body || w.Code != 200 || w.Header().Get("Content-Type") != test.kind {
			t.Errorf("%s: %d %q %v", test.name, w.Code, w.Body, w.Header())
		}
	}
	for text, coding := range map[string]string{"plain €": "0", "Привет": "2"} {
		w := httptest.NewRecorder()
		if err := httpsms.New(prepaid.SystemClock{}).Respond(w, kannel(), channels.Inbound{}, []channels.Outbound{{Text: text}}); err != nil || w.Header().Get("X-Kannel-Coding") != coding {
			t.Errorf("%q: %v, %v", text, w.Header(), err)
		}
	}
}

// fuzzed are channels whose requests stand in all places.
func fuzzed() []channels.Channel {
	return []channels.Channel{
		byGet("in_time", "query.time"),
		kannel(),
		lineWith(map[string]string{"preset": "jasmin", "gateway_url": "http://jasmin.internal:1401"}),
		lineWith(generic, "in_from", "json.a.0.from", "in_text", "json.a.0.text", "in_id", "json.a.0.id", "in_text_as", "hex", "in_charset", "json.a.0.cs", "dlr_status", "json.s"),
		lineWith(generic, "in_list", "json", "answer", "push", "in_from", "json.from", "in_text", "json.text", "in_time", "json.time", "dlr_status", "json.s", "in_numbers", "national"),
		lineWith(generic, "in_from", "header.X-From", "in_text", "header.X-Text", "in_text_as", "base64", "dlr_status", "header.X-S", "dlr_ref", "header.X-Ref"),
	}
}

func FuzzReceive(f *testing.F) {
	f.Add("from=%2B31612345678&text=KOOP+10+1234&id=1&charset=UTF-16BE&time=x", "from=31612345678&content=%00&id=1&coding=8", "0612345678", "S09PUA==")
	f.Add("outbound=x&dlr=2&dlr_answer=err:011", `{"a":[{"from":31612345678,"text":"4b","id":"x","cs":"gsm"}],"s":1}`, "+31612345678", "=")
	f.Add("outbound=x", `[{"from":"0612345678","text":"a","time":"t"},{"s":"delivered"},7,null]`, "", "")
	f.Fuzz(func(t *testing.T, query, body, from, text string) {
		for _, c := range fuzzed() {
			r := httptest.NewRequest("POST", "/webhooks/demo/line/"+token, strings.NewReader(body))
			r.URL.RawQuery = query
			r.Header = http.Header{"X-From": {from}, "X-Text": {text}, "X-S": {text}, "X-Ref": {from}}
			a := newAdapter(prepaid.NewVirtualClock(noon))
			for _, in := range channeltest.CheckReceived(t, a, c, r).Messages {
				w := httptest.NewRecorder()
				if err := a.(channels.Responder).Respond(w, c, in, []channels.Outbound{{Text: in.Text}}); err != nil || w.Code != 200 {
					t.Errorf("%d %v", w.Code, err)
				}
			}
		}
	})
}

func BenchmarkReceive(b *testing.B) {
	a, c := newAdapter(prepaid.SystemClock{}), byGet()
	target := webhook + "/" + token + "?" + url.Values{"from": {number}, "text": {"KOOP 10 1234"}, "id": {"5375558d-7189-42b8-85ed-cf13dfb8969d"}, "charset": {"UTF-8"}}.Encode()
	b.ReportAllocs()
	for b.Loop() {
		if got, err := a.Receive(request("GET", target, nil, ""), c); err != nil || len(got.Messages) != 1 {
			b.Fatal(err)
		}
	}
}
