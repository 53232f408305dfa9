package channels

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"pulsa/prepaid"
)

// Sources are the addresses and networks that requests may come from; none means anywhere.
type Sources []netip.Prefix

// ParseSources reads addresses and networks, parted by commas or blanks: "203.0.113.0/24, 198.51.100.7".
func ParseSources(text string) (Sources, error) {
	var out Sources
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		if address, err := netip.ParseAddr(word); err == nil {
			out = append(out, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, errors.New("sources must be addresses or networks such as 203.0.113.0/24, parted by commas")
		}
		out = append(out, prefix)
	}
	return out, nil
}

// Allow reports whether a request may come from where it comes from: its RemoteAddr, which the program sets to the client's address
// where a request came through our own proxies.
func (s Sources) Allow(r *http.Request) bool {
	if len(s) == 0 {
		return true
	}
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := address.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(s, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// SameSecret returns the one of some secrets that a request gave, the empty one where it is none of them. Hashes are
// compared: not even a secret's length can be told from the time it takes.
func SameSecret(given string, secrets ...prepaid.Secret) prepaid.Secret {
	got := sha256.Sum256([]byte(given))
	var same prepaid.Secret
	for _, secret := range secrets {
		want := sha256.Sum256([]byte(secret.Reveal()))
		if subtle.ConstantTimeCompare(got[:], want[:]) == 1 && !secret.Empty() {
			same = secret
		}
	}
	return same
}
