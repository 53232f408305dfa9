package config

import (
	"regexp"
	"slices"
	"strings"

	"pulsa/conversation"
	"pulsa/yamlfile"
)

// keyword is a word of letters, or a few with blanks or hyphens between: "KOOP10 1234" is read as KOOP and an amount.
var keyword = regexp.MustCompile(`^\p{L}{2,20}([ -]\p{L}{1,20}){0,3}$`)

// keywords reads the brand's words by action, in capitals. Customers may use any language's words whatever
// language they have chosen, so a word must mean one thing in all of the brand's languages.
func (s section) keywords(languages []string) map[string][]string {
	taken := s.languageWords(languages)
	words := map[string][]string{}
	actions := conversation.ActionNames()
	byAction := s.free("keywords")
	for _, action := range byAction.names() {
		if !slices.Contains(actions, action) {
			s.r.fault(byAction.lines[action], "keywords: there is no action %s%s", action, yamlfile.DidYouMean(action, actions))
		}
		for _, v := range byAction.list(action) {
			word, ok := s.keyword(v, action, taken)
			switch {
			case ok && slices.Contains(words[action], word):
				s.r.fault(v.line, "keyword %s stands twice", word)
			case ok:
				words[action] = append(words[action], word)
			}
		}
	}
	return words
}

// keyword judges one word of an action, and takes it.
func (s section) keyword(v value, action string, taken map[string]string) (word string, ok bool) {
	word = strings.ToUpper(v.text)
	plain := strings.ReplaceAll(word, "-", " ") // which is understood alike
	owner, isTaken := taken[plain]
	switch {
	case !keyword.MatchString(word):
		s.r.fault(v.line, "keyword %q: use one word of 2 to 20 letters, or up to four", v.text)
	case isTaken && owner != action:
		s.r.fault(v.line, "keyword %s means %s already: choose another word", word, owner)
	case conversation.KeptByCarriers(word, action):
		s.r.fault(v.line, "keyword %s belongs to the SMS carriers: choose another word", word)
	default:
		taken[plain] = action
		return word, true
	}
	return word, false
}

// languageWords maps the words of the brand's languages to their actions.
func (s section) languageWords(languages []string) map[string]string {
	taken := map[string]string{}
	for _, language := range languages {
		for action, words := range s.r.languages.Words(language) {
			for _, word := range words {
				taken[strings.ToUpper(word)] = action
			}
		}
	}
	return taken
}
