package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/operators"
	"pulsa/prepaid"
)

const gatewayToken = "bcdfghjklmnpqrstvwxz"

// pushedSMS is a message that a gateway was given, and where it is to report on it.
type pushedSMS struct{ text, report string }

// smsGateway plays Kannel's smsbox.
type smsGateway struct {
	*httptest.Server
	mu     sync.Mutex
	sent   []pushedSMS
	answer string // "" where all is well
	status int
}

func newSMSGateway(t *testing.T) *smsGateway {
	g := &smsGateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		switch {
		case g.answer != "":
			w.WriteHeader(g.status)
			_, _ = io.WriteString(w, g.answer)
		case r.Header.Get("X-Kannel-To") == "":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "Missing receiver(s) number(s), rejected")
		default:
			g.sent = append(g.sent, pushedSMS{string(body), r.Header.Get("X-Kannel-DLR-Url")})
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "0: Accepted for delivery")
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *smsGateway) answers(status int, text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status, g.answer = status, text
}

// await waits for the n-th message that was handed over.
func (g *smsGateway) await(t *testing.T, n int) (message pushedSMS) {
	t.Helper()
	apptest.Await(t, "a message at the gateway", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.sent) < n {
			return false
		}
		message = g.sent[n-1]
		return true
	}, nil)
	return message
}

// runWithGateway starts the demo with an SMS gateway.
func runWithGateway(t *testing.T) (*running, *smsGateway) {
	g := newSMSGateway(t)
	r := runDemo(t, nil, func(c *config.Config) {
		c.Brands[0].Channels = append(c.Brands[0].Channels, prepaid.ChannelConfig{
			Name: "kannel", Type: "httpsms", Settings: map[string]string{"preset": "kannel", "gateway_url": g.URL, "user": "pulsa", "from": "1234"},
			Secrets: map[string]prepaid.Secret{"token": prepaid.NewSecret(gatewayToken), "password": prepaid.NewSecret("geheim-wachtwoord")},
		})
	})
	return r, g
}

// callGateway calls the channel's address as Kannel does: what customers write is the body, and everything else the query.
func (r *running) callGateway(path string, pairs ...string) (text string, status int) {
	r.t.Helper()
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	written := query.Get("text")
	query.Del("text")
	response, err := http.Post(r.server.URL+"/webhooks/demo/kannel"+path+"?"+query.Encode(), "text/plain; charset=UTF-8", strings.NewReader(written))
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(body), response.StatusCode
}

func TestAnSMSGatewayIsAnsweredInTheResponseAndReportsOnWhatIsPushed(t *testing.T) {
	r, g := runWithGateway(t)
	for _, step := range []struct{ id, text, want string }{
		{"1", "KOOP", "What is your mobile number?"}, {"2", "06 12345678", "once more"}, {"2", "06 12345678", "once more"}, {"3", "06 12345678", "Choose a PIN"},
		{"4", apptest.PIN, "PIN once more"}, {"5", apptest.PIN, "How do you want to pay?"},
	} {
		if text, status := r.callGateway("/"+gatewayToken, "from", apptest.Number, "text", step.text, "id", step.id, "charset", "UTF-8"); status != 200 || !strings.Contains(text, step.want) {
			t.Fatalf("%s %q is answered %d %q, want %q", step.id, step.text, status, text, step.want)
		}
	}
	for _, path := range []string{"", "/", "/" + gatewayToken + "x"} {
		if text, status := r.callGateway(path, "from", apptest.Number, "text", "KOOP", "id", "9"); status != http.StatusForbidden || text != "" {
			t.Errorf("%q is answered %d %q", path, status, text)
		}
	}
	r.put("demo", "kannel", "tel:"+apptest.Number, "news")
	report, err := url.Parse(g.await(t, 1).report)
	if err != nil || report.Path != "/webhooks/demo/kannel/"+gatewayToken {
		t.Fatalf("%v, %v", report, err)
	}
	for _, status := range []string{"8", "1", "8"} { // the last was overtaken
		if text, answered := r.callGateway("/"+gatewayToken, "outbound", report.Query().Get("outbound"), "dlr", status, "dlr_answer", "ACK/"); answered != 200 || text != "" {
			t.Errorf("report %s is answered %d %q", status, answered, text)
		}
	}
	sent, err := r.DB.Outbox.OutboundTo(t.Context(), "demo", "kannel", "tel:"+apptest.Number, 0, 9)
	if err != nil || len(sent) != 1 || sent[0].Delivery != channels.DeliveredTo {
		t.Errorf("%+v, %v", sent, err)
	}
	if log := r.log.String(); strings.Contains(log, gatewayToken) || strings.Contains(log, "geheim") || strings.Contains(log, "612345678") {
		t.Errorf("the log shows a secret: %s", log)
	}
}

func TestAReportOfTheGatewayEndsTheDoubtAboutAMessage(t *testing.T) {
	r, g := runWithGateway(t)
	clock := r.Clock.(*apptest.SkipClock)
	g.answers(http.StatusBadGateway, "<html>the gateway has taken it, its proxy lost the answer")
	id := prepaid.NewID[prepaid.OutboundID]()
	can, _ := channels.Of(channels.SMS)
	if err := r.DB.Outbox.PutOutbound(t.Context(), []channels.Outbound{{
		ID: id, Brand: "demo", Channel: "kannel", Address: "tel:" + apptest.Number, MessageID: "n1", Text: "your money is back",
		Can: can, Doubt: channels.AgainInDoubt, AgainMark: "again:", CreatedAt: r.Clock.Now(),
	}}); err != nil {
		t.Fatal(err)
	}
	r.Sender.Wake()
	figures := func() operators.ChannelFigures {
		all, err := r.DB.Channels.ChannelFigures(t.Context(), "demo", []string{"kannel"}, r.Clock.Now().Add(-12*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return all["kannel"]
	}
	apptest.Await(t, "the message is in doubt", func() bool { return figures().Unknown == 1 }, nil)
	g.answers(0, "")
	if text, status := r.callGateway("/"+gatewayToken, "outbound", string(id), "dlr", "1"); status != 200 || text != "" {
		t.Errorf("the report is answered %d %q", status, text)
	}
	clock.Skip(6 * time.Hour)
	r.put("demo", "kannel", "tel:"+apptest.Number, "later news")
	if got := g.await(t, 1); got.text != "later news" {
		t.Errorf("sent again: %q", got.text)
	}
	r.awaitSent()
	if f := figures(); f.Unknown != 0 || f.Sent != 2 {
		t.Errorf("%+v", f)
	}
}

func TestDoctorTriesTheSMSGatewayWithoutSending(t *testing.T) {
	r, g := runWithGateway(t)
	look := func() operators.Finding {
		for _, f := range r.examineChannels(t.Context()) {
			if f.What == "credentials of demo/kannel" {
				return f
			}
		}
		t.Fatal("the gateway is not tried")
		return operators.Finding{}
	}
	if f := look(); f.Level != operators.LevelOK || !strings.Contains(f.Found, "user pulsa at the gateway 127.0.0.1:") {
		t.Errorf("%+v", f)
	}
	g.answers(http.StatusForbidden, "Authorization failed for sendsms")
	if f := look(); f.Level != operators.LevelError || !strings.Contains(f.Found, "misconfigured (http 403)") || !strings.Contains(f.Do, "credentials of demo/kannel") {
		t.Errorf("%+v", f)
	}
	g.Close()
	if f := look(); f.Level != operators.LevelError || !strings.Contains(f.Found, "no answer") || strings.Contains(f.Found, "geheim") {
		t.Errorf("%+v", f)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sent != nil {
		t.Errorf("something was sent: %v", g.sent)
	}
}
