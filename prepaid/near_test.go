package prepaid_test

import (
	"testing"

	"pulsa/prepaid"
)

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"topup", "topup", 0}, {"topup", "topu", 1}, {"tpoup", "topup", 2}, {"kitten", "sitting", 3},
	} {
		if ab, ba := prepaid.EditDistance(tt.a, tt.b), prepaid.EditDistance(tt.b, tt.a); ab != tt.want || ba != tt.want {
			t.Errorf("%q and %q: %d and %d, want %d", tt.a, tt.b, ab, ba, tt.want)
		}
	}
}
