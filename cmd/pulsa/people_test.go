package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The first admin is added before a server has ever run.
func TestPeopleAreAddedListedChangedAndLeave(t *testing.T) {
	o := office{t, t.TempDir(), map[string]string{}}
	o.env["PULSA_DATA"], o.env["PULSA_DESK_URL"] = o.data, "https://desk.acme.example"
	link := regexp.MustCompile(`https://desk\.acme\.example/-/invite/([a-z]{32})\n`)
	added := o.does("anna@acme.example (admin) sets a password", "people", "add", "--email", "Anna@acme.example", "--name", "Anna", "--role", "admin")
	found := link.FindStringSubmatch(added)
	if found == nil {
		t.Fatalf("no link: %s", added)
	}
	o.fails("somebody has this e-mail address already", "people", "add", "--email", "anna@acme.example", "--name", "Other", "--role", "viewer")
	o.fails("email: write an address such as", "people", "add", "--email", "Anna <anna@acme.example>", "--name", "Anna", "--role", "admin")
	o.fails("role boss: known are viewer", "people", "add", "--email", "ben@acme.example", "--name", "Ben", "--role", "boss")
	o.fails("brand demi: there is no such brand", "people", "add", "--email", "ben@acme.example", "--name", "Ben", "--role", "support", "--brand", "demi")
	o.fails("time-zone Mars: write a zone such as", "people", "add", "--email", "ben@acme.example", "--name", "Ben", "--role", "support", "--time-zone", "Mars")
	o.does(`"roles":"support, cards in demo"`, "people", "add", "--email", "ben@acme.example", "--name", "Ben", "--role", "support,cards", "--brand", "demo", "--json")
	list := o.does("invited", "people", "list")
	for _, words := range []string{"anna@acme.example", "support, cards in demo"} {
		if !strings.Contains(list, words) {
			t.Errorf("%q is missing in %s", words, list)
		}
	}
	o.fails("say why", "people", "roles", "ben@acme.example", "--role", "fraud")
	o.does("ben@acme.example is fraud; support, cards in demo now", "people", "roles", "ben@acme.example", "--role", "fraud", "--brand", "*", "--reason", "also at night")
	o.does("ben@acme.example is fraud in demo now", "people", "roles", "ben@acme.example", "--role", "fraud", "--brand", "demo", "--reason", "no", "--only")
	o.fails("nobody else is an admin", "people", "leave", "anna@acme.example", "--reason", "last day")
	o.fails("nobody else is an admin", "people", "roles", "anna@acme.example", "--role", "viewer", "--reason", "less")
	again := link.FindStringSubmatch(o.does("sets a password", "people", "reset", "anna@acme.example", "--reason", "lost the mail"))
	if again == nil || again[1] == found[1] {
		t.Error("no new link")
	}
	o.does("ben@acme.example has left", "people", "leave", "ben@acme.example", "--reason", "last day")
	o.fails("the person has left", "people", "reset", "ben@acme.example", "--reason", "again")
	o.fails("there is no such person", "people", "leave", "eve@acme.example", "--reason", "who")
	o.does("sets a password", "people", "add", "--email", "ben@acme.example", "--name", "Ben", "--role", "viewer")
	files, err := filepath.Glob(filepath.Join(o.data, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil || strings.Contains(string(text), found[1]) || again != nil && strings.Contains(string(text), again[1]) {
			t.Errorf("%s holds the token of a link, %v", name, err)
		}
	}
}
