package config

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
)

func TestEveryCountryHasItsTimeZones(t *testing.T) {
	one := 0
	for country := range phonenumbers.GetSupportedRegions() {
		zones := zonesOf(country)
		for _, name := range zones {
			if _, err := time.LoadLocation(name); err != nil {
				t.Errorf("%s: %v", country, err)
			}
		}
		if len(zones) == 0 && country != "AC" && country != "TA" && country != "XK" { // islands and Kosovo, which the table lacks
			t.Errorf("%s has no time zone", country)
		}
		if len(zones) > 0 && oneClock(zones) {
			one++
		}
	}
	if one < 200 || one > 235 {
		t.Errorf("%d countries have one time zone", one)
	}
}

func TestTimeZoneOfABrand(t *testing.T) {
	t.Chdir(t.TempDir())
	zone := func(text string) (string, string, error) {
		if err := os.WriteFile("pulsa.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load("pulsa.yaml", env("TOKEN", "t", "FROM", "+31600000000", "PULSA_PIN_PEPPER", key32, "PULSA_CARD_KEY", key32), known())
		if err != nil {
			return "", "", err
		}
		return c.Brands[0].TimeZone.String(), strings.Join(c.Notes, "\n"), nil
	}
	for country, want := range map[string]string{"NL": "Europe/Amsterdam", "DE": "Europe/Berlin", "KE": "Africa/Nairobi", "AR": "America/Argentina/Buenos_Aires"} {
		if got, _, err := zone(strings.Replace(real, "country: NL", "country: "+country, 1)); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", country, got, err, want)
		}
	}
	us := strings.Replace(real, "country: NL", "country: US", 1)
	if _, _, err := zone(us); err == nil || !strings.Contains(err.Error(), "pulsa.yaml:3: brand shop has no time_zone, and US has not just one: write one of America/New_York, ") {
		t.Errorf("a country with several zones: %v", err)
	}
	if got, _, err := zone(us + "    time_zone: America/Denver\n"); err != nil || got != "America/Denver" {
		t.Errorf("%s, %v", got, err)
	}
	for _, wrong := range []string{"Europe/Amsterdm", "Local", "CEST", "../../etc/passwd"} {
		if _, _, err := zone(real + "    time_zone: " + wrong + "\n"); err == nil || !strings.Contains(err.Error(), "time_zone is \""+wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if _, _, err := zone(strings.Replace(real, "country: NL", "country: XK", 1)); err == nil || !strings.Contains(err.Error(), "time_zone") {
		t.Errorf("a country that the table lacks: %v", err)
	}
	got, notes, err := zone(strings.Replace(minimal, "country: NL", "country: US", 1))
	if err != nil || got != "UTC" || !strings.Contains(notes, "time_zone") {
		t.Errorf("a test brand: %s, %v, notes %q", got, err, notes)
	}
}
