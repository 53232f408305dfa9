package talk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// Fixed is a script whose "<" lines were rewritten to what was answered.
type Fixed struct {
	File string
	New  []byte
	Diff string // unified
}

// Fix plays the stories and returns the files whose "<" lines have to change, and notes on what could not
// be mended: a turn that is answered otherwise on every channel, a line of an included file, a story that
// did not come to its end. Lines that match are kept. Nothing is written.
func Fix(ctx context.Context, m Maker, s *Scripts, o Options) ([]Fixed, []string) {
	report := run(ctx, m, s, o, true)
	f := &fixer{scripts: s, turns: map[pos][]played{}, edits: map[string][]edit{}}
	for i := range report.Results {
		f.collect(&report.Results[i])
	}
	for _, at := range f.order {
		f.turn(at, f.turns[at])
	}
	var fixed []Fixed
	for _, file := range s.files {
		if edits := f.edits[file]; len(edits) > 0 {
			fixed = append(fixed, rewrite(file, string(s.data[file]), edits))
		}
	}
	return fixed, f.notes
}

type fixer struct {
	scripts *Scripts
	order   []pos // of the steps, as first met
	turns   map[pos][]played
	edits   map[string][]edit
	notes   []string
}

// played is one turn of a script in one of the runs of its story.
type played struct {
	matcher matcher
	story   *Story
	turn    *turn
	came    []Message
}

func (f *fixer) collect(r *Result) {
	for i, came := range r.came {
		t := &r.Story.turns[i]
		if t.step == nil {
			continue
		}
		if f.turns[t.step.pos] == nil {
			f.order = append(f.order, t.step.pos)
		}
		f.turns[t.step.pos] = append(f.turns[t.step.pos], played{came.matcher, r.Story, t, came.messages})
	}
	if len(r.came) < len(r.Story.turns) {
		why := r.Reason
		if len(r.Failures) > 0 {
			last := r.Failures[len(r.Failures)-1]
			why = place(last.File, last.Line) + ": " + last.Problem + ": " + last.Came
		}
		f.notes = append(f.notes, fmt.Sprintf("%s: %s stopped: %s", place(r.Story.File, r.Story.Line), r.Story.Title(), why))
	}
}

// proposal is a turn's new list of replies: old lines to keep, and new ones.
type proposal []item

type item struct {
	old   *expect  // kept, replaced or dropped
	lines []string // nil with old: kept
	drop  bool
}

// turn mends the lines of one turn, so that they fit all runs that go through it.
func (f *fixer) turn(at pos, runs []played) {
	fits := func(replies []*expect, run played) bool {
		_, ok := run.matcher.listed(replies, run.came)
		return ok
	}
	var proposals []proposal
	for _, run := range runs {
		if !fits(run.turn.replies, run) {
			proposals = append(proposals, run.propose(matcher.withValues), run.propose(matcher.withNames))
		}
	}
	if len(proposals) == 0 {
		return
	}
	for _, p := range proposals {
		fitsAll := !slices.ContainsFunc(runs, func(run played) bool { return !fits(p.replies(run.turn.replies), run) })
		if fitsAll && f.edit(at, p) {
			return
		}
	}
	f.notes = append(f.notes, fmt.Sprintf("%s: not mended: no lines fit all of %s", at, variants(runs)))
}

func variants(runs []played) string {
	var names []string
	for _, run := range runs {
		names = append(names, "("+run.story.Variant()+")")
	}
	if len(names) > 6 {
		names = append(names[:6], fmt.Sprintf("%d more", len(names)-6))
	}
	return strings.Join(names, " ")
}

// propose lists a turn's messages as lines: in each gap between lines that match, wrong lines are replaced
// one by one, what is left of them is dropped, and what is left of the messages is added. kept adds to a new line what it keeps of the old one.
func (run played) propose(kept func(matcher, []string, *expect, Message) []string) proposal {
	old := run.turn.replies
	pairs := run.align()
	var p proposal
	i, j := 0, 0
	gap := func(toOld, toNew int) {
		for i < toOld || j < toNew {
			switch {
			case i < toOld && old[i].optional:
				p = append(p, item{old: old[i]})
				i++
			case i < toOld && j < toNew:
				p = append(p, item{old: old[i], lines: kept(run.matcher, run.matcher.replyLines(run.came[j]), old[i], run.came[j])})
				i, j = i+1, j+1
			case i < toOld:
				p = append(p, item{old: old[i], drop: !old[i].nothing})
				i++
			default:
				p = append(p, item{lines: run.matcher.replyLines(run.came[j])})
				j++
			}
		}
	}
	for _, pair := range pairs {
		gap(pair[0], pair[1])
		p = append(p, item{old: old[i]})
		i, j = i+1, j+1
	}
	gap(len(old), len(run.came))
	return p
}

// withNames adds the names that an old reply keeps to the lines of a new one, where its prompts have such values.
func (m matcher) withNames(lines []string, old *expect, msg Message) []string {
	for _, t := range old.tokens {
		for _, v := range t.values {
			if name, alone := aloneName(v.pattern); alone {
				addValue(lines, msg, v.name, "$"+name, func(string) bool { return true })
			}
		}
	}
	return lines
}

// withValues is withNames, and keeps the values that are as they were expected. Where they differ from row to row of a
// table, the lines that it writes do not fit.
func (m matcher) withValues(lines []string, old *expect, msg Message) []string {
	for _, t := range old.tokens {
		for _, v := range t.values {
			if text, ok := valueText(v.pattern); ok {
				addValue(lines, msg, v.name, text, func(have string) bool {
					_, same := m.fits(m.valueTokens(v.pattern), fold(have))
					return same
				})
			}
		}
	}
	return m.withNames(lines, old, msg)
}

// valueText is a value as it is written in a line, where no name stands in it and it needs no quotes.
func valueText(pattern []token) (text string, ok bool) {
	for _, t := range pattern {
		switch {
		case t.any:
			text += "*"
		case t.name != "" || t.literal == "" || strings.ContainsAny(t.literal, `$="}`):
			return "", false
		default:
			text += escape(t.literal)
		}
	}
	return text, text != ""
}

// addValue adds a value to the first of the lines whose prompt has it.
func addValue(lines []string, msg Message, name, text string, fits func(have string) bool) {
	for i, part := range msg.Parts {
		if have, has := part.Values[name]; has && fits(have) && i < len(lines) && strings.HasSuffix(lines[i], "}") {
			lines[i] = strings.TrimSuffix(lines[i], "}") + fmt.Sprintf(" %s=%s}", name, text)
			return
		}
	}
}

// align pairs as many lines and messages as match, in order.
func (run played) align() [][2]int {
	old, came := run.turn.replies, run.came
	most := make([][]int, len(old)+1)
	for i := range most {
		most[i] = make([]int, len(came)+1)
	}
	match := func(i, j int) bool { return !old[i].nothing && run.matcher.matches(old[i], came[j]) }
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(came) - 1; j >= 0; j-- {
			most[i][j] = max(most[i+1][j], most[i][j+1])
			if match(i, j) {
				most[i][j] = max(most[i][j], 1+most[i+1][j+1])
			}
		}
	}
	var pairs [][2]int
	for i, j := 0, 0; i < len(old) && j < len(came); {
		switch {
		case match(i, j) && most[i][j] == 1+most[i+1][j+1]:
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		case most[i+1][j] >= most[i][j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}

// replies is what a run of the story would expect with the proposal; old are its own lines, which differ
// from other runs' where a row's cells stand in them.
func (p proposal) replies(old []*expect) []*expect {
	var all []*expect
	for _, it := range p {
		switch {
		case it.lines != nil:
			if e := expectOf(it.lines); e != nil {
				all = append(all, e)
			}
		case !it.drop:
			if i := slices.IndexFunc(old, func(e *expect) bool { return e.pos == it.old.pos }); i >= 0 {
				all = append(all, old[i])
			}
		}
	}
	return all
}

// edit turns a proposal into edits of the file; false where it would touch a file that was only included.
func (f *fixer) edit(step pos, p proposal) bool {
	after := step
	var edits []edit
	for _, it := range p {
		if it.old != nil {
			after = pos{it.old.file, it.old.last}
		}
		lines := slices.Clone(it.lines)
		switch {
		case it.old != nil && it.drop:
			edits = append(edits, edit{it.old.line, it.old.last + 1, nil})
		case it.old != nil && it.lines != nil:
			lines[0] += it.old.comment
			edits = append(edits, edit{it.old.line, it.old.last + 1, lines})
		case it.lines != nil:
			edits = append(edits, edit{after.line + 1, after.line + 1, lines})
		default:
			continue
		}
		if after.file != step.file || !slices.Contains(f.scripts.files, after.file) {
			return false
		}
	}
	f.edits[step.file] = append(f.edits[step.file], edits...)
	return true
}

func rewrite(file, data string, edits []edit) Fixed {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(a.first-b.first, a.end-b.end) })
	ending := "\n"
	if strings.Contains(data, "\r\n") {
		ending = "\r\n"
	}
	lines := strings.Split(strings.TrimSuffix(data, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return Fixed{file, []byte(strings.Join(apply(lines, edits), ending) + ending), unified(file, lines, edits)}
}
