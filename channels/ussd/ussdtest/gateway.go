// Package ussdtest plays USSD gateways, each in its own form, and a customer's phone behind them: for tests.
package ussdtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Screen is what a phone shows.
type Screen struct {
	Text string
	Ends bool
	Body string // as it was answered
}

// Phone is a customer's phone and the gateway behind it. It sends one request at a time.
type Phone struct {
	Gateway string // a preset's name
	URL     string // of the webhook, with the token
	Number  string // "+31612345678"
	Code    string // what is dialled, without its signs: "123"
	// Nameless leaves out the session's name where the gateway may: Nalo.
	Nameless bool
	// Do makes a request, as http.Client.Do does.
	Do func(*http.Request) (*http.Response, error)

	session string
	typed   []string // since the code
	sent    int      // requests of the session
	last    func() (*http.Request, error)
}

// gateway is how a gateway asks and is answered.
type gateway struct {
	fields func(p *Phone, in input) any
	read   func(body []byte) (Screen, error)
}

// input is what is typed, or dialled to open a session.
type input struct {
	text  string
	opens bool
}

// kind is the gateway's word for it.
func (i input) kind(opens, types string) string {
	if i.opens {
		return opens
	}
	return types
}

// Gateways are the names of the gateways that can be played.
func Gateways() []string {
	return []string{"africastalking", "arkesel", "beem", "emergent", "hubtel", "nalo", "southpawsl"}
}

var gateways = map[string]gateway{
	"africastalking": {
		func(p *Phone, _ input) any {
			return url.Values{"sessionId": {p.session}, "serviceCode": {"*" + p.Code + "#"}, "phoneNumber": {p.Number}, "networkCode": {"20404"}, "text": {strings.Join(p.typed, "*")}}
		},
		func(body []byte) (Screen, error) {
			word, text, _ := strings.Cut(string(body), " ")
			if word != "CON" && word != "END" {
				return Screen{}, fmt.Errorf("neither CON nor END: %q", body)
			}
			return Screen{Text: text, Ends: word == "END"}, nil
		},
	},
	"hubtel": {
		func(p *Phone, in input) any {
			return map[string]any{
				"Mobile": p.digits(), "SessionId": p.session, "ServiceCode": p.Code, "Type": in.kind("Initiation", "Response"),
				"Message": in.text, "Operator": "MTN", "Sequence": p.sent,
			}
		},
		flag("Message", "Type", "Response", "Release"),
	},
	"emergent": {
		func(p *Phone, in input) any {
			return map[string]any{
				"Mobile": p.digits(), "SessionId": p.session, "ServiceCode": p.Code, "Type": in.kind("Initiation", "Response"), "Message": in.text, "Operator": "MTN",
			}
		},
		flag("Message", "Type", "Response", "Release"),
	},
	"nalo": {
		func(p *Phone, in input) any {
			fields := map[string]any{"USERID": "NALOTest", "MSISDN": p.digits(), "USERDATA": in.text, "MSGTYPE": in.opens, "NETWORK": "MTN"}
			if !p.Nameless {
				fields["SESSIONID"] = p.session
			}
			return fields
		},
		flag("MSG", "MSGTYPE", true, false),
	},
	"arkesel": {
		func(p *Phone, in input) any {
			return map[string]any{"sessionID": p.session, "userID": "ARKTest", "newSession": in.opens, "msisdn": p.digits(), "userData": in.text, "network": "MTN"}
		},
		flag("message", "continueSession", true, false),
	},
	"southpawsl": {
		func(p *Phone, in input) any {
			return map[string]any{
				"sessionId": p.session, "menuId": "7", "ussdState": "", "ussdString": "*" + p.Code + "#", "ussdParameters": []string{"a"}, "possibleAnswers": "",
				"msisdn": p.digits(), "inputOption": in.text, "network": "MTN",
			}
		},
		flag("message", "state", "CONTINUE", "END"),
	},
	"beem": {
		func(p *Phone, in input) any {
			return map[string]any{
				"command": in.kind("initiate", "continue"), "msisdn": p.digits(), "session_id": p.session, "operator": "vodacom",
				"payload": map[string]any{"request_id": 84939983, "response": in.text},
			}
		},
		func(body []byte) (Screen, error) {
			var answer struct {
				Command string
				Payload struct {
					ID      json.Number `json:"request_id"`
					Request string
				}
			}
			err := json.Unmarshal(body, &answer)
			if err == nil && (answer.Payload.ID != "84939983" || answer.Command != "continue" && answer.Command != "terminate") {
				err = fmt.Errorf("%s", body)
			}
			return Screen{Text: answer.Payload.Request, Ends: answer.Command == "terminate"}, err
		},
	},
}

// flag reads JSON of which one field is the text and another says whether the session goes on.
func flag(text, name string, more, end any) func([]byte) (Screen, error) {
	return func(body []byte) (Screen, error) {
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			return Screen{}, err
		}
		shown, ok := answer[text].(string)
		if !ok || answer[name] != more && answer[name] != end {
			return Screen{}, fmt.Errorf("no text, or neither goes on nor ends: %s", body)
		}
		return Screen{Text: shown, Ends: answer[name] == end}, nil
	}
}

func (p *Phone) digits() string { return strings.TrimPrefix(p.Number, "+") }

// Dial begins a session, with what is dialled behind the code: Dial(s) is *123#, Dial(s, "10", "4821") is *123*10*4821#.
func (p *Phone) Dial(session string, behind ...string) (Screen, error) {
	p.session, p.typed, p.sent = session, behind, 0
	return p.send(input{"*" + strings.Join(append([]string{p.Code}, behind...), "*") + "#", true})
}

// Join takes a session for open that was never dialled.
func (p *Phone) Join(session string) { p.session, p.typed, p.sent = session, nil, 0 }

// Type types into the session.
func (p *Phone) Type(text string) (Screen, error) {
	p.typed = append(p.typed, text)
	return p.send(input{text: text})
}

// Again sends the last request once more.
func (p *Phone) Again() (Screen, error) {
	r, err := p.last()
	if err != nil {
		return Screen{}, err
	}
	return p.Ask(r)
}

// Request returns the last request anew.
func (p *Phone) Request() (*http.Request, error) { return p.last() }

func (p *Phone) send(in input) (Screen, error) {
	p.sent++
	fields := gateways[p.Gateway].fields(p, in)
	p.last = func() (*http.Request, error) { return request(p.URL, fields) }
	return p.Again()
}

func request(address string, fields any) (*http.Request, error) {
	kind, body := "application/json", ""
	if form, ok := fields.(url.Values); ok {
		kind, body = "application/x-www-form-urlencoded", form.Encode()
	} else {
		text, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	return r, nil
}

// Ask makes a request, such as an earlier one once more.
func (p *Phone) Ask(r *http.Request) (Screen, error) {
	response, err := p.Do(r)
	if err != nil {
		return Screen{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Screen{}, err
	}
	if response.StatusCode != http.StatusOK {
		return Screen{}, fmt.Errorf("answered %d: %s", response.StatusCode, body)
	}
	screen, err := gateways[p.Gateway].read(body)
	screen.Body = string(body)
	return screen, err
}
