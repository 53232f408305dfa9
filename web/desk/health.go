package desk

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"pulsa/operators"
	"pulsa/web/ui"
)

// Health tells how the machine is.
type Health interface {
	// Inside makes the checks that ask nobody outside, Outside those that ask providers, which may take a minute.
	Inside(ctx context.Context) []operators.Finding
	Outside(ctx context.Context) []operators.Finding
	Copies(ctx context.Context) ([]operators.Copy, error)
	KeysInUse(ctx context.Context) (map[operators.MasterKey]operators.KeyUse, error)
}

// healthRoutes are how the machine is: for those who have a role in all brands.
func healthRoutes() []route {
	all := []route{
		get("/-/health", operators.ActSee, func(v *visit) { v.health(nil) }),
		post("/-/health", operators.ActSee, func(v *visit) { v.health(append([]operators.Finding{}, v.Health.Outside(v.r.Context())...)) }),
	}
	return append(all, runs("/-/health/audit", operators.ActSwitch, (*visit).runAudit)...)
}

// healthShown is what the template "health" shows.
type healthShown struct {
	Findings, Outside, Copies, Keys, Violations ui.Table
	Audit                                       [][2]string
	Seals                                       ui.Table
	Asked                                       bool   // the providers, for this page
	Run                                         string // where an audit is begun; "" where the person may not
}

// health answers with how the machine is, and with what was found outside; nil where nobody was asked.
func (v *visit) health(outside []operators.Finding) {
	ctx := v.r.Context()
	copies, err := v.Health.Copies(ctx)
	if err != nil {
		v.fail(err)
		return
	}
	inUse, err := v.Health.KeysInUse(ctx)
	if err != nil {
		v.fail(err)
		return
	}
	last, ran, err := v.Desk.Desk.Audits.LastAuditRun(ctx)
	if err != nil {
		v.fail(err)
		return
	}
	inside := v.Health.Inside(ctx)
	shown := healthShown{Asked: outside != nil, Findings: v.findings(inside), Outside: v.findings(outside), Copies: v.copies(copies), Keys: v.keys(inUse, copies), Violations: v.violations(last)}
	shown.Audit = [][2]string{{v.t("health.last-audit"), v.t("health.never")}}
	if ran {
		shown.Audit = [][2]string{{v.t("health.last-audit"), v.at(last.StartedAt).Full + ", " + last.State(v.Clock.Now())}, {v.t("health.by"), last.Who}}
	}
	if shown.Seals, err = v.seals(); err != nil {
		v.fail(err)
		return
	}
	if v.may(operators.ActSwitch) != operators.Not && !last.Goes(v.Clock.Now()) {
		shown.Run = "/-/health/audit"
	}
	head := ui.Head{Title: v.t("place.health"), Sentence: v.healthSentence(slices.Concat(inside, outside), last)}
	v.show(http.StatusOK, page{Head: head, Template: "health", Data: shown})
}

// healthSentence says whether somebody must do something.
func (v *visit) healthSentence(findings []operators.Finding, last operators.AuditRun) string {
	errors, warnings := 0, 0
	for _, f := range findings {
		switch f.Level {
		case operators.LevelError:
			errors++
		case operators.LevelWarn:
			warnings++
		}
	}
	says := v.t("health.well")
	if errors+warnings > 0 {
		says = v.t("health.ill", "errors", fmt.Sprint(errors), "warnings", fmt.Sprint(warnings))
	}
	if last.Violations > 0 {
		says += " " + v.t("health.violations", "count", number(int64(last.Violations)))
	}
	return says
}

// findings are a table of findings, the worst first.
func (v *visit) findings(all []operators.Finding) ui.Table {
	tones := map[operators.Level]ui.Tone{operators.LevelOK: ui.Good, operators.LevelWarn: ui.Wait, operators.LevelError: ui.Bad}
	worst := []operators.Level{operators.LevelError, operators.LevelWarn, operators.LevelOK}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b operators.Finding) int { return slices.Index(worst, a.Level) - slices.Index(worst, b.Level) })
	t := ui.Table{Caption: v.t("health.findings"), Columns: []ui.Column{{Name: v.t("health.what")}, {Name: v.t("health.level")}, {Name: v.t("health.found")}}}
	for _, f := range sorted {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: f.What}, {Status: ui.Status{Tone: tones[f.Level], Word: v.t("health." + string(f.Level))}}, {Text: f.Found, Second: f.Do},
		}})
	}
	return t
}

// copies are the servers that run.
func (v *visit) copies(all []operators.Copy) ui.Table {
	t := ui.Table{Caption: v.t("health.copies"), Columns: []ui.Column{{Name: v.t("health.copy")}, {Name: v.t("health.build")}, {Name: v.t("health.settings")}, {Name: v.t("health.since")}, {Name: v.t("health.seen")}}}
	for _, c := range all {
		var versions []string
		for _, brand := range slices.Sorted(maps.Keys(c.Settings)) {
			versions = append(versions, fmt.Sprintf("%s %d", brand, c.Settings[brand]))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: c.Name()}, {Text: c.Program, Mono: true}, {Text: strings.Join(versions, ", ")}, {Time: v.at(c.StartedAt)}, {Time: v.at(c.SeenAt)},
		}})
	}
	return t
}

// keys are the versions of master keys in use, and which copies have them.
func (v *visit) keys(inUse map[operators.MasterKey]operators.KeyUse, copies []operators.Copy) ui.Table {
	t := ui.Table{Caption: v.t("health.keys"), Columns: []ui.Column{{Name: v.t("health.key")}, {Name: v.t("health.version"), Money: true}, {Name: v.t("health.since")}, {Name: v.t("health.by")}, {Name: v.t("health.have")}}}
	for _, key := range operators.MasterKeys() {
		use, known := inUse[key]
		if !known {
			continue
		}
		have := 0
		for _, c := range copies {
			if _, has := c.Keys[key][use.Version]; has {
				have++
			}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: string(key)}, {Text: fmt.Sprint(use.Version)}, {Time: v.at(use.At)}, {Text: use.Who}, {Text: v.t("health.of", "have", fmt.Sprint(have), "all", fmt.Sprint(len(copies)))},
		}})
	}
	return t
}

// violations are the first that the last audit has found.
func (v *visit) violations(r operators.AuditRun) ui.Table {
	t := ui.Table{Caption: v.t("health.found"), Columns: []ui.Column{{Name: v.t("health.rule")}, {Name: v.t("health.found")}}}
	for _, x := range r.Found {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: fmt.Sprint(x.Invariant)}, {Text: x.String()}}})
	}
	return t
}

// runAudit begins an audit.
func (v *visit) runAudit() {
	v.run(task{Title: v.t("health.run"), Back: "/-/health", Why: v.t("health.run-why"), Read: func(*typed) operators.Operation { return operators.RunAudit{} }})
}
