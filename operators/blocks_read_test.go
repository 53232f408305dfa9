package operators_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"pulsa/operators"
	"pulsa/prepaid"
)

func TestAListOfBlocksIsRead(t *testing.T) {
	d := &operators.Desk{BlockValue: func(_ operators.BlockKind, _, what string) string { return what }}
	b := &prepaid.Brand{Name: "demo", Country: "NL"}
	for name, c := range map[string]struct {
		kind operators.BlockKind
		list string
		want string // what is blocked, then the lines with their faults
	}{
		"one on each line":             {operators.BlockNumber, "0612345678\r\n\r\n+31 6 1234 5679\r\n06-12345678", "31612345678 31612345679"},
		"a heading names the column":   {operators.BlockNumber, "Name;Other phone no;Phone\nJan;0612345670;0612345678", "31612345670"},
		"semicolons":                   {operators.BlockNumber, "Name;Phone;Note\nJan;0612345678;1\n;0612345679;2", "31612345678 31612345679"},
		"commas and quotes":            {operators.BlockNumber, "\"name\",\"number\"\n\"Jansen, J.\",\"0612345678\"", "31612345678"},
		"tabs, no heading":             {operators.BlockNumber, "Jan\t0612345678", "31612345678"},
		"a line is wrong":              {operators.BlockNumber, "0612345678\nnonsense 1\n0612345679", "31612345678 31612345679 2:number"},
		"the only line is no heading":  {operators.BlockNumber, "nonsense", "1:number"},
		"two on a line":                {operators.BlockNumber, "0612345678;0612345679", "1:several"},
		"only separators":              {operators.BlockNumber, "0612345678\n;;;", "31612345678 2:number"},
		"IBANs":                        {operators.BlockIBAN, "holder;iban\nJ. Jansen;NL91 ABNA 0417 1643 00\nP;NL92ABNA0417164300\nQ;x", "NL91ABNA0417164300 3:iban-mistyped 4:iban"},
		"addresses":                    {operators.BlockAddress, "telegram:4711\n0612345678\nnobody 2", "telegram:4711 tel:+31612345678 3:address"},
		"instruments":                  {operators.BlockInstrument, "Stripe/Xt5EWLLDS7FJjR1c\nstripe/Visa **** 4242\nXt5EWLLDS7FJjR1c", "stripe/Xt5EWLLDS7FJjR1c 2:instrument 3:instrument"},
		"an instrument is not heading": {operators.BlockInstrument, "stripe/abcdefghijkl\nstripe/abcdefghijkm", "stripe/abcdefghijkl stripe/abcdefghijkm"},
	} {
		list := d.ReadBlocks(b, c.kind, c.list)
		var got []string
		for _, one := range list.All {
			got = append(got, one.Value)
			if strings.Contains(one.Shows, one.Value) {
				t.Errorf("%s: %s is shown whole", name, one.Value)
			}
		}
		for _, l := range list.Unread {
			got = append(got, fmt.Sprintf("%d:%s", l.Line, string(l.Why)))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: read as %q, want %q", name, text, c.want)
		}
	}
}

func TestATextFileIsDecoded(t *testing.T) {
	const text = "Näme;Phone\n0612345678"
	wide := func(order binary.AppendByteOrder, mark bool) (file []byte) {
		s := text
		if mark {
			s = "\uFEFF" + s
		}
		for _, u := range utf16.Encode([]rune(s)) {
			file = order.AppendUint16(file, u)
		}
		return file
	}
	for name, file := range map[string][]byte{
		"UTF-8": []byte(text), "UTF-8 with a mark": []byte("\uFEFF" + text),
		"UTF-16 LE": wide(binary.LittleEndian, true), "UTF-16 BE": wide(binary.BigEndian, true),
		"UTF-16 LE without a mark": wide(binary.LittleEndian, false), "UTF-16 BE without a mark": wide(binary.BigEndian, false),
	} {
		if got, err := operators.TextOf(file); err != nil || got != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := operators.TextOf([]byte("N\xe4me;0612345678")); err != nil || got != "N?me;0612345678" {
		t.Errorf("an older alphabet: %q, %v", got, err)
	}
	for name, file := range map[string]string{"a workbook": "PK\x03\x04\x14\x00\x06\x00", "a picture": "\x89PNG\r\n\x1a\n\x00\x00"} {
		if _, err := operators.TextOf([]byte(file)); !errors.Is(err, operators.ErrNotText) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := operators.TextOf(nil); err != nil || got != "" {
		t.Errorf("an empty file: %q, %v", got, err)
	}
}
