package talk

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Recording says whom Record talks to.
type Recording struct {
	Name     string // of the story
	Brand    string
	Channel  string
	Language string
	From     string // "" for a fresh number
}

// Record is a chat that writes itself down: what is typed is sent, what is answered is shown on w, and
// when in ends the story is returned, "" where it would hold no line. What is typed is a script's line without its ">": [secret 4821] and
// [button "SEPA"] work. A line that begins with "!" makes an event happen, one with "=" asks whether a
// fact holds and writes it down if so.
func Record(ctx context.Context, m Maker, v *Vocabulary, rec Recording, in io.Reader, w io.Writer) (string, error) {
	r := &recorder{vocabulary: v, w: w}
	if err := r.open(ctx, m, rec); err != nil {
		return "", err
	}
	defer r.player.close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for r.show("> "); lines.Scan(); r.show("> ") {
		text, comment := cutComment(strings.TrimSuffix(lines.Text(), "\r"))
		if text == "" && comment != "" {
			r.lines = append(r.lines, comment)
			continue
		}
		if err := r.line(ctx, text, comment); err != nil {
			return r.script(), err
		}
	}
	r.show("\n")
	return r.script(), lines.Err()
}

type recorder struct {
	vocabulary *Vocabulary
	w          io.Writer
	player     *player
	lines      []string
	head       int // how many of the lines are the story's head
	secrets    []string
}

func (r *recorder) show(text string) { _, _ = io.WriteString(r.w, text) }

func (r *recorder) open(ctx context.Context, m Maker, rec Recording) error {
	problems := newProblems()
	b := &builder{vocabulary: r.vocabulary, problems: problems}
	at := pos{"record", 0}
	var keys []headLine
	for _, k := range []headLine{{at, "brand", rec.Brand}, {at, "channel", rec.Channel}, {at, "language", rec.Language}, {at, "from", rec.From}} {
		if k.value != "" {
			keys = append(keys, k)
		}
	}
	h := b.head(keys)
	if err := problems.err(); err != nil {
		return err
	}
	story := &Story{Name: rec.Name, File: "record", Brand: h.brand, Channel: h.channels[0], Language: h.languages[0], From: h.from}
	r.player = &player{story: story, maker: m, vocabulary: r.vocabulary, hunter: newHunter(nil), matcher: r.vocabulary.matcher(h.brand, story.Language)}
	if err := r.player.begin(ctx); err != nil {
		return err
	}
	r.lines = []string{
		"story: " + cmp.Or(fold(rec.Name), "Recorded"), "brand: " + story.Brand, "channel: " + story.Channel, "language: " + story.Language,
		"from: " + r.player.customer.Number, "",
	}
	r.head = len(r.lines)
	return nil
}

// script is the story so far; "" where nothing but its head and comments were written.
func (r *recorder) script() string {
	body := r.lines[r.head:]
	if !slices.ContainsFunc(body, func(l string) bool { return l != "" && strings.Contains(">!=", l[:1]) }) {
		return ""
	}
	return strings.Join(r.lines, "\n") + "\n"
}

func (r *recorder) line(ctx context.Context, text, comment string) error {
	switch {
	case strings.HasPrefix(text, "= "):
		return r.fact(ctx, text, comment)
	case strings.HasPrefix(text, "! "):
		e, wrong := parseEvent(text[2:], r.vocabulary.points())
		switch {
		case wrong != nil:
		case (e.Kind == Again || e.Kind == SameID) && r.player.last == nil:
			wrong = wrongf("text something first", "nothing was sent yet")
		case e.Kind == Together || e.Kind == End:
			wrong = wrongf("write it into the story afterwards", "a chat is one line after the other")
		}
		if wrong != nil {
			r.show(wrong.problem + "; " + wrong.want + "\n")
			return nil
		}
		return r.step(ctx, &step{event: &e}, "! "+e.String(), comment)
	}
	text = r.markSecrets(ctx, text)
	s, wrong := parseSay(text)
	if wrong != nil {
		r.show(wrong.problem + "; " + wrong.want + "\n")
		return nil
	}
	for _, secret := range s.secrets {
		if !slices.Contains(r.secrets, secret) {
			r.secrets = append(r.secrets, secret)
		}
	}
	return r.step(ctx, &step{say: s}, strings.TrimRight("> "+text, " "), comment)
}

// step plays one line and writes it down with what was answered.
func (r *recorder) step(ctx context.Context, s *step, written, comment string) error {
	failures := len(r.player.result.Failures)
	came, err := r.player.step(ctx, s)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errStop): // no such button
		for _, f := range r.player.result.Failures[failures:] {
			r.show(f.Problem + "; there is: " + f.Came + "\n")
		}
		return nil
	case err != nil: // the chat goes on: there was no page to complete, or nothing to authenticate
		r.show(err.Error() + "\n")
		return nil
	}
	r.lines = append(r.lines, written+comment)
	for _, m := range came {
		r.player.hear(m)
		r.lines = append(r.lines, r.player.matcher.replyLines(m)...)
		text := m.Text
		if m.Buttons {
			for _, c := range m.Choices {
				text += "\n[" + c.Label + "]"
			}
		}
		r.show("< " + indented(text) + "\n")
	}
	return nil
}

// indented shows a message of several lines.
func indented(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n  ")
}

func (r *recorder) fact(ctx context.Context, text, comment string) error {
	f, wrong := parseFact(text[2:], r.vocabulary)
	if wrong != nil {
		r.show(wrong.problem + "; " + wrong.want + "\n")
		return nil
	}
	found, err := r.player.program.Check(ctx, r.player.customer, f)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.show(fmt.Sprintf("%s: %s\n", f, err))
	case found.Holds:
		r.show("yes\n")
		r.lines = append(r.lines, "= "+f.String()+comment)
	default:
		r.show("no: " + found.Actual + "\n")
	}
	return nil
}

var (
	lastPIN = regexp.MustCompile(`^(\S+\s+\S+\s+)(\d{4})$`) // KOOP 10 1234
	runs    = regexp.MustCompile(`\d+`)
)

// markSecrets writes [secret …] round what is one: all that is typed where the program reads a secret, a
// PIN that ends an order, and whatever was one before.
func (r *recorder) markSecrets(ctx context.Context, text string) string {
	if text == "" || strings.ContainsAny(text, `[\`) {
		return text
	}
	if reader, ok := r.player.program.(SecretReader); ok && allDigits(squeeze(text)) {
		if secret, err := reader.ReadsSecret(ctx, r.player.customer); err == nil && secret {
			return "[secret " + fold(text) + "]"
		}
	}
	if found := lastPIN.FindStringSubmatch(text); found != nil {
		return found[1] + "[secret " + found[2] + "]"
	}
	return runs.ReplaceAllStringFunc(text, func(digits string) string {
		if slices.Contains(r.secrets, digits) {
			return "[secret " + digits + "]"
		}
		return digits
	})
}
