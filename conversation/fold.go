package conversation

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"pulsa/prepaid"
)

// tidy brings a text into the form in which it is compared: folded, in capitals, single spaces, no quotes around it.
func tidy(text string) string {
	text = strings.TrimFunc(fold(text), func(r rune) bool {
		return isGap(r) || strings.ContainsRune("\"'`“”‘’„«»", r)
	})
	return strings.ToUpper(strings.Join(strings.FieldsFunc(text, isGap), " "))
}

func isGap(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// fold makes full-width, boxed and circled letters and digits plain, and takes out what nobody sees: marks of direction,
// joiners, soft hyphens. A space without width separates words.
func fold(text string) string {
	if isPlain(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == zeroWidthSpace:
			return ' '
		case r == arabicPoint:
			return '.'
		case r == arabicComma:
			return ','
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector), r == keycap:
			return -1
		}
		return r
	}, prepaid.FoldDigits(norm.NFKC.String(strings.ToValidUTF8(text, " "))))
}

const (
	zeroWidthSpace = '\u200b'
	arabicPoint    = '\u066b' // before decimals
	arabicComma    = '\u066c' // between thousands
	keycap         = '\u20e3' // the box around the digit before it
)

// isPlain reports whether a text is printable ASCII: most are, and need no folding.
func isPlain(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= 0x7f {
			return false
		}
	}
	return true
}
