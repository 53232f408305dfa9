package config

import (
	"net/url"
	"path/filepath"
	"strings"

	"pulsa/prepaid"
)

// SimulatedReloadly is the address that a test brand finds in Reloadly's place; "" for Reloadly itself.
func (c Config) SimulatedReloadly() string {
	u, err := url.Parse(c.Reloadly.BaseURL)
	users, _ := c.usersOf(usesReloadly)
	if err != nil || len(users) == 0 || u.Hostname() == "" || strings.HasSuffix(u.Hostname(), ".reloadly.com") {
		return ""
	}
	return c.Reloadly.BaseURL
}

// Simulated is what of a brand is: "payments and network", or "" for nothing.
func Simulated(b *prepaid.Brand) string {
	var what []string
	if b.Gateway == "sim" {
		what = append(what, "payments")
	}
	if b.Network == "sim" {
		what = append(what, "network")
	}
	return strings.Join(what, " and ")
}

// SameFlags are the flags by which a command finds the server's settings and data, with a space before each.
func (c Config) SameFlags() (flags string) {
	if c.File != "pulsa.yaml" && c.File != builtIn {
		flags = " --config " + c.File
	}
	if c.Data != "pulsa-data" {
		flags += " --data " + c.Data
	}
	return flags
}

// Database is the URL of the SQL store: without a database of its own, one file in the data folder.
func (c Config) Database() string {
	if c.DatabaseURL.Empty() {
		return "sqlite:" + filepath.Join(c.Data, "pulsa.db")
	}
	return c.DatabaseURL.Reveal()
}
