package guard_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"pulsa/web/guard"
)

func TestTheClientIsWhoCameToOurOwnProxies(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8:1::/64"), netip.MustParsePrefix("192.0.2.1/32")}
	for _, test := range []struct {
		what, peer string
		forwarded  []string
		want       string
	}{
		{"nobody between", "203.0.113.9:4711", nil, "203.0.113.9"},
		{"an invention of the client's", "203.0.113.9:4711", []string{"198.51.100.1"}, "203.0.113.9"},
		{"this machine is not trusted unless it is named", "127.0.0.1:4711", []string{"198.51.100.1"}, "127.0.0.1"},
		{"one proxy", "10.0.0.7:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy that says nothing", "10.0.0.7:4711", nil, "10.0.0.7"},
		{"an invention before what the proxy adds", "10.0.0.7:4711", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.7:4711", []string{"198.51.100.1, 192.0.2.1"}, "198.51.100.1"},
		{"two proxies, an invention", "10.0.0.7:4711", []string{"1.1.1.1, 198.51.100.1,192.0.2.1"}, "198.51.100.1"},
		{"a proxy that is invented", "10.0.0.7:4711", []string{"10.0.0.8, 198.51.100.1"}, "198.51.100.1"},
		{"several headers are one", "10.0.0.7:4711", []string{"1.1.1.1", "198.51.100.1", "192.0.2.1"}, "198.51.100.1"},
		{"all are ours", "10.0.0.7:4711", []string{"10.0.0.9, 10.0.0.8"}, "10.0.0.9"},
		{"with a port", "10.0.0.7:4711", []string{"198.51.100.1:5555"}, "198.51.100.1"},
		{"IPv6", "[2001:db8:1::5]:4711", []string{"2001:db8:2::1"}, "2001:db8:2::1"},
		{"IPv6 in brackets", "[2001:db8:1::5]:4711", []string{"[2001:db8:2::1]"}, "2001:db8:2::1"},
		{"IPv6 with a port", "[2001:db8:1::5]:4711", []string{"[2001:db8:2::1]:5555"}, "2001:db8:2::1"},
		{"IPv4 written as IPv6", "[::ffff:10.0.0.7]:4711", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a zone", "10.0.0.7:4711", []string{"fe80::1%eth0"}, "fe80::1"},
		{"garbage is not followed", "10.0.0.7:4711", []string{"198.51.100.1, unknown"}, "10.0.0.7"},
		{"garbage behind the client", "10.0.0.7:4711", []string{"<script>, 198.51.100.1"}, "198.51.100.1"},
		{"nothing between commas", "10.0.0.7:4711", []string{"198.51.100.1,,"}, "10.0.0.7"},
		{"an empty header", "10.0.0.7:4711", []string{""}, "10.0.0.7"},
		{"no address", "@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = test.peer
		for _, f := range test.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		got := ""
		guard.BehindProxies(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = guard.Client(r).String() }), trusted).
			ServeHTTP(httptest.NewRecorder(), r)
		if got != test.want {
			t.Errorf("%s: from %s, forwarded for %q: %s; want %s", test.what, test.peer, test.forwarded, got, test.want)
		}
		if r.RemoteAddr != test.peer {
			t.Errorf("%s: the server's own request was changed to %s", test.what, r.RemoteAddr)
		}
	}
}

func TestWithoutProxiesOfOursNobodyIsBelieved(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "127.0.0.1:80"
	r.Header.Set("X-Forwarded-For", "198.51.100.1")
	guard.BehindProxies(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := guard.Client(r); got != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("the client is %s", got)
		}
	}), nil).ServeHTTP(httptest.NewRecorder(), r)
}
