package conversation

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pulsa/yamlfile"
)

// languageFile is what a language's file says: prompts/en.yaml explains its keys.
type languageFile struct {
	Name      string
	Also      []string // other names that customers type for it
	AnyLetter bool     // "letters: any": its texts may hold letters that halve an SMS
	Keywords  map[Action][]string
	Around    map[Action][]string // words that change nothing around a keyword, by its action, aroundAny or aroundBefore
	Sentences map[Action][][]string
	Amounts   amountWords
	Numbers   map[string][]string // words for numbers, by the number
	Writes    writes              // how it writes amounts, dates and times
	Counts    counts              // numbers of things, by what is counted and plural form
	Words     map[string]string   // that prompts are made of
	Pages     map[string]string   // texts of web pages
	Prompts   map[string]string   // by Key

	// places says where each entry stands: "prompts.exit.done", "keywords.exit", "name".
	places map[string]place
}

type place struct {
	file string
	line int
	of   string // the digest of the text that it was exported with; "" where nothing says so
}

// The keys of a language's file, as faults and tests of completeness name them.
const (
	inName, inAlso, inLetters, inKeywords, inAround, inSentences, inAmounts, inNumbers, inWrites, inCounts, inWords, inPages, inPrompts = "name", "also", "letters", "keywords", "around", "sentences", "amounts", "numbers", "writes", "counts", "words", "pages", "prompts"
)

// under returns the file with another over it, which says anew what it holds.
func (f languageFile) under(over languageFile) languageFile {
	f.Keywords, f.Around = merged(f.Keywords, over.Keywords), merged(f.Around, over.Around)
	f.Sentences, f.Amounts = merged(f.Sentences, over.Sentences), merged(f.Amounts, over.Amounts)
	f.Numbers = merged(f.Numbers, over.Numbers)
	f.Writes, f.Counts = merged(f.Writes, over.Writes), merged(f.Counts, over.Counts)
	f.Words, f.Pages, f.Prompts = merged(f.Words, over.Words), merged(f.Pages, over.Pages), merged(f.Prompts, over.Prompts)
	f.places = merged(f.places, over.places)
	f.Name = cmp.Or(over.Name, f.Name)
	if over.places[inAlso].line > 0 {
		f.Also = over.Also
	}
	if over.places[inLetters].line > 0 {
		f.AnyLetter = over.AnyLetter
	}
	return f
}

func merged[K comparable, V any](m, over map[K]V) map[K]V {
	all := maps.Clone(m)
	maps.Copy(all, over)
	return all
}

// languageReader reads languages' files, and notes all that is wrong with them.
type languageReader struct {
	file   string
	names  ourNames
	faults []yamlfile.Fault
	lines  []string
	f      languageFile
}

func (r *languageReader) fault(line int, format string, args ...any) {
	r.faultAt(place{file: r.file, line: line}, format, args...)
}

func (r *languageReader) faultAt(at place, format string, args ...any) {
	r.faults = append(r.faults, yamlfile.Fault{File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...)})
}

// read reads one file by itself.
func (r *languageReader) read(text []byte) languageFile {
	r.f = languageFile{
		Keywords: map[Action][]string{}, Around: map[Action][]string{}, Sentences: map[Action][][]string{}, Amounts: amountWords{}, Numbers: map[string][]string{}, Writes: writes{}, Counts: counts{}, Words: map[string]string{}, Pages: map[string]string{}, Prompts: map[string]string{},
		places: map[string]place{},
	}
	r.lines = strings.Split(string(text), "\n")
	root := yamlfile.Read(text, r.fault)
	if root == nil {
		return r.f
	}
	r.each(root, "", func(key string, n *yaml.Node) {
		switch key {
		case inName:
			r.f.Name = r.text(key, n)
		case inAlso:
			r.f.Also = r.list(key, n)
		case inLetters:
			r.readLetters(n)
		case inKeywords:
			r.each(n, key, func(action string, n *yaml.Node) { r.f.Keywords[Action(action)] = r.list(action, n) })
		case inAround:
			r.each(n, key, func(of string, n *yaml.Node) { r.f.Around[Action(of)] = r.list(of, n) })
		case inSentences:
			r.each(n, key, func(action string, n *yaml.Node) { r.f.Sentences[Action(action)] = r.lists(action, n) })
		case inAmounts:
			r.each(n, key, func(what string, n *yaml.Node) { r.f.Amounts[what] = r.list(what, n) })
		case inNumbers:
			r.each(n, key, func(what string, n *yaml.Node) { r.f.Numbers[what] = r.list(what, n) })
		case inWrites:
			r.each(n, key, func(what string, n *yaml.Node) { r.f.Writes[what] = r.text(what, n) })
		case inCounts:
			r.each(n, key, func(what string, n *yaml.Node) {
				r.f.Counts[what] = map[string]string{}
				r.each(n, key+"."+what, func(form string, n *yaml.Node) { r.f.Counts[what][form] = r.text(form, n) })
			})
		case inWords:
			r.each(n, key, func(word string, n *yaml.Node) { r.f.Words[word] = r.text(word, n) })
		case inPages:
			r.each(n, key, func(page string, n *yaml.Node) { r.f.Pages[page] = r.text(page, n) })
		case inPrompts:
			r.each(n, key, func(prompt string, n *yaml.Node) { r.f.Prompts[prompt] = r.text(prompt, n) })
		default:
			r.fault(r.f.places[key].line, "a language has no key %s%s", key,
				yamlfile.DidYouMean(key, []string{inName, inAlso, inLetters, inKeywords, inAround, inSentences, inAmounts, inNumbers, inWrites, inCounts, inWords, inPages, inPrompts}))
		}
	})
	return r.f
}

func (r *languageReader) readLetters(n *yaml.Node) {
	text := r.text(inLetters, n)
	if text != "gsm7" && text != "any" {
		r.fault(n.Line, "letters is %q: write gsm7, or any where the language can't be written with the letters of GSM-7", text)
	}
	r.f.AnyLetter = text == "any"
}

// each calls do with every key of a mapping and what stands under it, and notes where they stand.
func (r *languageReader) each(n *yaml.Node, under string, do func(key string, n *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		if !yamlfile.IsNull(n) && n.Kind != yaml.AliasNode {
			r.fault(n.Line, "%s wants keys with values under it: write key: value", cmp.Or(under, "the file"))
		}
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || seen[key.Value] {
			continue // which was told
		}
		seen[key.Value] = true
		r.f.places[strings.TrimPrefix(under+"."+key.Value, ".")] = place{r.file, key.Line, r.exportedWith(key.Line)}
		do(key.Value, n.Content[i+1])
	}
}

// text reads one text of one line or, folded, of several.
func (r *languageReader) text(key string, n *yaml.Node) string {
	switch {
	case n.Kind == yaml.AliasNode || yamlfile.IsNull(n): // which was told
	case n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "":
		r.fault(n.Line, "%s wants one text", key)
	default:
		return n.Value
	}
	return ""
}

// list reads words, in capitals.
func (r *languageReader) list(key string, n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		if !yamlfile.IsNull(n) && n.Kind != yaml.AliasNode {
			r.fault(n.Line, "%s wants a list: write %s: [ONE, TWO]", key, key)
		}
		return nil
	}
	var words []string
	for _, item := range n.Content {
		word := strings.ToUpper(item.Value)
		switch {
		case item.Kind != yaml.ScalarNode || word == "" || word != tidy(word):
			r.fault(item.Line, "%s: every item of the list must be one word, or a few with one space between them", key)
		case slices.Contains(words, word):
			r.fault(item.Line, "%s: %s stands twice", key, word)
		default:
			words = append(words, word)
		}
	}
	return words
}

// lists reads a list of lists.
func (r *languageReader) lists(key string, n *yaml.Node) [][]string {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(n.Line, "%s wants lists of words, one a line: write - [ONE, TWO]", key)
		return nil
	}
	var all [][]string
	for _, item := range n.Content {
		all = append(all, r.list(key, item))
	}
	return all
}

// exportedWith returns the digest that Export has written into the comment of the entry in a line.
func (r *languageReader) exportedWith(line int) string {
	for up, mark := range []*regexp.Regexp{markBehind, markAbove} {
		if i := line - 1 - up; i >= 0 && i < len(r.lines) {
			if m := mark.FindStringSubmatch(strings.TrimRight(r.lines[i], "\r ")); m != nil {
				return m[1]
			}
		}
	}
	return ""
}
