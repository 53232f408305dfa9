package talk

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A name keeps a value of a reply: {order.delivered order=$o} keeps the order's id as $o, and $o stands for it
// in later lines. $o is text where no reply keeps such a name.
var nameRef = regexp.MustCompile(`\$([A-Za-z_][A-Za-z0-9_]*)`)

// nameReader knows which names the lines read so far have kept.
type nameReader struct {
	kept  map[string]bool
	loose []looseName
}

// looseName is a $word that no line before it keeps.
type looseName struct {
	pos
	name string
}

// used reports whether a text of a line refers to a kept name.
func (n *nameReader) used(at pos, text string) bool {
	any := false
	for _, found := range nameRef.FindAllStringSubmatch(text, -1) {
		if name := found[1]; n.kept[name] {
			any = true
		} else {
			n.loose = append(n.loose, looseName{at, name})
		}
	}
	return any
}

// reply makes the names in a reply's tokens stand for their values, and notes those that it keeps.
func (n *nameReader) reply(e *expect) *wrong {
	var keeps []string
	e.tokens = n.split(e.pos, e.tokens)
	for i := range e.tokens {
		for j, v := range e.tokens[i].values {
			if name, ok := aloneName(v.pattern); ok && !n.kept[name] {
				e.tokens[i].values[j].pattern = []token{{name: name}}
				keeps = append(keeps, name)
				continue
			}
			for _, t := range v.pattern {
				for _, found := range nameRef.FindAllStringSubmatch(t.literal, -1) {
					if !n.kept[found[1]] {
						return wrongf(fmt.Sprintf("write %s=$%s, with nothing beside it", v.name, found[1]), "$%s is kept by no line before this one", found[1])
					}
				}
			}
			e.tokens[i].values[j].pattern = n.split(e.pos, v.pattern)
		}
	}
	for _, name := range keeps {
		n.kept[name] = true
	}
	return nil
}

// aloneName returns the name that is all of a value's pattern.
func aloneName(pattern []token) (string, bool) {
	if len(pattern) != 1 {
		return "", false
	}
	if pattern[0].name != "" {
		return pattern[0].name, true
	}
	found := nameRef.FindStringSubmatch(pattern[0].literal)
	if found == nil || found[0] != pattern[0].literal {
		return "", false
	}
	return found[1], true
}

// split cuts kept names out of literal text.
func (n *nameReader) split(at pos, tokens []token) []token {
	var out []token
	for _, t := range tokens {
		if t.literal == "" || !n.used(at, t.literal) {
			out = append(out, t)
			continue
		}
		end := 0
		for _, found := range nameRef.FindAllStringSubmatchIndex(t.literal, -1) {
			name := t.literal[found[2]:found[3]]
			if !n.kept[name] {
				continue
			}
			if found[0] > end {
				out = append(out, token{literal: t.literal[end:found[0]]})
			}
			out = append(out, token{name: name})
			end = found[1]
		}
		if end < len(t.literal) {
			out = append(out, token{literal: t.literal[end:]})
		}
	}
	return out
}

// check finds names that a line uses before they are kept, and those that are kept ones but for a typing mistake.
func (n *nameReader) check(p *problems) {
	known := slices.Sorted(maps.Keys(n.kept))
	for _, l := range n.loose {
		if n.kept[l.name] {
			p.add(l.pos, fmt.Sprintf("$%s is kept by a later line", l.name), "use it below the reply that keeps it")
		} else if near := nearest(l.name, known); near != "" && len(l.name) > 1 {
			p.add(l.pos, fmt.Sprintf("no reply keeps $%s", l.name), fmt.Sprintf("did you mean $%s?", near))
		}
	}
}

// fill puts values into the place of names in a line's text. missing is one of the story's names that has none yet:
// the reply that keeps it has not come.
func (s *Story) fill(text string, kept map[string]string, plain func(string) string) (filled, missing string) {
	filled = nameRef.ReplaceAllStringFunc(text, func(ref string) string {
		value, ok := kept[ref[1:]]
		switch {
		case ok:
			return plain(value)
		case s.names[ref[1:]]:
			missing = ref
		}
		return ref
	})
	return filled, missing
}

// plainSay makes text plain in a ">" line.
func plainSay(text string) string { return strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(text) }
