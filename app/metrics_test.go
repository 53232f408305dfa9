package app

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"pulsa/cards"
	"pulsa/channels"
	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/topup"
)

func scrape(t *testing.T, m *metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func TestMetricsAreCounted(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var asked []time.Duration
	m := newMetrics(prepaid.NewVirtualClock(start))
	m.watchOrders(func(_ context.Context, before time.Time) (map[string]map[topup.Status]int, error) {
		asked = append(asked, start.Sub(before))
		return map[string]map[topup.Status]int{"demo": {topup.Held: 5 - len(asked)}}, nil
	})
	turn := conversation.Record{
		Channel: channels.Channel{Brand: &prepaid.Brand{Name: "demo"}, Name: "twilio"}, Kind: channels.SMS,
		To: "registration.ask_pin_again", Result: "ok", Duration: 30 * time.Millisecond,
		Path: []conversation.Step{{From: "registration.ask_pin", Event: "ok", To: "registration.ask_pin_again"}},
	}
	m.turn(turn)
	turn.Path, turn.Duration = nil, 9*time.Second
	m.turn(turn)
	m.orderMoved("demo", topup.Charging, topup.Declined)
	page := scrape(t, m)
	for _, want := range []string{
		`pulsa_turns_total{brand="demo",channel="twilio",flow="registration",kind="sms",result="ok",state="registration.ask_pin_again"} 2`,
		`pulsa_turn_seconds_bucket{brand="demo",channel="twilio",result="ok",le="0.05"} 1`,
		`pulsa_turn_seconds_count{brand="demo",channel="twilio",result="ok"} 2`,
		`pulsa_order_moves_total{brand="demo",from="charging",to="declined"} 1`,
		`state_change{flow="registration",from="registration.ask_pin",to="registration.ask_pin_again"} 1`,
		`pulsa_orders_open{brand="demo",older_than="0s",status="held"} 4`,
		`pulsa_orders_open{brand="demo",older_than="1d",status="held"} 0`,
		"go_goroutines ",
	} {
		if !strings.Contains(page, want+"\n") && !strings.Contains(page, "\n"+want) {
			t.Errorf("missing %s", want)
		}
	}
	if len(asked) != 5 || asked[0] != 0 || asked[4] != 24*time.Hour {
		t.Errorf("asked %v", asked)
	}
}

func TestNoLabelHoldsANumberOrText(t *testing.T) {
	m := newMetrics(prepaid.SystemClock{})
	for _, text := range []string{"+31612345678", "tel:+31612345678", "KOOP 10 1234", "31612345678", "3-1-6-1", "ë", strings.Repeat("a", 65)} {
		m.turnDone(text, text, text, text, text, text, time.Second)
		m.orderMoved(text, topup.Status(text), topup.Status(text))
		m.stateChanged(text, text, text)
	}
	page := scrape(t, m)
	for _, line := range strings.Split(page, "\n") {
		line = strings.Split(line, `,le="`)[0] // the histogram's own
		if regexp.MustCompile(`^(pulsa_|state_).*="[^"]*([0-9]-?){4}`).MatchString(line) {
			t.Error(line)
		}
	}
	if !strings.Contains(page, `state_change{flow="other",from="other",to="other"} 7`) {
		t.Error("what is no name must count as other")
	}
}

func TestAScrapeOutlivesAStoreThatIsDown(t *testing.T) {
	m := newMetrics(prepaid.SystemClock{})
	m.watchOrders(func(context.Context, time.Time) (map[string]map[topup.Status]int, error) {
		return nil, errors.New("store is down")
	})
	m.orderMoved("demo", topup.Charging, topup.Declined)
	if page := scrape(t, m); !strings.Contains(page, "pulsa_order_moves_total") || strings.Contains(page, "pulsa_orders_open{") {
		t.Error(page)
	}
	if page := scrape(t, m); !strings.Contains(page, `promhttp_metric_handler_errors_total{cause="gathering"} 1`) {
		t.Errorf("the failure is not counted: %s", page)
	}
}

func TestTheDocumentationListsTheMetrics(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, name := range []string{"pulsa_turns_total", "pulsa_turn_seconds", "state_change", "pulsa_order_moves_total", "pulsa_orders_open"} {
		if !strings.Contains(text, "| `"+name+"` |") {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestGuessingIsMeasured(t *testing.T) {
	m := newMetrics(prepaid.SystemClock{})
	m.watchCards(func(context.Context) (map[string]int64, error) {
		return map[string]int64{"shop": cards.WaveCodes, "demo": cards.WaveCodes - 1}, nil
	})
	answer := httptest.NewRecorder()
	m.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{`pulsa_card_wrong_codes{brand="demo"} 49`, `pulsa_card_guessing{brand="demo"} 0`, `pulsa_card_guessing{brand="shop"} 1`} {
		if !strings.Contains(answer.Body.String(), line+"\n") {
			t.Errorf("lacks %s", line)
		}
	}
}
