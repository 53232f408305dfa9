package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/channels/fake"
)

func TestFaultsAndReportsOfTheFakeChannelReachTheOutbox(t *testing.T) {
	clock := apptest.NewSkipClock()
	r := runWired(t, nil, nil, Wiring{Clock: clock})
	post := func(path, body string) {
		t.Helper()
		response, err := http.Post(r.server.URL+"/webhooks/demo/fake/"+path, "application/json", strings.NewReader(body))
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
		_ = response.Body.Close()
	}
	client := &fake.Client{Server: r.server.URL, Brand: "demo", From: apptest.Number, As: "sms"}
	post("fault", `{"send":"throttled","after":"5s","times":1}`)
	r.put("demo", "fake", "tel:"+apptest.Number, "late news")
	apptest.Await(t, "it is refused", func() bool {
		figures, err := r.DB.Channels.ChannelFigures(t.Context(), "demo", []string{"fake"}, r.Clock.Now())
		return err == nil && figures["fake"].Retried == 1
	}, nil)
	if early, err := client.Outbox(t.Context()); err != nil || len(early) != 0 {
		t.Errorf("listed while it waits: %v, %v", early, err)
	}
	clock.Skip(10 * time.Second)
	r.Sender.Wake()
	r.hears("late news")
	sent, err := r.DB.Outbox.OutboundTo(t.Context(), "demo", "fake", "tel:"+apptest.Number, 0, 9)
	if err != nil || len(sent) != 1 {
		t.Fatal(sent, err)
	}
	post("report", `{"outbound":"`+string(sent[0].ID)+`","status":"delivered"}`)
	w := httptest.NewRecorder()
	r.Routes().ServeHTTP(w, httptest.NewRequest("GET", "/webhooks/demo/fake/outbox?to=%2B31612345678", nil))
	if !strings.Contains(w.Body.String(), `"status":"delivered","text":"late news"`) {
		t.Errorf("listed: %s", w.Body)
	}
}
