package app

import (
	"errors"
	"fmt"
	"net/url"

	"pulsa/channels"
)

// Refusal says in a few words why a provider did not do what it was asked.
func Refusal(err error) string {
	var failure *channels.SendError
	if errors.As(err, &failure) {
		return fmt.Sprintf("%s (%s)", failure.Class, failure.Code)
	}
	return err.Error()
}

// IsPublic reports whether providers can reach a URL of ours: they deliver to https only.
func IsPublic(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https"
}
