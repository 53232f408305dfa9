package cards

import (
	"bufio"
	"crypto/rand"

	"pulsa/prepaid"
)

// The lengths that a code may have, its check digit included.
const (
	minCodeLength = 5
	maxCodeLength = 32
)

// Looks reports whether text, spaces and dashes ignored, has the length of the brand's card codes.
func Looks(b *prepaid.Brand, text string) bool {
	code, ok := normalise(text)
	return ok && len(code) == b.Cards.CodeLength
}

// normalise reads a code as people type it: see prepaid.Code. It reports false where it has too few or too many digits for any brand.
func normalise(text string) (string, bool) {
	code, ok := prepaid.Code(text)
	return code, ok && len(code) >= minCodeLength && len(code) <= maxCodeLength
}

// checkDigit is the Luhn digit that belongs after digits.
func checkDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return byte('0' + (10-sum%10)%10)
}

// Luhn reports whether the last of some digits is the check digit of the others (ISO/IEC 7812-1).
func Luhn(code string) bool {
	last := len(code) - 1
	return checkDigit(code[:last]) == code[last]
}

// newDigits returns a source of random bytes for draw.
func newDigits() *bufio.Reader { return bufio.NewReader(rand.Reader) }

// draw returns a uniformly random code of the length; where check is set its last digit is the Luhn digit.
func draw(random *bufio.Reader, length int, check bool) (string, error) {
	free := length
	if check {
		free--
	}
	code := make([]byte, 0, length)
	for len(code) < free {
		b, err := random.ReadByte()
		if err != nil {
			return "", err
		}
		if b < 250 { // the largest multiple of 10 in a byte: what is above would favour some digits
			code = append(code, '0'+b%10)
		}
	}
	if check {
		code = append(code, checkDigit(string(code)))
	}
	return string(code), nil
}
