package prepaid_test

import (
	"testing"

	"pulsa/prepaid"
)

func TestNoCellOfACSVIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "anna": "anna", "=1+1": "'=1+1", "+31612345678": "+31612345678", "-2+3": "'-2+3", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1",
		"-5.00": "-5.00", "-": "'-", "10 - 4": "10 - 4",
	} {
		if got := prepaid.CSVCell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
