package talk

import (
	"fmt"
	"strings"

	"pulsa/prepaid"
)

// The kinds of channels that a story may name.
const (
	SMS      = "sms"
	Telegram = "telegram"
	USSD     = "ussd"
	WhatsApp = "whatsapp"
	Web      = "web"
)

func kinds() []string { return []string{SMS, Telegram, USSD, WhatsApp, Web} }

// Vocabulary is what scripts are checked against: the names that the program under test knows. What is
// nil is not checked.
type Vocabulary struct {
	Brands   []*prepaid.Brand // the first is the default
	Flows    []Flow           // "= state" names one of their states
	Statuses []string         // of an order
	Points   []Point          // where "crash after" can strike
	Keys     []string         // of all prompts
	// Prompt returns a prompt as a brand words it in a language, with {name} where values stand. It may
	// be called at the same time for many stories.
	Prompt func(brand, language, key string) (template string, ok bool)
}

// Point is a place where a crash can be asked for.
type Point struct {
	Name    string // "charge"
	Meaning string // "the gateway has charged, we have not written it down"
}

// Flow is one conversation flow as a table.
type Flow struct {
	Name        string   // "registration"
	States      []string // full names: "registration.ask_pin"
	Transitions []Transition
}

// Transition leads from one state to another.
type Transition struct {
	From, Event, To string // states by their full names
}

func (v *Vocabulary) brand(name string) *prepaid.Brand {
	for _, b := range v.Brands {
		if b.Name == name {
			return b
		}
	}
	return nil
}

func (v *Vocabulary) brandNames() []string {
	names := make([]string, 0, len(v.Brands))
	for _, b := range v.Brands {
		names = append(names, b.Name)
	}
	return names
}

func (v *Vocabulary) states() []string {
	var names []string
	for _, f := range v.Flows {
		names = append(names, f.States...)
	}
	return names
}

func (v *Vocabulary) points() []string {
	names := make([]string, 0, len(v.Points))
	for _, p := range v.Points {
		names = append(names, p.Name)
	}
	return names
}

// prompt is Prompt for one brand and language.
func (v *Vocabulary) prompt(brand, language string) func(key string) (string, bool) {
	return func(key string) (string, bool) {
		if v.Prompt == nil {
			return "", false
		}
		return v.Prompt(brand, language, key)
	}
}

// matcher compares replies with texts of one brand and language.
func (v *Vocabulary) matcher(brand, language string) matcher {
	m := matcher{prompt: v.prompt(brand, language)}
	if b := v.brand(brand); b != nil {
		m.currency = b.Currency
	}
	return m
}

// instead says what could be written where have is unknown: the nearest of the known names, or all of them.
func instead(have string, known []string) string {
	if near := nearest(have, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 || len(known) > 40 {
		return ""
	}
	return "write " + oneOf(known)
}

// oneOf lists names for people: "a, b or c".
func oneOf(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// nearest returns the known name that a typing mistake or two make of have, or "".
func nearest(have string, known []string) string {
	if len(have) > 200 {
		return ""
	}
	best, least := "", max(1, len(have)/3)+1
	for _, name := range known {
		if d := prepaid.EditDistance(strings.ToLower(have), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	return best
}
