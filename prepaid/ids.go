package prepaid

import (
	"crypto/rand"
	"regexp"
	"time"
)

// Ids are opaque. They consist of consonants only: no word can appear in one, and no run of digits
// in a log or transcript is ever mistaken for a PIN or card code.
type (
	// CustomerID names one customer of one brand: "czkrwtmbvqhdnfpsjgxl".
	CustomerID string
	// OrderID names one order, is shown to people as its number, Grouped, and is the reference under which
	// the network knows it: "BKTRMWQXZD".
	OrderID string
	// ChargeID names one charge and is the reference under which the gateway knows it.
	ChargeID string
	// InstrumentID names one stored way to pay.
	InstrumentID string
	// SetupID names one visit to a payment page.
	SetupID string
	// NoticeID names one piece of late news; it is also the message id of the turn that tells it.
	NoticeID string
	// OutboundID names one pushed message.
	OutboundID string
)

const (
	lowerConsonants = "bcdfghjklmnpqrstvwxz" // 20 letters: 4.3 bits each
	upperConsonants = "BCDFGHJKLMNPQRSTVWXZ"
	orderLetters    = 10

	linkLetters = "23456789bcdfghjkmnpqrstvwxz" // 27: 4.8 bits each
	// LinkTokenLength is how many letters and digits a short link's token has.
	LinkTokenLength = 12
)

// NewID returns 20 random lower-case consonants (86 bits).
func NewID[T ~string]() T { return T(randomLetters(lowerConsonants, 20)) }

// NewOrderID returns 10 random capital consonants (43 bits): short enough to read out on the phone.
// The store refuses a duplicate, and the caller draws again.
func NewOrderID() OrderID { return OrderID(randomLetters(upperConsonants, orderLetters)) }

// NewToken returns 32 random lower-case consonants (138 bits), fit for a URL or a lock.
func NewToken() string { return randomLetters(lowerConsonants, 32) }

// NewLinkToken returns 12 random letters and digits (57 bits), short enough to be typed: no capitals, no vowels, and none that look like
// others. As in ids, no run of four digits can be mistaken for a PIN.
func NewLinkToken() Secret {
	for {
		if token := randomLetters(linkLetters, LinkTokenLength); !fourDigits.MatchString(token) {
			return NewSecret(token)
		}
	}
}

var fourDigits = regexp.MustCompile(`[0-9]{4}`)

func randomLetters(alphabet string, n int) string {
	out := make([]byte, 0, n)
	// Bytes from the largest multiple of the alphabet's length on would favour some letters.
	most := 256 - 256%len(alphabet)
	var buf [64]byte
	for len(out) < n {
		_, _ = rand.Read(buf[:]) // crypto/rand.Read never fails since Go 1.24
		for _, b := range buf {
			if int(b) < most && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// Micros is t as stored in SQL and sessions: microseconds since 1970, UTC; 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
