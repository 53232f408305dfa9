package ui

import "net/http"

// policy lets a page load its own scripts and styles, talk to its own server, and nothing else. No page needs an inline
// script or style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Protect sets the headers that every answer to a browser carries. They limit what a page may load and run, and forbid framing and
// caching. A stricter Referrer-Policy would make the Origin of our own forms null.
func Protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}
