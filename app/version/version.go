// Package version says which build of the program is running. A release is stamped by the linker (.ci/release); any
// other build knows what the Go command recorded in it.
package version

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"time"
)

// The linker sets these in a release: -X pulsa/app/version.release=v0.1.0. Nothing assigns them at run time.
var release, commit, date string

// Unreleased is the Version of a build that is not a release.
const Unreleased = "unreleased"

// Build describes one build. All fields are text, to be printed.
type Build struct {
	Version string // "v0.1.0", or Unreleased
	Commit  string // the full hash, with "+changes" where the tree differed from it; "unknown" where nothing recorded it
	Date    string // when the commit was made, RFC 3339 in UTC; "unknown" where nothing recorded it
	Go      string // "go1.26.8"
}

// Current returns the build of the running program.
func Current() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return from(stamp{release, commit, date}, info)
}

// stamp is what the linker set; empty where it set nothing.
type stamp struct{ release, commit, date string }

// from prefers the linker's stamp to what the Go command recorded.
func from(s stamp, info *debug.BuildInfo) Build {
	recorded := map[string]string{}
	for _, setting := range info.Settings {
		recorded[setting.Key] = setting.Value
	}
	revision := recorded["vcs.revision"]
	if revision != "" && recorded["vcs.modified"] == "true" {
		revision += "+changes"
	}
	return Build{
		Version: cmp.Or(s.release, Unreleased),
		Commit:  cmp.Or(s.commit, revision, "unknown"),
		Date:    cmp.Or(inUTC(s.date), inUTC(recorded["vcs.time"]), "unknown"),
		Go:      cmp.Or(info.GoVersion, "unknown"),
	}
}

// inUTC returns an RFC 3339 time in UTC, and "" for anything else.
func inUTC(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// String is one line: "pulsa v0.1.0 (commit 71a93d9…, 2026-11-30T02:12:59Z, go1.26.8)".
func (b Build) String() string {
	return fmt.Sprintf("pulsa %s (commit %s, %s, %s)", b.Version, b.Commit, b.Date, b.Go)
}

// Short is a release's version, or which build it is else: "v0.1.0", "unreleased 71a93d9c2".
func (b Build) Short() string {
	if b.Version != Unreleased {
		return b.Version
	}
	return fmt.Sprintf("%s %.9s", b.Version, b.Commit)
}
