package talk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// loader reads files, each once, and puts included lines in their places.
type loader struct {
	read     func(path string) ([]byte, error)
	problems *problems
	files    map[string][]*fragment
	data     map[string][]byte // for rewriting
	whole    map[*fragment]*fragment
	included map[string]bool // files that some story includes
}

// file returns a file's fragments; ok is false where it can't be read.
func (l *loader) file(path string) (fragments []*fragment, ok bool, err error) {
	if known, ok := l.files[path]; ok {
		return known, true, nil
	}
	data, err := l.read(path)
	if err != nil {
		return nil, false, err
	}
	l.data[path] = data
	l.files[path] = readSource(path, data, l.problems)
	return l.files[path], true, nil
}

// expand returns the fragment with the lines and givens of what it includes before its own. Where it
// leaves brand, channel, language or from open, what an included file says holds.
func (l *loader) expand(f *fragment, stack []string) *fragment {
	if done, ok := l.whole[f]; ok {
		return done
	}
	whole := &fragment{pos: f.pos, name: f.name, nameless: f.nameless, examples: f.examples}
	var inherited []headLine
	for _, h := range f.head {
		if h.key != "include" {
			continue
		}
		part := l.include(h, append(slices.Clone(stack), f.file))
		if part == nil {
			continue
		}
		inherited = append(inherited, part.head...)
		whole.body = append(whole.body, part.body...)
		if len(whole.body) > maxLines {
			l.problems.add(h.pos, "too many lines are included", fmt.Sprintf("a story has at most %d", maxLines))
			break
		}
	}
	whole.head = merge(f.head, inherited)
	whole.body = append(whole.body, f.body...)
	l.whole[f] = whole
	return whole
}

// merge puts included givens before a story's own; of all other keys the story's own count.
func merge(own, inherited []headLine) []headLine {
	var head []headLine
	has := func(key string) bool {
		return slices.ContainsFunc(own, func(h headLine) bool { return h.key == key })
	}
	first := map[string]pos{}
	for _, h := range inherited {
		before, seen := first[h.key]
		switch {
		case h.key == "given":
			head = append(head, h)
		case !has(h.key) && (!seen || before.file == h.file):
			first[h.key] = h.pos
			head = append(head, h)
		}
	}
	for _, h := range own {
		if h.key != "include" {
			head = append(head, h)
		}
	}
	return head
}

func (l *loader) include(h headLine, stack []string) *fragment {
	path := h.value
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(h.file), path)
	}
	l.included[filepath.Clean(path)] = true
	for _, above := range stack {
		if filepath.Clean(above) == filepath.Clean(path) {
			l.problems.add(h.pos, "the file includes itself: "+strings.Join(append(stack, path), " > "), "take one of the includes out")
			return nil
		}
	}
	fragments, ok, err := l.file(path)
	switch {
	case !ok:
		l.problems.add(h.pos, "can't read "+path+": "+reason(err), "name a file beside this one, like include: registered.talk")
		return nil
	case len(fragments) == 0:
		return nil
	case len(fragments) > 1:
		l.problems.add(h.pos, fmt.Sprintf("%s holds %d stories", path, len(fragments)), "include a file that holds one, or lines without a head")
		return nil
	case fragments[0].examples != nil:
		l.problems.add(h.pos, path+" has examples: of its own", "put the table into the story that includes it")
		return nil
	}
	return l.expand(fragments[0], stack)
}

// reason is why a file can't be read, without repeating its name.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
