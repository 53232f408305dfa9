package cards

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// printedCard is one line of a file of cards: a print file of ours, another program's export, or what a spreadsheet has made
// of either.
type printedCard struct {
	line                                         int
	serial, code, amount, currency, validThrough string
	status, reseller, activated, created         string
}

// column is a field of printedCard by the name that our own files give it.
func (c *printedCard) column(name string) *string {
	switch name {
	case "serial":
		return &c.serial
	case "code":
		return &c.code
	case "amount":
		return &c.amount
	case "currency":
		return &c.currency
	case "valid_through":
		return &c.validThrough
	case "status":
		return &c.status
	case "reseller":
		return &c.reseller
	case "activated":
		return &c.activated
	case "created":
		return &c.created
	}
	return new(string) // a column that was left out
}

// leftOut is what a mapping calls a column that is not read.
const leftOut = "-"

// columnNames are what files call the columns, in small letters with single blanks: ours, and those of JeraSoft's section
// Top-up Cards.
var columnNames = map[string]string{
	"serial": "serial", "code": "code", "amount": "amount", "currency": "currency", "valid through": "valid_through",
	"status": "status", "reseller": "reseller", "activated": "activated", "created": "created",
	"serial number": "serial", "pin code": "code", "pincode": "code", "created on": "created",
	"expires": "valid_through", "expiration date": "valid_through", "expiry date": "valid_through",
}

// Mapping says what columns of a file are: "PIN nr" → "code". Its zero value knows the usual names alone.
type Mapping map[string]string

// ParseMapping reads "NAME=COLUMN" for each column whose name is not one of ours; "NAME=-" leaves one out.
func ParseMapping(pairs []string) (Mapping, error) {
	m := Mapping{}
	for _, pair := range pairs {
		name, to, ok := strings.Cut(pair, "=")
		name, to = plainName(name), strings.ReplaceAll(plainName(to), " ", "_")
		switch known := columnNames[strings.ReplaceAll(to, "_", " ")]; {
		case !ok || name == "":
			return nil, fmt.Errorf("%q must name a column of the file and what it is: 'PIN nr=code'", pair)
		case to == leftOut:
			m[name] = leftOut
		case known == "":
			return nil, fmt.Errorf("%q: there is no column %s; choose serial, code, amount, currency, valid_through, status, reseller, activated, created, or - to leave it out", pair, to)
		default:
			m[name] = known
		}
	}
	return m, nil
}

// String is the mapping as a job keeps it: the same for the same mapping.
func (m Mapping) String() string {
	var pairs []string
	for name, to := range m {
		pairs = append(pairs, name+"="+to)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// plainName is a column's name without what programs write in their own ways.
func plainName(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '_' || r == '\u00a0' || r == '\t' }), " ")
}

// errNotCSV says what a file must look like.
var errNotCSV = errors.New("the file must be CSV, separated by commas, semicolons or tabs, whose first line names the columns: serial, code, amount, and if wanted currency, valid_through, status, reseller, activated and created")

// cardFile reads a file of cards, in UTF-8 or in UTF-16 with its mark.
type cardFile struct {
	mapping   Mapping
	lines     *bufio.Reader
	sum       hash.Hash // of the lines that were dealt with
	separator string
	columns   []string
	line      int // how many were read
}

// readPrintFile hands each card of a file to each. Lines that are no cards are added to wrong; empty ones are skipped. A last
// line with number and checksum, if there is one, must be right.
func readPrintFile(file io.Reader, m Mapping, wrong *ImportError, each func(printedCard) error) error {
	decoded := transform.NewReader(bufio.NewReaderSize(file, 1<<16), unicode.BOMOverride(transform.Nop))
	f := &cardFile{mapping: m, lines: bufio.NewReader(decoded), sum: sha256.New()}
	if err := f.readHeader(); err != nil {
		return err
	}
	var cards int64
	for {
		text, err := f.next()
		if errors.Is(err, io.EOF) && text == "" {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		fields, err := f.split(text)
		switch {
		case err != nil:
			wrong.add(f.line, "is not CSV: a quote is missing, or stands in the wrong place")
		case len(fields) == 0: // spreadsheets write empty rows
		case fields[0] == totalLine:
			f.checkTotal(fields, cards, wrong)
			return f.checkEnd(wrong)
		case len(fields) > len(f.columns):
			wrong.add(f.line, "has %d columns instead of %d", len(fields), len(f.columns))
		case len(fields) < f.needed():
			wrong.add(f.line, "has %d columns instead of %d", len(fields), len(f.columns))
		default:
			cards++
			c := printedCard{line: f.line}
			for i, field := range fields {
				*c.column(f.columns[i]) = field
			}
			if err := each(c); err != nil {
				return err
			}
		}
		f.count(text)
	}
}

// needed is how many columns a line has at least: those behind may be empty, and spreadsheets leave off their separators.
func (f *cardFile) needed() int {
	needed := 0
	for i, name := range f.columns {
		if name == "serial" || name == "code" || name == "amount" {
			needed = i + 1
		}
	}
	return needed
}

func (f *cardFile) count(line string) { _, _ = io.WriteString(f.sum, line) }

// maxLine bounds a line, so that a file that is no text does not fill the memory.
const maxLine = 1000

// next reads a line.
func (f *cardFile) next() (string, error) {
	f.line++
	var line []byte
	for {
		part, err := f.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return "", errNotCSV
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return string(line), err
		}
	}
}

// split reads the fields of a line, without blanks around them and without empty ones at its end; most lines have no quotes and
// need no reader of their own.
func (f *cardFile) split(line string) (fields []string, err error) {
	if line = strings.TrimRight(line, "\r\n"); strings.Contains(line, `"`) {
		r := csv.NewReader(strings.NewReader(asText(line, f.separator)))
		r.Comma = rune(f.separator[0])
		if fields, err = r.Read(); errors.Is(err, io.EOF) {
			err = nil
		}
	} else {
		fields = strings.Split(line, f.separator)
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	for len(fields) > 0 && fields[len(fields)-1] == "" {
		fields = fields[:len(fields)-1]
	}
	return fields, err
}

// asText takes away what tells a spreadsheet to leave digits alone: ="0042".
func asText(line, separator string) string {
	line = strings.ReplaceAll(line, separator+`="`, separator+`"`)
	if strings.HasPrefix(line, `="`) {
		line = line[1:]
	}
	return line
}

// readHeader finds out what separates the columns, and what they are.
func (f *cardFile) readHeader() error {
	text, err := f.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	f.count(text)
	if separator, ok := strings.CutPrefix(strings.ToLower(strings.TrimRight(text, "\r\n")), "sep="); ok && len(separator) == 1 {
		f.separator = separator
		if text, err = f.next(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		f.count(text)
	}
	if 2*strings.Count(text, "\x00") > len(text)-2 && len(text) > 2 {
		return errors.New("the file is in UTF-16 without its mark: save it as CSV in UTF-8")
	}
	if f.separator == "" {
		f.separator = ","
		for _, other := range []string{";", "\t"} {
			if strings.Count(text, other) > strings.Count(text, f.separator) {
				f.separator = other
			}
		}
	}
	if f.columns, err = f.split(text); err != nil {
		return errNotCSV
	}
	return f.nameColumns()
}

// nameColumns gives the columns our own names. A name that is not known may be a code of a file without a first line: it is not
// repeated.
func (f *cardFile) nameColumns() error {
	seen, unknown := map[string]bool{}, 0
	for i, name := range f.columns {
		name = plainName(name)
		to := f.mapping[name]
		if to == "" {
			to = columnNames[name]
		}
		switch {
		case to == "" && unknown == 0:
			unknown = i + 1
		case to == leftOut, to == "":
		case seen[to]:
			return fmt.Errorf("the file has two columns named %s", to)
		}
		seen[to], f.columns[i] = true, to
	}
	switch {
	case !seen["serial"] || !seen["code"] || !seen["amount"]:
		return errNotCSV
	case unknown > 0:
		return fmt.Errorf("column %d of the file has a name that is not known: say what it is (NAME=code), or that it is to be left out (NAME=-)", unknown)
	}
	return nil
}

func (f *cardFile) checkTotal(fields []string, cards int64, wrong *ImportError) {
	if len(fields) < 4 || fields[2] != "sha256" {
		wrong.add(f.line, "is no line of totals: total,NUMBER,sha256,CHECKSUM")
		return
	}
	if n, err := strconv.ParseInt(fields[1], 10, 64); err != nil || n != cards {
		wrong.add(f.line, "says %q cards, but there are %d: the file was cut off or changed", fields[1], cards)
	}
	if sum := hex.EncodeToString(f.sum.Sum(nil)); sum != fields[3] {
		wrong.add(f.line, "has another checksum than the lines before it: the file was changed, or saved anew by a spreadsheet")
	}
}

// checkEnd looks for what follows the line of totals: of two print files in one, the second would go unnoticed.
func (f *cardFile) checkEnd(wrong *ImportError) error {
	for {
		text, err := f.next()
		fields, split := f.split(text)
		switch {
		case len(fields) > 0 || split != nil:
			wrong.add(f.line, "stands behind the line of totals: import each print file by itself")
			return nil
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
