package config

import (
	"slices"
	"strings"

	"pulsa/prepaid"
)

// Simulator is the gateway of pulsa sim. It is empty where the simulated gateway is in the server itself.
type Simulator struct {
	URL    string
	Secret prepaid.Secret
}

// readSimulator reads where the gateway called sim is; only brands marked test may name it.
func (r *configReader) readSimulator(c *Config, file section) {
	s, ok := file.holding(GatewaySecrets).sub("simulator")
	if !ok {
		return
	}
	v := s.required("url", "http://127.0.0.1:8090")
	if v.given() && !IsHTTP(v.text) {
		r.fault(v.line, "url is %s: write http://host:port", v.shown())
	}
	c.Simulator = Simulator{URL: strings.TrimRight(v.text, "/"), Secret: s.secret("secret", true)}
}

// Simulates reports whether a brand meets the simulators in the server itself.
func (c Config) Simulates() bool {
	return slices.ContainsFunc(c.Brands, func(b *prepaid.Brand) bool {
		return b.Network == "sim" || b.Gateway == "sim" && c.Simulator.URL == ""
	})
}
