package yamlfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// yamlLine finds the place in the YAML library's messages: "yaml: line 3: did not find expected key".
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// reader tells what is wrong with one text.
type reader struct {
	fault func(line int, format string, args ...any)
	found bool
}

func (r *reader) tell(line int, format string, args ...any) {
	r.found = true
	r.fault(line, format, args...)
}

// Read returns what a text holds, by its nodes: each has its line, and a phone number or a code stays the text that was typed.
// It returns nil where the text can't be read at all. fault is called with everything that is wrong; the caller knows the file.
func Read(text []byte, fault func(line int, format string, args ...any)) *yaml.Node {
	r := &reader{fault: fault}
	if r.plainText(text); r.found {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		r.syntax(err)
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		r.tell(second.Line, "a second document begins here: only one is read, remove the line ---")
	} else if !errors.Is(err, io.EOF) {
		r.syntax(err)
	}
	root := document.Content[0]
	r.lint(root)
	return root
}

func (r *reader) syntax(err error) {
	if errors.Is(err, io.EOF) {
		r.tell(1, "the file is empty: write keys with values under it")
		return
	}
	message := err.Error()
	line := 1
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		message = message[len(m[0]):]
	}
	r.tell(line, "this is not YAML: %s", message)
}

// plainText refuses what the YAML library would report without a line or in riddles.
func (r *reader) plainText(text []byte) {
	for i, line := range bytes.Split(text, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		switch {
		case !utf8.Valid(line):
			r.tell(i+1, "this is not UTF-8: save the file as UTF-8")
		case bytes.ContainsRune(indent, '\t') && len(indent) < len(line):
			r.tell(i+1, "a tab before the text: indent with spaces")
		}
	}
}

// lint refuses what YAML allows and people trip over, wherever it stands.
func (r *reader) lint(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.tell(n.Line, "anchors (&) and aliases (*) are not read: write the value out, or in quotes if it is text")
	case n.Style&yaml.TaggedStyle != 0:
		r.tell(n.Line, "tags (%s) are not read: remove it", n.Tag)
	}
	if n.Kind == yaml.MappingNode {
		r.lintKeys(n)
	}
	for _, child := range n.Content {
		r.lint(child)
	}
}

func (r *reader) lintKeys(n *yaml.Node) {
	first := map[string]int{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.tell(key.Line, "a key must be one word")
			continue
		}
		if line, ok := first[key.Value]; ok {
			r.tell(key.Line, "%s stands twice, first in line %d: remove one", key.Value, line)
		}
		first[key.Value] = key.Line
		if IsNull(value) {
			r.tell(key.Line, "%s has no value: write one or remove the line", key.Value)
		}
	}
}

// IsNull reports whether nothing stands where a value belongs: Read has told so.
func IsNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
