package ussd_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/channels/ussd"
	"pulsa/channels/ussd/ussdtest"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// at is a channel of a preset, with settings of its own.
func at(preset string, pairs ...string) channels.Channel {
	c := line("")
	c.Settings["preset"] = preset
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Settings[pairs[i]] = pairs[i+1]
	}
	return c
}

// asks are the requests of a phone behind a preset's gateway that does what it is told.
func asks(t testing.TB, preset, number string, do func(p *ussdtest.Phone) error) *http.Request {
	t.Helper()
	p := &ussdtest.Phone{Gateway: preset, URL: "/webhooks/demo/line?token=" + token, Number: number, Code: "123"}
	p.Do = func(*http.Request) (*http.Response, error) { return nil, http.ErrAbortHandler }
	_ = do(p) // nobody answers
	r, err := p.Request()
	if err != nil {
		t.Fatal(err)
	}
	return httptest.NewRequestWithContext(t.Context(), r.Method, r.URL.String(), r.Body)
}

func dialled(t testing.TB, preset, number, session, behind string) *http.Request {
	t.Helper()
	return asks(t, preset, number, func(p *ussdtest.Phone) error { _, err := p.Dial(session, behind); return err })
}

func TestPresets(t *testing.T) {
	if diff := cmp.Diff(ussdtest.Gateways(), slices.DeleteFunc(ussd.Presets(), func(name string) bool { return name == "none" })); diff != "" {
		t.Error(diff)
	}
	for _, preset := range ussdtest.Gateways() {
		t.Run(preset, func(t *testing.T) {
			ask := func(number string) func(channels.Channel, string, string) *http.Request {
				return func(_ channels.Channel, id, text string) *http.Request { return dialled(t, preset, number, id, text) }
			}
			h := channeltest.Harness{
				New:     func(clock prepaid.Clock) channels.Adapter { return ussd.New(clock) },
				Channel: func(string) channels.Channel { return at(preset) },
				Request: ask("+31612345678"), OtherRequest: ask("+31687654321"),
				Forge:    func(r *http.Request) { r.URL.RawQuery = "token=" + strings.ToUpper(token) },
				Customer: "tel:+31612345678", Other: "tel:+31687654321",
				Hidden: []string{token, "31612345678", "31687654321"},
			}
			channeltest.Run(t, h)
		})
	}
}

func TestTypedInputsCountEachTime(t *testing.T) {
	for _, preset := range ussdtest.Gateways() {
		t.Run(preset, func(t *testing.T) {
			c := at(preset)
			take := func(do func(p *ussdtest.Phone) error) channels.Inbound {
				t.Helper()
				got, err := receive(c, asks(t, preset, "+31612345678", do))
				if err != nil || len(got.Messages) != 1 {
					t.Fatalf("%+v, %v", got, err)
				}
				in := got.Messages[0]
				if strings.Contains(in.ID, "4821") || strings.Contains(in.ID, "31612345678") {
					t.Errorf("id %q", in.ID)
				}
				return in
			}
			typing := func(texts ...string) func(p *ussdtest.Phone) error {
				return func(p *ussdtest.Phone) error {
					_, err := p.Dial("s1")
					for _, text := range texts {
						_, err = p.Type(text)
					}
					return err
				}
			}
			start := take(typing())
			if start.Text != "" || len(start.Dial.Inputs) != 0 || start.Dial.Single != start.Dial.Opens || start.Dial.Turn != "" {
				t.Errorf("start %+v %+v", start, start.Dial)
			}
			one, two := take(typing("4821")), take(typing("4821", "4821"))
			if one.Text != "4821" || two.Text != "4821" || one.ID == two.ID || one.ID == start.ID || one.Dial.Opens {
				t.Errorf("%+v %+v", one, two)
			}
			if again := take(typing("4821")); again.ID != one.ID && !one.Dial.Unnumbered {
				t.Errorf("ids %q and %q of one message", one.ID, again.ID)
			}
			for text, turn := range map[string]channels.Label{"98": channels.LabelMore, "0": channels.LabelBack, "00": ""} {
				in := take(typing("4821", text))
				if in.Dial.Single && (in.Text != text || in.Dial.Turn != turn) {
					t.Errorf("%q: %+v %+v", text, in, in.Dial)
				}
			}
			through := take(func(p *ussdtest.Phone) error { _, err := p.Dial("s1", "10", "4821"); return err })
			if diff := cmp.Diff([]string{"10", "4821"}, through.Dial.Inputs); diff != "" || through.Text != "4821" {
				t.Errorf("%s %q", diff, through.Text)
			}
			if started := take(typing()); start.Dial.Single && (through.ID != start.ID || started.ID != start.ID) {
				t.Errorf("a session that is opened twice: %q, %q, %q", start.ID, started.ID, through.ID)
			}
		})
	}
}

func TestASessionWithoutANameIsItsSenders(t *testing.T) {
	take := func(do func(p *ussdtest.Phone) error) channels.Inbound {
		t.Helper()
		got, err := receive(at("nalo"), asks(t, "nalo", "+31612345678", func(p *ussdtest.Phone) error { p.Nameless = true; return do(p) }))
		if err != nil {
			t.Fatal(err)
		}
		return got.Messages[0]
	}
	dial := func(p *ussdtest.Phone) error { _, err := p.Dial("s1", "10"); return err }
	one, two := take(dial), take(dial)
	if one.Dial.Session == two.Dial.Session || one.Dial.Session == "" || !one.Dial.Opens || one.ID == two.ID || !cmp.Equal(one.Dial.Inputs, []string{"10"}) {
		t.Errorf("%+v %+v", one.Dial, two.Dial)
	}
	typed := take(func(p *ussdtest.Phone) error { _, err := p.Type("4821"); return err })
	if typed.Dial.Session != "" || typed.Dial.Opens || !typed.Dial.Unnumbered || typed.Text != "4821" {
		t.Errorf("%+v %+v", typed, typed.Dial)
	}
}

const comviva = `<?xml version="1.0" encoding="UTF-8"?><request type="pull"><sessionId>42</sessionId><transactionId>1</transactionId><msisdn>MSISDN</msisdn><newRequest>NEW</newRequest><subscriberInput>INPUT</subscriberInput></request>`

// general is a gateway without a preset, in XML.
func general(pairs ...string) channels.Channel {
	return at("none", append([]string{
		"in_session", "xml.request.sessionId", "in_from", "xml.request.msisdn", "in_text", "xml.request.subscriberInput",
		"in_kind", "xml.request.newRequest", "in_kind_opens", "1", "in_number", "xml.request.transactionId", "answer_type", "text/xml; charset=utf-8",
		"answer_more", `<response><msisdn>{xml.request.msisdn}</msisdn><applicationResponse>{text}</applicationResponse><freeflowState>FC</freeflowState></response>`,
		"answer_end", `<response><applicationResponse>{text}</applicationResponse><freeflowState>FB</freeflowState></response>`,
		"answer_end_headers", "Freeflow: FB",
	}, pairs...)...)
}

func TestAnyGatewayIsDescribed(t *testing.T) {
	xml := func(number, opens, input string) *http.Request {
		return httptest.NewRequest("POST", "/webhooks/demo/line?token="+token, strings.NewReader(strings.NewReplacer("MSISDN", number, "NEW", opens, "INPUT", input).Replace(comviva)))
	}
	get := func(query string) *http.Request {
		return httptest.NewRequest("GET", "/webhooks/demo/line?"+query+"&token="+token, http.NoBody)
	}
	whole := []string{"in_method", "GET", "in_session", "query.SESSIONID", "in_from", "query.MSISDN", "in_text", "query.INPUT", "answer_type", "text/plain", "answer_more", "CON {text}", "answer_end", "END {text}"}
	for _, test := range []struct {
		name   string
		c      channels.Channel
		r      *http.Request
		id     string
		inputs []string
		text   string
		body   string
	}{
		{"XML opens", general(), xml("31612345678", "1", "*123*10#"), "42/0", []string{"10"}, "10", `<response><msisdn>31612345678</msisdn><applicationResponse>a &lt; b</applicationResponse><freeflowState>FC</freeflowState></response>`},
		{"XML goes on, with a number of the country", general("in_numbers", "national"), xml("612345678", "0", "4821"), "42/n1", nil, "4821", `<response><msisdn>612345678</msisdn><applicationResponse>a &lt; b</applicationResponse><freeflowState>FC</freeflowState></response>`},
		{"GET with all that was dialled", at("none", append(whole, "in_text_is", "dialled", "in_code", "query.USSDCODE")...), get("SESSIONID=7&USSDCODE=*415%23&MSISDN=31612345678&INPUT=*415*33*1%23"), "7/2", []string{"33", "1"}, "1", "CON a < b"},
		{"GET with all inputs", at("none", append(whole, "in_text_is", "all")...), get("SESSIONID=7&MSISDN=31612345678&INPUT=33*1"), "7/2", []string{"33", "1"}, "1", "CON a < b"},
		{"GET with what is dialled opens", at("none", whole...), get("SESSIONID=7&MSISDN=0612345678&INPUT=*123%23"), "7/0", nil, "", "CON a < b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if faults := ussd.Faults(test.c.Settings); len(faults) > 0 {
				t.Fatal(faults)
			}
			if a := ussd.New(prepaid.SystemClock{}); !a.Takes(test.c, test.r.Method, "") {
				t.Errorf("%s is not taken", test.r.Method)
			}
			got, err := receive(test.c, test.r)
			if err != nil || len(got.Messages) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			in := got.Messages[0]
			if in.ID != test.id || in.Text != test.text || in.Address != "tel:+31612345678" || !cmp.Equal(in.Dial.Inputs, test.inputs) {
				t.Errorf("%+v %+v", in, in.Dial)
			}
			w := httptest.NewRecorder()
			if err := ussd.New(prepaid.SystemClock{}).Respond(w, test.c, in, []channels.Outbound{{Text: "a < b"}}); err != nil || w.Body.String() != test.body {
				t.Errorf("%v %s", err, w.Body)
			}
		})
	}
	w := httptest.NewRecorder()
	got, err := receive(general(), xml("31612345678", "1", ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := ussd.New(prepaid.SystemClock{}).Respond(w, general(), got.Messages[0], []channels.Outbound{{Text: "bye", Ends: true}}); err != nil || w.Header().Get("Freeflow") != "FB" || !strings.Contains(w.Body.String(), "FB") {
		t.Errorf("%v %v %s", err, w.Header(), w.Body)
	}
}

func TestATokenMayStandElsewhere(t *testing.T) {
	for place, below := range map[string]string{"path": "/" + token, "header.X-Token": "", "json.key": ""} {
		for _, good := range []bool{true, false} {
			body := `{"SessionId":"s","Mobile":"31612345678","Type":"Initiation","Message":"*123#","ServiceCode":"123","key":"` + token + `"}`
			r := httptest.NewRequest("POST", "/webhooks/demo/line"+below, strings.NewReader(body))
			r.Header.Set("X-Token", token)
			c := at("hubtel", "in_token", place)
			if !good {
				c.Secrets = map[string]prepaid.Secret{"token": prepaid.NewSecret(strings.Repeat("x", 16))}
			}
			if _, err := receive(c, r); (err == nil) != good || err != nil && !errors.Is(err, channels.ErrNotAuthentic) {
				t.Errorf("%s, good %v: %v", place, good, err)
			}
		}
	}
}

func TestASessionThatIsOverHoldsNoMessage(t *testing.T) {
	for preset, body := range map[string]string{
		"hubtel":   `{"SessionId":"s","Mobile":"31612345678","Type":"Release","Message":"4821"}`,
		"emergent": `{"SessionId":"s","Mobile":"31612345678","Type":"timeout","Message":""}`,
		"beem":     `{"session_id":"s","msisdn":"31612345678","command":"terminate","payload":{"request_id":1,"response":"4821"}}`,
	} {
		c := at(preset)
		got, err := receive(c, httptest.NewRequest("POST", "/webhooks/demo/line?token="+token, strings.NewReader(body)))
		if err != nil || len(got.Messages)+len(got.Reports) != 0 {
			t.Errorf("%s: %+v, %v", preset, got, err)
		}
		w := httptest.NewRecorder()
		if err := ussd.New(prepaid.SystemClock{}).Respond(w, c, channels.Inbound{}, nil); err != nil || w.Code != 200 || w.Body.Len() != 0 {
			t.Errorf("%s: %v %d %s", preset, err, w.Code, w.Body)
		}
	}
}

func TestWhatCantBeReadIsQuotedInNoForm(t *testing.T) {
	for name, r := range map[string]struct {
		c    channels.Channel
		body string
	}{
		"no JSON":        {at("hubtel"), `{"Message":"4821"`},
		"no number":      {at("hubtel"), `{"SessionId":"s","Mobile":"4821","Message":"4821"}`},
		"no session":     {at("arkesel"), `{"msisdn":"31612345678","userData":"4821"}`},
		"an odd number":  {at("hubtel"), `{"SessionId":"s","Mobile":"31612345678","Type":"Response","Message":"4821","Sequence":"` + strings.Repeat("4821", 20) + `"}`},
		"no XML":         {general(), `<request><subscriberInput>4821</request>`},
		"too deep":       {general(), strings.Repeat("<a>", 100) + "4821" + strings.Repeat("</a>", 100)},
		"a list":         {at("hubtel"), `["4821"]`},
		"many inputs":    {at("hubtel"), `{"SessionId":"s","Mobile":"31612345678","Type":"Initiation","ServiceCode":"1","Message":"*1*` + strings.Repeat("4821*", 300) + `#"}`},
		"unknown entity": {general(), `<!DOCTYPE a [<!ENTITY b "4821">]><request><sessionId>&b;</sessionId></request>`},
	} {
		got, err := receive(r.c, httptest.NewRequest("POST", "/webhooks/demo/line?token="+token, strings.NewReader(r.body)))
		if err == nil || strings.Contains(err.Error(), "4821") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestFaultsNameTheKey(t *testing.T) {
	for want, c := range map[string]channels.Channel{
		"preset: write one of africastalking, arkesel, beem": at("hubtl"),
		"in_session: not set":                                at("none"),
		"answer_more: not set":                               at("none"),
		"in_text: write where it stands":                     at("hubtel", "in_text", "Message"),
		"in_text_is: write one of all, dialled, last":        at("hubtel", "in_text_is", "some"),
		"in_text: a body is a form, JSON or XML":             at("hubtel", "in_text", "form.text"),
		"in_method: write one of POST, GET":                  at("hubtel", "in_method", "PUT"),
		"in_token: write path":                               at("hubtel", "in_token", "somewhere"),
		"in_session: behind a blank write sender":            at("hubtel", "in_session", "json.SessionId number"),
		"in_session: leave sender out":                       at("africastalking", "in_session", "form.sessionId sender"),
		"in_numbers: write international":                    at("hubtel", "in_numbers", "local"),
		"in_kind: not set":                                   at("hubtel", "in_kind", ""),
		"answer_units: write how many letters":               at("hubtel", "answer_units", "20"),
		"answer_end: there is no {txt}":                      at("hubtel", "answer_end", "{txt}"),
		"answer_end: has no {text}":                          at("hubtel", "answer_end", "bye"),
		"answer_more_headers: write one header":              at("hubtel", "answer_more_headers", "Freeflow"),
	} {
		found := ""
		for _, f := range ussd.Faults(c.Settings) {
			found += f.Error() + "\n"
		}
		if !strings.Contains(found, want) {
			t.Errorf("%q, want %q", found, want)
		}
	}
	if c := at("hubtel"); len(ussd.Faults(c.Settings)) > 0 || ussd.New(prepaid.SystemClock{}).Check(c) != nil {
		t.Error("a preset alone is refused")
	}
	c := at("hubtel", "in_token", "path")
	c.Secrets["token"] = prepaid.NewSecret("sixteen letters/")
	if err := ussd.New(prepaid.SystemClock{}).Check(c); err == nil || !strings.Contains(err.Error(), "stands in a path") {
		t.Error(err)
	}
}

func TestWhereTheGatewayIsSent(t *testing.T) {
	for place, want := range map[string]string{"": "?token=…", "path": "/…", "query.key": "?key=…", "header.X-Key": ""} {
		c := at("hubtel")
		if place != "" {
			c.Settings["in_token"] = place
		}
		if got := ussd.New(prepaid.SystemClock{}).ProviderURL(c); got != c.WebhookURL+want {
			t.Errorf("%s: %s", place, got)
		}
	}
}

func FuzzReceiveInAnyForm(f *testing.F) {
	f.Add(`{"SessionId":"s","Mobile":"31612345678","Type":"Initiation","Message":"*123*10*4821#","ServiceCode":"123","Sequence":1}`, "")
	f.Add(`{"USERID":"u","MSISDN":"31612345678","MSGTYPE":true,"USERDATA":"*123#","payload":{"request_id":1,"response":"98"}}`, "")
	f.Add(strings.NewReplacer("MSISDN", "31612345678", "NEW", "1", "INPUT", "*123*98#").Replace(comviva), "")
	f.Add(`<a b="c"><a/><a>x</a></a>`, "SESSIONID=7&MSISDN=0612345678&INPUT=*123%23")
	lines := []channels.Channel{general(), at("none", "in_method", "GET", "in_session", "query.SESSIONID", "in_from", "query.MSISDN", "in_text", "query.INPUT", "answer_more", `{"a":{query.x},"b":"{text}"}`, "answer_end", `{"b":"{text}"}`)}
	for _, preset := range ussdtest.Gateways() {
		lines = append(lines, at(preset))
	}
	f.Fuzz(func(t *testing.T, body, query string) {
		for _, c := range lines {
			r := httptest.NewRequest("POST", "/webhooks/demo/line", strings.NewReader(body))
			r.URL.RawQuery = query + "&token=" + token
			for _, in := range channeltest.CheckReceived(t, ussd.New(prepaid.SystemClock{}), c, r).Messages {
				if in.Dial == nil || in.Dial.Turn != "" && !in.Dial.Single || in.Dial.Session == "" && !in.Dial.Unnumbered {
					t.Errorf("%+v %+v", in, in.Dial)
				}
				for _, part := range []channels.Outbound{{Text: in.Text}, {Text: strings.Repeat("word ", 90), Ends: true, Turned: []channels.Label{channels.LabelMore}}} {
					w := httptest.NewRecorder()
					if err := ussd.New(prepaid.SystemClock{}).Respond(w, c, in, []channels.Outbound{part}); err != nil || w.Body.Len() == 0 {
						t.Errorf("%v %q", err, w.Body)
					}
					if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !validJSON(w.Body.String()) {
						t.Errorf("no JSON: %s", w.Body)
					}
				}
			}
		}
	})
}

func validJSON(text string) bool {
	_, err := wire.Read(httptest.NewRequest("POST", "/", strings.NewReader(text)), wire.Bodies{JSON: true})
	return err == nil
}
