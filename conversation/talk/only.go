package talk

import (
	"maps"
	"slices"
	"strings"
)

// Only keeps the stories that have one of the tags, or one of the texts in their name, in any case. It reports whether
// any is left; no choice at all keeps all.
func (s *Scripts) Only(choices []string) bool {
	if len(choices) == 0 {
		return true
	}
	s.Stories = slices.DeleteFunc(s.Stories, func(story *Story) bool {
		return !slices.ContainsFunc(choices, story.chosen)
	})
	return len(s.Stories) > 0
}

func (s *Story) chosen(choice string) bool {
	choice = fold(choice)
	return slices.ContainsFunc(s.Tags, func(tag string) bool { return strings.EqualFold(tag, choice) }) ||
		choice != "" && strings.Contains(strings.ToLower(fold(s.Name)), strings.ToLower(choice))
}

// Tags lists the tags of all stories.
func (s *Scripts) Tags() []string {
	tags := map[string]bool{}
	for _, story := range s.Stories {
		for _, tag := range story.Tags {
			tags[tag] = true
		}
	}
	return slices.Sorted(maps.Keys(tags))
}
