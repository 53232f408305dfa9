package guard

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// BehindProxies has handlers find the client's address in RemoteAddr where a request came through our own proxies: as [Client] reads it,
// with port 0. Every request has one answer to whom it came from, wherever that matters.
func BehindProxies(h http.Handler, trusted []netip.Prefix) http.Handler {
	if len(trusted) == 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := Client(r)
		if client := behind(peer, r.Header.Values("X-Forwarded-For"), trusted); client != peer {
			own := *r
			own.RemoteAddr = netip.AddrPortFrom(client, 0).String()
			r = &own
		}
		h.ServeHTTP(w, r)
	})
}

// Client returns the address of whom a request came from. It is not valid where the request has none.
func Client(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plain(from.Addr())
}

// behind follows X-Forwarded-For from its end, where each proxy adds who came to it, for as long as a trusted proxy has said so: what
// stands before that may be anybody's invention. What can't be read is not followed.
func behind(peer netip.Addr, forwarded []string, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(peer) }) {
			break
		}
		before, ok := readHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		peer = before
	}
	return peer
}

// readHop reads an address that a proxy wrote, with or without a port: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80.
func readHop(text string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return plain(at.Addr()), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	address, err := netip.ParseAddr(text)
	return plain(address), err == nil
}

// plain is an address as it is compared: IPv4 is not written as IPv6, and no zone is named.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
