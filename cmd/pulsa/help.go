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

// helpOf is the section of help.txt of a command, such as "cards edit"; "" if there is none.
func helpOf(command string) string {
	for section := range strings.SplitSeq("\n"+helpText, "\n# ") {
		if name, text, _ := strings.Cut(section, "\n"); name == command {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// addHelp gives each command its section.
func addHelp(n *kong.Node) {
	for _, command := range n.Children {
		command.Detail = helpOf(command.Path())
		addHelp(command)
	}
}
