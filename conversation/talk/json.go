package talk

import (
	"encoding/json"
	"io"
)

type jsonReport struct {
	Passed  int         `json:"passed"`
	Failed  int         `json:"failed"`
	NotRun  int         `json:"not_run"`
	Seconds json.Number `json:"seconds"`
	Stories []jsonStory `json:"stories"`
}

type jsonStory struct {
	Name     string        `json:"name"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Row      int           `json:"row,omitempty"`
	Brand    string        `json:"brand"`
	Channel  string        `json:"channel"`
	Language string        `json:"language"`
	Outcome  Outcome       `json:"outcome"`
	Reason   string        `json:"reason,omitempty"`
	Seconds  json.Number   `json:"seconds"`
	Failures []jsonFailure `json:"failures,omitempty"`
	Said     []jsonSaid    `json:"said"`
}

type jsonFailure struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Problem  string `json:"problem"`
	Expected string `json:"expected,omitempty"`
	Came     string `json:"came,omitempty"`
	State    string `json:"state,omitempty"`
}

type jsonSaid struct {
	By      Speaker  `json:"by"`
	Line    int      `json:"line"`
	Text    string   `json:"text"`
	Keys    []string `json:"prompts,omitempty"`
	Buttons []string `json:"buttons,omitempty"`
}

// WriteJSON writes the report with every conversation in it.
func (r *Report) WriteJSON(w io.Writer) error {
	out := jsonReport{Passed: r.Count(Passed), Failed: r.Count(Failed), NotRun: r.Count(NotRun),
		Seconds: json.Number(seconds(r.Took)), Stories: []jsonStory{}}
	for i := range r.Results {
		one := &r.Results[i]
		s := one.Story
		story := jsonStory{Name: s.Name, File: s.File, Line: s.Line, Row: s.Row, Brand: s.Brand, Channel: s.Channel, Language: s.Language,
			Outcome: one.Outcome, Reason: one.Reason, Seconds: json.Number(seconds(one.Took)), Said: []jsonSaid{}}
		for _, f := range one.Failures {
			story.Failures = append(story.Failures, jsonFailure{f.File, f.Line, f.Problem, f.Expected, f.Came, f.State})
		}
		for _, said := range one.Said {
			story.Said = append(story.Said, jsonSaid{said.By, said.Line, said.Text, said.Keys, said.Buttons})
		}
		out.Stories = append(out.Stories, story)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
