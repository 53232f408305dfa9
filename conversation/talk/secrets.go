package talk

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"pulsa/prepaid"
)

// hunter finds a story's secrets in what the program says and writes down, and hides them in reports.
type hunter struct {
	plain  []string // no digits in them: found anywhere
	digits []*digitSecret
}

// digitSecret is a PIN or code; people type a long one in groups.
type digitSecret struct {
	text    string
	pattern *regexp.Regexp // nil for a short one, which is found as it stands
}

func newHunter(secrets []string) *hunter {
	h := &hunter{}
	for _, secret := range secrets { // as it is typed, and as it is read
		if code, ok := prepaid.Code(secret); ok {
			secrets = append(slices.Clip(secrets), code)
		}
	}
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b)) // the longest first: it may hold another
	})
	for _, secret := range slices.Compact(secrets) {
		joined := strings.NewReplacer(" ", "", "-", "").Replace(secret)
		switch {
		case !allDigits(joined):
			h.plain = append(h.plain, secret)
		case len(joined) >= 8:
			h.digits = append(h.digits, &digitSecret{joined, regexp.MustCompile(strings.Join(strings.Split(joined, ""), "[ -]?"))})
		default:
			h.digits = append(h.digits, &digitSecret{text: joined})
		}
	}
	return h
}

// find returns where one secret stands in the text, each as a pair of offsets.
func (s *digitSecret) find(text string) [][]int {
	if s.pattern != nil {
		return s.pattern.FindAllStringIndex(text, -1)
	}
	var all [][]int
	for begin := 0; ; {
		i := strings.Index(text[begin:], s.text)
		if i < 0 {
			return all
		}
		all = append(all, []int{begin + i, begin + i + len(s.text)})
		begin += i + 1
	}
}

// harmless is what may hold the digits of a secret by chance: time stamps, durations, and numbers and
// accounts shown by mask.
var harmless = regexp.MustCompile(`\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?` +
	`|\d\d:\d\d:\d\d(?:[.,]\d+)?` +
	`|\+?\d*\*{2,}\d*` +
	`|\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h)\b`)

// leaks returns the lines of a text that show a secret, long ones only about it, with every secret hidden.
func (h *hunter) leaks(text string) []string {
	if !h.suspects(text) {
		return nil
	}
	var lines []string
	for l := range strings.SplitSeq(text, "\n") {
		if begin, end, ok := h.shows(l); ok {
			const about = 200
			before, after := h.hide(l[:begin]), h.hide(l[end:])
			before, after = before[max(0, len(before)-about):], after[:min(about, len(after))]
			lines = append(lines, strings.ToValidUTF8(strings.TrimSpace(before+"****"+after), ""))
		}
	}
	return lines
}

// suspects is a quick look that misses nothing.
func (h *hunter) suspects(text string) bool {
	return slices.ContainsFunc(h.plain, func(s string) bool { return strings.Contains(text, s) }) ||
		slices.ContainsFunc(h.digits, func(s *digitSecret) bool {
			return s.pattern != nil && s.pattern.MatchString(text) || strings.Contains(text, s.text)
		})
}

// shows finds the first secret that a line shows.
func (h *hunter) shows(l string) (begin, end int, ok bool) {
	if !h.suspects(l) {
		return 0, 0, false
	}
	for _, s := range h.plain {
		if i := strings.Index(l, s); i >= 0 {
			return i, i + len(s), true
		}
	}
	skip := harmless.FindAllStringIndex(l, -1)
	for _, s := range h.digits {
		for _, at := range s.find(l) {
			inside := slices.ContainsFunc(skip, func(r []int) bool { return r[0] <= at[0] && at[1] <= r[1] })
			if !inside && wholeRun(l, at[0], at[1]) && !inHash(l, at[0], at[1]) {
				return at[0], at[1], true
			}
		}
	}
	return 0, 0, false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// wholeRun reports whether no digit stands beside the run.
func wholeRun(text string, begin, end int) bool {
	return (begin == 0 || !isDigit(text[begin-1])) && (end == len(text) || !isDigit(text[end]))
}

// inHash reports whether the run stands within a long word of letters and digits: a key, a hash, an id,
// which hold any four digits sooner or later.
func inHash(text string, begin, end int) bool {
	word := func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }
	from, to := begin, end
	for from > 0 && word(text[from-1]) {
		from--
	}
	for to < len(text) && word(text[to]) {
		to++
	}
	return to-from >= 20 && to-from > end-begin
}

// hide puts **** in the place of every secret.
func (h *hunter) hide(text string) string {
	if !h.suspects(text) {
		return text
	}
	for _, s := range h.plain {
		text = strings.ReplaceAll(text, s, "****")
	}
	for _, s := range h.digits {
		for _, at := range slices.Backward(s.find(text)) {
			if at[1] <= len(text) && wholeRun(text, at[0], at[1]) {
				text = text[:at[0]] + "****" + text[at[1]:]
			}
		}
	}
	return text
}
