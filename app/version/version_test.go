package version

import (
	"runtime/debug"
	"testing"
)

func TestBuildIsKnownFromTheLinkerElseFromGo(t *testing.T) {
	recorded := &debug.BuildInfo{GoVersion: "go1.26.8", Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-11-30T02:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	for _, tt := range []struct {
		name  string
		stamp stamp
		info  *debug.BuildInfo
		want  string
	}{
		{"release", stamp{"v0.1.0", "def", "2026-11-30T03:00:00+01:00"}, recorded, "pulsa v0.1.0 (commit def, 2026-11-30T02:00:00Z, go1.26.8)"},
		{"built in a clone", stamp{}, recorded, "pulsa unreleased (commit abc+changes, 2026-11-30T02:00:00Z, go1.26.8)"},
		{"built without Git", stamp{}, &debug.BuildInfo{GoVersion: "go1.26.8"}, "pulsa unreleased (commit unknown, unknown, go1.26.8)"},
	} {
		if got := from(tt.stamp, tt.info).String(); got != tt.want {
			t.Errorf("%s: %s; want %s", tt.name, got, tt.want)
		}
	}
}

func TestRunningProgramKnowsItsGo(t *testing.T) {
	if b := Current(); b.Go == "unknown" || b.Version != Unreleased {
		t.Errorf("%+v", b)
	}
}
