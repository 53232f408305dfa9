package wire

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"

	"pulsa/channels"
)

// Charset is how a text's letters are carried in bytes.
type Charset struct {
	Name string
	as   encoding.Encoding // nil: UTF-8, or by gsm
	gsm  bool              // septets, each in a byte
}

// UTF8 is what is meant where nothing is said.
var UTF8 = Charset{Name: "UTF-8"}

// CharsetNamed finds a charset by any of its names; ok is false where there is none.
func CharsetNamed(name string) (c Charset, ok bool) {
	c.Name = name
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return c, true
	case "gsm", "gsm7", "gsm-7", "gsm0338", "gsm-03.38", "gsm 03.38":
		c.gsm = true
		return c, true
	case "ucs-2", "ucs2", "iso-10646-ucs-2", "utf-16be", "utf16be": // big-endian, as networks carry it
		c.as = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
		return c, true
	case "iso-8859-1", "latin1", "latin-1": // browsers' index takes it for windows-1252
		c.as, _ = ianaindex.MIME.Encoding("ISO-8859-1")
		return c, c.as != nil
	}
	if as, err := htmlindex.Get(name); err == nil {
		c.as = as
		return c, true
	}
	as, err := ianaindex.IANA.Encoding(name)
	c.as = as
	return c, err == nil && as != nil
}

// IsUTF8 reports whether the charset is UTF-8.
func (c Charset) IsUTF8() bool { return c.as == nil && !c.gsm }

// Decode reads bytes of the charset. What they do not hold becomes U+FFFD.
func (c Charset) Decode(bytes string) string {
	switch {
	case c.gsm:
		return channels.DecodeGSM([]byte(bytes))
	case c.as == nil:
		return bytes
	}
	text, err := c.as.NewDecoder().String(bytes)
	if err != nil {
		return "\uFFFD"
	}
	return text
}

// Encode writes a text in the charset. What it lacks becomes its sign for that, mostly "?".
func (c Charset) Encode(text string) string {
	switch {
	case c.gsm:
		return string(channels.EncodeGSM(text))
	case c.as == nil:
		return text
	}
	bytes, err := encoding.ReplaceUnsupported(c.as.NewEncoder()).String(strings.ToValidUTF8(text, "\uFFFD"))
	if err != nil {
		return text
	}
	return strings.ReplaceAll(bytes, "\x1a", "?")
}
