package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"pulsa/prepaid"
	"pulsa/web/ui"
)

// longGap is how long a customer must have waited for a story to say so.
const longGap = time.Minute

// saveStory answers POST /phone/story with the conversation that the page holds, as a script.
func (c *Console) saveStory(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The conversation is too long to be saved.", http.StatusRequestEntityTooLarge)
		return
	}
	u, err := c.customer(r.Context(), r.PostForm)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	entries, err := readEntries(r.PostForm)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now := c.Clock.Now()
	ui.Protect(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s-%s.talk"`,
		u.line.Brand.Name, u.can.Kind, now.Format("20060102-150405")))
	_, _ = w.Write([]byte(c.story(r.Context(), u, entries, now))) // the browser may have gone
}

func readEntries(form url.Values) ([]entry, error) {
	if len(form["entry"]) == 0 {
		return nil, errors.New("there is nothing to save yet: text something first")
	}
	entries := make([]entry, len(form["entry"]))
	for i, text := range form["entry"] {
		if err := json.Unmarshal([]byte(text), &entries[i]); err != nil {
			return nil, errors.New("the conversation can't be read")
		}
	}
	return entries, nil
}

// story writes the conversation as a script that QA people can run.
func (c *Console) story(ctx context.Context, u customer, entries []entry, now time.Time) string {
	s := &storyWriter{c: c, u: u, began: prepaid.FromMicros(entries[0].At)}
	s.line("story: Saved from the phone on " + now.Format("2 January 2006 at 15:04"))
	s.line("brand: " + u.line.Brand.Name)
	s.line("channel: " + string(u.can.Kind))
	s.line("language: " + u.language)
	s.line("from: " + u.number.String())
	s.line("")
	for _, e := range entries {
		s.entry(ctx, e)
	}
	return s.text.String()
}

// storyWriter remembers what has been written so far. A script's clock stands still where it is not told to
// wait: passed is how far it has come.
type storyWriter struct {
	c         *Console
	u         customer
	text      strings.Builder
	began     time.Time
	passed    time.Duration
	answering bool   // the last line is of a reply, and the next part belongs to it
	link      string // the last one that was sent, until it had an effect
}

func (s *storyWriter) line(text string) { s.text.WriteString(text + "\n") }

func (s *storyWriter) entry(ctx context.Context, e entry) {
	gap := prepaid.FromMicros(e.At).Sub(s.began) - s.passed
	switch {
	case e.Mine:
		if gap >= longGap {
			s.wait(gap)
		}
		s.line(strings.TrimRight("> "+said(e), " "))
		s.answering = false
		return
	case e.Other:
		s.line("# to " + s.u.number.String() + ": " + longRun.ReplaceAllString(fold(e.Text), "****"))
		return
	case e.Late:
		if event := s.c.Event(ctx, s.u.line.Brand.Name, s.link, e.Text); event != "" {
			s.line("! " + event)
			s.link = ""
		} else {
			s.wait(gap)
		}
		s.answering = false
	}
	s.reply(e.Text)
	if link := lastLink(e.Text); link != "" {
		s.link = link
	}
	s.answering = !e.Late
}

func (s *storyWriter) wait(gap time.Duration) {
	gap = max(gap.Truncate(time.Second)+time.Second, time.Second)
	s.passed += gap
	s.line(fmt.Sprintf("! wait %ds", int(gap.Seconds())))
}

// reply writes what was answered, with * for what differs each time.
func (s *storyWriter) reply(text string) {
	text = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `{`, `\{`).Replace(text)
	text = orderID.ReplaceAllString(address.ReplaceAllString(text, "*"), "*")
	mark := "< "
	if s.answering {
		mark = "  "
	}
	if mark == "< " && fold(text) == "" {
		text = "*"
	}
	for l := range strings.SplitSeq(text, "\n") {
		if l = fold(l); l == "" {
			continue
		}
		if mark == "  " && strings.HasPrefix(l, "#") {
			l = "* " + strings.TrimLeft(l, "# ") // a line that begins with # is a comment
		}
		s.line(mark + l)
		mark = "  "
	}
}

var (
	orderID  = regexp.MustCompile(`\b[BCDFGHJKLMNPQRSTVWXZ]{3}-[BCDFGHJKLMNPQRSTVWXZ]{3}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b`)
	longRun  = regexp.MustCompile(`\d{4,}`)
	longCode = regexp.MustCompile(`\d(?:[ -]?\d){9,}`)
)

func fold(text string) string { return strings.Join(strings.Fields(text), " ") }

// said writes what the customer sent as a script has it.
func said(e entry) string {
	text := fold(e.Text)
	switch {
	case e.Photo:
		return "[photo]"
	case e.Contact:
		return "[contact]"
	case e.Button && text != "" && !strings.ContainsAny(text, `]"`):
		return `[button "` + text + `"]`
	}
	plain := strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(text)
	if strings.HasPrefix(plain, "*") && !e.Dialled {
		plain = `\` + plain // typed, not dialled
	}
	if !e.Secret {
		return plain
	}
	return hidden(prepaid.Fold(plain))
}

// hidden marks the secret in a text that holds one: a code of many digits in groups, or each run of four.
func hidden(text string) string {
	if code, ok := prepaid.Code(text); ok && len(code) <= 6 {
		return "[secret " + text + "]"
	}
	secret := longRun
	if longCode.MatchString(text) {
		secret = longCode
	}
	return secret.ReplaceAllString(text, "[secret $0]")
}
