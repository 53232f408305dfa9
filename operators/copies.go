package operators

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	// CopyBeat is how often a running copy says that it runs. What is changed for all of them each knows within 5 s.
	CopyBeat = 3 * time.Second
	// CopyAliveFor is after what silence a copy counts as stopped.
	CopyAliveFor = 30 * time.Second
)

// Copy is a running server, as it describes itself.
type Copy struct {
	Instance  string // the random name of this run
	Program   string // the version of the program
	Host      string
	StartedAt time.Time // by the database's clock, as the next
	SeenAt    time.Time
	Keys      map[MasterKey]map[int]string // the check values of the versions that it has: see prepaid.Keyring
	Settings  map[string]int64             // the version of each brand's settings in force
}

// Name is the copy as operators are told of it: "web-1 (kqzvnd)".
func (c Copy) Name() string { return fmt.Sprintf("%s (%.6s)", c.Host, c.Instance) }

// CheckCopies lists the running copies, and warns where they differ in program or settings.
func CheckCopies(running []Copy) []Finding {
	if len(running) == 0 {
		return []Finding{OK("copies", "no server runs")}
	}
	var findings []Finding
	programs, settings := map[string][]string{}, map[string]map[int64][]string{}
	for _, c := range running {
		findings = append(findings, OK("copies", fmt.Sprintf("%s runs %s since %s", c.Name(), c.Program, c.StartedAt.UTC().Format(time.DateTime))))
		programs[c.Program] = append(programs[c.Program], c.Name())
		for brand, version := range c.Settings {
			if settings[brand] == nil {
				settings[brand] = map[int64][]string{}
			}
			settings[brand][version] = append(settings[brand][version], c.Name())
		}
	}
	if len(programs) > 1 {
		findings = append(findings, Warning("copies", "they run different programs: "+groups(programs), "replace the older ones, unless you are at it"))
	}
	for _, brand := range slices.Sorted(maps.Keys(settings)) {
		if len(settings[brand]) > 1 {
			findings = append(findings, Warning("copies", fmt.Sprintf("they have different settings of brand %s in force: %s", brand, groups(settings[brand])),
				"look again in 5 s; where it stays so, restart the copy that lags"))
		}
	}
	return findings
}

// groups lists which copies have which version: "v1 on a, b; v2 on c".
func groups[K int64 | string](by map[K][]string) string {
	var texts []string
	for _, version := range slices.Sorted(maps.Keys(by)) {
		texts = append(texts, fmt.Sprintf("%v on %s", version, strings.Join(by[version], ", ")))
	}
	return strings.Join(texts, "; ")
}
