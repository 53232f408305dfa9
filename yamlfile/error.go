package yamlfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pulsa/prepaid"
)

// Error is everything that is wrong with files, and with the environment where it overrides them.
type Error struct {
	Faults []Fault // by file and line; those of the environment last
}

// Fault is one thing that is wrong, in words that say what to write instead. It holds no secret.
type Fault struct {
	File string `json:"file"`
	Line int    `json:"line"` // from 1; 0: the environment or a flag
	Text string `json:"fault"`
}

// String is the fault with its place: "pulsa.yaml:12: …".
func (f Fault) String() string {
	if f.Line == 0 {
		return "environment: " + f.Text
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text)
}

// NewError sorts faults: within each file by line, files in the order in which they first have one. It returns nil where there
// are none.
func NewError(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	files := map[string]int{}
	for _, f := range faults {
		if _, ok := files[f.File]; !ok {
			files[f.File] = len(files)
		}
	}
	faults = slices.Clone(faults)
	slices.SortStableFunc(faults, func(a, b Fault) int {
		if (a.Line == 0) != (b.Line == 0) {
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Or(cmp.Compare(files[a.File], files[b.File]), cmp.Compare(a.Line, b.Line))
	})
	return &Error{slices.Compact(faults)}
}

// Error lists the faults, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// DidYouMean names the known word that looks most like the given one: ": did you mean x?"; otherwise it
// lists them all.
func DidYouMean(word string, known []string) string {
	best, distance := "", len(word)/3+2
	for _, k := range known {
		if d := prepaid.EditDistance(strings.ToLower(word), strings.ToLower(k)); d < distance {
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
