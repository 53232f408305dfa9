package conversation

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/yamlfile"
)

// folderOf makes a folder of languages' files: names and texts in turn.
func folderOf(t *testing.T, files ...string) string {
	t.Helper()
	folder := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(folder, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// wholeFile is the text of a language that the program brings, for a test to change.
func wholeFile(t *testing.T, language string) string {
	t.Helper()
	text, err := promptFiles.ReadFile("prompts/" + language + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAFolderAddsALanguageAndReplacesTextsForAllBrands(t *testing.T) {
	german := strings.NewReplacer(`name: Nederlands`, `name: Deutsch`, `also: [DUTCH]`, `also: [GERMAN, DUITS]`, "AFMELDEN", "ABMELDEN", `for: [VOOR]`, `for: [FÜR]`,
		`self: [MIJ,`, `self: [MICH, MIJ,`, `back: [TERUG]`, `back: [ZURÜCK]`, `"Tot ziens`, `"Tschüss`).Replace(wholeFile(t, "nl"))
	folder := folderOf(t, "de.yaml", german, "en.yaml", "keywords:\n  back: [RETURN]\nprompts:\n  exit.done: \"Bye.\"\n", "README.md", "not a language", ".de.yaml.swp", "x")
	l, err := ReadLanguages(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Codes(); !cmp.Equal(got, []string{"de", "en", "nl"}) {
		t.Errorf("languages %v", got)
	}
	b := demoBrand()
	b.Languages = []string{"en", "nl", "de"}
	all, err := l.ForBrand(b)
	if err != nil {
		t.Fatal(err)
	}
	en := all.ByLanguage["en"]
	if text := en.text("exit.done"); text != "Bye." {
		t.Errorf("the folder's text is not said: %q", text)
	}
	if back := en.Word(ActBack); back != "RETURN" || all.Words.Read("back").Action != ActNone || all.Words.Read("zurück").Action != ActBack || all.Words.Read("terug").Action != ActBack {
		t.Errorf("back is %q", back)
	}
	if text := en.text("exit.nothing"); text != mustPrompts(t, demoBrand()).ByLanguage["en"].text("exit.nothing") {
		t.Errorf("a text that the folder does not hold is %q", text)
	}
	turn := Turn{brand: b, all: all, prompts: en}
	for _, typed := range []string{"de", "Deutsch", "german", "DUITS"} {
		if code, ok := turn.readLanguage(typed); !ok || code != "de" {
			t.Errorf("LANG %s chooses %q", typed, code)
		}
	}
	reader := purchaseReader{all.beside, amountReader{b, "."}}
	if p := reader.read("10 1234 für mama"); !p.Unclear {
		t.Errorf("for somebody, in the folder's words: %+v", p)
	}
	if p := reader.read("10 1234 für mich"); !p.complete() {
		t.Errorf("for oneself, in the folder's words: %+v", p)
	}
}

func TestAFolderWithAFaultIsRefusedWhole(t *testing.T) {
	de := strings.NewReplacer("name: Nederlands", "name: Deutsch", "also: [DUTCH]", "also: [GERMAN]").Replace(wholeFile(t, "nl"))
	without := func(line string) string {
		t.Helper()
		i := strings.Index(de, line)
		if i < 0 {
			t.Fatalf("the file has no %s", line)
		}
		return de[:i] + de[i+strings.Index(de[i:], "\n")+1:]
	}
	for name, tt := range map[string]struct{ file, text, want string }{
		"a missing prompt":       {"de.yaml", without("  exit.done:"), fmt.Sprintf("de.yaml:%d: prompts: exit.done is missing", 1+strings.Count(wholeFile(t, "nl")[:strings.Index(wholeFile(t, "nl"), "\nprompts:")+1], "\n"))},
		"no name":                {"de.yaml", without("name:"), "de.yaml:1: the language has no name: write name: as its speakers call it"},
		"a missing word":         {"de.yaml", without("  close: [OPZ"), "de.yaml:5: keywords: close has no word"},
		"an empty prompt":        {"nl.yaml", "prompts:\n  exit.done: \"  \"\n", "nl.yaml:2: exit.done wants one text"},
		"no value":               {"nl.yaml", "prompts:\n  exit.done:\n", "nl.yaml:2: exit.done has no value: write one or remove the line"},
		"a mistyped prompt":      {"nl.yaml", "\nprompts:\n  exit.don: Dag\n", "nl.yaml:3: there is no text exit.don: did you mean exit.done?"},
		"a mistyped section":     {"nl.yaml", "promts: {exit.done: Dag}\n", "nl.yaml:1: a language has no key promts: did you mean prompts?"},
		"a mistyped {name}":      {"nl.yaml", "prompts: {redeem.locked: \"Wacht {minuten} minuten\"}\n", "nl.yaml:1: redeem.locked has {minuten}, which nothing is put in for: did you mean minutes?\nnl.yaml:1: redeem.locked lacks {minutes}\nnl.yaml:1: redeem.locked lacks {unit}"},
		"a lacking {name}":       {"nl.yaml", "prompts: {topup.ask_pin: \"Je pincode voor {amount}?\"}\n", "nl.yaml:1: topup.ask_pin lacks {number}"},
		"a brace alone":          {"nl.yaml", "prompts: {exit.done: \"Dag {brand\"}\n", "nl.yaml:1: exit.done has a { or } alone: names stand in {braces}"},
		"a letter":               {"nl.yaml", "prompts: {exit.done: \"Geïnd, ja ï\"}\n", "nl.yaml:1: exit.done is not plain GSM-7, which would double the price of each SMS: leave out ï"},
		"a word with two uses":   {"nl.yaml", "keywords: {back: [HULP]}\n", "nl.yaml:1: keyword HULP means both back and help: one word, one meaning"},
		"an unknown action":      {"nl.yaml", "keywords: {bakc: [RETOUR]}\n", "nl.yaml:1: keywords: there is no action bakc: did you mean back?"},
		"a carriers' word":       {"nl.yaml", "keywords: {exit: [END]}\n", "nl.yaml:1: keyword END belongs to the SMS carriers: put another word first, which texts will offer"},
		"a word with digits":     {"nl.yaml", "keywords: {back: [TERUG2]}\n", "nl.yaml:1: keyword \"TERUG2\": use up to 4 words of letters"},
		"no list":                {"nl.yaml", "keywords: {back: TERUG}\n", "nl.yaml:1: back wants a list: write back: [ONE, TWO]"},
		"a word twice":           {"nl.yaml", "keywords: {back: [TERUG, terug]}\n", "nl.yaml:1: back: TERUG stands twice"},
		"an unknown amount word": {"nl.yaml", "amounts: {euro: [EURO]}\n", "nl.yaml:1: amounts has no key euro: known are pin, for, self, cents, filler, and currencies such as EUR"},
		"another's name":         {"nl.yaml", "name: english\n", "nl.yaml:1: name: en and nl are both called ENGLISH"},
		"letters":                {"nl.yaml", "letters: utf8\n", "nl.yaml:1: letters is \"utf8\": write gsm7, or any where the language can't be written with the letters of GSM-7"},
		"no YAML":                {"nl.yaml", "prompts: {\n", "nl.yaml:1: this is not YAML: did not find expected node content"},
		"an empty file":          {"nl.yaml", "", "nl.yaml:1: the file is empty: write keys with values under it"},
		"a list":                 {"nl.yaml", "- a\n", "nl.yaml:1: the file wants keys with values under it: write key: value"},
		"the wrong ending":       {"nl.yml", "x", "nl.yml:1: the file would not be read: its name must end in .yaml"},
		"no language":            {"german.yaml", "x", "german.yaml:1: \"german\" is no code of a language: name the file after ISO 639, such as de.yaml or pt-br.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := folderOf(t, tt.file, tt.text)
			l, err := ReadLanguages(folder)
			if l != nil || !errors.As(err, new(*yamlfile.Error)) {
				t.Fatalf("languages %v, error %v", l, err)
			}
			if got := strings.ReplaceAll(err.Error(), folder+string(filepath.Separator), ""); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
	if _, err := ReadLanguages(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestAllFaultsOfAFolderAreToldAtOnce(t *testing.T) {
	folder := folderOf(t, "nl.yaml", "prompts:\n  exit.don: Dag\n  topup.ask_pin: \"Ja\"\n", "en.yaml", "keywords: {bakc: [B]}\n", "de.yaml", "name: Deutsch\n")
	_, err := ReadLanguages(folder)
	var wrong *yamlfile.Error
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	missing := len(mustLanguages(t).Keys()) + len(ActionNames())
	if n := len(wrong.Faults); n < missing+4 {
		t.Errorf("%d faults, want the %d entries that de.yaml lacks and those of the others", n, missing)
	}
	for _, file := range []string{"de.yaml:1:", "en.yaml:1:", "nl.yaml:2:", "nl.yaml:3:"} {
		if !strings.Contains(err.Error(), file) {
			t.Errorf("nothing of %s", file)
		}
	}
}

func TestALanguageOfOtherLettersHasRoomForThem(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("да ", 100): "", // 300 letters: what two segments of GSM-7 hold
		strings.Repeat("да ", 130): "takes 6 SMS segments, 5 at most",
	} {
		l, err := ReadLanguages(folderOf(t, "nl.yaml", "letters: any\nprompts: {exit.done: \""+text+"\"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.ForBrand(demoBrand())
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.10s: %v, want %q", text, err, want)
		}
	}
}

func TestATextIsTooLongWithTheValuesOfABrand(t *testing.T) {
	folder := folderOf(t, "nl.yaml", "\nprompts:\n  exit.done: \""+strings.Repeat("Dag {brand}. ", 22)+"\"\n")
	l, err := ReadLanguages(folder)
	if err != nil {
		t.Fatal(err)
	}
	short := demoBrand()
	short.Title = "Demo"
	if _, err := l.ForBrand(short); err != nil {
		t.Error(err)
	}
	_, err = l.ForBrand(demoBrand())
	if want := filepath.Join(folder, "nl.yaml") + ":3: exit.done takes 3 SMS segments, 2 at most"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAWordMeansOneThingInAllLanguagesOfABrand(t *testing.T) {
	folder := folderOf(t, "nl.yaml", "keywords:\n  back: [TERUG, EXIT]\n")
	l, err := ReadLanguages(folder)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.ForBrand(demoBrand())
	if want := "nl.yaml:2: keyword EXIT means back, and exit in another language of the brand: choose another word (brand demo)"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	alone := demoBrand()
	alone.Languages = []string{"nl"}
	if _, err := l.ForBrand(alone); err != nil {
		t.Error(err)
	}
}

func TestEveryKindOfChannelHasAWord(t *testing.T) {
	l := mustLanguages(t)
	for _, code := range l.Codes() {
		for _, kind := range channels.Kinds() {
			if l.byCode[code].Words[string(kind)] == "" {
				t.Errorf("%s.yaml: words: %s is missing", code, kind)
			}
		}
	}
}
