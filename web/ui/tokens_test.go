package ui_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// readable lists texts and what they stand on.
var readable = [][2]string{
	{"ink", "page"}, {"ink", "panel"}, {"muted", "page"}, {"muted", "panel"}, {"link", "page"}, {"link", "panel"},
	{"accent", "page"}, {"accent", "panel"}, {"bad", "panel"}, {"bad", "page"},
	{"good", "good-back"}, {"wait", "wait-back"}, {"bad", "bad-back"}, {"idle", "idle-back"},
}

var (
	rootBlock = regexp.MustCompile(`(?s):root \{(.*?)\n *\}`)
	colour    = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6}|[0-9a-f]{3});`)
)

// schemes reads the colours of ui.css, light and dark. A dark page has the light colours that it does not set anew.
func schemes(t *testing.T) map[string]map[string]string {
	t.Helper()
	css, err := os.ReadFile("static/ui.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := rootBlock.FindAllStringSubmatch(string(css), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of tokens, want light and dark", len(blocks))
	}
	all := map[string]map[string]string{"light": {}, "dark": {}}
	for i, block := range blocks {
		for _, c := range colour.FindAllStringSubmatch(block[1], -1) {
			if i == 0 {
				all["light"][c[1]] = c[2]
			}
			all["dark"][c[1]] = c[2]
		}
	}
	return all
}

// luminance is WCAG's relative luminance.
func luminance(hex string) float64 {
	if len(hex) == 3 {
		hex = strings.Repeat(hex[:1], 2) + strings.Repeat(hex[1:2], 2) + strings.Repeat(hex[2:], 2)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8) // the pattern lets no other pass
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestTextIsReadableInBothSchemes(t *testing.T) {
	for scheme, colours := range schemes(t) {
		for _, pair := range readable {
			text, back := colours[pair[0]], colours[pair[1]]
			if text == "" || back == "" {
				t.Errorf("%s: %v: no such colour", scheme, pair)
				continue
			}
			a, b := luminance(text), luminance(back)
			if contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05); contrast < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f, less than 4.5", scheme, pair[0], pair[1], contrast)
			}
		}
	}
}

// token finds where a custom property is set, and where it is used.
var token = regexp.MustCompile(`(--[a-z0-9-]+)(:|\))`)

func TestPagesUseOnlyTokensThatThereAre(t *testing.T) {
	shared, err := os.ReadFile("static/ui.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"static/ui.css", "static/pieces.css", "../phone/static/phone.css", "../desk/static/desk.css"} {
		own, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		set, used := map[string]bool{}, map[string]bool{}
		for _, m := range token.FindAllStringSubmatch(string(shared)+string(own), -1) {
			if m[2] == ":" {
				set[m[1]] = true
			} else {
				used[m[1]] = true
			}
		}
		for u := range used {
			if !set[u] {
				t.Errorf("%s: nothing sets %s", name, u)
			}
		}
		if len(used) < 5 {
			t.Errorf("%s: only %d tokens are used", name, len(used))
		}
	}
}
