package httpsms

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
)

// binary are what gateways call a message that is no text.
var binary = map[string]bool{"8-bit": true, "8bit": true, "binary": true}

// unwrap takes off what a text is wrapped in.
func unwrap(text, as string) (string, error) {
	switch as {
	case "percent":
		return url.QueryUnescape(text)
	case "hex":
		bytes, err := hex.DecodeString(text)
		return string(bytes), err
	case "base64":
		bytes, err := base64.StdEncoding.DecodeString(text)
		return string(bytes), err
	}
	return text, nil
}
