package phone_test

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/conversation/talk"
	"pulsa/prepaid"
)

var entryValue = regexp.MustCompile(`name="entry" value="([^"]*)"`)

// entries are what the page keeps of some bubbles.
func entries(bubbles string) []string {
	var all []string
	for _, found := range entryValue.FindAllStringSubmatch(bubbles, -1) {
		all = append(all, html.UnescapeString(found[1]))
	}
	return all
}

// story saves a conversation and returns what stands below its head; talk must be able to read it all.
func (p *handset) story(kind string, kept []string) string {
	p.t.Helper()
	form := who(kind)
	form["entry"] = kept
	resp, text := p.do("POST", "/phone/story", form)
	if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), `attachment; filename="demo-`+kind) {
		p.t.Fatal(resp.Status, resp.Header, text)
	}
	file := filepath.Join(p.t.TempDir(), "saved.talk")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	scripts, err := talk.Load([]string{file}, &talk.Vocabulary{Brands: []*prepaid.Brand{brand("demo", true)}})
	if err != nil {
		p.t.Fatalf("%v\n%s", err, text)
	}
	if s := scripts.Stories; len(s) != 1 || s[0].Brand != "demo" || s[0].Channel != kind || s[0].Language != "nl" || s[0].From != number {
		p.t.Errorf("%+v", s)
	}
	_, body, _ := strings.Cut(text, "\n\n")
	return body
}

func TestAConversationIsSavedAsAStory(t *testing.T) {
	p := newPhone(t)
	reply := ""
	secret := false
	p.answer = func(in channels.Inbound) ([]channels.Outbound, error) {
		parts := []channels.Outbound{{Text: reply, Address: in.Address}, {Text: "part two", Address: in.Address}}
		if secret {
			parts[0].DeleteRef = in.MessageRef
		}
		return parts, nil
	}
	var kept []string
	send := func(answer string, held bool, form ...string) {
		reply, secret = answer, held
		_, body := p.send("telegram", form...)
		kept = append(kept, entries(body)...)
	}
	send("Text *123# {now} \\o/", false, "text", `a [b] \ c  # d`)
	send("Thanks", true, "text", "4821")
	send("Order BKT-RMW-QXZD. Thanks", true, "text", "KOOP 10 4821 Jan")
	send("Spent", true, "text", "REDEEM 1234 5678 9012 34")
	send("Open http://localhost/p/xyz now.\n# 1", false, "button", "sepa", "label", "SEPA direct debit")
	lines := p.listen("kind=telegram&brand=demo")
	p.push("tel:"+number, channels.SMS, "246810 is your code")
	p.push("telegram:31612345678", channels.Telegram, "Now you are registered.")
	kept = append(kept, entries(until(t, lines, "you are registered")+until(t, lines, "</article>"))...)
	send("We read text only", false, "photo", "1")
	send("Hello", false, "contact", "own")
	want := `> a \[b] \\ c # d
< Text \*123# \{now} \\o/
  part two
> [secret 4821]
< Thanks
  part two
> KOOP 10 [secret 4821] Jan
< Order *. Thanks
  part two
> REDEEM [secret 1234 5678 9012 34]
< Spent
  part two
> [button "SEPA direct debit"]
< Open * now.
  * 1
  part two
# to +31612345678: **** is your code
! customer completes payment setup
< Now you are registered.
> [photo]
< We read text only
  part two
> [contact]
< Hello
  part two
`
	if diff := cmp.Diff(want, p.story("telegram", kept)); diff != "" {
		t.Error(diff)
	}
}

func TestAStoryWaitsAsLongAsTheCustomerDid(t *testing.T) {
	p := newPhone(t)
	at := func(seconds int, rest string) string {
		us := prepaid.Micros(time.Date(2026, 11, 21, 12, 0, seconds, 0, time.UTC))
		return fmt.Sprintf(`{"at":%d,%s}`, us, rest)
	}
	got := p.story("sms", []string{
		at(0, `"mine":true,"text":"KOOP 10 1"`), at(8, `"text":"working"`),
		at(30, `"text":"delivered","late":true`), at(40, `"mine":true,"text":"a"`), at(41, `"text":"b"`),
		at(200, `"mine":true,"text":""`), at(200, `"text":"\n"`),
	})
	want := "> KOOP 10 1\n< working\n! wait 31s\n< delivered\n> a\n< b\n! wait 170s\n>\n< *\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAStoryOfNothingOrOfNonsenseIsRefused(t *testing.T) {
	p := newPhone(t)
	for name, kept := range map[string][]string{"nothing": nil, "no JSON": {"x"}, "no entry": {"[]"}} {
		form := who("sms")
		form["entry"] = kept
		if resp, _ := p.do("POST", "/phone/story", form); resp.StatusCode != 400 {
			t.Error(name, resp.Status)
		}
	}
	form := who("sms", "entry", strings.Repeat("a", 3<<20))
	if resp, _ := p.do("POST", "/phone/story", form); resp.StatusCode != 413 {
		t.Error(resp.Status)
	}
}
