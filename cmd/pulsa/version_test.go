package main

import (
	"bytes"
	"testing"

	"pulsa/app/version"
)

func TestVersionIsPrinted(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		var out bytes.Buffer
		err := run(t.Context(), []string{arg}, func(string) string { return "" }, nil, &out, &out)
		if err != nil || out.String() != version.Current().String()+"\n" {
			t.Errorf("%s: %q, %v", arg, out.String(), err)
		}
	}
}
