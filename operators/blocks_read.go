package operators

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"pulsa/payments"
	"pulsa/prepaid"
)

// BlockList is what a pasted or uploaded list says.
type BlockList struct {
	All    []Blocked // each once
	Unread []UnreadLine
}

// UnreadLine is a line that can't be read. What stands in it is not repeated.
type UnreadLine struct {
	Line int // from 1
	Why  LineFault
}

// LineFault is why a line can't be read.
type LineFault string

// The faults.
const (
	NotNumber     LineFault = "number"
	NotAddress    LineFault = "address"
	NotInstrument LineFault = "instrument"
	NotIBAN       LineFault = "iban"
	IBANMistyped  LineFault = "iban-mistyped" // its check digits do not fit, or its length
	IBANNotSEPA   LineFault = "iban-not-sepa"
	SeveralInLine LineFault = "several"
)

// Error implements error.
func (f LineFault) Error() string { return "the line can't be read: " + string(f) }

// ErrNotText says that a file is not of text: a workbook, a picture.
var ErrNotText = errors.New("the file is no text")

// TextOf decodes a text file: UTF-8 or UTF-16, with or without a byte order mark. Errors: ErrNotText.
func TextOf(file []byte) (string, error) {
	var order binary.ByteOrder
	switch {
	case len(file) < 2:
	case bytes.HasPrefix(file, []byte{0xFF, 0xFE}), file[0] != 0 && file[1] == 0:
		order = binary.LittleEndian
	case bytes.HasPrefix(file, []byte{0xFE, 0xFF}), file[0] == 0 && file[1] != 0:
		order = binary.BigEndian
	}
	text := string(file)
	if order != nil {
		units := make([]uint16, len(file)/2)
		for i := range units {
			units[i] = order.Uint16(file[2*i:])
		}
		text = string(utf16.Decode(units))
	}
	text = strings.TrimPrefix(text, "\uFEFF")
	// A spreadsheet may write names in an older alphabet. What is blocked needs none of its letters.
	text = strings.ToValidUTF8(text, "?")
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) }) {
		return "", ErrNotText
	}
	return text, nil
}

// ReadBlocks reads a list of what a brand is to block: one on each line, alone or in a table whose columns are divided by semicolons, commas
// or tabs. A first line without digits is a heading, and says which column is meant where there are several. Empty lines are left out, and
// what is there twice counts once.
func (d *Desk) ReadBlocks(b *prepaid.Brand, k BlockKind, text string) BlockList {
	var list BlockList
	seen, first, column := map[string]bool{}, true, -1
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		fields := fieldsOf(line)
		if first && strings.Contains(text, "\n") && !strings.ContainsFunc(line, unicode.IsDigit) {
			if _, _, err := readLine(b, k, fields, column); err != nil {
				first, column = false, columnOf(k, fields)
				continue
			}
		}
		first = false
		what, shows, err := readLine(b, k, fields, column)
		var fault LineFault
		switch {
		case errors.As(err, &fault):
			list.Unread = append(list.Unread, UnreadLine{i + 1, fault})
		case !seen[what]:
			seen[what] = true
			list.All = append(list.All, Blocked{Kind: k, Value: d.BlockValue(k, b.Name, what), Shows: shows})
		}
	}
	return list
}

// fieldsOf divides a line. What stands within quotes is one field.
func fieldsOf(line string) []string {
	quoted, fields := false, []string{""}
	for _, r := range line {
		last := len(fields) - 1
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(";,\t", r):
			fields = append(fields, "")
		default:
			fields[last] += string(r)
		}
	}
	for i, f := range fields {
		fields[i] = strings.TrimSpace(f)
	}
	return fields
}

// columnOf is the column that a heading gives to a kind; -1 where none is named so.
func columnOf(k BlockKind, heading []string) int {
	names := map[BlockKind][]string{
		BlockNumber:     {"number", "phone", "msisdn", "mobile", "nummer", "telefoon", "mobiel"},
		BlockAddress:    {"address", "adres"},
		BlockInstrument: {"instrument", "fingerprint", "betaalmiddel"},
		BlockIBAN:       {"iban"},
	}[k]
	return slices.IndexFunc(heading, func(title string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(strings.ToLower(title), name) })
	})
}

// readLine reads what is in the column, or the only field of the line that is of the kind.
func readLine(b *prepaid.Brand, k BlockKind, fields []string, column int) (what, shows string, err error) {
	if column >= 0 && column < len(fields) {
		return readBlocked(b, k, fields[column])
	}
	for _, field := range fields {
		w, s, e := readBlocked(b, k, field)
		switch {
		case e == nil && what != "" && w != what:
			return "", "", SeveralInLine
		case e == nil:
			what, shows = w, s
		case err == nil || errors.Is(e, IBANMistyped):
			err = e
		}
	}
	if what != "" {
		return what, shows, nil
	}
	return "", "", err
}

// readBlocked reads what is blocked, and how it is shown. Errors: a LineFault.
func readBlocked(b *prepaid.Brand, k BlockKind, text string) (what, shows string, err error) {
	switch k {
	case BlockNumber:
		m, err := prepaid.ParseMSISDN(text, b.Country)
		if err != nil {
			return "", "", NotNumber
		}
		return string(m), m.Masked(), nil
	case BlockAddress:
		if m, err := prepaid.ParseMSISDN(strings.TrimPrefix(text, "tel:"), b.Country); err == nil {
			return string(m.Tel()), "tel:" + m.Masked(), nil
		}
		if scheme, id, ok := strings.Cut(text, ":"); ok && scheme != "" && id != "" && oneLine(text, maxReference) {
			return text, scheme + ":****", nil
		}
		return "", "", NotAddress
	case BlockInstrument:
		gateway, fingerprint, ok := strings.Cut(text, "/")
		if !ok || gateway == "" || len(fingerprint) < 8 || strings.ContainsAny(text, "* ") || !oneLine(text, maxReference) {
			return "", "", NotInstrument
		}
		gateway = strings.ToLower(gateway)
		return InstrumentName(gateway, fingerprint), gateway + "/****" + fingerprint[len(fingerprint)-4:], nil
	}
	iban, _, err := payments.ParseIBAN(text)
	switch {
	case err == nil:
		return iban.Reveal(), iban.Display(), nil
	case errors.Is(err, payments.ErrIBANs):
		return "", "", SeveralInLine
	case errors.Is(err, payments.ErrIBANLength), errors.Is(err, payments.ErrIBANChecked):
		return "", "", IBANMistyped
	case errors.Is(err, payments.ErrNotSEPA):
		return "", "", IBANNotSEPA
	}
	return "", "", NotIBAN
}
