package desk

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestLanguagesHaveTheSameWords(t *testing.T) {
	all, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	braces := regexp.MustCompile(`\{[a-z]+\}`)
	for language, own := range all {
		for key, text := range all[defaultLanguage] {
			if !own.has(key) {
				t.Errorf("%s: %s is missing", language, key)
				continue
			}
			count := map[string]int{}
			for _, b := range braces.FindAllString(text, -1) {
				count[b]++
			}
			for _, b := range braces.FindAllString(own[key], -1) {
				count[b]--
			}
			for b, n := range count {
				if n != 0 {
					t.Errorf("%s: %s: %s stands in one language alone", language, key, b)
				}
			}
		}
		for key := range own {
			if !all[defaultLanguage].has(key) {
				t.Errorf("%s: %s is in no other language", language, key)
			}
		}
	}
	if len(all) < 2 {
		t.Error("one language only")
	}
}

// used finds keys of words in templates and in Go.
var used = regexp.MustCompile(`(?:\{\{-? ?t|v\.t|p\.t|v\.state\([^,]+,) ?\(?"([a-z.-]+)"`)

func TestPagesUseOnlyWordsThatThereAre(t *testing.T) {
	all, err := readWords(files)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, pattern := range []string{"*.go", "pages/*.html", "../ui/pages/*.html"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range used.FindAllStringSubmatch(string(text), -1) {
				count++
				if key := m[1]; key[len(key)-1] != '.' && !all[defaultLanguage].has(key) {
					t.Errorf("%s: no words for %s", name, key)
				}
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d uses found", count)
	}
}
