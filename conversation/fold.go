package conversation

import (
	"strings"
	"unicode"

	"pulsa/prepaid"
)

// tidy brings a text into the form in which it is compared: folded, in capitals, single spaces, no quotes around it, no slash before it as bots'
// commands have ("/start").
func tidy(text string) string {
	text = strings.TrimFunc(prepaid.Fold(text), func(r rune) bool {
		return isGap(r) || strings.ContainsRune("\"'“”„«»/", r)
	})
	if isASCII(text) {
		return tidyASCII(text)
	}
	return strings.ToUpper(strings.Join(strings.FieldsFunc(text, isGap), " "))
}

// tidyASCII is the rest of tidy for the text of most customers.
func tidyASCII(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	gap := false
	for i := range len(text) {
		c := text[i]
		switch {
		case c <= ' ' || c == 0x7f:
			if !gap {
				b.WriteByte(' ')
			}
		case 'a' <= c && c <= 'z':
			b.WriteByte(c - 'a' + 'A')
		default:
			b.WriteByte(c)
		}
		gap = c <= ' ' || c == 0x7f
	}
	return b.String()
}

func isGap(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
