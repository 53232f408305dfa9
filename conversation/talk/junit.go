package talk

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

type junitSuites struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Skipped  int           `xml:"skipped,attr"`
	Time     string        `xml:"time,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
	took     time.Duration
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
	Skipped *junitSkipped `xml:"skipped"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",cdata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// WriteJUnit writes the report as JUnit XML: a suite for each file, a case for each run of a story.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "conversations", Tests: len(r.Results), Failures: r.Count(Failed), Skipped: r.Count(NotRun), Time: seconds(r.Took)}
	suites := map[string]*junitSuite{}
	for i := range r.Results {
		one := &r.Results[i]
		suite := suites[one.Story.File]
		if suite == nil {
			suite = &junitSuite{Name: one.Story.File}
			suites[one.Story.File] = suite
			all.Suites = append(all.Suites, suite)
		}
		suite.add(one)
	}
	for _, suite := range all.Suites {
		suite.Time = seconds(suite.took)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(r *Result) {
	c := junitCase{Name: r.Story.Title(), Class: r.Story.File, File: r.Story.File, Line: r.Story.Line, Time: seconds(r.Took)}
	s.Tests++
	s.took += r.Took
	switch r.Outcome {
	case NotRun:
		s.Skipped++
		c.Skipped = &junitSkipped{r.Reason}
	case Failed:
		s.Failures++
		first := r.Failures[0]
		c.Failure = &junitFailure{Message: fmt.Sprintf("%s: %s", place(first.File, first.Line), xmlText(first.Problem)), Text: xmlText(failureText(r))}
	}
	s.Cases = append(s.Cases, c)
}

// failureText is what the text report says of a failed story.
func failureText(r *Result) string {
	var text bytes.Buffer
	t := newTextReport(&text, false)
	t.failures(r)
	_ = t.Flush() // a Buffer takes everything
	return "\n" + text.String()
}

// xmlText takes out what XML can't hold.
func xmlText(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0xfffe || r == 0xffff {
			return '\uFFFD'
		}
		return r
	}, text)
}
