package reloadly

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// endpoint is one row of the API: what is served, and all that its document says of it.
type endpoint struct {
	method, path   string // "/topups/{transactionId}/status"
	tag            string // what it is shown under
	summary, about string
	scope          Scope // what the token must allow; "" asks for no token
	parameters     []parameter
	body, answer   any      // zero values of the wire types; a body of nil is none
	codes          []string // refusals beside those that every endpoint has
	handle         handler
}

// handler answers a request of an account. What the path names is in r.PathValue.
type handler func(ctx context.Context, account string, r *http.Request) (any, error)

// parameter is one in a query, or in the path if that has its name.
type parameter struct{ name, kind, example, about string }

// match finds the endpoint of a request. The more of a path is literal, the better it fits. Where the best has none for
// the method, allowed says for which it has: /operators/fx-rate, asked by GET, is no operator.
func (s *Server) match(r *http.Request) (found *endpoint, allowed []string) {
	given := strings.Split(r.URL.EscapedPath(), "/")
	best := -1
	var values [][2]string
	for i := range s.endpoints {
		e := &s.endpoints[i]
		literal, named, ok := fit(strings.Split(e.path, "/"), given)
		if !ok || literal < best {
			continue
		}
		if literal > best {
			best, found, allowed = literal, nil, nil
		}
		allowed = append(allowed, methods(e.method)...)
		if found == nil && slices.Contains(methods(e.method), r.Method) {
			found, values = e, named
		}
	}
	for _, v := range values {
		r.SetPathValue(v[0], v[1])
	}
	return found, allowed
}

// methods are those that an endpoint answers: HEAD is GET without the body.
func methods(method string) []string {
	if method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{method}
}

// fit holds the parts of a path against a pattern's. A plus in a path stays one: numbers have it.
func fit(pattern, given []string) (literal int, named [][2]string, ok bool) {
	if len(pattern) != len(given) {
		return 0, nil, false
	}
	for i, part := range pattern {
		value, err := url.PathUnescape(given[i])
		name, isName := strings.CutPrefix(part, "{")
		switch {
		case err != nil:
			return 0, nil, false
		case isName && value != "":
			named = append(named, [2]string{strings.TrimSuffix(name, "}"), value})
		case part == value:
			literal++
		default:
			return 0, nil, false
		}
	}
	return literal, named, true
}
