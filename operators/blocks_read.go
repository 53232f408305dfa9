package operators

import (
	"errors"
	"fmt"
	"strings"

	"pulsa/payments"
	"pulsa/prepaid"
)

// errUnread says that a line is not of the kind.
var errUnread = errors.New("it is not one of these")

// ReadBlocks reads a pasted list, one on each line, of what a brand is to block. Empty lines are left out, and what is there twice counts
// once. The error names the first line that can't be read, and says how many there are; it never repeats a line.
func (d *Desk) ReadBlocks(b *prepaid.Brand, k BlockKind, list string) ([]Blocked, error) {
	var all []Blocked
	var first error
	seen, unread := map[string]bool{}, 0
	for i, line := range strings.Split(list, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		what, shows, err := readBlocked(b, k, line)
		switch {
		case err != nil:
			unread++
			if first == nil {
				first = fmt.Errorf("line %d: %w", i+1, err)
			}
		case !seen[what]:
			seen[what] = true
			all = append(all, Blocked{Kind: k, Value: d.BlockValue(k, b.Name, what), Shows: shows})
		}
	}
	if unread > 1 {
		first = fmt.Errorf("%w; %d more lines can't be read", first, unread-1)
	}
	return all, first
}

// readBlocked reads one line: what is blocked, and how it is shown.
func readBlocked(b *prepaid.Brand, k BlockKind, line string) (what, shows string, err error) {
	switch k {
	case BlockNumber:
		m, err := prepaid.ParseMSISDN(line, b.Country)
		return string(m), m.Masked(), err
	case BlockAddress:
		if m, err := prepaid.ParseMSISDN(line, b.Country); err == nil {
			return string(m.Tel()), "tel:" + m.Masked(), nil
		}
		if scheme, id, ok := strings.Cut(line, ":"); ok && scheme != "" && id != "" && oneLine(line, maxReference) {
			return line, scheme + ":****", nil
		}
	case BlockInstrument:
		if gateway, display, ok := strings.Cut(line, "/"); ok && gateway != "" && display != "" && oneLine(line, maxReference) {
			return line, display, nil
		}
	case BlockIBAN:
		iban, _, err := payments.ParseIBAN(line)
		if err != nil {
			return "", "", err
		}
		return iban.Reveal(), iban.Display(), nil
	}
	return "", "", errUnread
}
