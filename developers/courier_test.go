package developers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestCourierWaitsForNoReceiverLongerThanItsTime(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	c := courier(nil)
	if c.Timeout != deliverFor {
		t.Errorf("waits for %s", c.Timeout)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, slow.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err == nil {
		_ = response.Body.Close()
		t.Fatal("answered")
	}
	if code := whyNot(ctx, err); code != codeLate {
		t.Errorf("code %q", code)
	}
}

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	for address, public := range map[string]bool{
		"93.184.215.14": true, "2606:4700::1": true, "8.8.8.8": true,
		"127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.0.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false, "192.0.2.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false, "::ffff:10.0.0.1": false,
		"::ffff:8.8.8.8": true, "::127.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "2001:db8::1": false, "fec0::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(address)); got != public {
			t.Errorf("%s: public %v", address, got)
		}
	}
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "localhost:443", ""} {
		if onlyPublic("tcp", address, nil) == nil {
			t.Errorf("%q may be dialled", address)
		}
	}
}

func TestPausesGrowAndVary(t *testing.T) {
	for attempts, about := range map[int]time.Duration{0: 10 * time.Second, 1: 10 * time.Second, 4: 2 * time.Minute, 8: time.Hour, 100: time.Hour} {
		varies := map[time.Duration]bool{}
		for range 50 {
			p := pauseAfter(attempts)
			varies[p] = true
			if p < about*8/10 || p > about*12/10 {
				t.Errorf("after %d: %s", attempts, p)
			}
		}
		if len(varies) == 1 {
			t.Errorf("after %d always the same", attempts)
		}
	}
}

func TestExcerptsHoldNoNumbersAndNothingThatMovesATerminal(t *testing.T) {
	for text, want := range map[string]string{
		"  not \x1b[31mtoday\n": "not  [31mtoday", `{"recipientPhone":"31612345678","n":12}`: `{"recipientPhone":"****","n":12}`,
		"06 12 34 56 78": "****", "": "", "\xff": "?", strings.Repeat("é", 500): strings.Repeat("é", 200),
	} {
		if got := excerpt([]byte(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
