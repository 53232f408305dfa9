package cards

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"pulsa/prepaid"
)

// A print file is CSV: a header, a line for each card, and a last line with their number and the SHA-256 of
// all bytes before it, so that a printer can tell a file that was cut off or changed.
//
//	serial,code,amount,currency,valid_through
//	101-00000001,48151623421234,10.00,EUR,2027-12-31
//	total,1,sha256,5f16…,
const printHeader = "serial,code,amount,currency,valid_through"

const totalLine = "total"

// printWriter writes a print file.
type printWriter struct {
	brand *prepaid.Brand
	out   *bufio.Writer
	sum   hash.Hash
	cards int64
}

func newPrintWriter(b *prepaid.Brand, w io.Writer) *printWriter {
	p := &printWriter{brand: b, sum: sha256.New()}
	p.out = bufio.NewWriterSize(io.MultiWriter(w, p.sum), 1<<16)
	_, _ = p.out.WriteString(printHeader + "\r\n") // a bufio.Writer keeps its error until Flush
	return p
}

func (p *printWriter) add(c Card, code prepaid.Secret) error {
	p.cards++
	_, err := p.out.WriteString(c.Serial + "," + code.Reveal() + "," + c.Amount.Number() + "," + string(c.Amount.Currency) + "," + p.brand.ExpiryText(c.ExpiresAt) + "\r\n")
	return err
}

// end writes the last line to w, which is what the printWriter writes to, and returns the checksum.
func (p *printWriter) end(w io.Writer) (string, error) {
	if err := p.out.Flush(); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(p.sum.Sum(nil))
	_, err := fmt.Fprintf(w, "%s,%d,sha256,%s,\r\n", totalLine, p.cards, sum)
	return sum, err
}

// LineError says what is wrong with a line of a file; it quotes no code.
type LineError struct {
	Line int
	Text string
}

// ImportError says why nothing of a file was stored.
type ImportError struct {
	Lines []LineError // the first hundred
	More  int         // how many other things are wrong
}

const maxLineErrors = 100

func (e *ImportError) Error() string {
	var b strings.Builder
	for i, l := range e.Lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "line %d: %s", l.Line, l.Text)
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\nand %s more", HowMany(int64(e.More), "fault"))
	}
	return b.String()
}

func (e *ImportError) add(line int, format string, args ...any) {
	if len(e.Lines) == maxLineErrors {
		e.More++
		return
	}
	e.Lines = append(e.Lines, LineError{line, fmt.Sprintf(format, args...)})
}

// printedCard is one line of a print file.
type printedCard struct {
	line                                    int
	serial, code, amount, currency, expires string
}

// errNotCSV says what a file must look like.
var errNotCSV = errors.New("the file must be CSV, separated by commas, whose first line names the columns: serial, code, amount, and if wanted currency and valid_through")

// readPrintFile hands each card of a file to each. Lines that are no cards are added to wrong; a last line
// with number and checksum, if there is one, must be right.
func readPrintFile(file io.Reader, wrong *ImportError, each func(printedCard) error) error {
	counted := &countingReader{from: bufio.NewReaderSize(file, 1<<16), sum: sha256.New()}
	lines := bufio.NewReader(counted.skipMark())
	columns, err := readHeader(lines, counted)
	if err != nil {
		return err
	}
	var cards int64
	for line := 2; ; line++ {
		text, err := readLine(lines)
		if errors.Is(err, io.EOF) && text == "" {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if strings.TrimSpace(text) == "" {
			counted.add(text)
			continue
		}
		fields, err := splitLine(text)
		switch {
		case err != nil:
			wrong.add(line, "is not CSV: a quote is missing, or stands in the wrong place")
		case fields[0] == totalLine:
			checkTotal(fields, cards, counted, wrong, line)
			return checkEnd(lines, wrong, line)
		case len(fields) != len(columns):
			wrong.add(line, "has %d columns instead of %d", len(fields), len(columns))
		default:
			cards++
			c := printedCard{line: line}
			for i, field := range fields {
				*c.column(columns[i]) = strings.TrimSpace(field)
			}
			if err := each(c); err != nil {
				return err
			}
		}
		counted.add(text)
	}
}

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
	}
	return &c.expires
}

// countingReader sums up the lines that were dealt with.
type countingReader struct {
	from *bufio.Reader
	sum  hash.Hash
}

// skipMark drops the mark that some programs put before UTF-8.
func (c *countingReader) skipMark() io.Reader {
	if mark, _ := c.from.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = c.from.Discard(3)
	}
	return c.from
}

func (c *countingReader) add(line string) { _, _ = io.WriteString(c.sum, line) }

// maxLine bounds a line, so that a file that is no text does not fill the memory.
const maxLine = 1000

func readLine(lines *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := lines.ReadSlice('\n')
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

// splitLine reads one line of CSV; most have no quotes and need no reader of their own.
func splitLine(line string) ([]string, error) {
	if !strings.Contains(line, `"`) {
		return strings.Split(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), ","), nil
	}
	r := csv.NewReader(strings.NewReader(line))
	r.FieldsPerRecord = -1
	return r.Read()
}

func readHeader(lines *bufio.Reader, counted *countingReader) ([]string, error) {
	text, err := readLine(lines)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	counted.add(text)
	for _, other := range []struct{ separator, name string }{{";", "semicolons"}, {"\t", "tabs"}} {
		if strings.Contains(text, other.separator) {
			return nil, fmt.Errorf("the columns are separated by %s: separate them by commas", other.name)
		}
	}
	columns, err := splitLine(text)
	if err != nil {
		return nil, errNotCSV
	}
	seen := map[string]bool{}
	for i, name := range columns {
		name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", " ")
		switch name {
		case "serial", "code", "amount", "currency", "valid through":
		case "expires":
			name = "valid through"
		default:
			return nil, errNotCSV
		}
		if seen[name] {
			return nil, fmt.Errorf("the file has two columns named %s", name)
		}
		seen[name], columns[i] = true, name
	}
	if !seen["serial"] || !seen["code"] || !seen["amount"] {
		return nil, errNotCSV
	}
	return columns, nil
}

func checkTotal(fields []string, cards int64, counted *countingReader, wrong *ImportError, line int) {
	if len(fields) < 4 || fields[2] != "sha256" {
		wrong.add(line, "is no line of totals: total,NUMBER,sha256,CHECKSUM")
		return
	}
	if n, err := strconv.ParseInt(fields[1], 10, 64); err != nil || n != cards {
		wrong.add(line, "says %q cards, but there are %d: the file was cut off or changed", fields[1], cards)
	}
	if sum := hex.EncodeToString(counted.sum.Sum(nil)); sum != fields[3] {
		wrong.add(line, "has another checksum than the lines before it: the file was changed")
	}
}

// checkEnd looks for what follows the line of totals: of two print files in one, the second would go unnoticed.
func checkEnd(lines *bufio.Reader, wrong *ImportError, line int) error {
	for {
		text, err := readLine(lines)
		line++
		switch {
		case strings.TrimSpace(text) != "":
			wrong.add(line, "stands behind the line of totals: import each print file by itself")
			return nil
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
