package prepaid

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold brings a text into the form in which digits and signs are read, and changes no ASCII: decimal digits of every script, full-width,
// boxed and circled letters and digits become plain, hyphens and minus signs "-", apostrophes "'", and blanks of any width a space. What
// nobody sees is dropped: marks of direction, joiners, soft hyphens. A space without width separates words. Dashes, powers and
// fractions stay: "10²" and "10½" are no whole numbers.
func Fold(text string) string {
	if isASCII(text) {
		return text
	}
	text = strings.Map(plain, strings.ToValidUTF8(text, " "))
	if isASCII(text) {
		return text
	}
	return strings.Map(plain, compatible(text))
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x7f {
			return false
		}
	}
	return true
}

// compatible is NFKC, but leaves numbers alone that are more than digits: it would make "10²" of 102, and "10½" of 101⁄2.
func compatible(text string) string {
	var out strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, isPowerOrPart)
		if end < 0 {
			return out.String() + norm.NFKC.String(text)
		}
		out.WriteString(norm.NFKC.String(text[:end]))
		rest := strings.TrimLeftFunc(text[end:], isPowerOrPart)
		out.WriteString(text[end : len(text)-len(rest)])
		text = rest
	}
	return out.String()
}

func isPowerOrPart(r rune) bool {
	circled := r >= '①' && r <= '⑳' || r == '⓪'
	return unicode.Is(unicode.No, r) && !circled
}

// Signs that have a plain form, beside those that NFKC knows.
const (
	hyphens     = "\u02d7\u05be\u1806\u2010\u2011\u2012\u2043\u2212\u2796\ufe63\uff0d"
	apostrophes = "`\u00b4\u02b9\u02bb\u02bc\u02c8\u055a\u05f3\u2018\u2019\u201b\u2032\u2035\ua78c\uff07"
	blanks      = "\u200b\u2800\u3164\uffa0" // without width, and letters that show nothing
	arabicPoint = '\u066b'                   // before decimals
	arabicComma = '\u066c'                   // between thousands
	keycap      = '\u20e3'                   // the box around the digit before it
)

// plain is the plain form of a rune; -1 where nobody sees it.
func plain(r rune) rune {
	switch {
	case r < 0x7f:
		return r
	case strings.ContainsRune(hyphens, r):
		return '-'
	case strings.ContainsRune(apostrophes, r):
		return '\''
	case strings.ContainsRune(blanks, r), unicode.Is(unicode.Zs, r):
		return ' '
	case r == arabicPoint:
		return '.'
	case r == arabicComma:
		return ','
	case r == keycap, unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		return -1
	}
	return plainDigit(r)
}

// plainDigit is the ASCII digit of a decimal digit of any script, and any other rune itself. Unicode encodes each script's ten
// in a row, beginning with its zero.
func plainDigit(r rune) rune {
	if !unicode.Is(unicode.Nd, r) {
		return r
	}
	for _, run := range unicode.Nd.R16 {
		if uint16(r) >= run.Lo && uint16(r) <= run.Hi && r <= 0xffff {
			return '0' + (r-rune(run.Lo))%10
		}
	}
	for _, run := range unicode.Nd.R32 {
		if uint32(r) >= run.Lo && uint32(r) <= run.Hi {
			return '0' + (r-rune(run.Lo))%10
		}
	}
	return r
}

// IsSeparator reports whether a rune may stand among the digits of one number, as people group them and phones set them: blanks,
// dashes, dots, commas, apostrophes, slashes.
func IsSeparator(r rune) bool {
	switch r {
	case ' ', '-', '.', ',', '/', '\'', '_', '~', '\t', '\n', '\r', '·', '•', '。', '、', 'ー':
		return true
	}
	return r >= 0x7f && (unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune(hyphens+apostrophes, r))
}

// Compact folds a text and drops what separates the digits of one number.
func Compact(text string) string {
	return strings.Map(func(r rune) rune {
		if IsSeparator(r) {
			return -1
		}
		return r
	}, Fold(text))
}

// Letters that are typed and read for digits.
const (
	likeZero = "OoОоΟο"
	likeOne  = "IiLlІіΙιıİ"
)

// maxCode is more than any code has, and keeps a long text from being copied.
const maxCode = 64

func asDigit(r rune) rune {
	switch {
	case r >= '0' && r <= '9':
		return r
	case strings.ContainsRune(likeZero, r):
		return '0'
	case strings.ContainsRune(likeOne, r):
		return '1'
	}
	return -1
}

// Code reads a text that is nothing but one code of digits: a PIN, a one-time code, a card's. Separators are dropped. O is 0, and I
// or l is 1, where a digit touches them: they are no word. ok is false where anything else is in the text, no digit, or more than 64.
func Code(text string) (code string, ok bool) {
	var out strings.Builder
	letters, digits := false, false // of the present word
	for _, r := range Fold(text) {
		if IsSeparator(r) {
			if letters && !digits {
				return "", false
			}
			letters, digits = false, false
			continue
		}
		d := asDigit(r)
		if d < 0 || out.Len() == maxCode {
			return "", false
		}
		letters, digits = letters || d != r, digits || d == r
		out.WriteByte(byte(d))
	}
	return out.String(), out.Len() > 0 && (digits || !letters)
}

// MaskDigits replaces by **** whatever in a text could be read as a code of four or more digits, for transcripts and logs, and folds the
// rest. It masks more than Code reads: all signs separate digits here, and numbers of any kind are digits.
func MaskDigits(text string) string {
	text = Fold(text)
	var out strings.Builder
	for text != "" {
		begin, end, count := nextRun(text)
		out.WriteString(text[:begin])
		if count >= 4 {
			out.WriteString(mask)
		} else {
			out.WriteString(text[begin:end])
		}
		text = text[end:]
	}
	return out.String()
}

// nextRun finds the first run of digits with signs among them, and counts the digits.
func nextRun(text string) (begin, end, count int) {
	begin, end = len(text), len(text)
	for i, size := 0, 0; i < len(text); i += size {
		n, digits := 0, false
		if n, size, digits = digitsAt(text[i:]); digits {
			if count == 0 {
				begin = i
			}
			count += n
			end = i + size
			continue
		}
		if n == 0 {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			n = breaks(r)
		}
		if n > 0 && count > 0 {
			break
		}
	}
	return begin, end, count
}

// digitsAt measures the digits, and the letters that may be meant for some, that a text begins with.
func digitsAt(text string) (n, size int, digits bool) {
	for i, r := range text {
		number := unicode.IsNumber(r)
		if !number && asDigit(r) < 0 {
			return n, i, digits
		}
		n, digits = n+1, digits || number
	}
	return n, len(text), digits
}

// breaks is 1 for what stands among no digits of one code.
func breaks(r rune) int {
	if unicode.IsLetter(r) && !IsSeparator(r) || unicode.Is(unicode.Sc, r) {
		return 1
	}
	return 0
}
