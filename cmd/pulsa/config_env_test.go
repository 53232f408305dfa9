package main

import (
	"fmt"
	"strings"
	"testing"
)

// environmentTable is the table of docs/configuration.md.
func environmentTable() string {
	var b strings.Builder
	for _, v := range environment {
		flag := v.Flag
		if flag != "" {
			flag = "`" + flag + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, flag, v.Meaning)
	}
	return b.String()
}

func TestTheDocumentationListsTheEnvironment(t *testing.T) {
	if table := environmentTable(); !strings.Contains(readRoot(t, "docs/configuration.md"), table) {
		t.Errorf("docs/configuration.md must hold this table:\n%s", table)
	}
}

func TestHelpListsTheEnvironment(t *testing.T) {
	for _, v := range environment {
		if help := environmentHelp(); !strings.Contains(help, "  "+v.Name+" ") || !strings.Contains(help, v.Meaning) {
			t.Errorf("%s is missing", v.Name)
		}
	}
}

func TestTheDocumentationListsTheMetrics(t *testing.T) {
	text := readRoot(t, "docs/configuration.md")
	for _, name := range []string{"pulsa_turns_total", "pulsa_turn_seconds", "state_change", "pulsa_order_moves_total", "pulsa_orders_open"} {
		if !strings.Contains(text, "| `"+name+"` |") {
			t.Errorf("%s is missing", name)
		}
	}
}
