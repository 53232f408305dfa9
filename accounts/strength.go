package accounts

import (
	"slices"
	"strings"

	"pulsa/prepaid"
)

const pinLength = 4

// CheckStrength returns ErrWeakPIN for the commonest PINs, repeats, runs and the number's last four
// digits; test brands take any.
func (s *Service) CheckStrength(brand string, m prepaid.MSISDN, pin prepaid.Secret) error {
	b, err := s.brand(brand)
	if err != nil {
		return err
	}
	p := pin.Reveal()
	if !b.Test && (common(p) || repeated(p) || run(p, 1) || run(p, 9) || strings.HasSuffix(string(m), p)) {
		return ErrWeakPIN
	}
	return nil
}

// common reports whether a PIN is one of the 20 that people choose most, a quarter of all, or a year in
// which many customers were born.
func common(pin string) bool {
	return slices.Contains([]string{
		"1234", "1111", "0000", "1212", "7777", "1004", "2000", "4444", "2222", "6969",
		"9999", "3333", "5555", "6666", "1122", "1313", "8888", "4321", "2001", "1010",
	}, pin) || ("1980" <= pin && pin <= "1999")
}

// repeated reports whether the second half repeats the first: 1111, 1212.
func repeated(pin string) bool { return pin[:len(pin)/2] == pin[len(pin)/2:] }

// run reports whether each digit is the one before plus step, going round as on a keypad: 1234, 8901; with
// step 9: 4321, 2109.
func run(pin string, step byte) bool {
	for i := 1; i < len(pin); i++ {
		if (pin[i-1]-'0'+step)%10 != pin[i]-'0' {
			return false
		}
	}
	return true
}

// wellFormed reports whether a PIN is four digits.
func wellFormed(pin prepaid.Secret) bool {
	p := pin.Reveal()
	return len(p) == pinLength && strings.Trim(p, "0123456789") == ""
}
