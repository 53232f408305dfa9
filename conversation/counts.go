package conversation

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	textlanguage "golang.org/x/text/language"
)

// counts are what a language's file says of numbers of things, by what is counted: "tries". The forms are those of CLDR's plural
// rules: English has one and other.
type counts map[string]map[string]string

// pluralForms are the names of the forms that languages have, as files write them.
var pluralForms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// formOf is the form that a language uses with a whole number.
func formOf(language textlanguage.Tag, n int) string {
	form := plural.Cardinal.MatchPlural(language, n, 0, 0, 0, 0)
	for name, f := range pluralForms {
		if f == form {
			return name
		}
	}
	return "other"
}

// formsOf lists the forms of a language that whole numbers need.
func formsOf(language string) []string {
	forms := map[string]bool{"other": true}
	tag := textlanguage.Make(language)
	for n := range 200 {
		forms[formOf(tag, n)] = true
	}
	return slices.Sorted(maps.Keys(forms))
}

// count says a number of things in words, with the number where the form holds it: "try", "2 hours".
func (p *Prompts) count(what string, n int) string {
	forms := p.counts[what]
	text, ok := forms[formOf(p.tag, n)]
	if !ok {
		text = forms["other"]
	}
	return strings.ReplaceAll(text, "{n}", strconv.Itoa(n))
}

// check says what is wrong with the forms of one thing that is counted.
func (c counts) check(language, what string, source counts) error {
	if _, known := source[what]; !known {
		return fmt.Errorf("has no key %s: known are %s", what, strings.Join(slices.Sorted(maps.Keys(source)), ", "))
	}
	needed := formsOf(language)
	for _, form := range needed {
		if c[what][form] == "" {
			return fmt.Errorf("%s lacks %s: the language needs %s", what, form, strings.Join(needed, ", "))
		}
	}
	for form, text := range c[what] {
		switch source := source[what]["other"]; {
		case !slices.Contains(needed, form):
			return fmt.Errorf("%s has no form %s: the language needs %s", what, form, strings.Join(needed, ", "))
		case form == "other" && strings.Contains(text, "{n}") != strings.Contains(source, "{n}"):
			return fmt.Errorf("%s: %s must hold {n} where %q does", what, form, source)
		}
	}
	return nil
}
