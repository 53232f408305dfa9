package channels_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/prepaid"
)

// responder answers in the response.
type responder struct{ bare }

func (*responder) Respond(w http.ResponseWriter, _ channels.Channel, in channels.Inbound, parts []channels.Outbound) error {
	_, err := io.WriteString(w, "to "+in.ID+":")
	for _, p := range parts {
		_, err = io.WriteString(w, " "+p.Text)
	}
	return err
}

type stage struct {
	box    *channeltest.Outbox
	log    bytes.Buffer
	woken  int
	out    []string // who has opted out
	outErr error
	turn   func(context.Context, channels.Inbound) ([]channels.Outbound, error)
	hooks  *channels.Webhooks
}

func newStage(t *testing.T, a channels.Adapter) *stage {
	s := &stage{box: &channeltest.Outbox{}}
	s.turn = func(_ context.Context, in channels.Inbound) ([]channels.Outbound, error) {
		return []channels.Outbound{{ID: prepaid.OutboundID("o" + in.ID), Brand: "demo", Channel: "line", Address: in.Address, MessageID: in.ID, Text: "ok"}}, nil
	}
	clock := prepaid.NewVirtualClock(start)
	s.hooks = channels.NewWebhooks(channels.WebhookConfig{
		Registry: registry(t, nil, clock, a), Outbox: s.box, Clock: clock,
		Turn: func(ctx context.Context, _ channels.Channel, in channels.Inbound) ([]channels.Outbound, error) {
			return s.turn(ctx, in)
		},
		Wake: func() { s.woken++ },
		OptOut: func(_ context.Context, brand, channel string, a prepaid.Address) error {
			s.out = append(s.out, brand+"/"+channel+" "+string(a))
			return s.outErr
		},
		Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return s
}

func (s *stage) post(path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.hooks.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
	return w
}

func one(id string, in bool) func(*http.Request) (channels.Received, error) {
	return func(r *http.Request) (channels.Received, error) {
		body, err := channels.ReadBody(r)
		if err != nil {
			return channels.Received{}, err
		}
		return channels.Received{Messages: []channels.Inbound{{ID: id, Address: "tel:+31612345678", Text: string(body),
			Can: channels.Capabilities{Kind: channels.SMS, InResponse: in}}}}, nil
	}
}

func TestTheReplyGoesInTheResponseOrByTheOutbox(t *testing.T) {
	s := newStage(t, &responder{bare{kind: "bare", receive: one("m1", true)}})
	if w := s.post("/webhooks/demo/line", "KOOP"); w.Code != 200 || w.Body.String() != "to m1: ok" || len(s.box.All()) != 0 {
		t.Errorf("in the response: %d %q", w.Code, w.Body)
	}
	s = newStage(t, &bare{kind: "bare", receive: one("m1", false)})
	for range 2 {
		if w := s.post("/webhooks/demo/line", "KOOP"); w.Code != 200 || w.Body.Len() != 0 {
			t.Errorf("by the outbox: %d %q", w.Code, w.Body)
		}
	}
	if all := s.box.All(); len(all) != 1 || !all[0].Answer || !all[0].CreatedAt.Equal(start) || s.woken != 2 {
		t.Errorf("a repeated message left %d messages, woke %d times", len(all), s.woken)
	}
}

func TestARefusalInAReportIsAnOptOut(t *testing.T) {
	report := channels.DeliveryReport{Outbound: "a", Status: channels.Failed, Code: "21610", Refused: "tel:+31612345678"}
	s := newStage(t, &bare{kind: "bare", receive: func(*http.Request) (channels.Received, error) {
		return channels.Received{Reports: []channels.DeliveryReport{report, {Outbound: "b", Status: channels.Failed}}}, nil
	}})
	s.outErr = errors.New("store is down")
	if w := s.post("/webhooks/demo/line", ""); w.Code != 503 || len(s.box.Reports()) != 0 {
		t.Errorf("%d, %v: what could not be stored must come again", w.Code, s.box.Reports())
	}
	s.outErr = nil
	if w := s.post("/webhooks/demo/line", ""); w.Code != 200 || len(s.box.Reports()) != 2 || len(s.out) != 2 || s.out[1] != "demo/line tel:+31612345678" {
		t.Errorf("%d, %v, %v", w.Code, s.box.Reports(), s.out)
	}
}

func TestUnknownOrDisabledIs404BeforeTheBodyIsRead(t *testing.T) {
	s := newStage(t, &bare{kind: "bare"})
	for _, path := range []string{"/webhooks/demo/none", "/webhooks/none/line", "/webhooks/demo/spare", "/webhooks/demo/fax", "/webhooks/demo/line/x", "/webhooks"} {
		r := httptest.NewRequest("POST", path, io.NopCloser(unreadable{t}))
		w := httptest.NewRecorder()
		if s.hooks.ServeHTTP(w, r); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
		w = httptest.NewRecorder()
		if s.hooks.ServeHTTP(w, httptest.NewRequest("GET", path, nil)); w.Code != 404 {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	if s.hooks.ServeHTTP(w, httptest.NewRequest("GET", "/webhooks/demo/line", nil)); w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
}

// called takes what is not posted, and below its own path, and has words for what it takes.
type called struct{ bare }

func (*called) Takes(_ channels.Channel, method, path string) bool {
	return method == "GET" && path == "" || path == "/secret"
}

func (*called) Acknowledge(w http.ResponseWriter, _ channels.Channel) error {
	_, err := io.WriteString(w, "ACK")
	return err
}

func TestAnAdapterMayTakeOtherRequestsAndAcknowledgeThem(t *testing.T) {
	s := newStage(t, &called{bare{kind: "bare", receive: one("m1", false)}})
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", "", 200}, {"POST", "", 200}, {"POST", "/secret", 200}, {"PUT", "/secret", 200}, {"PUT", "", 405}, {"GET", "/other", 404}, {"GET", "/secret/x", 404},
	} {
		w := httptest.NewRecorder()
		s.hooks.ServeHTTP(w, httptest.NewRequest(test.method, "/webhooks/demo/line"+test.path, strings.NewReader("KOOP")))
		if w.Code != test.status || w.Code == 200 && w.Body.String() != "ACK" {
			t.Errorf("%s %s: %d %q", test.method, test.path, w.Code, w.Body)
		}
	}
	if len(s.box.All()) != 1 {
		t.Errorf("outbox %v", s.box.All())
	}
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestWhatIsNotTakenIsAnsweredByItsKind(t *testing.T) {
	var fail error
	s := newStage(t, &bare{kind: "bare", receive: func(*http.Request) (channels.Received, error) { return channels.Received{}, fail }})
	for _, test := range []struct {
		err    error
		status int
		body   string
	}{
		{channels.ErrNotAuthentic, 403, ""},
		{errors.New("anything else"), 403, ""},
		{channels.BadRequest("no %s", "id"), 400, `{"error":"request can't be read: no id"}`},
		{channels.ErrTooLarge, 413, `{"error":"the request is too large"}`},
	} {
		fail = test.err
		if w := s.post("/webhooks/demo/line", "x"); w.Code != test.status || strings.TrimSpace(w.Body.String()) != test.body {
			t.Errorf("%v: %d %q", test.err, w.Code, w.Body)
		}
	}
}

func TestABodyOverTheLimitIs413(t *testing.T) {
	s := newStage(t, &bare{kind: "bare", receive: one("m1", false)})
	if w := s.post("/webhooks/demo/line", strings.Repeat("x", 68<<10)); w.Code != 200 {
		t.Errorf("at the limit: %d", w.Code)
	}
	if w := s.post("/webhooks/demo/line", strings.Repeat("x", 68<<10+1)); w.Code != 413 {
		t.Errorf("over it: %d", w.Code)
	}
}

func TestATurnThatFailsIsAskedForAgain(t *testing.T) {
	s := newStage(t, &bare{kind: "bare", receive: one("m1", false)})
	s.turn = func(context.Context, channels.Inbound) ([]channels.Outbound, error) {
		return nil, errors.New("stores are down")
	}
	if w := s.post("/webhooks/demo/line", "KOOP"); w.Code != 503 || w.Header().Get("Retry-After") == "" || s.woken != 0 {
		t.Errorf("turn: %d", w.Code)
	}
	s.turn = func(context.Context, channels.Inbound) ([]channels.Outbound, error) {
		return nil, fmt.Errorf("turn: %w", channels.BadRequest("no such thing"))
	}
	if w := s.post("/webhooks/demo/line", "KOOP"); w.Code != 400 {
		t.Errorf("a turn that no second delivery makes better: %d", w.Code)
	}
	s = newStage(t, &bare{kind: "bare", receive: one("m1", false)})
	s.box.Err = errors.New("store is down")
	if w := s.post("/webhooks/demo/line", "KOOP"); w.Code != 503 {
		t.Errorf("outbox: %d", w.Code)
	}
}

func TestATurnGoesOnWhenTheProviderHangsUp(t *testing.T) {
	s := newStage(t, &bare{kind: "bare", receive: one("m1", false)})
	ctx, hangUp := context.WithCancel(t.Context())
	s.turn = func(ctx context.Context, _ channels.Inbound) ([]channels.Outbound, error) {
		hangUp()
		return nil, ctx.Err()
	}
	w := httptest.NewRecorder()
	s.hooks.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "POST", "/webhooks/demo/line", strings.NewReader("KOOP")))
	if w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}

func TestDeliveryReportsReachTheOutbox(t *testing.T) {
	report := channels.DeliveryReport{Outbound: "o1", Status: channels.DeliveredTo}
	s := newStage(t, &bare{kind: "bare", receive: func(*http.Request) (channels.Received, error) {
		return channels.Received{Reports: []channels.DeliveryReport{report}}, nil
	}})
	w := s.post("/webhooks/demo/line", "")
	report.Brand, report.Channel = "demo", "line"
	if w.Code != 200 || len(s.box.Reports()) != 1 || s.box.Reports()[0] != report {
		t.Errorf("%d %v", w.Code, s.box.Reports())
	}
}

func TestAPanicIs500AndNothingWrittenIsLogged(t *testing.T) {
	s := newStage(t, &bare{kind: "bare", receive: one("m1", false)})
	s.turn = func(_ context.Context, in channels.Inbound) ([]channels.Outbound, error) {
		panic("can't read " + in.Text)
	}
	if w := s.post("/webhooks/demo/line", "KOOP 10 4821"); w.Code != 500 {
		t.Errorf("%d", w.Code)
	}
	s.turn = func(context.Context, channels.Inbound) ([]channels.Outbound, error) { return nil, nil }
	if w := s.post("/webhooks/demo/line", "KOOP 10 4821"); w.Code != 200 {
		t.Errorf("after a panic: %d", w.Code)
	}
	log := s.log.String()
	if !strings.Contains(log, "webhook panicked") || !strings.Contains(log, "channel=line") {
		t.Errorf("log: %s", log)
	}
	if strings.Contains(log, "4821") || strings.Contains(log, "31612345678") {
		t.Errorf("the log holds what was written or by whom: %s", log)
	}
}
