package conversation

import (
	"strings"
	"testing"

	"pulsa/channels"
)

// The check of the tables finds a question without an explanation; this finds one whose answer to HELP is too long for two SMS, or says
// nothing of its own.
func TestHelpExplainsEveryQuestionInTwoSegments(t *testing.T) {
	b := demoBrand()
	b.Support = "demo.example/help"
	all, e := mustPrompts(t, b), mustEngine(t)
	for language, p := range all.ByLanguage {
		for name, state := range e.table.states {
			if state.Accept == nil || isMenu(name) {
				continue
			}
			s := &Session{State: name}
			s.Mandate.Shown = p.Version(mandateText)
			turn := bareTurn(t, b, all, s, "HELP")
			turn.prompts, turn.help = p, state.Help
			sayHelp(t.Context(), nil, turn)
			answer := turn.said[0].Text
			if !strings.HasPrefix(answer, p.text(state.Help)+" ") || !strings.Contains(answer, p.Word(ActExit)) || !strings.Contains(answer, b.Support) {
				t.Errorf("%s: %s: HELP does not explain the question, say how to leave it and name a person: %q", language, name, answer)
			}
			question := state.Prompt
			if short := state.short(turn); short != "" {
				question = short
			}
			e.offer(turn, state)
			asked := p.Part(question, append(p.examples(question, b), "share", "")...).Text
			if n := strings.Count(answer+" "+asked, b.Support); n != 1 {
				t.Errorf("%s: %s: HELP names whom to ask %d times: %q", language, name, n, answer+" "+asked)
			}
			parts := channels.Render(channels.Message{Text: answer + " " + asked, Choices: turn.choices}, turn.in.Can)
			if n := channels.Segments(parts[0].Text).Segments; len(parts) > 1 || n > 2 {
				t.Errorf("%s: %s: HELP takes %d segments: %q", language, name, n, parts[0].Text)
			}
		}
	}
}
