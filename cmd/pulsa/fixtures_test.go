package main

import (
	"testing"

	"pulsa/app/apptest"
	"pulsa/prepaid/race"
)

// topFolder is the root of the module, as tests see it.
const topFolder = "../.."

// What most tests' customer and keys are.
const (
	testNumber, testPIN = apptest.Number, apptest.PIN
	testKey             = apptest.Key
)

// testBrand is the least that a test brand needs.
const testBrand = `brands:
  shop:
    title: Shop
    test: true
    country: NL
    currency: EUR
    languages: [en, nl]
    keywords: {topup: [KOOP]}
    amounts: {min: 10, max: 50, step: 5}
    gateway: sim
    network: sim
    channels:
      fake: {}
`

// environment is one of the variables given, each followed by its value.
func environment(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

// commandsAlone skips a test under the race detector that runs commands, one after another: it would take minutes to see nothing
// there. CI runs it without.
func commandsAlone(t testing.TB) {
	t.Helper()
	if race.Enabled() {
		t.Skip("commands run one after another: this is tried without the race detector")
	}
}
