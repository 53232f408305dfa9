package prepaid

import "strings"

// CSVCell is a cell of a CSV file that no spreadsheet takes for a formula: one that begins as a formula does gets an apostrophe before it.
// A negative number stays as it is.
func CSVCell(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r", rune(text[0])) || isNegative(text) {
		return text
	}
	return "'" + text
}

// isNegative reports whether a text is a negative number in plain digits.
func isNegative(text string) bool {
	digits, found := strings.CutPrefix(text, "-")
	return found && digits != "" && strings.Trim(digits, "0123456789.") == ""
}
