package operators

import (
	"os"
	"strings"
	"testing"
)

// tableInMarkdown is the table of rights as docs/people.md has it.
func tableInMarkdown() string {
	var b strings.Builder
	b.WriteString("| may |")
	for _, role := range Roles() {
		b.WriteString(" " + string(role) + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(Roles())) + "\n")
	for _, row := range TableOfRights() {
		b.WriteString("| " + row.Says)
		if row.Fresh {
			b.WriteString(" *")
		}
		b.WriteString(" |")
		for _, role := range Roles() {
			b.WriteString(" " + row.Rights[role].String() + " |")
		}
		b.WriteString("\n")
	}
	return strings.ReplaceAll(b.String(), "|  |", "| |")
}

func TestTheDocumentedTableOfRightsIsTheOneInForce(t *testing.T) {
	text, err := os.ReadFile("../docs/people.md")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(tableInMarkdown(), "|  |", "| |")
	if !strings.Contains(string(text), want) {
		t.Errorf("docs/people.md has another table. It must be:\n%s", want)
	}
}

func TestRolesThatMoveMoneyCodesOrPeopleNeedAOneTimePassword(t *testing.T) {
	for role, want := range map[Role]bool{Viewer: false, Support: true, Finance: true, CardsMan: true, Admin: true} {
		if got := needsFactor(map[string][]Role{"acme": {role}}); got != want {
			t.Errorf("%s: %v", role, got)
		}
	}
}
