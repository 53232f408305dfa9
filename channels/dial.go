package channels

import (
	"regexp"
	"strings"
)

var dialled = regexp.MustCompile(`^\*[0-9]+((?:\*[^*#]*)*)#$`)

// ReadDialled reads what phones dial: "*123#" opens a session, "*123*10*4821#" one with 10 and 4821 typed at once. ok is false for any
// other text.
func ReadDialled(text string) (inputs []string, ok bool) {
	found := dialled.FindStringSubmatch(strings.TrimSpace(text))
	switch {
	case found == nil:
		return nil, false
	case strings.Trim(found[1], "*") == "":
		return nil, true
	}
	return strings.Split(found[1][1:], "*"), true
}
