package channels

import (
	"mime"
	"net/http"
	"slices"
)

// Foreign reports whether a browser has sent the request for a page of another site, which must not make it do what
// anybody may who can reach us. Programs that are no browser say nothing of the kind.
func Foreign(r *http.Request) bool {
	changing := *r
	changing.Method = http.MethodPost // reading is judged alike
	return http.NewCrossOriginProtection().Check(&changing) != nil
}

// IsJSON reports whether a request says that its body is JSON. What a page of another site can send unasked never does.
func IsJSON(r *http.Request) bool { return HasType(r, "application/json") }

// HasType reports whether a request's Content-Type is one of these media types.
func HasType(r *http.Request, kinds ...string) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && slices.Contains(kinds, kind)
}
