package conversation

import (
	"testing"

	textlanguage "golang.org/x/text/language"
)

func TestPluralsAreRight(t *testing.T) {
	p := mustPrompts(t, demoBrand())
	for _, tt := range []struct {
		language, what string
		n              int
		want           string
	}{
		{"en", "tries", 1, "try"}, {"en", "tries", 2, "tries"}, {"en", "tries", 0, "tries"}, {"en", "hours", 1, "1 hour"}, {"en", "hours", 24, "24 hours"},
		{"nl", "tries", 1, "poging"}, {"nl", "minutes", 15, "minuten"}, {"nl", "hours", 24, "24 uur"},
	} {
		if got := p.ByLanguage[tt.language].count(tt.what, tt.n); got != tt.want {
			t.Errorf("%s %d %s: %q, want %q", tt.language, tt.n, tt.what, got, tt.want)
		}
	}
	for n, want := range map[int]string{1: "one", 2: "few", 5: "many", 21: "many", 22: "few"} {
		if got := formOf(textlanguage.Polish, n); got != want {
			t.Errorf("Polish %d: %s, want %s", n, got, want)
		}
	}
}

func TestALanguageHasItsOwnPluralForms(t *testing.T) {
	source := mustLanguages(t).source().Counts
	for _, tt := range []struct {
		language string
		forms    map[string]string
		ok       bool
	}{
		{"pl", map[string]string{"one": "próba", "few": "próby", "many": "prób", "other": "próby"}, true},
		{"pl", map[string]string{"one": "próba", "other": "próby"}, false},
		{"ja", map[string]string{"other": "kai"}, true},
		{"ja", map[string]string{"one": "kai", "other": "kai"}, false},
		{"de", map[string]string{"one": "Versuch", "other": "{n} Versuche"}, false}, // the text shows the number
	} {
		if err := (counts{"tries": tt.forms}).check(tt.language, "tries", source); (err == nil) != tt.ok {
			t.Errorf("%s %v: %v", tt.language, tt.forms, err)
		}
	}
	if err := (counts{"trys": {}}).check("en", "trys", source); err == nil {
		t.Error("a key that nothing is counted by is taken")
	}
}
