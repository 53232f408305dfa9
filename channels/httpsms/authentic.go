package httpsms

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"

	"pulsa/channels"
	"pulsa/channels/wire"
	"pulsa/prepaid"
)

// authenticate returns the token that a request bears, the empty one where it is not authentic.
func (r *request) authenticate(c channels.Channel, l *line) prepaid.Secret {
	given, _ := r.At(l.token)
	if l.tokenInPath() {
		given = wire.TokenIn(r.Request.Request, c)
	}
	token := channels.SameSecret(given, secretsOf(c, "token", "token_old")...)
	if l.signature.In != "" && !r.signed(c, l) {
		return prepaid.Secret{}
	}
	return token
}

// signed checks the signature, in hexadecimal or base64, with or without a word such as "sha256=" before it.
func (r *request) signed(c channels.Channel, l *line) bool {
	given, _ := r.At(l.signature)
	_, after, found := strings.Cut(given, "=")
	if !found || after == "" || strings.Trim(after, "=") == "" { // the end of base64 has signs of its own
		after = given
	}
	stamp, _ := r.At(l.timeAt)
	text := l.signatureOf.Fill(map[string]string{
		"body": string(r.Body), "method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "time": stamp,
		"url": c.WebhookURL + strings.TrimPrefix(r.URL.RequestURI(), "/webhooks/"+c.ID()),
	}, wire.Verbatim)
	ok := false
	for _, secret := range secretsOf(c, "signature_secret", "signature_secret_old") {
		if secret.Empty() {
			continue
		}
		mac := hmac.New(hashOf(l.signatureBy), []byte(secret.Reveal()))
		mac.Write([]byte(text))
		want := mac.Sum(nil)
		for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
			got, err := decode(after)
			ok = err == nil && hmac.Equal(got, want) || ok
		}
	}
	return ok
}

func hashOf(name string) func() hash.Hash {
	switch name {
	case "hmac-sha1":
		return sha1.New
	case "hmac-sha512":
		return sha512.New
	}
	return sha256.New
}
