package guard

import (
	"log/slog"
	"net/http"

	"pulsa/prepaid"
)

// WithoutPanics answers 500 where a handler panics, and logs where without the panic's value; net/http would log that
// too. An answer that has begun is cut off.
func WithoutPanics(h http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &watched{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(p)
			}
			log.Error("request panicked", "method", r.Method, "route", r.Pattern, "error", prepaid.Recovered(p).Error())
			if answer.begun {
				panic(http.ErrAbortHandler)
			}
			http.Error(w, "something went wrong", http.StatusInternalServerError)
		}()
		h.ServeHTTP(answer, r)
	})
}

// watched notes whether an answer has begun.
type watched struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (w *watched) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *watched) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
