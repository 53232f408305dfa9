package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/conversation"
)

// updateGolden is set to write golden files anew instead of comparing: PULSA_UPDATE_GOLDEN=1 go test ./cmd/pulsa
const updateGolden = "PULSA_UPDATE_GOLDEN"

func TestTheFlowsAreDrawnAsInTheDocumentation(t *testing.T) {
	var page strings.Builder
	page.WriteString("# The conversations\n\n" +
		"Every state and transition, as the tables in `conversation/` have them: `pulsa flows` draws them, and a test keeps this\n" +
		"page equal to them. EXIT leads from every question to `idle`, and a keyword (KOOP, REDEEM, REGISTER, PIN, FORGOT, PAY, PAY REMOVE,\n" +
		"NUMBER, ADDRESSES, CLOSE, LANG) to the first state of its flow; these are left out.\n")
	for _, flow := range conversation.Flows() {
		diagram, err := conversation.Diagram(flow, conversation.Mermaid)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&page, "\n## %s\n\n```mermaid\n%s```\n", flow.Name, diagram)
	}
	golden(t, "../../docs/flows.md", page.String())
	var dot bytes.Buffer
	if err := run(t.Context(), []string{"flows", "--format", "dot"}, os.Getenv, nil, &dot, &dot); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/flows.dot", dot.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv(updateGolden) != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not as drawn now (%s=1 writes it anew):\n%s", file, updateGolden, diff)
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	parser, err := newParser(io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		path := strings.Fields(strings.TrimPrefix(leaf.Path(), "pulsa"))
		words := path[:0]
		for _, word := range path {
			if !strings.ContainsAny(word, "<[(") {
				words = append(words, word)
			}
		}
		var help bytes.Buffer
		if err := run(t.Context(), append(slices.Clone(words), "--help"), os.Getenv, nil, &help, &help); err != nil {
			t.Errorf("%v --help: %v", words, err)
		} else if !strings.Contains(help.String(), "Example: pulsa "+strings.Join(words, " ")) {
			t.Errorf("pulsa %s --help has no example", strings.Join(words, " "))
		}
	}
}
