package prepaid

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"pulsa/prepaid/race"
)

// What is read without the library's parser is the number that the parser reads, in every country, unless the parser finds
// no valid number there: so 0300… in Colombia.
func TestAPlainMobileIsWhatTheParserReads(t *testing.T) {
	race.Skip(t)
	for country := range phonenumbers.GetSupportedRegions() {
		example := phonenumbers.GetExampleNumberForType(country, phonenumbers.MOBILE)
		if example == nil {
			continue
		}
		calling, trunk := strconv.Itoa(int(example.GetCountryCode())), phonenumbers.GetNddPrefixForRegion(country, true)
		national := phonenumbers.GetNationalSignificantNumber(example)
		random, read := rand.New(rand.NewPCG(1, 2)), 0
		for i := range 30 {
			digits := []byte(national)
			for j := i % len(digits); j < len(digits); j++ { // keeps ever fewer of the digits that it begins with
				digits[j] = '0' + byte(random.IntN(10))
			}
			for _, prefix := range []string{"+" + calling, trunk, calling, ""} {
				text := prefix + string(digits)
				m, ok := plainMobile(text, country)
				if !ok {
					continue
				}
				number, err := phonenumbers.Parse(text, country)
				if err != nil || !phonenumbers.IsValidNumber(number) {
					continue
				}
				if parsed := strings.TrimPrefix(phonenumbers.Format(number, phonenumbers.E164), "+"); parsed != string(m) {
					t.Errorf("%s: %q is read as %s, by the parser as %s", country, text, string(m), parsed)
				} else {
					read++
				}
			}
		}
		shared := phonenumbers.GetRegionCodeForNumber(example) != country // its numbers can't be told from a neighbour's
		if read == 0 && !shared && !strings.HasPrefix(national, "0") {
			t.Errorf("%s: no number was read", country)
		}
	}
}
