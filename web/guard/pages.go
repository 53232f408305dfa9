package guard

import (
	"net/http"

	"pulsa/channels"
)

// OwnPages refuses requests that a browser sends for a page of another site: whoever can open a page could else use the
// test endpoints and the simulators of the machine that it is opened on.
func OwnPages(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if channels.Foreign(r) {
			http.Error(w, "a page of another site may not do this", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// OfType refuses bodies of other types.
func OfType(h http.HandlerFunc, kinds ...string) http.Handler {
	return OwnPages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !channels.HasType(r, kinds...) {
			http.Error(w, "the Content-Type must be "+kinds[0], http.StatusUnsupportedMediaType)
			return
		}
		h(w, r)
	}))
}
