package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// environmentTable is the table of docs/configuration.md.
func environmentTable() string {
	var b strings.Builder
	for _, v := range Environment {
		flag := v.Flag
		if flag != "" {
			flag = "`" + flag + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, flag, v.Meaning)
	}
	return b.String()
}

func TestTheDocumentationListsTheEnvironment(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(rootFolder, "docs/configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	if table := environmentTable(); !strings.Contains(string(text), table) {
		t.Errorf("docs/configuration.md must hold this table:\n%s", table)
	}
}

func TestHelpListsTheEnvironment(t *testing.T) {
	for _, v := range Environment {
		if help := EnvironmentHelp(); !strings.Contains(help, "  "+v.Name+" ") || !strings.Contains(help, v.Meaning) {
			t.Errorf("%s is missing", v.Name)
		}
	}
}
