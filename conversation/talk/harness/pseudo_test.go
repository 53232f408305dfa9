package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v3"

	"pulsa/app/config"
	"pulsa/conversation"
	"pulsa/conversation/talk"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
)

// accented replaces the vowels of a text by others of GSM-7 that no English word has: it stays as long, and can still be read.
var accented = strings.NewReplacer("a", "à", "e", "é", "i", "ì", "o", "ò", "u", "ù", "A", "Å", "E", "É", "I", "ì", "O", "Ö", "U", "Ü")

// keptOrText is a {name} or a brand's own, which stay, or the text between them.
var keptOrText = regexp.MustCompile(`\{[^{}]*\}|PayPal|[^{}P]+|P`)

// pseudo writes a text in the pseudo-language: its {names} stay.
func pseudo(text string) string {
	return keptOrText.ReplaceAllStringFunc(text, func(piece string) string {
		if strings.HasPrefix(piece, "{") || piece == "PayPal" {
			return piece
		}
		return accented.Replace(piece)
	})
}

// pseudoFolder makes a folder in which every language is the pseudo-language, from what `pulsa prompts export` writes.
func pseudoFolder(t *testing.T, c config.Config) string {
	t.Helper()
	folder := t.TempDir()
	for _, language := range c.Languages.Codes() {
		exported, err := c.Languages.Export(language, nil)
		if err != nil {
			t.Fatal(err)
		}
		var file map[string]any
		if err := yaml.Unmarshal([]byte(exported), &file); err != nil {
			t.Fatal(err)
		}
		file["name"] = pseudo(file["name"].(string))
		for _, section := range []string{"words", "pages", "prompts"} {
			texts := file[section].(map[string]any)
			for key, text := range texts {
				texts[key] = pseudo(text.(string))
			}
		}
		for _, forms := range file["counts"].(map[string]any) {
			for form, text := range forms.(map[string]any) {
				forms.(map[string]any)[form] = pseudo(text.(string))
			}
		}
		text, err := yaml.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, language+".yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// valueForms are what a reply may show beside the words of its language and what it knows of the brand.
var valueForms = []*regexp.Regexp{
	regexp.MustCompile(`https?://\S+`),                                  // a page to open
	regexp.MustCompile(`\b[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4}\b`),         // a day
	regexp.MustCompile(`\b[A-Z]{2}\*\* \*{4}`),                          // a bank account
	regexp.MustCompile(`\S+\*+@\S+`),                                    // an account at PayPal
	regexp.MustCompile(`\b(PayPal|Visa)\b`),                             // what the simulated gateway calls its instruments
	regexp.MustCompile(`SIM[0-9]{8}|Dial \*101\* the code #|\b30 days`), // what the simulated network says of its PINs
}

// valuesOf are the words that replies of a brand may show beside those of their language: what it is called and where to ask, and
// the words that customers text.
func valuesOf(b *prepaid.Brand, languages *conversation.Languages) []string {
	values := []string{b.Title, b.Support, b.Creditor.Name, b.Creditor.Address, b.Creditor.Identifier}
	for _, words := range b.Keywords {
		values = append(values, words...)
	}
	for _, code := range b.Languages {
		values = append(values, strings.ToUpper(code))
		for _, words := range languages.Words(code) {
			values = append(values, words...)
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) }) // the longest first
	return slices.DeleteFunc(values, func(v string) bool { return v == "" })
}

// wordsInCode lists the words of a text that come from no language's file: they have a vowel of English, and are none of the values.
func wordsInCode(text string, values []string) []string {
	for _, form := range valueForms {
		text = form.ReplaceAllString(text, " ")
	}
	for _, value := range values {
		text = regexp.MustCompile(`(^|[^\pL])`+regexp.QuoteMeta(value)+`($|[^\pL])`).ReplaceAllString(text, "$1 $2")
	}
	var words []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if strings.ContainsAny(word, "aeiouAEIOU") {
			words = append(words, word)
		}
	}
	return words
}

// manySay are the files of stories that say something else in each row of their tables, and on USSD. Others are played once, on the
// first of their channels.
var manySay = []string{"mandate.talk", "buying.talk", "cards.talk", "status.talk"}

// TestNoTextThatACustomerReadsStandsInCode plays the stories in a language whose words have no vowel of English: every word with
// one stands in Go, where no translator can reach it, unless it is a value.
func TestNoTextThatACustomerReadsStandsInCode(t *testing.T) {
	if race.Enabled() {
		t.Skip("TestStories looks for races")
	}
	plain, _ := storyVocabularyFor(t)
	folder := pseudoFolder(t, plain)
	c, err := config.Parse("demo.yaml", config.Demo, func(name string) string { return map[string]string{"PULSA_LANGUAGES_DIR": folder}[name] }, config.Supported())
	if err != nil {
		t.Fatal(err)
	}
	v, err := Vocabulary(c)
	if err != nil {
		t.Fatal(err)
	}
	scripts := loadAll(t, v, storyFolder)
	told := map[string]bool{}
	scripts.Stories = slices.DeleteFunc(scripts.Stories, func(s *talk.Story) bool {
		story := fmt.Sprint(s.File, s.Line, s.Row)
		again := told[story] // on another kind of channel
		told[story] = true
		many := slices.Contains(manySay, filepath.Base(s.File))
		return s.Language != "en" || again && (s.Channel != talk.USSD || !many) || s.Row > 1 && !many
	})
	m, err := NewMaker(t.Context(), c, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	report := talk.Run(t.Context(), m, scripts, talk.Options{})
	said := map[string]bool{}
	brand := valuesOf(v.Brands[0], c.Languages)
	for _, r := range report.Results {
		values := slices.Clone(brand)
		for _, s := range r.Said {
			if s.By == talk.TheCustomer {
				values = append(values, strings.Fields(s.Text)...) // a name is shown as it was typed
			}
		}
		for _, s := range r.Said {
			if s.By != talk.TheProgram {
				continue
			}
			for _, key := range s.Keys {
				said[key] = true
			}
			if words := wordsInCode(s.Text+"\n"+strings.Join(s.Buttons, "\n"), values); len(words) > 0 {
				t.Errorf("%s:%d: %q stand in code, no language's file has them: %s", r.Story.File, s.Line, words, s.Text)
			}
		}
	}
	// Stories that quote English end early: what all of them say together is what counts.
	for _, key := range v.Keys {
		if !said[key] && unsaid[key] == "" && !standsWithin(key) {
			t.Errorf("%s is not said: see manySay", key)
		}
	}
}
