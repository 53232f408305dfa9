package prepaid

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// slowDigit finds the value of a decimal digit by counting back to the zero of its script.
func slowDigit(r rune) (int, bool) {
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	n := 0
	for unicode.Is(unicode.Nd, r-1) {
		r--
		n++
	}
	return n % 10, true
}

func TestEveryDecimalDigitOfUnicodeIsRead(t *testing.T) {
	scripts := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		n, digit := slowDigit(r)
		if !digit {
			continue
		}
		want := string(rune('0' + n))
		if got := Fold(string(r)); got != want {
			t.Errorf("%U is folded to %q, want %q", r, got, want)
		}
		if plain := norm.NFKC.String(string(r)); len(plain) == 1 && plain != want {
			t.Errorf("%U: NFKC says %s, not %s", r, plain, want)
		}
		if n == 0 {
			scripts++
		}
	}
	if scripts < 60 {
		t.Errorf("%d scripts: too few to tell", scripts)
	}
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"KOOP 10 1234, please": "KOOP 10 1234, please", "৪৮২১": "4821", "४८२१": "4821", "๔๘๒๑": "4821", "၄၈၂၁": "4821", "𝟒𝟖𝟐𝟏": "4821", "４８２１": "4821",
		"4️⃣8️⃣2️⃣1️⃣": "4821", "④⑧②①": "4821", "48\u00ad21": "4821", "\u202a4821\u202c": "4821", "4\u034f8": "48", "06‑12−34": "06-12-34", "１０，５０": "10,50",
		"١٠٫٥٠": "10.50", "١٬٠٠٠": "1,000", "500’000": "500'000", "500´000": "500'000", "10\u00a0000\u202f000": "10 000 000", "a\u200bb": "a b", "caf\u0065\u0301": "café",
		"10²": "10²", "10½": "10½", "a – b": "a – b", "＋31": "+31", "\xff4": " 4",
	} {
		if got := Fold(text); got != want {
			t.Errorf("%q is folded to %q, want %q", text, got, want)
		}
	}
}

func TestCodesAreReadHoweverTheyAreGrouped(t *testing.T) {
	for text, want := range map[string]string{
		"4821": "4821", " 4821\n": "4821", "4/8/2/1": "4821", "48-21": "4821", "48‑21": "4821", "4‐8‐2‐1": "4821", "48−21": "4821", "48—21": "4821", "48 21": "4821", "48'21": "4821",
		"4821.": "4821", "4.8.2.1": "4821", "4821。": "4821", "48ー21": "4821", "৪৮২১": "4821", "4O21": "4021", "4o2l": "4021", "I82O": "1820", "О482": "0482",
		"OO12-34O5": "00123405", "4821!": "", "+4821": "", "": "", "- -": "", "OIL": "", "O I 4821": "", "4821 O": "", "482²": "", "4a21": "", "①2": "12",
	} {
		got, ok := Code(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q is read as %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestMaskDigits(t *testing.T) {
	for text, want := range map[string]string{
		"KOOP 10 1234": "KOOP ****", "pin 1234 ok": "pin **** ok", "12 3": "12 3", "1234-5678-9012": "****", "１２３４": "****", "EUR 10.00": "EUR ****", "KOOP ④⑧②①": "KOOP ****",
		"48\u00ad21": "****", "4–8–2–1, café": "****, café", "call +31 6 12345678!": "call +****!", "order BKTRMWQXZD in 15": "order BKTRMWQXZD in 15",
		"৪৮২১": "****", "pin: 4/8/2/1": "pin: ****", "1O20-3O4O": "****", "482l": "****", "O482 ok": "**** ok", "⁴⁸²¹": "****", "4+8=2*1": "****", "❹❽❷❶": "****", "hello 10": "hello 10",
		"€10 or €20": "€10 or €20", "10 of 20": "10 of 20", "4 8 2 1": "****", "4̲8̲2̲1̲": "****̲", "": "", "a 1 and I": "a 1 and I",
	} {
		if got := MaskDigits(text); got != want {
			t.Errorf("%q is masked as %q, want %q", text, got, want)
		}
	}
}

// slowCode is Code as one would explain it: word by word, rune by rune, with no table but Unicode's.
func slowCode(text string) (string, bool) {
	text = Fold(text)
	code := ""
	for _, word := range strings.FieldsFunc(text, IsSeparator) {
		digits := 0
		for _, r := range word {
			n, digit := slowDigit(r)
			switch lower := strings.ToLower(string(r)); {
			case digit:
				code += string(rune('0' + n))
				digits++
			case lower == "o" || lower == "о" || lower == "ο":
				code += "0"
			case lower == "i" || lower == "l" || lower == "і" || lower == "ι" || lower == "ı" || r == 'İ':
				code += "1"
			default:
				return "", false
			}
		}
		if digits == 0 {
			return "", false
		}
	}
	return code, code != "" && len(code) <= 64
}

func FuzzDigits(f *testing.F) {
	for _, seed := range []string{"4821", "4/8/2/1", "৪৮২১", "1O20-3O4O", "KOOP 10 48‑21", "4️⃣8️⃣2️⃣1️⃣", "10½ 10²", "\xff\xfe12345", "+31 (0)6", "ー48ー21"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := Code(text)
		if slow, slowOK := slowCode(text); ok != slowOK || ok && code != slow {
			t.Fatalf("%q is read as %q, %v; slowly as %q, %v", text, code, ok, slow, slowOK)
		}
		if again, _ := Code(Fold(text)); ok && again != code {
			t.Fatalf("%q is read as %q, folded as %q", text, code, again)
		}
		masked := MaskDigits(text)
		if !utf8.ValidString(masked) {
			t.Fatalf("%q is masked as %q, which is no UTF-8", text, masked)
		}
		if hidden, shown := strings.Contains(masked, code), len(code) >= 4; ok && shown && (hidden || strings.ContainsFunc(masked, unicode.IsNumber)) {
			t.Fatalf("%q is read as %q, and masked as %q", text, code, masked)
		}
		if inside := MaskDigits("pin: " + text + " ok"); ok && len(code) >= 4 && strings.ContainsFunc(inside, unicode.IsNumber) {
			t.Fatalf("%q is read as %q, and masked as %q", text, code, inside)
		}
		run := 0
		for _, r := range masked {
			if unicode.IsNumber(r) {
				run++
			} else {
				run = 0
			}
			if run >= 4 {
				t.Fatalf("four digits are left of %q: %q", text, masked)
			}
		}
	})
}
