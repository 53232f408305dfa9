package kanneltest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// counter stands between Kannel and Pulsa, and counts by the ids of both what passes.
type counter struct {
	mu    sync.Mutex
	heard map[string]int // Kannel's ids of what customers wrote
	sent  map[string]int // our ids of what was handed to Kannel, and taken
}

// webhooks passes on what Kannel hands to Pulsa.
func (c *counter) webhooks(t *testing.T, listen string) string {
	return c.pass(t, "http://"+listen, func(r *http.Request, status int) {
		if id := r.URL.Query().Get("id"); id != "" && status == http.StatusOK {
			c.heard[id]++
		}
	})
}

// sendings passes on what Pulsa hands to Kannel.
func (c *counter) sendings(t *testing.T, gateway string) string {
	return c.pass(t, gateway, func(r *http.Request, status int) {
		if _, id, ok := strings.Cut(r.Header.Get("X-Kannel-Meta-Data"), "="); ok && status == http.StatusAccepted {
			c.sent[id]++
		}
	})
}

func (c *counter) pass(t *testing.T, to string, count func(*http.Request, int)) string {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(response *http.Response) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			count(response.Request, response.StatusCode)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// TestKilledBindsLoseAndDoubleNothing lets many customers write while the bind between Kannel and the network is cut again and again.
// Each gets an answer. What Kannel submits again, because the bind died before the network had acknowledged it, and what the
// network delivers again for the same reason, is counted: the program itself sends each of its messages once.
func TestKilledBindsLoseAndDoubleNothing(t *testing.T) {
	needsKannel(t)
	t.Parallel()
	messages := sized(t, "PULSA_KANNEL_MESSAGES", 200)
	kills := sized(t, "PULSA_KANNEL_KILLS", 3)
	n := startNetwork(t)
	between := &counter{heard: map[string]int{}, sent: map[string]int{}}
	s := startPushing(t, strings.ReplaceAll(smppSMSC, "PORT", n.port), between)
	<-n.bound
	began := time.Now()
	answered, again := map[string]bool{}, 0 // by number; messages of ours that came more than once
	seen := map[string]int{}
	customerOf := func(i int) string { return fmt.Sprintf("+316%08d", 20_000_000+i) }
	killed := 0
	written := 0
	for deadline := time.Now().Add(patience + time.Duration(messages)*100*time.Millisecond); len(answered) < messages; {
		for ; written < messages && written-len(answered) < 200; written++ { // who wrote and hears nothing is waited for
			n.deliver(customerOf(written), fmt.Sprintf("HELP %d", written))
		}
		if killed < kills && len(answered) >= (killed+1)*messages/(kills+1) {
			n.order(map[string]bool{"kill": true})
			killed++
			<-n.bound
		}
		select {
		case m := <-n.submits:
			if m.ID == "" {
				t.Fatalf("a message without our id: %q", m.Text)
			}
			if seen[m.ID]++; seen[m.ID] > 1 {
				again++
			}
			answered[m.To] = true
		case <-time.After(time.Until(deadline)):
			t.Fatalf("%d of %d were answered; %d were heard, %d sent\n%s", len(answered), messages, len(between.heard), len(between.sent), s.readLog())
		}
	}
	between.mu.Lock()
	defer between.mu.Unlock()
	for id, times := range between.sent {
		if times > 1 {
			t.Errorf("message %s was handed to Kannel %d times", id, times)
		}
	}
	if len(between.sent) > len(between.heard) {
		t.Errorf("%d messages were sent for %d that were heard", len(between.sent), len(between.heard))
	}
	if killed < kills {
		t.Errorf("the bind was killed %d times, want %d", killed, kills)
	}
	t.Logf("%d messages in %s, %d kills: the network delivered %d again, Kannel submitted %d again", messages, time.Since(began).Round(time.Second), killed,
		len(between.heard)-messages, again)
}

func sized(t *testing.T, variable string, least int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return least
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q: write a number", variable, text)
	}
	return n
}
