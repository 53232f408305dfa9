// Package race tells tests whether they run under the race detector, where everything takes about ten times as long. Tests of one goroutine
// do less there: CI runs them whole without it.
package race

import (
	"runtime/debug"
	"slices"
	"testing"
)

// Enabled reports whether the program was built with the race detector.
func Enabled() bool {
	build, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// Some is n, or a tenth of it under the race detector.
func Some(n int) int {
	if Enabled() {
		return max(n/10, 1)
	}
	return n
}

// Skip skips a test that is too long for the race detector: one of one goroutine, or one whose goroutines meet in shorter tests too.
func Skip(t testing.TB) {
	t.Helper()
	if Enabled() {
		t.Skip("long: it runs without the race detector")
	}
}
