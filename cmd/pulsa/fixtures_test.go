package main

import (
	"runtime/debug"
	"slices"
	"testing"
)

// topFolder is the root of the module, as tests see it.
const topFolder = "../.."

// testKey is long enough for every key.
const testKey = "0123456789abcdef0123456789abcdef"

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

// underRaceDetector reports whether the race detector is on, under which a hash takes ten times as long.
func underRaceDetector() bool {
	build, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// commandsAlone skips a test under the race detector that runs commands, one after another: it would take minutes to see nothing
// there. CI runs it without.
func commandsAlone(t testing.TB) {
	t.Helper()
	if underRaceDetector() {
		t.Skip("commands run one after another: this is tried without the race detector")
	}
}
