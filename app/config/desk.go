package config

import (
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// DeskOIDC is where our staff signs in by OpenID Connect. The zero value: they sign in with passwords alone.
type DeskOIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret prepaid.Secret
	GroupsClaim  string   // of the ID token
	Scopes       []string // beside openid
	// Groups are the roles that a group gives: by the group, and by brand or operators.AllBrands.
	Groups map[string]map[string][]operators.Role
}

// Given reports whether there is an issuer.
func (o DeskOIDC) Given() bool { return o.Issuer != "" }

// readDesk reads where the operators' pages are.
func (r *configReader) readDesk(c *Config, file section) {
	c.DeskListen = r.listenAddress(file.over("desk_listen", "PULSA_DESK_LISTEN"), "127.0.0.1:8081")
	c.DeskURL = r.deskURL(file.over("desk_url", "PULSA_DESK_URL"), c.DeskListen)
	desk, ok := file.holding(DeskSecrets).sub("desk")
	if !ok {
		return
	}
	c.DeskNotify = r.deskNotify(desk)
	s, ok := desk.sub("oidc")
	if !ok {
		return
	}
	issuer := s.required("issuer", "https://login.acme.example")
	if issuer.given() && !IsHTTP(issuer.text) || strings.HasPrefix(issuer.text, "http:") && !onLoopback(issuer.text) {
		r.fault(issuer.line, "issuer is %s: write https://host", issuer.shown())
	}
	o := DeskOIDC{
		Issuer: issuer.text, ClientID: s.required("client_id", "pulsa").text, ClientSecret: s.secret("client_secret", true),
		GroupsClaim: s.value("groups_claim").or("groups"), Scopes: []string{"profile", "email", "groups"},
		Groups: map[string]map[string][]operators.Role{},
	}
	if s.has("scopes") {
		o.Scopes = nil
		for _, v := range s.list("scopes") {
			o.Scopes = append(o.Scopes, v.text)
		}
	}
	groups := s.free("groups")
	for _, name := range groups.names() {
		brands := r.mapping(groups.fields[name], groups.lines[name], "group "+name)
		o.Groups[name] = map[string][]operators.Role{}
		for _, brand := range brands.names() {
			o.Groups[name][brand] = brands.roles(brand)
		}
	}
	if len(o.Groups) == 0 {
		r.fault(s.line, `oidc has no groups, so that nobody could sign in: write groups: {GROUP: {"*": [admin]}}`)
	}
	c.DeskOIDC = o
}

// roles reads what a group gives in a brand.
func (s section) roles(brand string) []operators.Role {
	known := operators.Roles()
	names := make([]string, len(known))
	for i, role := range known {
		names[i] = string(role)
	}
	var roles []operators.Role
	for _, v := range s.list(brand) {
		if !slices.Contains(names, v.text) {
			s.r.fault(v.line, "%s: %q is no role%s", brand, v.text, yamlfile.DidYouMean(v.text, names))
		}
		roles = append(roles, operators.Role(v.text))
	}
	return roles
}

// deskURL reads where our staff reaches the desk. Elsewhere than on one machine it is https: passwords and sessions travel there.
func (r *configReader) deskURL(v value, listen string) string {
	if !v.given() {
		return LocalURL(listen)
	}
	u, err := url.Parse(v.text)
	switch {
	case err != nil || !IsHTTP(v.text) || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.Trim(u.Path, "/") != "":
		r.fault(v.line, "%s is %q: write https://host, without a path, ? and #", v.name(), v.text)
	case u.Scheme == "http" && !onLoopback(v.text):
		r.fault(v.line, "%s is %q: write https://, or an address of this machine such as http://127.0.0.1:8081", v.name(), v.text)
	}
	return strings.TrimRight(v.text, "/")
}

// onLoopback reports whether a URL leads to this machine.
func onLoopback(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// DeskNotify is how our staff is told that somebody waits for their decision.
type DeskNotify struct {
	Webhook NotifyWebhook
	Mail    NotifyMail
}

// NotifyWebhook is where notices are posted to; the zero value is nowhere.
type NotifyWebhook struct {
	URL    string
	Secret prepaid.Secret // signs them
}

// NotifyMail is a mail server that takes notices; the zero value is none.
type NotifyMail struct {
	Host     string // host:port
	From     string
	Username string // "" signs in as nobody
	Password prepaid.Secret
	To       []string // who is told beside those who may decide
}

func (r *configReader) deskNotify(desk section) (n DeskNotify) {
	s, ok := desk.sub("notify")
	if !ok {
		return n
	}
	if w, ok := s.sub("webhook"); ok {
		url := w.required("url", "https://hooks.acme.example/pulsa")
		if url.given() && (!IsHTTP(url.text) || strings.HasPrefix(url.text, "http:") && !onLoopback(url.text)) {
			r.fault(url.line, "url is %s: write https://host", url.shown())
		}
		n.Webhook = NotifyWebhook{url.text, w.secret("secret", true)}
	}
	if m, ok := s.sub("mail"); ok {
		host, from := m.required("host", "smtp.acme.example:587"), m.required("from", "pulsa@acme.example")
		if _, port, err := net.SplitHostPort(host.text); host.given() && (err != nil || port == "") {
			r.fault(host.line, "host is %s: write host:port, such as smtp.acme.example:587", host.shown())
		}
		n.Mail = NotifyMail{Host: host.text, Username: m.value("username").text}
		n.Mail.From = r.mailAddress(from)
		if n.Mail.Username != "" {
			n.Mail.Password = m.secret("password", true)
		}
		if m.has("to") {
			for _, v := range m.list("to") {
				n.Mail.To = append(n.Mail.To, r.mailAddress(v))
			}
		}
	}
	return n
}

// mailAddress reads an e-mail address alone, without a name.
func (r *configReader) mailAddress(v value) string {
	if a, err := mail.ParseAddress(v.text); v.given() && (err != nil || a.Address != v.text) {
		r.fault(v.line, "%s is no e-mail address: write one such as pulsa@acme.example", v.shown())
	}
	return v.text
}
