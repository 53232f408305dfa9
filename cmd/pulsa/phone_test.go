package main

import (
	"bufio"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/cmd/pulsa/term"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
)

// browser is what the phone's page does.
type browser struct {
	t       *testing.T
	server  *httptest.Server
	entries []string
	news    *bufio.Scanner
}

var keptEntry = regexp.MustCompile(`name="entry" value="([^"]*)"`)

func openPhone(t *testing.T, r *running) *browser {
	t.Helper()
	b := &browser{t: t, server: r.server}
	stream, err := http.Get(b.server.URL + "/phone/news?" + b.who().Encode())
	if err != nil {
		t.Fatal(err)
	}
	b.news = bufio.NewScanner(stream.Body)
	t.Cleanup(func() { _ = stream.Body.Close() })
	return b
}

func (b *browser) who() url.Values {
	return url.Values{"brand": {"demo"}, "kind": {"sms"}, "number": {testNumber}, "language": {"en"}}
}

func (b *browser) post(path string, form url.Values) string {
	b.t.Helper()
	response, err := http.PostForm(b.server.URL+path, form)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s %v\n%s", path, response.Status, err, body)
	}
	return string(body)
}

// text sends a message; the answer must hold a word.
func (b *browser) text(text, word string) string {
	b.t.Helper()
	form := b.who()
	form.Set("text", text)
	return b.keep(b.post("/phone/messages", form), word)
}

// follow returns the path of the page that the link of an answer leads to.
func (b *browser) follow(answer string) string {
	b.t.Helper()
	return strings.TrimPrefix(apptest.Behind(b.t, b.server, answer), b.server.URL)
}

// hear waits for a late message that holds a word.
func (b *browser) hear(word string) {
	b.t.Helper()
	var event strings.Builder
	for b.news.Scan() {
		event.WriteString(b.news.Text() + "\n")
		if strings.Contains(b.news.Text(), "</article>") {
			break
		}
	}
	b.keep(event.String(), word)
}

func (b *browser) keep(bubbles, word string) string {
	b.t.Helper()
	if !strings.Contains(bubbles, word) {
		b.t.Fatalf("%q is not in %s", word, bubbles)
	}
	for _, found := range keptEntry.FindAllStringSubmatch(bubbles, -1) {
		b.entries = append(b.entries, html.UnescapeString(found[1]))
	}
	return bubbles
}

func TestAStorySavedFromThePhoneCanBeRunAgain(t *testing.T) {
	b := openPhone(t, runDemo(t))
	b.text("KOOP", "What is your mobile number?")
	b.text(testNumber, "once more")
	b.text(testNumber, "Choose a PIN")
	b.text(testPIN, "once more")
	b.text(testPIN, "How do you want to pay?")
	pay := b.follow(b.text("1", "et up your way to pay"))
	b.post(pay, url.Values{"action": {"abandon"}})
	b.hear("not set up")
	pay = b.follow(b.text("2", "et up your way to pay"))
	b.post(pay, url.Values{"action": {"complete"}})
	b.hear("you are registered")
	b.text("KOOP 10 7777", "Wrong PIN")
	b.text(testPIN, "€10 was added")
	form := b.who()
	form["entry"] = b.entries
	story := b.post("/phone/story", form)
	for _, line := range []string{"! customer abandons payment setup", "! customer completes payment setup", "> KOOP 10 [secret 7777]"} {
		if !strings.Contains(story, "\n"+line+"\n") {
			t.Errorf("%q is missing", line)
		}
	}
	file := filepath.Join(t.TempDir(), "saved.talk")
	if err := os.WriteFile(file, []byte(story), 0o600); err != nil {
		t.Fatal(err)
	}
	quiet := term.Env{Getenv: func(string) string { return "" }, Stdout: t.Output(), Stderr: t.Output()}
	suite, err := talkConfig{}.read(quiet, []string{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := suite.Run(t.Context(), harness.Stage{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Count(talk.Passed) != 1 {
		_ = report.WriteText(t.Output(), false)
		t.Errorf("the story fails:\n%s", story)
	}
}
