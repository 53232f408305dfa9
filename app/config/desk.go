package config

import (
	"net"
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
			s.r.fault(v.line, "%s: %q is no role%s: write %s", brand, v.text, yamlfile.DidYouMean(v.text, names), strings.Join(names, ", "))
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
