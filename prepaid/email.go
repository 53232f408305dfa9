package prepaid

import (
	"errors"
	"log/slog"
	"strings"
)

// Email is a mail account that a network tops up instead of a number, in lower case: "anyone@nauta.com.cu".
// It is shown whole to whoever tops it up, and logged masked.
type Email string

// ErrNotAnAccount is of a text that is no mail account which can be topped up.
var ErrNotAnAccount = errors.New("not a mail account that can be topped up")

// EmailDomains are those whose accounts can be topped up: Nauta Cuba's.
func EmailDomains() []string { return []string{"nauta.com.cu", "nauta.co.cu"} }

// maxEmailName is the longest name that a mail account can have (RFC 5321).
const maxEmailName = 64

// ParseEmail reads a mail account of one of EmailDomains, in any case. It returns ErrNotAnAccount.
func ParseEmail(text string) (Email, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, domain := range EmailDomains() {
		name, ok := strings.CutSuffix(text, "@"+domain)
		if ok && name != "" && len(name) <= maxEmailName && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._+-") == "" {
			return Email(text), nil
		}
	}
	return "", ErrNotAnAccount
}

// Masked shows the account to everybody but whoever tops it up: "a****@nauta.com.cu".
func (e Email) Masked() string {
	name, domain, ok := strings.Cut(string(e), "@")
	if !ok || name == "" {
		return mask
	}
	return name[:1] + mask + "@" + domain
}

// LogValue implements slog.LogValuer.
func (e Email) LogValue() slog.Value { return slog.StringValue(e.Masked()) }
