package app

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

// waiting is a desk on which a question waits, and what tells our staff of it.
type waiting struct {
	*testing.T
	db    *store.DB
	clock *prepaid.VirtualClock
	desk  *operators.Desk
	id    operators.ApprovalID
	fails []string
}

func newWaiting(t *testing.T, ways ...operators.NoticeWay) *waiting {
	t.Helper()
	w := &waiting{T: t, db: storetest.SQLite(t), clock: prepaid.NewVirtualClock(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))}
	people := operators.People{Store: w.db.People, Clock: w.clock}
	for name, role := range map[string]operators.Role{"anna": operators.Support, "ben": operators.Fraud, "dirk": operators.Viewer} {
		_, err := people.Invite(t.Context(), operators.NewPerson{
			Email: name + "@acme.example", Name: name, Language: "en", TimeZone: "UTC", Roles: map[string][]operators.Role{operators.AllBrands: {role}},
		}, prepaid.ByMachine("root", "tests"))
		if err != nil {
			t.Fatal(err)
		}
	}
	w.desk = &operators.Desk{
		Deeds: w.db.Deeds, Forms: w.db.Forms, Approvals: w.db.Approvals, Blocks: w.db.Blocks, Tells: ways, Staff: people, Clock: w.clock,
	}
	actors, err := people.Actors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	anna := actors[slices.IndexFunc(actors, func(a operators.Actor) bool { return a.Name == "anna" })]
	r, err := w.desk.Do(t.Context(), anna, "form", operators.AddBlocks{
		Brand: "demo", Batch: "b", All: []operators.Blocked{{Kind: operators.BlockNumber, Value: "erased-1-ab", Shows: "+316****5678"}},
	}, "ticket of Jan, +31612345678")
	if err != nil || r.Asked == "" {
		t.Fatal(r, err)
	}
	w.id = r.Asked
	return w
}

// run tells what is due.
func (w *waiting) run(ways map[operators.NoticeWay]operators.Teller) int {
	w.Helper()
	n := operators.Notifier{Notices: w.db.Approvals, Desk: w.desk, DeskURL: "https://desk.acme.example", Ways: ways,
		Failed: func(_ operators.DeskNotice, err error) { w.fails = append(w.fails, err.Error()) }}
	done, err := n.RunDue(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return done
}

func TestWebhookOfTheDeskIsSignedAndRepeated(t *testing.T) {
	w := newWaiting(t, operators.ByWebhook)
	var bodies []string
	answers := []int{500, 301, 204}
	hook := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte("s3cret"))
		mac.Write([]byte(r.Header.Get("Pulsa-Timestamp") + "." + string(body)))
		if r.Header.Get("Pulsa-Signature") != hex.EncodeToString(mac.Sum(nil)) {
			t.Error("the signature is wrong")
		}
		bodies = append(bodies, string(body))
		to.WriteHeader(answers[len(bodies)-1])
	}))
	defer hook.Close()
	ways := map[operators.NoticeWay]operators.Teller{operators.ByWebhook: webhookTeller{config.NotifyWebhook{URL: hook.URL, Secret: prepaid.NewSecret("s3cret")}, w.clock}}
	for _, later := range []time.Duration{0, 30 * time.Second, time.Minute} {
		due := w.clock.Now().Add(later)
		w.clock.AdvanceTo(due.Add(-time.Second))
		if later > 0 && w.run(ways) != 0 {
			t.Errorf("told before %v have gone", later)
		}
		w.clock.AdvanceTo(due)
		if w.run(ways) != 1 {
			t.Errorf("not told after %v", later)
		}
	}
	w.clock.AdvanceTo(w.clock.Now().Add(48 * time.Hour))
	if w.run(ways) != 0 || len(bodies) != 3 {
		t.Errorf("told %d times", len(bodies))
	}
	if fmt.Sprint(w.fails) != "[the webhook has answered 500 the webhook has answered 301]" {
		t.Error(w.fails)
	}
	var told map[string]string
	if err := json.Unmarshal([]byte(bodies[2]), &told); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"event": "approval.asked", "brand": "demo", "kind": "block", "id": string(w.id), "at": "2026-03-02T12:00:00Z",
		"link": "https://desk.acme.example/demo/approvals/" + string(w.id),
	}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("%v; want %v", told, want)
	}
}

func TestDecidedMeanwhileIsNotTold(t *testing.T) {
	w := newWaiting(t, operators.ByWebhook)
	ben := operators.Actor{Person: "b", Email: "b@acme.example", Roles: map[string][]operators.Role{"demo": {operators.Fraud}}, FreshAt: w.clock.Now()}
	if _, err := w.desk.Decide(t.Context(), ben, "f", w.id, operators.Refuse, "no"); err != nil {
		t.Fatal(err)
	}
	ways := map[operators.NoticeWay]operators.Teller{operators.ByWebhook: webhookTeller{config.NotifyWebhook{URL: "http://127.0.0.1:1"}, w.clock}}
	if w.run(ways) != 1 || w.run(ways) != 0 || len(w.fails) > 0 {
		t.Error(w.fails)
	}
}

// mailServer is an SMTP server that takes one message, and hands over what it was sent.
func mailServer(t *testing.T) (address string, got <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	all := make(chan string, 1)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var heard strings.Builder
		in, inData := bufio.NewScanner(c), false
		fmt.Fprint(c, "220 mail.test ESMTP\r\n")
		for in.Scan() {
			line := in.Text()
			heard.WriteString(line + "\n")
			switch {
			case inData && line != ".":
			case inData:
				inData = false
				fmt.Fprint(c, "250 queued\r\n")
			case strings.HasPrefix(line, "EHLO"):
				fmt.Fprint(c, "250-mail.test\r\n250 AUTH PLAIN\r\n")
			case strings.HasPrefix(line, "AUTH"):
				fmt.Fprint(c, "235 in\r\n")
			case line == "DATA":
				inData = true
				fmt.Fprint(c, "354 go on\r\n")
			case line == "QUIT":
				fmt.Fprint(c, "221 bye\r\n")
				all <- heard.String()
				return
			default:
				fmt.Fprint(c, "250 ok\r\n")
			}
		}
	}()
	return listener.Addr().String(), all
}

func TestMailTellsThoseWhoMayDecide(t *testing.T) {
	w := newWaiting(t, operators.ByMail)
	address, got := mailServer(t)
	by := config.NotifyMail{Host: address, From: "pulsa@acme.example", Username: "pulsa", Password: prepaid.NewSecret("pw"), To: []string{"desk@acme.example"}}
	if w.run(map[operators.NoticeWay]operators.Teller{operators.ByMail: mailTeller{by, w.clock}}) != 1 || len(w.fails) > 0 {
		t.Fatal(w.fails)
	}
	mail := <-got
	for _, part := range []string{
		"MAIL FROM:<pulsa@acme.example>", "RCPT TO:<ben@acme.example>\nRCPT TO:<desk@acme.example>\nDATA", "Subject: Pulsa: block waits for your decision (demo)",
		"https://desk.acme.example/demo/approvals/" + string(w.id), "Date: Mon, 02 Mar 2026 12:00:00 +0000", "AUTH PLAIN",
	} {
		if !strings.Contains(mail, part) {
			t.Errorf("no %q in\n%s", part, mail)
		}
	}
	for _, private := range []string{"Jan", "5678", "anna@", "dirk@"} {
		if strings.Contains(mail, private) {
			t.Errorf("%q stands in\n%s", private, mail)
		}
	}
}
