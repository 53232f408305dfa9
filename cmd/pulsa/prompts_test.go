package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// prompts runs a command on texts in a folder of its own, and returns its exit code and what it printed.
func prompts(t *testing.T, folder string, args ...string) (code int, text string) {
	t.Helper()
	getenv := func(name string) string { return map[string]string{"PULSA_LANGUAGES_DIR": folder}[name] }
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"prompts"}, args...), getenv, nil, &out, &out)
	if err != nil {
		code = report(&out, err)
	}
	return code, out.String()
}

func TestALanguageIsExportedChangedAndChecked(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "de.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("") // as the shell leaves it for what the export writes
	code, exported := prompts(t, folder, "export", "de")
	if code != 0 || !strings.Contains(exported, `exit.done: "Stopped. Nothing else was done."`) ||
		!strings.Contains(exported, "# with {amount} {number}; 2 SMS at most; of ") || !strings.Contains(exported, "letters at most") {
		t.Fatalf("exit %d: %.2000s", code, exported)
	}
	write(exported)
	if code, text := prompts(t, folder, "check"); code != 1 || text != file+":5: name wants one text\n" {
		t.Errorf("without a name: exit %d, %s", code, text)
	}
	whole := strings.Replace(exported, `name: ""`, "name: Deutsch", 1)
	write(whole)
	if code, text := prompts(t, folder, "check"); code != 0 || !strings.HasSuffix(text, " texts, nothing missing\n") {
		t.Errorf("whole: exit %d, %s", code, text)
	}
	write(strings.NewReplacer(`"Stopped. Nothing else was done."`, `"Halt, {brnd}."`, `exit: [EXIT`, `exit: [BACK`, `"Which language would you like?"`, `"`+strings.Repeat("Sprache? ", 40)+`"`).Replace(whole))
	code, text := prompts(t, folder, "check", "--format", "csv")
	if code != 1 || strings.Count(text, "\n") != 3 || !strings.HasPrefix(text, "file,line,fault\n") ||
		!strings.Contains(text, "exit.done has {brnd}, which nothing is put in for: did you mean brand?") || !strings.Contains(text, "BACK means both back and exit") {
		t.Errorf("with mistakes: exit %d\n%s", code, text)
	}
	write(strings.Replace(whole, `"Which language would you like?"`, `"`+strings.Repeat("Sprache? ", 40)+`"`, 1))
	if code, text := prompts(t, folder, "check"); code != 1 || !strings.Contains(text, "lang.ask takes 3 SMS segments, 2 at most: ") || !strings.HasSuffix(text, "(brand demo)\n") {
		t.Errorf("too long for a brand that does not speak it yet: exit %d, %s", code, text)
	}
	write(strings.Replace(whole, `lang.ask: "Which language would you like?"`, `lang.ask: "Welche Sprache?"`, 1))
	if code, text := prompts(t, folder, "diff", "de"); code != 0 || strings.Contains(text, "lang.ask") || !strings.Contains(text, `prompts.exit.done is untranslated: "Stopped`) {
		t.Errorf("difference: exit %d, %.500s", code, text)
	}
}

func TestAFileSomewhereElseIsCheckedAsIfItStoodInTheFolder(t *testing.T) {
	folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "nl.yaml")
	for file, text := range map[string]string{filepath.Join(folder, "nl.yaml"): "prompts: {exit.don: x}\n", elsewhere: "prompts: {exit.done: \"Dag.\"}\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, text := prompts(t, folder, "check", elsewhere); code != 0 || !strings.HasPrefix(text, elsewhere+": 1 text, nothing wrong") {
		t.Errorf("exit %d, %s", code, text)
	}
	if code, text := prompts(t, folder, "check"); code != 1 || !strings.Contains(text, "did you mean exit.done?") {
		t.Errorf("the folder's own: exit %d, %s", code, text)
	}
	if code, text := prompts(t, folder, "check", filepath.Dir(elsewhere), "--brand", "demo"); code != 0 {
		t.Errorf("another folder: exit %d, %s", code, text)
	}
	if code, text := prompts(t, folder, "diff", elsewhere, "--json"); code != 0 || !strings.HasPrefix(text, `{"entry":"prompts.exit.done","state":"changed",`) {
		t.Errorf("difference: exit %d, %s", code, text)
	}
	if code, text := prompts(t, folder, "export", "de"); code != 0 || !strings.HasPrefix(text, "# de.yaml") {
		t.Errorf("export beside a file with a fault: exit %d, %.200s", code, text)
	}
	if code, text := prompts(t, folder, "export", "nl"); code != 2 || !strings.Contains(text, "did you mean exit.done?") {
		t.Errorf("export of a file with a fault: exit %d, %.200s", code, text)
	}
	for _, args := range [][]string{{"check", "missing.yaml"}, {"export", "German"}, {"diff", "fr", "--config", "missing.yaml"}, {"export", "de", "--brand", "dmo"}} {
		if code, text := prompts(t, filepath.Dir(elsewhere), args...); code == 0 {
			t.Errorf("%v: exit %d, %s", args, code, text)
		}
	}
}

func TestATextThatWasExportedEarlierIsOutOfDate(t *testing.T) {
	folder := t.TempDir()
	_, exported := prompts(t, folder, "export", "nl")
	line := exported[:strings.Index(exported, "  exit.done: ")]
	mark := line[len(line)-len("12345678\n") : len(line)-1]
	old := strings.Replace(exported, mark, "00000000", 1)
	if err := os.WriteFile(filepath.Join(folder, "nl.yaml"), []byte(strings.ReplaceAll(old, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	code, text := prompts(t, folder, "diff", "nl")
	if code != 0 || !strings.HasPrefix(text, "prompts.exit.done is outdated:\n  built in: ") || !strings.HasSuffix(text, "its comment must end in: of "+mark+"\n") || strings.Count(text, "\n") != 4 {
		t.Errorf("exit %d, %s", code, text)
	}
}
