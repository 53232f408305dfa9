package ussd

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"pulsa/channels"
)

// authentic reports whether a request comes from where it may and bears the token. Hashes are compared: not even
// the token's length can be told from the time it takes.
func authentic(r *http.Request, c channels.Channel) bool {
	allowed, err := sources(c)
	if err != nil || len(allowed) > 0 && !comesFrom(r.RemoteAddr, allowed) {
		return false
	}
	got := sha256.Sum256([]byte(r.URL.Query().Get("token")))
	ok := false
	for _, name := range []string{"token", "token_old"} {
		if token := c.Secrets[name].Reveal(); token != "" {
			want := sha256.Sum256([]byte(token))
			ok = subtle.ConstantTimeCompare(got[:], want[:]) == 1 || ok
		}
	}
	return ok
}

func comesFrom(remote string, allowed []netip.Prefix) bool {
	address, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	ip := address.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// sources reads where requests may come from; none means anywhere.
func sources(c channels.Channel) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range strings.FieldsFunc(c.Settings["sources"], func(r rune) bool { return r == ',' || r == ' ' }) {
		if address, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, errors.New("sources must be addresses or networks such as 203.0.113.0/24, parted by commas")
		}
		out = append(out, prefix)
	}
	return out, nil
}
