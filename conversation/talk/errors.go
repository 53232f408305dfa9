package talk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ScriptError is one thing that is wrong with a script.
type ScriptError struct {
	File    string
	Line    int    // from 1; 0: the file as a whole
	Problem string // what is wrong
	Want    string // what would be right; may be empty
}

// Error shows it as file:line: problem; what would be right.
func (e ScriptError) Error() string {
	text := e.File
	if e.Line > 0 {
		text = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	text += ": " + e.Problem
	if e.Want != "" {
		text += "; " + e.Want
	}
	return text
}

// ScriptErrors is everything that is wrong with the scripts of a run, by file and line.
type ScriptErrors []ScriptError

// Error lists them, one a line.
func (e ScriptErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// errorsPerFile bounds what is listed of one file; a file that is no script at all is wrong everywhere.
const errorsPerFile = 50

// pos is a line of a script.
type pos struct {
	file string
	line int
}

func (p pos) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// problems collects script errors. The same one found again (in another row of a table, by another
// include) counts once.
type problems struct {
	list  []ScriptError
	seen  map[ScriptError]bool
	count map[string]int // of different ones, by file
	calls map[string]int // the same ones again included
}

func newProblems() *problems {
	return &problems{seen: map[ScriptError]bool{}, count: map[string]int{}, calls: map[string]int{}}
}

func (p *problems) add(at pos, problem, want string) {
	p.calls[at.file]++
	e := ScriptError{at.file, at.line, clip(problem), clip(want)}
	if p.seen[e] {
		return
	}
	p.count[at.file]++
	if p.count[at.file] > errorsPerFile {
		return
	}
	p.seen[e] = true
	p.list = append(p.list, e)
}

// hopeless reports whether so much is wrong with a file that reading on tells nothing new.
func (p *problems) hopeless(file string) bool { return p.calls[file] > 10*errorsPerFile }

// err returns what was found, sorted, or nil.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	list := slices.Clone(p.list)
	slices.SortStableFunc(list, func(a, b ScriptError) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	var all ScriptErrors
	for i, e := range list {
		all = append(all, e)
		last := i+1 == len(list) || list[i+1].File != e.File
		if last && p.count[e.File] > errorsPerFile {
			all = append(all, ScriptError{File: e.File, Problem: "and more"})
		}
	}
	return all
}

// clip keeps an error on one screen, however long the line that it quotes.
func clip(text string) string { return shorten(text, 600) }

func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
