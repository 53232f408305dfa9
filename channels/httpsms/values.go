package httpsms

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/text/encoding/unicode"

	"pulsa/channels"
	"pulsa/channels/wire"
)

// textNames are what is known of any text that goes out.
var textNames = []string{"charset", "coding", "text", "text_hex"}

// textValues tells of a text what templates may ask. coding is 0 for what GSM-7 can carry.
func textValues(text, unicodeCoding string, to wire.Charset) map[string]string {
	values := map[string]string{"text": to.Encode(text), "charset": to.Name, "coding": "0"}
	if channels.IsGSM7(text) {
		values["text_hex"] = hex.EncodeToString(channels.EncodeGSM(text))
		return values
	}
	units, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(strings.ToValidUTF8(text, "\uFFFD"))
	values["coding"], values["text_hex"] = unicodeCoding, hex.EncodeToString([]byte(units))
	return values
}

// basic is what follows "Basic " in a header that signs in.
func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}
