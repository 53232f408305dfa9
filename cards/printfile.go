package cards

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
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
