package fake_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/fake"
	"pulsa/prepaid"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func brand(test bool) *prepaid.Brand {
	return &prepaid.Brand{Name: "demo", Test: test, Country: "NL", Channels: []prepaid.ChannelConfig{{Name: "fake", Type: "fake"}}}
}

// serve runs the fake channel behind the real webhook handler; every message is echoed.
func serve(t testing.TB, b *prepaid.Brand, box *channeltest.Outbox, got *[]channels.Inbound) *httptest.Server {
	t.Helper()
	clock := prepaid.NewVirtualClock(start)
	registry := channels.NewRegistry(prepaid.NewBrands(b), "https://topup.example", nil, clock)
	if err := registry.Register(fake.New(box, clock)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(channels.NewWebhooks(channels.WebhookConfig{
		Registry: registry, Outbox: box, Clock: clock, Log: slog.New(slog.DiscardHandler),
		Turn: func(_ context.Context, _ channels.Channel, in channels.Inbound) ([]channels.Outbound, error) {
			*got = append(*got, in)
			return []channels.Outbound{{Text: "You said " + in.Text, Ends: in.Text == "EXIT", Buttons: []channels.Choice{{ID: "sepa", Label: "SEPA", Question: 17}}}}, nil
		},
	}))
	t.Cleanup(server.Close)
	return server
}

func post(t testing.TB, server *httptest.Server, body string) (int, string) {
	t.Helper()
	return postTo(t, server.URL+"/webhooks/demo/fake", body)
}

func postTo(t testing.TB, address, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(answer))
}

// request is a client's, as the handler sees it.
func request(path, body string) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestAdapter(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		New: func(clock prepaid.Clock) channels.Adapter { return fake.New(&channeltest.Outbox{}, clock) },
		Channel: func(string) channels.Channel {
			return channels.Channel{Brand: brand(true), Name: "line", Type: "fake", WebhookURL: "https://topup.example/webhooks/demo/line"}
		},
		Request: func(_ channels.Channel, id, text string) *http.Request {
			body, _ := json.Marshal(map[string]string{"id": id, "from": "+31612345678", "text": text})
			return request("/webhooks/demo/line", string(body))
		},
		OtherRequest: func(_ channels.Channel, id, text string) *http.Request {
			body, _ := json.Marshal(map[string]string{"id": id, "from": "+31687654321", "text": text})
			return request("/webhooks/demo/line", string(body))
		},
		Customer: "tel:+31612345678",
		Other:    "tel:+31687654321",
		Hidden:   []string{"31612345678", "31687654321"},
	})
}

func TestAMessageIsAnsweredInTheResponse(t *testing.T) {
	var got []channels.Inbound
	server := serve(t, brand(true), &channeltest.Outbox{}, &got)
	status, body := post(t, server, `{"id":"m1","from":"+31612345678","text":"KOOP <10> \u0000 `+"\xff"+`"}`)
	if status != 200 || body != `{"replies":[{"text":"You said KOOP <10> � �","buttons":[{"id":"17.sepa","label":"SEPA"}]}]}` {
		t.Fatalf("%d %s", status, body)
	}
	can, _ := channels.Of(channels.SMS)
	want := channels.Inbound{ID: "m1", Address: "tel:+31612345678", Text: "KOOP <10> � �", Can: can,
		ReceivedAt: start, Deadline: start.Add(15 * time.Second), Redelivers: true}
	if diff := cmp.Diff([]channels.Inbound{want}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEachKindIsTakenOn(t *testing.T) {
	var got []channels.Inbound
	server := serve(t, brand(true), &channeltest.Outbox{}, &got)
	for _, body := range []string{
		`{"id":"1","from":"+31612345678","as":"telegram","contact":"own","language":"nl"}`,
		`{"id":"2","from":"+31612345678","as":"telegram","contact":"+31687654321"}`,
		`{"id":"3","from":"+31612345678","as":"ussd","contact":"own","signal":"help"}`,
		`{"id":"4","from":"+31612345678","as":"whatsapp","attachment":true,"button":"17.sepa"}`,
		`{"id":"5","from":"3527","as":"telegram","signal":"stop"}`,
		`{"id":"6","from":"+31612345678","as":"web","contact":"own"}`,
		`{"id":"7","from":"+31612345678","as":"telegram","contact":"06 8765 4321"}`,
		`{"id":"8","from":"+31612345678","as":"telegram","contact":"(06) 87-65 43 21"}`,
		`{"id":"9","from":"+31612345678","as":"telegram","contact":"+31 6 8765 4321"}`,
		`{"id":"10","from":"+31612345678","as":"telegram","contact":"31687654321"}`,
		`{"id":"11","from":"+31612345678","as":"telegram","contact":"+44 7400 123456"}`,
	} {
		if status, answer := post(t, server, body); status != 200 {
			t.Fatalf("%s: %d %s", body, status, answer)
		}
	}
	type brief struct {
		Address    prepaid.Address
		Kind       channels.Kind
		InResponse bool
		Contact    *channels.Contact
		Attachment bool
		Signal     channels.OptSignal
		Button     string
	}
	var brought []brief
	for _, in := range got {
		brought = append(brought, brief{in.Address, in.Can.Kind, in.Can.InResponse, in.Contact, in.Attachment, in.Signal, in.Button})
	}
	want := []brief{
		{"telegram:31612345678", channels.Telegram, true, &channels.Contact{MSISDN: "31612345678", Own: true}, false, "", ""},
		{"telegram:31612345678", channels.Telegram, true, &channels.Contact{MSISDN: "31687654321"}, false, "", ""},
		{"tel:+31612345678", channels.USSD, true, nil, true, channels.AskedHelp, ""},
		{"tel:+31612345678", channels.WhatsApp, true, nil, true, "", "17.sepa"},
		{"telegram:3527", channels.Telegram, true, nil, false, channels.OptedOut, ""},
		{"web:31612345678", channels.Web, true, nil, true, "", ""},
		{"telegram:31612345678", channels.Telegram, true, &channels.Contact{MSISDN: "31687654321"}, false, "", ""},
		{"telegram:31612345678", channels.Telegram, true, &channels.Contact{MSISDN: "31687654321"}, false, "", ""},
		{"telegram:31612345678", channels.Telegram, true, &channels.Contact{MSISDN: "31687654321"}, false, "", ""},
		{"telegram:31612345678", channels.Telegram, true, &channels.Contact{MSISDN: "31687654321"}, false, "", ""},
		{"telegram:31612345678", channels.Telegram, true, &channels.Contact{MSISDN: "447400123456"}, false, "", ""},
	}
	if diff := cmp.Diff(want, brought); diff != "" {
		t.Error(diff)
	}
}

func TestOnUSSDACodeIsDialledAndWhatFollowsIsTypedInItsSession(t *testing.T) {
	dial := func(session string, inputs ...string) *channels.Dial {
		return &channels.Dial{Session: session, Inputs: inputs}
	}
	for message, want := range map[string]struct {
		text string
		dial *channels.Dial
	}{
		`"as":"ussd","text":"*123#"`:                            {"", dial("m1")},
		`"as":"ussd","text":"*123#","session":"s"`:              {"", dial("s")},
		`"as":"ussd","text":"*123*10*4821#"`:                    {"4821", dial("m1", "10", "4821")},
		`"as":"ussd","text":"*123*#","session":"s"`:             {"", dial("s")},
		`"as":"ussd","text":"10","session":"s"`:                 {"10", dial("s", "10")},
		`"as":"ussd","text":"*123#","session":"s","typed":true`: {"*123#", dial("s", "*123#")},
		`"as":"ussd","text":"*123#","typed":true`:               {"*123#", nil},
		`"as":"ussd","attachment":true,"session":"s"`:           {"", dial("s")},
		`"as":"ussd","text":"KOOP"`:                             {"KOOP", nil},
		`"as":"ussd","text":"*KOOP#"`:                           {"*KOOP#", nil},
		`"as":"sms","text":"*123*10#","session":"s"`:            {"*123*10#", nil},
		`"as":"telegram","text":"*123#"`:                        {"*123#", nil},
	} {
		var got []channels.Inbound
		server := serve(t, brand(true), &channeltest.Outbox{}, &got)
		if status, answer := post(t, server, `{"id":"m1","from":"+31612345678",`+message+`}`); status != 200 {
			t.Fatalf("%s: %d %s", message, status, answer)
		}
		if diff := cmp.Diff(want.dial, got[0].Dial); diff != "" || got[0].Text != want.text {
			t.Errorf("%s: text %q, dial %s", message, got[0].Text, diff)
		}
	}
}

func TestTheReplyThatEndsADialledSessionSaysSo(t *testing.T) {
	w := httptest.NewRecorder()
	parts := []channels.Outbound{{Text: "Done.", Ends: true}}
	if err := fake.New(nil, prepaid.SystemClock{}).Respond(w, channels.Channel{}, channels.Inbound{}, parts); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(w.Body.String()); got != `{"replies":[{"text":"Done.","buttons":[],"ends":true}]}` {
		t.Error(got)
	}
}

func TestABadMessageIsToldWhatIsWrong(t *testing.T) {
	var got []channels.Inbound
	server := serve(t, brand(true), &channeltest.Outbox{}, &got)
	for body, want := range map[string]string{
		``:                                    "not JSON",
		`{"id":"1"`:                           "not JSON",
		`[]`:                                  "JSON object",
		`null`:                                "JSON object",
		`7`:                                   "JSON object",
		`{"id":"1","from":"+31612345678"} {}`: "something follows",
		`{"from":"+31612345678"}`:             `"id" is missing`,
		`{"id":"1"}`:                          `"from" is missing`,
		`{"id":1,"from":"+31612345678"}`:      `"id" must be a string, not a number`,
		`{"id":"1","from":"+31612345678","text":4821}`:                `"text" must be a string, not a number`,
		`{"id":"1","from":"+31612345678","attachment":"yes"}`:         `"attachment" must be true or false, not a string`,
		`{"id":"1","from":"0612345678"}`:                              `"from" must be a number`,
		`{"id":"1","from":"+31612345678","button":"SEPA 4821"}`:       `"button" must be`,
		`{"id":"1","from":"+31612345678","as":"fax"}`:                 `"as" must be`,
		`{"id":"1","from":"+31612345678","signal":"go"}`:              `"signal" must be`,
		`{"id":"1","from":"+31612345678","contact":"me"}`:             `"contact" must be`,
		`{"id":"1","from":"+31612345678","contact":"112"}`:            `"contact" must be`,
		`{"id":"1","from":"31","as":"telegram","contact":"own"}`:      `"own"`,
		`{"id":"1","from":"+31612345678","txt":"a"}`:                  `unknown field "txt"`,
		`{"id":"1","from":"+31612345678","session":"a\u0000"}`:        `"session" must be at most`,
		`{"id":"a\u0000","from":"+31612345678"}`:                      `"id" must be at most`,
		`{"id":"` + strings.Repeat("x", 201) + `","from":"+3161234"}`: `"id" must be at most`,
	} {
		status, answer := post(t, server, body)
		var problem struct{ Error string }
		if err := json.Unmarshal([]byte(answer), &problem); err != nil {
			t.Errorf("%s: answered %q", body, answer)
		}
		if status != 400 || !strings.Contains(problem.Error, want) || strings.Contains(answer, "4821") {
			t.Errorf("%s: %d %s, want %s", body, status, answer, want)
		}
	}
	if len(got) != 0 {
		t.Errorf("taken: %v", got)
	}
}

func TestTextMayHave64KiB(t *testing.T) {
	var got []channels.Inbound
	server := serve(t, brand(true), &channeltest.Outbox{}, &got)
	send := func(n int) int {
		status, _ := post(t, server, `{"id":"m","from":"+31612345678","text":"`+strings.Repeat("\\u0001", n)+`"}`)
		return status
	}
	if status := send(64 << 10); status != 200 || len(got[0].Text) != 64<<10 {
		t.Errorf("64 KiB: %d", status)
	}
	if status := send(64<<10 + 1); status != 413 {
		t.Errorf("one more: %d", status)
	}
	if status := send(80 << 10); status != 413 {
		t.Errorf("more than a body may have: %d", status)
	}
}

func TestItAnswersForTestBrandsOnly(t *testing.T) {
	var got []channels.Inbound
	server := serve(t, brand(false), &channeltest.Outbox{}, &got)
	if status, _ := post(t, server, `{"id":"1","from":"+31612345678"}`); status != 404 {
		t.Errorf("%d", status)
	}
	r := request("/", `{"id":"1","from":"+31612345678"}`)
	if _, err := fake.New(nil, prepaid.SystemClock{}).Receive(r, channels.Channel{Brand: brand(false)}); err != channels.ErrNotAuthentic {
		t.Errorf("Receive: %v", err)
	}
}

func TestPushedMessagesAreListed(t *testing.T) {
	var got []channels.Inbound
	box := &channeltest.Outbox{}
	server := serve(t, brand(true), box, &got)
	put := func(id string, to prepaid.Address) {
		o := channels.Outbound{ID: prepaid.OutboundID(id), Brand: "demo", Channel: "fake", Address: to, MessageID: id, Text: "news " + id}
		if err := box.PutOutbound(t.Context(), []channels.Outbound{o}); err != nil {
			t.Fatal(err)
		}
	}
	put("a", "tel:+31612345678")
	put("b", "telegram:31612345678")
	put("c", "tel:+31612345678")
	put("d", "tel:+31612345678") // and not sent
	for _, id := range []prepaid.OutboundID{"a", "b", "c"} {
		if err := box.EndOutbound(t.Context(), id, channels.SendEnd{Status: channels.HandedOn}); err != nil {
			t.Fatal(err)
		}
	}
	get := func(query string) (int, string) {
		resp, err := http.Get(server.URL + "/webhooks/demo/fake/outbox?" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, strings.TrimSpace(string(body))
	}
	for query, want := range map[string]string{
		"to=%2B31612345678":             `{"messages":[{"n":1,"outbound":"a","status":"sent","text":"news a","buttons":[]},{"n":3,"outbound":"c","status":"sent","text":"news c","buttons":[]}]}`,
		"to=+31612345678&after=1":       `{"messages":[{"n":3,"outbound":"c","status":"sent","text":"news c","buttons":[]}]}`,
		"to=%2B31612345678&as=telegram": `{"messages":[{"n":2,"outbound":"b","status":"sent","text":"news b","buttons":[]}]}`,
		"to=%2B31687654321":             `{"messages":[]}`,
	} {
		if status, body := get(query); status != 200 || body != want {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	for _, query := range []string{"", "to=me", "to=%2B31612345678&after=x", "to=%2B31612345678&after=-1", "to=%2B31612345678&as=fax"} {
		if status, body := get(query); status != 400 || !strings.Contains(body, "error") {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

func TestDeliveryIsReported(t *testing.T) {
	box := &channeltest.Outbox{}
	server := serve(t, brand(true), box, new([]channels.Inbound))
	report := func(body string) (int, string) { return postTo(t, server.URL+"/webhooks/demo/fake/report", body) }
	if status, body := report(`{"outbound":"bcdf","status":"failed","code":"30003"}`); status != 200 || body != "{}" {
		t.Errorf("%d %s", status, body)
	}
	want := []channels.DeliveryReport{{Outbound: "bcdf", Status: channels.Failed, Code: "30003"}}
	if diff := cmp.Diff(want, box.Reports()); diff != "" {
		t.Error(diff)
	}
	for body, want := range map[string]string{
		`{"status":"read"}`: "outbound", `{"outbound":"b","status":"lost"}`: "status", `{"outbound":"b","stat":"x"}`: "unknown field", ``: "JSON",
	} {
		if status, answer := report(body); status != 400 || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
}

func TestFaultsAreMetUntilTheyAreOver(t *testing.T) {
	clock := prepaid.NewVirtualClock(start)
	a := fake.New(&channeltest.Outbox{}, clock)
	c := channels.Channel{Brand: brand(true), Name: "fake"}
	fault := func(body string) (int, string) {
		w := httptest.NewRecorder()
		a.Routes(c).ServeHTTP(w, request("/fault", body))
		return w.Code, w.Body.String()
	}
	send := func() *channels.SendError {
		t.Helper()
		var err error
		if clockErr := clock.Run(func() { _, err = a.Send(t.Context(), c, channels.Outbound{ID: "b"}) }); clockErr != nil {
			t.Fatal(clockErr)
		}
		var failure *channels.SendError
		if err != nil && !errors.As(err, &failure) {
			t.Fatal(err)
		}
		return failure
	}
	if status, body := fault(`{"send":"throttled","after":"30s","times":2}`); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	for i, want := range []bool{true, true, false} {
		failure := send()
		if got := failure != nil && failure.Class == channels.Throttled && failure.After == 30*time.Second; got != want {
			t.Errorf("%d: %+v", i, failure)
		}
	}
	fault(`{"send":"unknown","slow":"3s"}`)
	for range 2 {
		if send() == nil {
			t.Error("the slow one was sent")
		}
	}
	if took := clock.Now().Sub(start); took != 6*time.Second {
		t.Errorf("it took %s", took)
	}
	if fault(`{}`); send() != nil {
		t.Error("the fault was taken back")
	}
	for _, body := range []string{`{"send":"tired"}`, `{"after":"soon"}`, `{"slow":"-1s"}`, `{"times":-1}`, `{"times":"2"}`, `[]`} {
		if status, answer := fault(body); status != 400 || !strings.Contains(answer, "error") {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte(`{"id":"m1","from":"+31612345678","text":"KOOP","as":"ussd","contact":"own"}`))
	f.Add([]byte(`{"id":1}`))
	adapter := fake.New(nil, prepaid.SystemClock{})
	f.Fuzz(func(t *testing.T, body []byte) {
		r := request("/", string(body))
		channeltest.CheckReceived(t, adapter, channels.Channel{Brand: brand(true)}, r)
	})
}

// A page of another site that a developer has open may not play customers on the developer's machine.
func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	var got []channels.Inbound
	box := &channeltest.Outbox{}
	server := serve(t, brand(true), box, &got)
	ask := func(method, path, kind, body string, header ...string) int {
		r, err := http.NewRequest(method, server.URL+"/webhooks/demo/fake"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	message := `{"id":"1","from":"+31612345678","text":"KOOP"}`
	for path, body := range map[string]string{"": message, "/report": `{"outbound":"b","status":"read"}`, "/fault": `{"send":"refused"}`} {
		for _, foreign := range [][]string{{"Origin", "http://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}} {
			if status := ask("POST", path, "application/json", body, foreign...); status != 403 {
				t.Errorf("%s from %v: %d", path, foreign, status)
			}
		}
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			if status := ask("POST", path, kind, body); status != 400 && status != 415 {
				t.Errorf("%s as %q: %d", path, kind, status)
			}
		}
	}
	if status := ask("GET", "/outbox?to=%2B31612345678", "", "", "Origin", "http://evil.example"); status != 403 {
		t.Errorf("outbox: %d", status)
	}
	if len(got) != 0 || len(box.Reports()) != 0 {
		t.Errorf("taken: %v, %v", got, box.Reports())
	}
	if status := ask("POST", "", "application/json; charset=utf-8", message, "Origin", server.URL, "Sec-Fetch-Site", "same-origin"); status != 200 || len(got) != 1 {
		t.Errorf("from a page of its own: %d", status)
	}
}
