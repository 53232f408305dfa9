// Package ussdbuildertest compares the presets of USSD gateways with the npm package ussd-builder, which others have written: what it
// reads in a gateway's requests and how it answers them. Before the first run, in this folder: npm ci.
package ussdbuildertest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/ussd"
	"pulsa/channels/ussd/ussdtest"
	"pulsa/prepaid"
)

const (
	token  = "bcdfghjklmnpqrstvwxz"
	number = "+233208183783"
	said   = "Kofi & \"Ama\":\n1 Top up\n2 <Help>"
)

// builder is ussd-builder, running.
type builder struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

// built is what ussd-builder makes of one request.
type built struct {
	Read struct{ SessionID, PhoneNumber, Text, Route string }
	More any
	End  any
}

func startBuilder(t *testing.T) *builder {
	t.Helper()
	if os.Getenv("PULSA_TEST_USSD") == "" {
		t.Skip("set PULSA_TEST_USSD=1 to compare the presets; it needs node and npm ci in channels/ussd/ussdbuildertest")
	}
	if _, err := os.Stat("node_modules/ussd-builder"); err != nil {
		t.Fatal("run npm ci in channels/ussd/ussdbuildertest first: ", err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "builder.mjs")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return &builder{t, in, bufio.NewScanner(out)}
}

func (b *builder) takes(provider string, args any) built {
	b.t.Helper()
	line, err := json.Marshal(map[string]any{"provider": provider, "args": args, "text": said})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(line, '\n')); err != nil {
		b.t.Fatal(err)
	}
	if !b.out.Scan() {
		b.t.Fatalf("ussd-builder says nothing of %s: %v", line, b.out.Err())
	}
	var got built
	if err := json.Unmarshal(b.out.Bytes(), &got); err != nil {
		b.t.Fatalf("%s: %v", b.out.Text(), err)
	}
	return got
}

// fields are a request's, as a web framework hands them to ussd-builder.
func fields(t *testing.T, r *http.Request) any {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("sessionId") {
		flat := map[string]string{}
		for name := range form {
			flat[name] = form.Get(name)
		}
		return flat
	}
	var all map[string]any
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// tidied is an answer that can be compared: numbers with and without their plus are the same to a gateway that is told its own.
func tidied(t *testing.T, answer any) any {
	t.Helper()
	if text, ok := answer.(string); ok && strings.HasPrefix(text, "{") {
		var all map[string]any
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
		answer = all
	}
	all, ok := answer.(map[string]any)
	if !ok {
		return answer
	}
	for name, value := range all {
		if text, ok := value.(string); ok && strings.EqualFold(name, "msisdn") {
			all[name] = strings.TrimPrefix(text, "+")
		}
	}
	return all
}

func TestThePresetsReadAndAnswerAsUssdBuilderDoes(t *testing.T) {
	b := startBuilder(t)
	for _, preset := range ussdtest.Gateways() {
		t.Run(preset, func(t *testing.T) {
			b.t = t
			provider := preset
			if preset == "africastalking" {
				provider = "africasTalking"
			}
			c := channels.Channel{
				Brand: &prepaid.Brand{Name: "demo", Country: "GH", Currency: "GHS"}, Name: "line", Type: "ussd",
				Settings: map[string]string{"preset": preset}, Secrets: map[string]prepaid.Secret{"token": prepaid.NewSecret(token)},
			}
			p := &ussdtest.Phone{
				Gateway: preset, URL: "/webhooks/demo/line?token=" + token, Number: number, Code: "713*4", Nameless: true,
				Do: func(*http.Request) (*http.Response, error) { return nil, http.ErrAbortHandler },
			}
			var route []string // of ours
			compare := func(what string) {
				t.Helper()
				a := ussd.New(prepaid.SystemClock{})
				again := func() *http.Request {
					r, err := p.Request()
					if err != nil {
						t.Fatal(err)
					}
					return r
				}
				theirs := b.takes(provider, fields(t, again()))
				r := again()
				got, err := a.Receive(httptest.NewRequest(r.Method, r.URL.String(), r.Body), c)
				if err != nil || len(got.Messages) != 1 {
					t.Fatalf("%s: %+v, %v", what, got, err)
				}
				ours := got.Messages[0]
				switch {
				case !ours.Dial.Single || ours.Dial.Opens:
					route = ours.Dial.Inputs
				default:
					route = append(route, ours.Text)
				}
				if joined := strings.Join(route, "*"); joined != theirs.Read.Route {
					t.Errorf("%s: we read %q, ussd-builder %q", what, joined, theirs.Read.Route)
				}
				if ours.Address != prepaid.Address("tel:"+theirs.Read.PhoneNumber) {
					t.Errorf("%s: we read the number %s, ussd-builder %s", what, ours.Address, theirs.Read.PhoneNumber)
				}
				if preset != "nalo" && ours.Dial.Session != theirs.Read.SessionID { // there it takes the number
					t.Errorf("%s: we read the session %q, ussd-builder %q", what, ours.Dial.Session, theirs.Read.SessionID)
				}
				for _, end := range []struct {
					ends bool
					want any
				}{{false, theirs.More}, {true, theirs.End}} {
					w := httptest.NewRecorder()
					if err := a.Respond(w, c, ours, []channels.Outbound{{Text: said, Ends: end.ends}}); err != nil {
						t.Fatal(err)
					}
					answered := tidied(t, w.Body.String())
					if beem, ok := answered.(map[string]any); ok && preset == "beem" && !end.ends {
						delete(beem, "session_id") // which ussd-builder looks for under another name when it goes on, and finds when it ends
					}
					if diff := cmp.Diff(tidied(t, end.want), answered); diff != "" {
						t.Errorf("%s, ends %v: %s", what, end.ends, diff)
					}
				}
			}
			_, _ = p.Dial("s1") // nobody answers
			compare("dialled")
			for _, input := range []string{"1", "7", "4821", "4821", "Ama 2"} {
				_, _ = p.Type(input)
				compare("typed " + input)
			}
			if preset == "hubtel" || preset == "emergent" || preset == "africastalking" { // of the others it reads no more than that it was dialled
				_, _ = p.Dial("s2", "10", "4821")
				compare("dialled at once")
			}
		})
	}
}
