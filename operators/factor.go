package operators

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"pulsa/prepaid"
)

// factorPeriod is how long a one-time password lasts, in seconds. The one before and the one after are taken too.
const factorPeriod = 30

// factorBytes is how long the secret of one-time passwords is: as RFC 4226 recommends.
const factorBytes = 20

// NewFactor is a secret of one-time passwords that nobody has yet.
type NewFactor struct {
	Secret prepaid.Secret // as people type it into an authenticator app
	URL    prepaid.Secret // as the app reads it from a QR code: otpauth://…
	Sealed string         // what the form carries until the first code has proved that the app has it
}

// newFactor draws a secret. owner is whom it opens for.
func newFactor(v *prepaid.Vault, email, owner string) NewFactor {
	raw := make([]byte, factorBytes)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails since Go 1.24
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
	return shownFactor(secret, email, base32.StdEncoding.EncodeToString(v.Seal([]byte(secret), owner)))
}

func shownFactor(secret, email, sealed string) NewFactor {
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/Pulsa:" + email, RawQuery: url.Values{"secret": {secret}, "issuer": {"Pulsa"}}.Encode()}
	return NewFactor{Secret: prepaid.NewSecret(secret), URL: prepaid.NewSecret(u.String()), Sealed: sealed}
}

// openFactor opens what a form has carried, or returns ErrFactorLost.
func openFactor(v *prepaid.Vault, sealed, email, owner string) (NewFactor, error) {
	raw, err := base32.StdEncoding.DecodeString(sealed)
	if err != nil {
		return NewFactor{}, ErrFactorLost
	}
	secret, err := v.Open(raw, owner)
	if err != nil {
		return NewFactor{}, ErrFactorLost
	}
	return shownFactor(string(secret), email, sealed), nil
}

// ErrFactorLost says that a form's new one-time password can't be read any more.
var ErrFactorLost = errors.New("the form is too old: open the page again, and read its QR code anew")

// stepOf returns the step of a right code that is newer than the last one used; false where it is wrong or was used.
func stepOf(secret string, code prepaid.Secret, last int64, now time.Time) (int64, bool) {
	typed := strings.Join(strings.Fields(code.Reveal()), "")
	var found int64
	for _, skew := range []int64{-1, 0, 1} {
		step := now.Unix()/factorPeriod + skew
		want, err := totp.GenerateCode(secret, time.Unix(step*factorPeriod, 0))
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(typed)) == 1 && step > last {
			found = step
		}
	}
	return found, found > 0
}
