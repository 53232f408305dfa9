package talk_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/conversation/talk"
)

var update = flag.Bool("update", false, "rewrite the reports in testdata")

// mixed is the report of one story that passes, one that fails and one that is not run.
func mixed(t *testing.T) *talk.Report {
	t.Helper()
	s, err := talk.LoadFrom(`story: Buy <b>10</b> & more
channel: telegram
given: customer pin 4821 method sepa
> KOOP 10 [secret 4821]
< {topup.done}

story: A wrong PIN
given: customer pin 4821 method sepa
> silence
> KOOP 10 [secret 0000]
< {topup.done amount=EUR 10.00}
= charged EUR 10.00 once

story: Without Redis
! redis lost
`, toyVocabulary())
	if err != nil {
		t.Fatal(err)
	}
	r := talk.Run(t.Context(), &toyMaker{}, s, talk.Options{Workers: 1})
	r.Took = 1500 * time.Millisecond
	for i := range r.Results {
		r.Results[i].Took = time.Duration(i+1) * 10 * time.Millisecond
	}
	return r
}

func TestReportsLookAsTheyShould(t *testing.T) {
	r := mixed(t)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"report.txt":        func(b *bytes.Buffer) error { return r.WriteText(b, false) },
		"report-colour.txt": func(b *bytes.Buffer) error { return r.WriteText(b, true) },
		"report.xml":        func(b *bytes.Buffer) error { return r.WriteJUnit(b) },
		"report.html":       func(b *bytes.Buffer) error { return r.WriteHTML(b) },
		"report.json":       func(b *bytes.Buffer) error { return r.WriteJSON(b) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name)
			if *update {
				writeFile(t, golden, got.String())
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if strings.Contains(got.String(), "4821") {
				t.Error("the report shows the PIN")
			}
		})
	}
}

func TestReportsForMachinesCanBeRead(t *testing.T) {
	r := mixed(t)
	var b bytes.Buffer
	if err := r.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	if err := xml.Unmarshal(b.Bytes(), &suites); err != nil || suites.Tests != 3 || suites.Failures != 1 || suites.Skipped != 1 {
		t.Errorf("%+v, %v", suites, err)
	}
	b.Reset()
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var report struct{ Passed, Failed int }
	if err := json.Unmarshal(b.Bytes(), &report); err != nil || report.Passed != 1 || report.Failed != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestTextFromACustomerCantSteerTheTerminalOrThePage(t *testing.T) {
	s, err := talk.LoadFrom("story: S\n> \x1b\\[31m<script>alert(1)</script>\x00\n< nothing\n", toyVocabulary())
	if err != nil {
		t.Fatal(err)
	}
	r := talk.Run(t.Context(), &toyMaker{}, s, talk.Options{})
	var page, junit bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script>") {
		t.Error("the page runs a customer's script")
	}
	if err := r.WriteJUnit(&junit); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(junit.Bytes(), new(struct{})); err != nil {
		t.Error(err)
	}
	if got := text(t, r); strings.ContainsAny(got, "\x1b\x00") {
		t.Errorf("%q", got)
	}
}

func TestProgressEndsWithACleanLine(t *testing.T) {
	s, err := talk.LoadFrom(head+"> silence\n"+head+"> silence\n", toyVocabulary())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	talk.Run(t.Context(), &toyMaker{}, s, talk.Options{Progress: talk.Progress(&b)})
	if want := "\r\x1b[K1/2 stories, 0 failed  S\r\x1b[K"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	if talk.Terminal(&b) {
		t.Error("a buffer is no terminal")
	}
}

func TestCoverageListsWhatNoStoryEnters(t *testing.T) {
	r := play(t, &toyMaker{}, "story: S\n> KOOP\n< *\n> 0612345678\n< *\n")
	c := r.Cover(toyVocabulary().Flows)
	if c.Complete() {
		t.Error("complete")
	}
	var b bytes.Buffer
	if err := c.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := `idle          1 of 1 states, 0 of 0 transitions
registration  2 of 6 states, 1 of 2 transitions
  no story enters      registration.ask_pin
  no story enters      registration.ask_pin_again
  no story enters      registration.ask_method
  no story enters      registration.wait
  no story goes from   idle by never to registration.wait
all           44 %
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestPointsAreListed(t *testing.T) {
	var b bytes.Buffer
	if err := talk.WritePoints(&b, toyVocabulary().Points); err != nil {
		t.Fatal(err)
	}
	if want := "order   stored\ncharge  the gateway has charged\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
}
