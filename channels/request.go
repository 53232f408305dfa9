package channels

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// defaultBodyLimit is 64 KiB for what was written, and a bit for what surrounds it.
const defaultBodyLimit = 64<<10 + 4<<10

// ReadBody reads a request's body to its end, for adapters. It returns ErrTooLarge where the limit was hit, else
// ErrBadRequest.
func ReadBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		return body, nil
	}
	var limit *http.MaxBytesError
	if errors.As(err, &limit) {
		return nil, ErrTooLarge
	}
	return nil, BadRequest("the body ends early")
}

// BadRequest is an ErrBadRequest that says what is wrong. The text is sent to the provider: it must hold
// nothing of the request that is secret.
func BadRequest(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrBadRequest}, args...)...)
}

// CleanText makes text that a provider sent fit for storing: what is not UTF-8, and the zero byte that
// PostgreSQL can't store, become U+FFFD.
func CleanText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
