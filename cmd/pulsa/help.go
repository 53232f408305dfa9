package main

import (
	_ "embed"
	"strings"

	"github.com/alecthomas/kong"
)

// helpText is what --help says of each command below its first line: "# command", then the text. Each has an example.
//
//go:embed help.txt
var helpText string

// helpSections returns the sections of help.txt by command: "cards edit".
func helpSections() map[string]string {
	sections := map[string]string{}
	for section := range strings.SplitSeq("\n"+helpText, "\n# ") {
		command, text, _ := strings.Cut(section, "\n")
		sections[command] = strings.TrimSpace(text)
	}
	return sections
}

// addHelp gives each command its section.
func addHelp(n *kong.Node, sections map[string]string) {
	for _, command := range n.Children {
		command.Detail = sections[command.Path()]
		addHelp(command, sections)
	}
}
