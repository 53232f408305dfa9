package prepaid

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// MSISDN is a mobile subscriber's number: E.164 digits without the plus, "31612345678".
// It is shown with the plus and logged masked.
type MSISDN string

// Why a text is no MSISDN of a brand.
var (
	ErrNotANumber   = errors.New("not a phone number")
	ErrOtherCountry = errors.New("a number of another country")
	ErrNotMobile    = errors.New("not a mobile number")
)

// ParseMSISDN reads a mobile number of country (ISO 3166, "NL") as customers type it: national or
// international, with separators and brackets. It returns ErrNotANumber, ErrOtherCountry or
// ErrNotMobile. Letters are refused: the phonenumbers library would read them as keypad digits.
func ParseMSISDN(text, country string) (MSISDN, error) {
	text, ok := PhoneDigits(text)
	if !ok || len(text) > 40 {
		return "", ErrNotANumber
	}
	if m, ok := plainMobile(text, country); ok && canonical(string(m)) == string(m) {
		return m, nil
	}
	if full, ok := strings.CutPrefix(text, "+"); ok {
		text = "+" + canonical(full)
	}
	number, err := phonenumbers.Parse(text, country)
	if err != nil {
		return "", ErrNotANumber
	}
	if full := strings.TrimPrefix(phonenumbers.Format(number, phonenumbers.E164), "+"); canonical(full) != full {
		if number, err = phonenumbers.Parse("+"+canonical(full), country); err != nil {
			return "", ErrNotANumber
		}
	}
	region := phonenumbers.GetRegionCodeForNumber(number)
	if region != country {
		if phonenumbers.IsValidNumber(number) {
			return "", ErrOtherCountry
		}
		return "", ErrNotANumber
	}
	switch kind := phonenumbers.GetNumberType(number); {
	case mobile(kind):
		return MSISDN(strings.TrimPrefix(phonenumbers.Format(number, phonenumbers.E164), "+")), nil
	case kind == phonenumbers.UNKNOWN:
		return "", ErrNotANumber
	default:
		return "", ErrNotMobile
	}
}

// PhoneDigits drops what people put into a phone number, "+31 (0)6-12345678", and keeps its digits and the plus before them. ok is
// false where there is anything else, or no digit.
func PhoneDigits(text string) (digits string, ok bool) {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("()[]", r) {
			return -1
		}
		return r
	}, Compact(text))
	digits = strings.TrimPrefix(text, "+")
	return text, digits != "" && strings.Trim(digits, "0123456789") == ""
}

// plainMobile reads a mobile number that is written with nothing but its calling code or its country's trunk prefix
// before it: "+31612345678", "0612345678". These are what most people type, and phonenumbers.Parse, which knows of all
// other ways, takes longer than everything else of a turn.
func plainMobile(digits, country string) (MSISDN, bool) {
	calling := phonenumbers.GetCountryCodeForRegion(country)
	national, ok := strings.CutPrefix(digits, "+"+strconv.Itoa(calling))
	if !ok {
		trunk := phonenumbers.GetNddPrefixForRegion(country, true)
		national, ok = strings.CutPrefix(digits, trunk)
		ok = ok && trunk != ""
	}
	if !ok || len(national) > 15 || strings.HasPrefix(national, "0") || strings.HasPrefix(national, "+") {
		return "", false
	}
	n, err := strconv.ParseUint(national, 10, 64)
	if err != nil {
		return "", false
	}
	code := int32(calling)
	number := &phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: &n}
	if phonenumbers.GetRegionCodeForNumber(number) != country || !mobile(phonenumbers.GetNumberType(number)) {
		return "", false
	}
	return MSISDN(strconv.Itoa(calling) + national), true
}

// mobile reports whether a number may be a mobile phone's: in MX, US and DO nobody can tell them from others.
func mobile(kind phonenumbers.PhoneNumberType) bool {
	return kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE
}

// ParseE164 reads a number that a provider or an operator gives in full: "+31612345678". One that messengers write in another way
// than its country does gets its canonical form. The country is not checked. It returns ErrNotANumber.
func ParseE164(text string) (MSISDN, error) {
	digits, ok := strings.CutPrefix(text, "+")
	if !ok || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return "", ErrNotANumber
	}
	return MSISDN(canonical(digits)), nil
}

// String shows the number to its owner: "+31612345678".
func (m MSISDN) String() string {
	if m == "" {
		return ""
	}
	return "+" + string(m)
}

// Masked shows the number to everybody else: "+316****5678".
func (m MSISDN) Masked() string {
	if len(m) < 9 {
		return mask
	}
	return "+" + string(m[:3]) + mask + string(m[len(m)-4:])
}

// LogValue implements slog.LogValuer.
func (m MSISDN) LogValue() slog.Value { return slog.StringValue(m.Masked()) }

// Block is the number without its last two digits: what 100 neighbours share.
func (m MSISDN) Block() string { return string(m[:max(len(m)-2, 0)]) }

// Tel is the address of the number's phone.
func (m MSISDN) Tel() Address { return Address("tel:+" + string(m)) }

// Address is who a message comes from on a channel: "tel:+31612345678", "telegram:3527".
// It proves no identity except where the channel vouches for it.
type Address string

// Tel returns the number of a phone's address, and whether it is one.
func (a Address) Tel() (MSISDN, bool) {
	number, ok := strings.CutPrefix(string(a), "tel:")
	if !ok {
		return "", false
	}
	m, err := ParseE164(number)
	return m, err == nil
}

// LogValue implements slog.LogValuer: a number is masked, an account of a messenger too.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.Masked()) }

// MayChange reports whether the messenger gives the same person another address when their number changes: so does WhatsApp to users whose
// number it does not tell ("whatsapp:NL.13491208655302741918").
func (a Address) MayChange() bool { return strings.HasPrefix(string(a), "whatsapp:") }

// Masked shows the address in logs: "tel:+316****5678", "telegram:****27".
func (a Address) Masked() string {
	if m, ok := a.Tel(); ok {
		return "tel:" + m.Masked()
	}
	scheme, rest, _ := strings.Cut(string(a), ":")
	if len(rest) < 4 {
		return scheme + ":" + mask
	}
	return scheme + ":" + mask + rest[len(rest)-2:]
}

// freshNumbers is how many numbers FreshMSISDN has for a country.
const freshNumbers = 100 * 8000

// FreshMSISDN returns a valid mobile number of country for tests and trials, the same for the same n. The last
// four digits stay below 8000: simulators give meanings to those above.
func FreshMSISDN(country string, n int) (MSISDN, error) {
	example := phonenumbers.GetExampleNumberForType(country, phonenumbers.MOBILE)
	if example == nil {
		return "", ErrNotANumber
	}
	digits := strings.TrimPrefix(phonenumbers.Format(example, phonenumbers.E164), "+")
	n = ((n % freshNumbers) + freshNumbers) % freshNumbers
	return ParseMSISDN(fmt.Sprintf("+%s%02d%04d", digits[:len(digits)-6], n/8000, n%8000), country)
}
