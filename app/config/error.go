package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is everything that is wrong with a configuration.
type Error struct {
	File   string
	Faults []Fault // by line; those of the environment last
}

// Fault is one thing that is wrong, in words that say what to write instead. It holds no secret.
type Fault struct {
	Line int // from 1; 0: the environment or a flag
	Text string
}

// Error lists the faults, one a line: "pulsa.yaml:12: …".
func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		if f.Line == 0 {
			lines[i] = "environment: " + f.Text
			continue
		}
		lines[i] = fmt.Sprintf("%s:%d: %s", e.File, f.Line, f.Text)
	}
	return strings.Join(lines, "\n")
}

func (r *configReader) fault(line int, format string, args ...any) {
	r.faults = append(r.faults, Fault{line, fmt.Sprintf(format, args...)})
}

// err returns what was found wrong, sorted by line.
func (r *configReader) err() error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b Fault) int {
		if (a.Line == 0) != (b.Line == 0) {
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Compare(a.Line, b.Line)
	})
	return &Error{File: r.file, Faults: slices.Compact(r.faults)}
}

// DidYouMean names the known word that looks most like the given one: ", did you mean x?"; otherwise it
// lists them all.
func DidYouMean(word string, known []string) string {
	best, distance := "", len(word)/3+2
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf(": did you mean %s?", best)
	case len(known) == 0:
		return ""
	default:
		return ": known are " + strings.Join(known, ", ")
	}
}

// editDistance counts the letters to add, drop or change between a and b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
