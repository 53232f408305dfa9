package prepaid

import "strings"

// CSVCell is a cell of a CSV file that no spreadsheet takes for a formula: one that begins as a formula does gets an apostrophe before it.
// A number with a sign stays as it is: an amount, or a phone number.
func CSVCell(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r", rune(text[0])) || isSigned(text) {
		return text
	}
	return "'" + text
}

// isSigned reports whether a text is a sign and plain digits.
func isSigned(text string) bool {
	digits := text[1:]
	return strings.ContainsRune("+-", rune(text[0])) && digits != "" && strings.Trim(digits, "0123456789.") == ""
}
