package conversation

import (
	"strings"
	"unicode"

	"pulsa/prepaid"
)

// tidy brings a text into the form in which it is compared: folded, in capitals, single spaces, no quotes around it.
func tidy(text string) string {
	text = strings.TrimFunc(prepaid.Fold(text), func(r rune) bool {
		return isGap(r) || strings.ContainsRune("\"'“”„«»", r)
	})
	return strings.ToUpper(strings.Join(strings.FieldsFunc(text, isGap), " "))
}

func isGap(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
