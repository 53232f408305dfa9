package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// talkCommandLine runs a talk command, types what is given, and returns what it printed and its exit code.
func talkCommandLine(t *testing.T, typed string, args ...string) (printed string, code int) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"talk"}, args...), func(string) string { return "" }, strings.NewReader(typed), &out, &out)
	if err != nil {
		code = report(&out, err)
	}
	return out.String(), code
}

func storyFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mine.talk")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTalkRunSaysHowItWentByItsExitCode(t *testing.T) {
	commandsAlone(t)
	const good = "story: Good\ntags: fine\n> HELP\n< {help.idle}\n"
	const bad = "story: Bad\n> HELP\n< nothing\n"
	file := storyFile(t, good+bad)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"run", file}, 1, "1 passed, 1 failed"},
		{[]string{"run", "--only", "fine", file}, 0, "1 passed, 0 failed"},
		{[]string{"run", "--only", "bad", file}, 1, "0 passed, 1 failed"},
		{[]string{"run", "--only", "fine", "--only", "bad", file}, 1, "1 passed, 1 failed"},
		{[]string{"run", "--only", "a, b", file}, 2, "--only a, b: no story has that tag, or that in its name\nthe tags are: fine"},
		{[]string{"run", storyFile(t, good+"= paid\n")}, 2, `mine.talk:5: unknown fact "paid"`},
		{[]string{"run", storyFile(t, good+"! balance EUR 3.20\n")}, 2, "mine.talk:5: ! balance is not available yet"},
		{[]string{"run", filepath.Dir(storyFile(t, good))}, 0, "1 passed"},
		{[]string{"run", t.TempDir()}, 2, "no file there ends in .talk"},
		{[]string{"run", "none.talk"}, 2, "none.talk: can't be read"},
		{[]string{"fix", "--dry-run", "--only", "fine", file}, 0, "nothing to mend"},
		{[]string{"check", file}, 0, "stories: 2"},
	} {
		if got, code := talkCommandLine(t, "", c.args...); code != c.code || !strings.Contains(got, c.want) {
			t.Errorf("%v: exit code %d, want %d and %q:\n%s", c.args, code, c.code, c.want, got)
		}
	}
}

func TestARecordingOverwritesNothingAndIsNeverEmpty(t *testing.T) {
	commandsAlone(t)
	there := storyFile(t, "story: Mine\n> HELP\n< {help.idle}\n")
	if got, code := talkCommandLine(t, "HELP\n", "record", "-o", there); code != 2 || !strings.Contains(got, "is not overwritten") || strings.Contains(got, "> ") {
		t.Errorf("exit code %d: %s", code, got)
	}
	if text, err := os.ReadFile(there); err != nil || !strings.Contains(string(text), "story: Mine") {
		t.Errorf("the file has become %s, %v", text, err)
	}
	if got, code := talkCommandLine(t, "HELP\n", "record", "-o", filepath.Join(t.TempDir(), "no", "x.talk")); code != 2 || !strings.Contains(got, "there is no folder") {
		t.Errorf("exit code %d: %s", code, got)
	}

	file := filepath.Join(t.TempDir(), "new.talk")
	for _, typed := range []string{"", "# only a comment\n", "! explode\n", "= registered\n"} {
		got, code := talkCommandLine(t, typed, "record", "-o", file)
		if _, err := os.Lstat(file); code != 1 || !strings.Contains(got, "nothing was texted, so no story is written") || err == nil {
			t.Errorf("%q: exit code %d, file %v: %s", typed, code, err, got)
		}
	}
	if got, code := talkCommandLine(t, "", "record"); code != 1 || strings.Contains(got, "story:") {
		t.Errorf("exit code %d: %s", code, got)
	}

	if got, code := talkCommandLine(t, "KOOP\nEXIT\n", "record", "--channel", "web", "-o", file); code != 0 {
		t.Fatalf("exit code %d: %s", code, got)
	}
	if got, code := talkCommandLine(t, "", "run", file); code != 0 {
		t.Errorf("exit code %d: %s", code, got)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "channel: web\n") || !strings.Contains(string(text), "> EXIT\n< {exit.done}\n") {
		t.Errorf("%v:\n%s", err, text)
	}
}
