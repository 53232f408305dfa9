package wire

import (
	"net/http"
	"strings"

	"pulsa/channels"
)

// TokenIn is what follows the webhook's own path.
func TokenIn(r *http.Request, c channels.Channel) string {
	_, rest, _ := strings.Cut(r.URL.Path, "/"+c.ID()+"/")
	return rest
}
