package apptest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"testing"
)

var shortLink = regexp.MustCompile(`https?://[^\s"<>]+(/p/[0-9a-z]{12})`)

// Link returns the path of the short link in a text.
func Link(t testing.TB, text string) string {
	t.Helper()
	found := shortLink.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no short link in %q", text)
	}
	return found[1]
}

// Behind opens the short link in a text, and returns the address at the server of the simulated page that it leads to.
func Behind(t testing.TB, server *httptest.Server, text string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+Link(t, text), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	page, err := url.Parse(response.Header.Get("Location"))
	if err != nil || response.StatusCode != http.StatusSeeOther {
		t.Fatalf("the link in %q is answered %s, to %q, %v", text, response.Status, response.Header.Get("Location"), err)
	}
	return server.URL + page.Path
}
