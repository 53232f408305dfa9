package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCancelStopsMessagesWhereTheLawAsksForItOrTheBrandSaysSo(t *testing.T) {
	for _, tt := range []struct {
		country, zone, line string
		want                bool
	}{
		{"NL", "Europe/Amsterdam", "", false},
		{"US", "America/Denver", "", true},
		{"CA", "America/Toronto", "", true},
		{"US", "America/Denver", "    cancel_opts_out: false\n", false},
		{"CA", "America/Toronto", "    cancel_opts_out: true\n", true},
		{"NL", "Europe/Amsterdam", "    cancel_opts_out: true\n", true},
		{"NL", "Europe/Amsterdam", "    cancel_opts_out: false\n", false},
	} {
		c, err := load(t, strings.Replace(minimal, "country: NL", "country: "+tt.country+"\n    time_zone: "+tt.zone, 1)+tt.line, env())
		if err != nil {
			t.Fatalf("%s %q: %v", tt.country, tt.line, err)
		}
		if got := c.Brands[0].CancelOptsOut; got != tt.want {
			t.Errorf("%s %q: %v", tt.country, tt.line, got)
		}
	}
	if _, err := load(t, minimal+"    cancel_opts_out: perhaps\n", env()); err == nil || !strings.Contains(err.Error(), "cancel_opts_out") {
		t.Errorf("a setting that is neither true nor false: %v", err)
	}
}

func TestLanguagesByPrefixAreReadStrictly(t *testing.T) {
	c, err := load(t, minimal+`    language_prefixes: {"+32": nl, "+3249": en}`+"\n", env())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"+32": "nl", "+3249": "en"}, c.Brands[0].LanguageByPrefix); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range []struct{ line, want string }{
		{`{32: nl}`, `"32" is no beginning of a number: write it in quotes with its country, such as "+3249"`},
		{`{"+0": nl}`, `"+0" is no beginning of a number`},
		{`{"+12345678901": nl}`, "is no beginning of a number"},
		{`{"+32": de}`, `"de" is none of the brand's languages`},
		{`{"+32": nll}`, `did you mean nl?`},
	} {
		_, err := load(t, minimal+"    language_prefixes: "+wrong.line+"\n", env())
		if err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%s: %v, want %q", wrong.line, err, wrong.want)
		}
	}
}
