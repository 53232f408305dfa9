package phone_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// listen opens a stream and returns its lines as they come; they end with the stream.
func (p *handset) listen(query string, header ...string) <-chan string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	p.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", p.URL+"/phone/news?number=%2B31612345678&"+query, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := p.Client().Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		p.t.Fatal(resp.Status, resp.Header)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		defer resp.Body.Close()
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// until reads lines up to one that holds the text, and returns them all.
func until(t testing.TB, lines <-chan string, text string) string {
	t.Helper()
	var all strings.Builder
	for l := range lines {
		all.WriteString(l + "\n")
		if strings.Contains(l, text) {
			return all.String()
		}
	}
	t.Fatalf("the stream ended before %q:\n%s", text, all.String())
	return ""
}

func (p *handset) push(a prepaid.Address, kind channels.Kind, text string) {
	p.t.Helper()
	p.leave(p.put(a, kind, text))
}

// put stores a message that is still to leave.
func (p *handset) put(a prepaid.Address, kind channels.Kind, text string) prepaid.OutboundID {
	p.t.Helper()
	can, _ := channels.Of(kind)
	id := prepaid.NewToken()
	sent := prepaid.NewID[prepaid.OutboundID]()
	err := p.box.PutOutbound(context.Background(), []channels.Outbound{{
		ID: sent, Brand: "demo", Channel: "fake", Address: a, MessageID: id, Text: text, Can: can, CreatedAt: prepaid.SystemClock{}.Now(),
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	return sent
}

func (p *handset) leave(sent prepaid.OutboundID) {
	p.t.Helper()
	if err := p.box.EndOutbound(context.Background(), sent, channels.SendEnd{Status: channels.HandedOn}); err != nil {
		p.t.Fatal(err)
	}
}

func TestLateMessagesComeAsTheyAre(t *testing.T) {
	p := newPhone(t)
	lines := p.listen("kind=sms&brand=demo")
	p.push("tel:+31699999999", channels.SMS, "somebody else's")
	p.push("tel:"+number, channels.SMS, "first\n<b>line\rtwo")
	p.push("tel:"+number, channels.SMS, "second")
	got := until(t, lines, "second")
	contains(t, got, "id: 2\ndata: ", "first\ndata: &lt;b&gt;line", "1 segment, EUR 0.08", "id: 3\n")
	lacks(t, got, "somebody", "<b>", "\r")
}

func TestAnAppsPhoneHearsItsNumbersSMSToo(t *testing.T) {
	p := newPhone(t)
	lines := p.listen("kind=telegram&brand=demo")
	p.push("tel:"+number, channels.SMS, "246810 is your code")
	p.push("telegram:31612345678", channels.Telegram, "the end")
	got := until(t, lines, "the end")
	contains(t, got, `<span class="via">SMS</span>`, "246810 is your code")
	if n := strings.Count(got, `class="via"`); n != 1 {
		t.Errorf("%d messages are marked", n)
	}
}

func TestAMessageThatLeavesAfterALaterOneToAnotherAddressIsShownToo(t *testing.T) {
	p := newPhone(t)
	lines := p.listen("kind=telegram&brand=demo")
	held := p.put("tel:"+number, channels.SMS, "246810 is your code")
	p.push("telegram:31612345678", channels.Telegram, "the first")
	contains(t, until(t, lines, "the first"), "id: 2-0\n")
	p.leave(held)
	contains(t, until(t, lines, "246810"), "id: 2-1\n")

	held = p.put("telegram:31612345678", channels.Telegram, "the second")
	p.push("tel:"+number, channels.SMS, "135791 is your code")
	contains(t, second(p.do("GET", "/?number=%2B31612345678&kind=telegram", nil)), `data-after="2-4"`)
	p.leave(held)
	got := until(t, p.listen("kind=telegram&brand=demo&after=2-4"), "the second")
	lacks(t, got, "135791", "246810")
}

func TestABrowserThatComesBackMissesNothing(t *testing.T) {
	p := newPhone(t)
	for i := range 250 {
		p.push("tel:"+number, channels.SMS, fmt.Sprintf("number %d.", i+1))
	}
	contains(t, second(p.do("GET", "/?number=%2B31612345678", nil)), `data-after="250"`)
	got := until(t, p.listen("after=248"), "number 250.")
	contains(t, got, "number 249.")
	lacks(t, got, "number 248.")
	got = until(t, p.listen("after=3", "Last-Event-ID", "249"), "number 250.")
	lacks(t, got, "number 249.")
	got = until(t, p.listen("after=0"), "number 250.")
	if n := strings.Count(got, "id: "); n != 250 {
		t.Errorf("%d messages of 250", n)
	}
}

func TestAStreamThatMakesNoSenseIsRefused(t *testing.T) {
	p := newPhone(t)
	for _, query := range []string{"number=1", "number=%2B31612345678&after=-1", "number=%2B31612345678&after=x",
		"number=%2B31612345678&after=1-2", "number=%2B31612345678&kind=telegram&after=1"} {
		if resp, _ := p.do("GET", "/phone/news?"+query, nil); resp.StatusCode != 400 {
			t.Errorf("%s: %s", query, resp.Status)
		}
	}
}

func TestAStoreThatIsDownEndsTheStreamAndThePage(t *testing.T) {
	p := newPhone(t)
	p.box.Err = errors.New("SQL does not answer")
	for l := range p.listen("kind=sms") {
		lacks(t, l, "SQL")
	}
	if resp, body := p.do("GET", "/?number=%2B31612345678", nil); resp.StatusCode != 503 || strings.Contains(body, "SQL") {
		t.Error(resp.Status, body)
	}
}

func TestAServerThatStopsEndsItsStreams(t *testing.T) {
	p := newPhone(t)
	lines := p.listen("kind=sms")
	until(t, lines, "retry")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Config.Shutdown(ctx); err != nil {
		t.Fatal("a page that is open keeps the server from stopping:", err)
	}
	for range lines { //nolint:revive // it must end
	}
}
