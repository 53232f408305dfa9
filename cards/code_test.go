package cards

import (
	"strings"
	"testing"

	"pulsa/prepaid"
)

func TestNormaliseReadsCodesAsTyped(t *testing.T) {
	const plain = "12345678901234"
	for text, want := range map[string]string{
		plain:                plain,
		" 1234 5678 9012 34": plain,
		"1234-5678-9012-34":  plain,
		"1234–5678—9012−34":  plain,
		"1234/5678/9012/34":  plain,
		"১২৩৪৫৬৭৮৯০১২৩৪": plain,
		"l2345678901234":    plain,
		"123O4":             "12304",
		"1234–5678—9012‑34": plain,
		"1234.5678.9012.34": plain,
		"１２３４５６７８９０１２３４":                      plain,
		"1234\u00a05678\u202f9012\u200b34\n":  plain, // no-break, narrow and zero-width spaces
		"\u202a12345678901234\u202c":          plain, // direction marks of messengers
		"00000":                               "00000",
		"1234":                                "",
		"":                                    "",
		"- -":                                 "",
		"1234567890123X":                      "",
		"12345678901234!":                     "",
		"²345678":                             "",
		strings.Repeat("1", maxCodeLength):    strings.Repeat("1", maxCodeLength),
		strings.Repeat("1", maxCodeLength+1):  "",
		strings.Repeat("1 ", maxCodeLength+1): "",
	} {
		got, ok := normalise(text)
		if ok != (want != "") || (ok && got != want) {
			t.Errorf("%q: %q, %v; want %q", text, got, ok, want)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, seed := range []string{"12345678901234", "1234 5678-9012.34", "１２３４５", "12a", "\xff\xfe12345", "٠١٢٣٤"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := normalise(text)
		if !ok {
			return
		}
		if len(code) < minCodeLength || len(code) > maxCodeLength || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("%q was read as %q", text, code)
		}
		if again, ok := normalise(code); !ok || again != code {
			t.Fatalf("%q reads as %q, which reads as %q, %v", text, code, again, ok)
		}
	})
}

func TestLooks(t *testing.T) {
	b := &prepaid.Brand{Cards: prepaid.CardFormat{CodeLength: 14, Luhn: true}}
	for text, want := range map[string]bool{
		"12345678901234":     true, // the check digit is Find's business
		"1234 5678 9012 34":  true,
		"1234-5678-9012-3":   false,
		"123456789012345":    false,
		"KOOP 10":            false,
		"12345678901234 now": false,
	} {
		if got := Looks(b, text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestLuhnFindsTypingErrors(t *testing.T) {
	for _, right := range []string{"79927398713", "4242424242424242", "00000"} {
		if !Luhn(right) {
			t.Errorf("%s: refused", right)
		}
		for i := range len(right) {
			wrong := []byte(right)
			wrong[i] = '0' + (wrong[i]-'0'+1)%10
			if Luhn(string(wrong)) {
				t.Errorf("%s for %s: not found", wrong, right)
			}
		}
	}
}

func TestCodesAreDrawnEvenly(t *testing.T) {
	random := newDigits()
	const codes = 2000
	for _, check := range []bool{false, true} {
		var count [14][10]int
		for range codes {
			code, err := draw(random, 14, check)
			if err != nil || len(code) != 14 {
				t.Fatalf("%q, %v", code, err)
			}
			if check && !Luhn(code) {
				t.Fatalf("%s has no check digit", code)
			}
			for i := range len(code) {
				count[i][code[i]-'0']++
			}
		}
		for i, digits := range count {
			for digit, n := range digits { // 200 expected; 100 off is 7 standard deviations
				if n < 100 || n > 300 {
					t.Errorf("check digit %v: place %d is %d in %d of %d codes", check, i, digit, n, codes)
				}
			}
		}
	}
}
