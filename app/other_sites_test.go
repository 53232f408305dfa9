package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/prepaid"
)

// A page of another site that somebody has open may not use what stands open on their machine for tests, and what these
// endpoints take they take as one type.
func TestTestEndpointsRefusePagesOfOtherSites(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	number := prepaid.MSISDN(apptest.Number[1:])
	admin := httptest.NewServer(r.AdminRoutes())
	defer admin.Close()
	face := newFaced(t, false, nil)
	controls := http.NewServeMux()
	r.Sims.ControlRoutes(controls)
	control := httptest.NewServer(controls)
	defer control.Close()
	page := func() string {
		r.wants(apptest.Number, "PAY", "type your PIN")
		r.wants(apptest.Number, apptest.PIN, "How do you want to pay")
		answer, _ := r.text(apptest.Number, "PayPal")
		return apptest.Behind(t, r.server, answer)
	}()
	phone := url.Values{"brand": {"demo"}, "kind": {"sms"}, "number": {apptest.Number}, "text": {"HELP"}}.Encode()
	const json, text, form = "application/json", "text/plain", "application/x-www-form-urlencoded"
	for _, test := range []struct {
		method, url, kind, body string
		others                  []string // types that are refused
		want                    int
	}{
		{"POST", r.server.URL + "/webhooks/demo/fake", json, `{"id":"x","from":"+31612345678","text":"HELP"}`, []string{"", text, form}, 200},
		{"GET", r.server.URL + "/webhooks/demo/fake/outbox?to=%2B31612345678", "", "", nil, 200},
		{"POST", admin.URL + "/test/demo/settle", json, `{}`, []string{"", text, form}, 200},
		{"POST", admin.URL + "/test/demo/turn/x", json, `{}`, []string{"", text, form}, 200},
		{"POST", admin.URL + "/test/demo/intervention", json, `{}`, []string{"", text, form}, 422},
		{"PUT", control.URL + "/control/network", text, "delivers after 40s", []string{"", json}, 204},
		{"PUT", control.URL + "/control/payment", form, "declines", []string{"", json}, 204},
		{"GET", control.URL + "/control/payment", "", "", nil, 200},
		{"DELETE", control.URL + "/control/network", "", "", nil, 204},
		{"DELETE", face.server.URL + "/control/tokens", "", "", nil, 204},
		{"POST", r.server.URL + "/phone/messages", form, phone, []string{"", text, json, "multipart/form-data; boundary=x"}, 200},
		{"POST", page, form, "action=complete", []string{"", text, json, "multipart/form-data; boundary=x"}, 303},
	} {
		ask := func(kind string, header ...string) int {
			t.Helper()
			request, err := http.NewRequestWithContext(t.Context(), test.method, test.url, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if kind != "" {
				request.Header.Set("Content-Type", kind)
			}
			for i := 0; i < len(header); i += 2 {
				request.Header.Set(header[i], header[i+1])
			}
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			return response.StatusCode
		}
		for _, foreign := range [][]string{
			{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
		} {
			if status := ask(test.kind, foreign...); status != http.StatusForbidden {
				t.Errorf("%s %s from %v: %d", test.method, test.url, foreign, status)
			}
		}
		for _, kind := range test.others {
			if status := ask(kind); status != http.StatusBadRequest && status != http.StatusUnsupportedMediaType {
				t.Errorf("%s %s as %q: %d", test.method, test.url, kind, status)
			}
		}
		if status := ask(test.kind); status != test.want {
			t.Errorf("%s %s: %d, want %d", test.method, test.url, status, test.want)
		}
		own := test.url[:strings.Index(test.url[8:], "/")+8]
		if status := ask(test.kind, "Origin", own, "Sec-Fetch-Site", "same-origin"); status != test.want {
			t.Errorf("%s %s from its own page: %d, want %d", test.method, test.url, status, test.want)
		}
	}
	if err := r.Sims.Gateway.CompleteSetup(t.Context(), number); err == nil {
		t.Error("the page was not completed by its own form")
	}
}
