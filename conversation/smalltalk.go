package conversation

import (
	"context"
	"strings"
	"unicode"
)

// readSmallTalk reads a greeting, thanks or a sign such as 👍 where nothing is asked, and takes such words for none elsewhere.
func (t *Turn) readSmallTalk() {
	a := t.all.actions.named(t.command.Action)
	switch {
	case t.session.State != idle && a.SmallTalk:
		t.command = Command{Rest: t.tidied()}
	case t.session.State == idle && a.Name == ActNone && !isASCII(t.in.Text) && isSign(t.tidied()):
		t.command = Command{Action: ActHello}
		if len(t.session.Told) > 0 {
			t.command = Command{Action: ActThanks}
		}
	}
}

// isSign reports whether a tidy text is nothing but signs such as 👍 and ❤️, punctuation aside.
func isSign(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.So, unicode.Sk) }) && !strings.ContainsFunc(text, isWordRune)
}

// greet answers a greeting.
func greet(_ context.Context, _ *Services, t *Turn) { t.Say("start.welcome") }

// sayWelcomeTo answers thanks.
func sayWelcomeTo(_ context.Context, _ *Services, t *Turn) { t.Say("thanks.welcome") }
