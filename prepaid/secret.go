package prepaid

import (
	"fmt"
	"log/slog"
)

// mask is what every secret prints as.
const mask = "****"

// Secret is text that must never be shown: a PIN, a card code, an API token.
// It prints as **** in every format, in JSON and in logs; only Reveal gives the text.
// The zero value is the empty secret.
type Secret struct{ text string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the hidden text, for hashing it or handing it to the provider it belongs to.
func (s Secret) Reveal() string { return s.text }

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.text == "" }

// Format implements fmt.Formatter, so that no verb reaches the field.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// String implements fmt.Stringer.
func (s Secret) String() string { return mask }

// MarshalText implements encoding.TextMarshaler; encoding/json and yaml use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }
