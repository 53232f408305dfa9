package talk

import (
	"embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed report.html
var pages embed.FS

// htmlStory is one story of the page.
type htmlStory struct {
	*Result
	Open  bool
	Class string
}

// WriteHTML writes the report as one page that needs nothing else: every story as chat bubbles.
func (r *Report) WriteHTML(w io.Writer) error {
	page, err := template.New("report.html").Funcs(template.FuncMap{"place": place}).ParseFS(pages, "report.html")
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	classes := map[Outcome]string{Passed: "passed", Failed: "failed", NotRun: "notrun"}
	var stories []htmlStory
	for i := range r.Results {
		one := &r.Results[i]
		stories = append(stories, htmlStory{one, one.Outcome == Failed, classes[one.Outcome]})
	}
	if err := page.Execute(w, map[string]any{"Sum": r.sum(), "Stories": stories, "OK": r.ExitCode() == ExitPassed}); err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	return nil
}
