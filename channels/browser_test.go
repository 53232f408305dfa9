package channels_test

import (
	"net/http/httptest"
	"testing"

	"pulsa/channels"
)

func TestARequestForAPageOfAnotherSiteIsForeign(t *testing.T) {
	for _, test := range []struct {
		origin, site string
		foreign      bool
	}{
		{"", "", false}, // no browser
		{"http://topup.example", "", false},
		{"http://topup.example", "same-origin", false},
		{"", "none", false}, // typed into the address bar
		{"http://evil.example", "", true},
		{"http://topup.example.evil.example", "", true},
		{"null", "", true},
		{"", "cross-site", true},
		{"", "same-site", true},
		{"http://evil.example", "cross-site", true},
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			r := httptest.NewRequest(method, "http://topup.example/webhooks/demo/fake", nil)
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			if test.site != "" {
				r.Header.Set("Sec-Fetch-Site", test.site)
			}
			if got := channels.Foreign(r); got != test.foreign {
				t.Errorf("%s from %q, %q: foreign %v", method, test.origin, test.site, got)
			}
		}
	}
}

func TestTheTypeOfABody(t *testing.T) {
	for given, json := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "Application/JSON": true,
		"": false, "text/plain": false, "text/plain; application/json": false, "application/x-www-form-urlencoded": false, "application/jsonp": false,
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Content-Type", given)
		if channels.IsJSON(r) != json {
			t.Errorf("%q: %v", given, !json)
		}
	}
}
