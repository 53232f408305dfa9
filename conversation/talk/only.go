package talk

import (
	"maps"
	"slices"
	"strings"
)

// ChoiceError says that no story was chosen, and by which tags some could be.
type ChoiceError struct{ Choices, Tags []string }

// Error is a line, and a second one with the tags.
func (e *ChoiceError) Error() string {
	text := "--only " + strings.Join(e.Choices, ", ") + ": no story has that tag, or that in its name"
	if len(e.Tags) > 0 {
		text += "\nthe tags are: " + strings.Join(e.Tags, ", ")
	}
	return text
}

// Only keeps the stories that have one of the tags, or one of the texts in their name, in any case. It returns a *ChoiceError
// where none is left. No choice at all keeps all.
func (s *Scripts) Only(choices []string) error {
	if len(choices) == 0 {
		return nil
	}
	tags := s.Tags()
	s.Stories = slices.DeleteFunc(s.Stories, func(story *Story) bool {
		return !slices.ContainsFunc(choices, story.chosen)
	})
	if len(s.Stories) == 0 {
		return &ChoiceError{choices, tags}
	}
	return nil
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
