package config

import (
	"regexp"
	"strings"

	"pulsa/prepaid"
)

// Reloadly is our account at Reloadly, which all brands share whose network it is.
type Reloadly struct {
	Named         bool // the file has the section, whatever credentials are there
	ClientID      string
	ClientSecret  prepaid.Secret
	WebhookSecret prepaid.Secret // empty: webhooks are refused, and look-ups alone tell
	BaseURL       string         // "" is Reloadly's own, as the next two
	AuthURL       string
	Audience      string
	Async         bool
	LowBalance    string // whole units of the wallet's currency, such as "250"; "" for no warning
}

// HasReloadly reports whether there is an account at Reloadly.
func (c Config) HasReloadly() bool { return c.Reloadly.Named || c.Reloadly.ClientID != "" }

func usesReloadly(b *prepaid.Brand) bool { return b.Network == NetworkReloadly }

// NetworkReloadly is how a brand names it.
const NetworkReloadly = "reloadly"

var plainAmount = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,2})?$`)

// readReloadly reads the account, which all brands that name it share. It comes after the brands: who buys
// from real networks must not be sent elsewhere.
func (r *configReader) readReloadly(c *Config, file section) {
	users, strict := c.usersOf(usesReloadly)
	s, ok := file.holding(NetworkSecrets).sub("reloadly")
	if !ok {
		if len(users) > 0 {
			r.fault(file.line, "brand %s has network reloadly: write reloadly: with client_id and client_secret, as the example does", strings.Join(users, " and "))
		}
		return
	}
	c.Reloadly = Reloadly{
		Named:    true,
		ClientID: s.required("client_id", "${NAME}").text, ClientSecret: s.secret("client_secret", true),
		WebhookSecret: s.secret("webhook_secret", false), Async: s.boolean("async"),
		BaseURL: s.elsewhere("base_url", strict), AuthURL: s.elsewhere("auth_url", strict), Audience: s.elsewhere("audience", strict),
	}
	v := s.value("low_balance")
	if v.given() && !plainAmount.MatchString(v.text) {
		r.fault(v.line, "low_balance is %s: write an amount without its currency, such as 250", v.shown())
	}
	c.Reloadly.LowBalance = v.text
}

// secret reads what only the environment may hold.
func (s section) secret(key string, needed bool) prepaid.Secret {
	v := s.value(key)
	if needed && !s.has(key) {
		v = s.required(key, "${NAME}")
	}
	if v.given() && v.env == "" {
		s.r.fault(v.line, "%s is a secret: put it into the environment and write %s: ${NAME}", key, key)
	}
	return prepaid.NewSecret(v.text)
}

// elsewhere reads the address of a server in the real one's place, which no real brand may have.
func (s section) elsewhere(key string, real []string) string {
	v := s.value(key)
	switch {
	case v.given() && len(real) > 0:
		s.r.fault(v.line, "%s is only for brands marked test, and brand %s is not: remove it", key, strings.Join(real, " and "))
	case v.given() && !IsHTTP(v.text):
		s.r.fault(v.line, "%s is %s: write https://host", key, v.shown())
	}
	return strings.TrimRight(v.text, "/")
}
