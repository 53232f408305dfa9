package ussd

import (
	"net/http"

	"pulsa/channels"
)

// authentic reports whether a request comes from where it may and bears the token.
func authentic(r *http.Request, c channels.Channel) bool {
	sources, err := channels.ParseSources(c.Settings["sources"])
	if err != nil || !sources.Allow(r) {
		return false
	}
	return !channels.SameSecret(r.URL.Query().Get("token"), c.Secrets["token"], c.Secrets["token_old"]).Empty()
}
