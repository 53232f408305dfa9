package ussd

import (
	"net/http"

	"pulsa/channels"
	"pulsa/channels/wire"
)

// bears reports whether a token is the channel's.
func bears(token string, c channels.Channel) bool {
	return !channels.SameSecret(token, c.Secrets["token"], c.Secrets["token_old"]).Empty()
}

// authentic reports whether a request comes from where it may and bears the token, as far as that can be told before its body is read.
func (l *line) authentic(r *http.Request, c channels.Channel) bool {
	switch {
	case !l.sources.Allow(r):
		return false
	case l.tokenInPath():
		return bears(wire.TokenIn(r, c), c)
	case l.token.In == "query":
		return bears(r.URL.Query().Get(l.token.Name), c)
	}
	return true
}

// read takes a request apart that is authentic.
func (l *line) read(r *http.Request, c channels.Channel) (*wire.Request, error) {
	if !l.authentic(r, c) {
		return nil, channels.ErrNotAuthentic
	}
	got, err := wire.Read(r, l.reads)
	if err != nil {
		return nil, err
	}
	if token, _ := got.At(l.token); !l.tokenInPath() && !bears(token, c) {
		return nil, channels.ErrNotAuthentic
	}
	return got, nil
}
