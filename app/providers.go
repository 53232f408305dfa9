package app

import (
	"net/url"
)

// IsPublic reports whether providers can reach a URL of ours: they deliver to https only.
func IsPublic(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https"
}
