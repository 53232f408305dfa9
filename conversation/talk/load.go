package talk

import (
	"os"
	"path/filepath"
	"slices"

	"pulsa/prepaid"
)

// Scripts are the stories of some files, checked and ready to be run.
type Scripts struct {
	Stories []*Story // in the order of the files, one for each row, language and channel

	vocabulary *Vocabulary
	files      []string          // as named
	data       map[string][]byte // of the files and what they include
}

// Load reads scripts and checks them against the vocabulary. A file without any "story:" is only there to
// be included. Where anything is wrong it returns ScriptErrors with all of it.
func Load(paths []string, v *Vocabulary) (*Scripts, error) { return load(paths, v, os.ReadFile) }

func load(paths []string, v *Vocabulary, read func(string) ([]byte, error)) (*Scripts, error) {
	p := newProblems()
	l := &loader{read: read, problems: p, files: map[string][]*fragment{}, data: map[string][]byte{},
		whole: map[*fragment]*fragment{}, included: map[string]bool{}}
	b := &builder{vocabulary: v, problems: p}
	var nameless []*fragment
	s := &Scripts{vocabulary: v}
	for _, path := range paths {
		path = filepath.Clean(path)
		if slices.Contains(s.files, path) {
			continue
		}
		fragments, ok, err := l.file(path)
		if !ok {
			p.add(pos{path, 0}, "can't be read: "+reason(err), "")
			continue
		}
		s.files = append(s.files, path)
		if len(fragments) == 0 && p.count[path] == 0 {
			p.add(pos{path, 0}, "no story in this file", "begin one with story: NAME")
		}
		for _, f := range fragments {
			if b.full || p.hopeless(f.file) {
				break
			}
			whole := l.expand(f, nil)
			if f.nameless {
				nameless = append(nameless, f)
				continue
			}
			s.Stories = append(s.Stories, b.stories(whole)...)
		}
	}
	for _, f := range nameless {
		if alone := len(l.files[f.file]) == 1; !alone || !l.included[f.file] {
			p.add(f.pos, "this line stands before any story", "begin with story: NAME")
		}
	}
	s.data = l.data
	return s, p.err()
}

// customer is who texts first in a story.
func (s *Story) customer(m Maker) (Customer, error) {
	if s.From != "" {
		return Customer{s.From, s.Channel}, nil
	}
	number, err := m.Fresh(s.Brand)
	if err != nil {
		return Customer{}, err
	}
	_, err = prepaid.ParseE164(number)
	return Customer{number, s.Channel}, err
}
