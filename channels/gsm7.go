package channels

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// The alphabet of 3GPP TS 23.038. Position in gsmBasic is the septet; 0x1B is the escape and no letter.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
	gsmExtended  = "\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65" // what follows the escape for each of them
)

// Septets is what a character takes in GSM-7: 1, or 2 with an escape; 0 where the alphabet lacks it.
func Septets(r rune) int {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '%' && r <= '?', r == ' ', r == '\n':
		return 1
	case r == '\x1b':
		return 0
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmExtension, r):
		return 2
	}
	return 0
}

// IsGSM7 reports whether the whole text can be sent in the GSM-7 alphabet.
func IsGSM7(text string) bool {
	for _, r := range text {
		if Septets(r) == 0 {
			return false
		}
	}
	return true
}

// EncodeGSM writes a text as septets, each in a byte of its own, as gateways carry GSM-7; what the alphabet lacks becomes '?'.
func EncodeGSM(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if at := gsmAt(gsmBasic, r); at >= 0 && r != '\x1b' {
			out = append(out, byte(at))
		} else if at := gsmAt(gsmExtension, r); at >= 0 {
			out = append(out, 0x1b, gsmExtended[at])
		} else {
			out = append(out, '?')
		}
	}
	return out
}

// DecodeGSM reads what EncodeGSM writes. A byte that is no septet becomes U+FFFD, an unknown letter after the escape is read
// as if there were none, as phones do.
func DecodeGSM(septets []byte) string {
	basic := []rune(gsmBasic)
	out := make([]rune, 0, len(septets))
	for i := 0; i < len(septets); i++ {
		b := septets[i]
		switch {
		case int(b) >= len(basic):
			out = append(out, '\uFFFD')
		case b != 0x1b:
			out = append(out, basic[b])
		case i+1 < len(septets):
			if at := strings.IndexByte(gsmExtended, septets[i+1]); at >= 0 {
				out = append(out, []rune(gsmExtension)[at])
				i++
			}
		}
	}
	return string(out)
}

// gsmAt is the place of a letter among letters, -1 where it is not among them.
func gsmAt(letters string, r rune) int {
	at := 0
	for _, letter := range letters {
		if letter == r {
			return at
		}
		at++
	}
	return -1
}

// Plain writes a text in GSM-7, so that one odd character never makes a message cost more: accents that
// the alphabet lacks are dropped (ë becomes e), quotes, dashes and spaces become the plain ones, what can't
// be seen goes, anything else becomes '?'.
func Plain(text string) string {
	if IsGSM7(text) {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	for _, r := range norm.NFC.String(text) { // é typed as e and an accent is in the alphabet
		if plain, ok := plainRune(r); ok {
			out.WriteString(plain)
		} else {
			out.WriteByte('?')
		}
	}
	return out.String()
}

// plainRune writes one character in GSM-7; ok is false where it can't be.
func plainRune(r rune) (plain string, ok bool) {
	if Septets(r) > 0 {
		return string(r), true
	}
	if twin, ok := plainTwin(r); ok {
		return twin, true
	}
	for _, part := range norm.NFKD.String(string(r)) {
		twin, ok := plainTwin(part)
		switch {
		case ok:
			plain += twin
		case Septets(part) > 0:
			plain += string(part)
		default:
			return "", false
		}
	}
	return plain, true
}

// plainTwin knows what Unicode's own decompositions do not.
func plainTwin(r rune) (string, bool) {
	switch {
	case r >= 0x300 && r <= 0x36f, r >= 0xfe00 && r <= 0xfe0f: // accents; variation selectors
		return "", true
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2064, r == 0xfeff, r == 0xad:
		return "", true // nothing to be seen
	case r >= 0x2010 && r <= 0x2015, r == '−', r == '•', r == '·':
		return "-", true
	case r == '\t', r == 0x2028, r == 0x2029, r == 0x85, r == '\v':
		return " ", true
	}
	switch r {
	case '‘', '’', '‚', '‛', '′', '`', '´', '‹', '›':
		return "'", true
	case '“', '”', '„', '‟', '″', '«', '»':
		return "\"", true
	case '⁄':
		return "/", true
	case '×':
		return "x", true
	case 'ł':
		return "l", true
	case 'Ł':
		return "L", true
	case 'đ', 'ð':
		return "d", true
	case 'Đ', 'Ð':
		return "D", true
	case 'ı':
		return "i", true
	case 'œ':
		return "oe", true
	case 'Œ':
		return "OE", true
	case 'þ':
		return "th", true
	case 'Þ':
		return "Th", true
	case '©':
		return "(c)", true
	case '®':
		return "(r)", true
	}
	return "", false
}
