package prepaid_test

import (
	"testing"

	"pulsa/prepaid"
)

func TestOnePersonHasOneNumber(t *testing.T) {
	for _, same := range []struct {
		country, want string
		written       []string
	}{
		{"MX", "525541637145", []string{"+5215541637145", "+52 1 55 4163 7145", "+52 55 4163 7145", "55 4163 7145"}},
		{"BR", "5511987654321", []string{"+551187654321", "+55 11 8765-4321", "+5511987654321", "(11) 98765-4321", "11 8765 4321", "011987654321"}},
		{"BJ", "2290197123456", []string{"+22997123456", "+229 01 97 12 34 56", "97 12 34 56", "01 97 12 34 56"}},
		{"AR", "5491123456789", []string{"+541123456789", "+5491123456789", "+54 9 11 2345-6789", "11 2345-6789", "011 15-2345-6789"}},
		{"NL", "31612345678", []string{"+31612345678", "0612345678", "+31 (0)6 12345678"}},
	} {
		for _, text := range same.written {
			if m, err := prepaid.ParseMSISDN(text, same.country); err != nil || string(m) != same.want {
				t.Errorf("%s in %s: %s, %v; want %s", text, same.country, string(m), err, same.want)
			}
		}
		full, ok := prepaid.PhoneDigits(same.written[0])
		if m, err := prepaid.ParseE164(full); !ok || err != nil || string(m) != same.want {
			t.Errorf("%s in full: %s, %v", full, string(m), err)
		}
		if m, ok := prepaid.Address("tel:" + full).Tel(); !ok || string(m) != same.want {
			t.Errorf("the address tel:%s is %s's", full, string(m))
		}
	}
	for _, asWritten := range []string{
		"+551134567890",  // a fixed line
		"+551178654321",  // a mobile of eight digits, beside 9 7865-4321
		"+529981234567",  // ten digits
		"+5211234567890", // no area code begins with 1
		"+22901971234",   // a number of ten digits that was cut off
		"+548001234567",  // free of charge
		"+546001234567",  // paid for
		"+4930123456",
	} {
		if m, err := prepaid.ParseE164(asWritten); err != nil || m.String() != asWritten {
			t.Errorf("%s is read as %s, %v", asWritten, m, err)
		}
	}
}
