package app

import (
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"pulsa/operators"
	"pulsa/web/desk"
)

// englishOfTheDesk are the pieces of three words and more that stand in English words and sentences of the desk, and in no Dutch ones.
func englishOfTheDesk(t *testing.T) []string {
	t.Helper()
	read := func(pattern string) map[string]string {
		all := map[string]string{}
		names, err := filepath.Glob("../web/desk/" + pattern)
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err == nil {
				err = yaml.Unmarshal(text, &all)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	pairs := read("sentences/nl.yaml")
	dutch := read("words/nl/*.yaml")
	for key, says := range read("words/en/*.yaml") {
		pairs[says] = dutch[key]
	}
	known := map[string]bool{}
	for english, says := range pairs {
		for _, piece := range regexp.MustCompile(`\{[a-z]+\}`).Split(english, -1) {
			if piece = strings.Trim(piece, " .,:;()"); strings.Count(piece, " ") >= 2 && !strings.Contains(says, piece) {
				known[piece] = true
			}
		}
	}
	var all []string
	for piece := range known {
		all = append(all, piece)
	}
	if len(all) < 300 {
		t.Fatalf("only %d pieces of English", len(all))
	}
	return all
}

var (
	notShown = regexp.MustCompile(`(?s)<(script|style).*?</(script|style)>`)
	tags     = regexp.MustCompile(`<[^>]*>`)
)

func TestADutchDeskSaysNothingInEnglish(t *testing.T) {
	w := newDeskWalk(t)
	english := englishOfTheDesk(t)
	w.speaks = "nl"
	handlers := map[string]http.Handler{"demo": w.as("demo", operators.Roles()...), operators.AllBrands: w.as(operators.AllBrands, operators.Roles()...)}
	some := map[string]http.Handler{"demo": w.as("demo", operators.Viewer), operators.AllBrands: w.as(operators.AllBrands, operators.Viewer)}
	typed := url.Values{}
	for name, value := range deskTyped {
		typed.Set(name, value)
	}
	pages := 0
	look := func(r desk.Row, path, body string) {
		if !strings.Contains(body, "<") {
			return // a file, in which names stand as they are stored
		}
		pages++
		text := html.UnescapeString(tags.ReplaceAllString(notShown.ReplaceAllString(body, ""), " "))
		text = strings.Join(strings.Fields(text), " ")
		for _, piece := range english {
			if at := strings.Index(text, piece); at >= 0 {
				t.Errorf("%s %s says %q: …%s…", r.Method, path, piece, text[max(0, at-40):min(len(text), at+len(piece)+40)])
			}
		}
	}
	walked(t, func(r desk.Row) {
		for _, address := range w.addresses(r.Pattern) {
			look(r, address, askDesk(some[whose(r)], r.Method, address, nil).body)
			got := askDesk(handlers[whose(r)], r.Method, address, nil)
			look(r, address, got.body)
			if strings.HasPrefix(got.body, "<!doctype html>") && !strings.Contains(got.body, `<html lang="nl"`) {
				t.Errorf("%s %s is not Dutch", r.Method, address)
			}
			got = askDesk(handlers[whose(r)], r.Method, address, typed)
			look(r, address, got.body)
		}
	})
	for _, path := range []string{"/demo/record", "/-/record", "/-/health", "/-/people", "/demo/approvals", "/demo/today"} {
		brand := "demo"
		if strings.HasPrefix(path, "/-/") {
			brand = operators.AllBrands
		}
		look(desk.Row{Method: http.MethodGet}, path, askDesk(handlers[brand], http.MethodGet, path, nil).body)
	}
	if pages < 200 {
		t.Errorf("only %d pages", pages)
	}
}
