package reloadly

import (
	"slices"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestEveryCountryWithNumbersHasAName(t *testing.T) {
	for country := range phonenumbers.GetSupportedRegions() {
		if code := Text(country); len(code) == 2 && CountryName(code) == code {
			t.Errorf("%s has no name", code)
		}
	}
	if CountryName("NL") != "Netherlands" || CountryName("ZZ") != "ZZ" || CountryName("") != "" || CountryName("N") != "N" {
		t.Error("names are mixed up")
	}
	if CurrencyName("EUR") != "Euro" || CurrencySymbol("EUR") != "€" || CurrencySymbol("XXX") != "XXX" || CurrencyName("") != "" {
		t.Error("currencies are mixed up")
	}
}

// TestRefusalsAreToldOnce: a code has one status and one message.
func TestRefusalsAreToldOnce(t *testing.T) {
	var seen []string
	for _, r := range refusals() {
		if slices.Contains(seen, r.code) {
			t.Errorf("%s stands in the table twice", r.code)
		}
		seen = append(seen, r.code)
		if e := RefuseCode(r.code); e.Status != r.status || e.Message != r.message || r.message == "" {
			t.Errorf("%s is refused with %d %q", r.code, e.Status, e.Message)
		}
	}
	if e := RefuseCode("SOMETHING_NEW"); e.Status != 400 || e.Code != "SOMETHING_NEW" {
		t.Errorf("a code that is not known: %+v", e)
	}
}
