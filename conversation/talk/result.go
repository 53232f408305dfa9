package talk

import (
	"time"
)

// Outcome is how a story ended.
type Outcome string

// The outcomes of a story.
const (
	Passed Outcome = "passed"
	Failed Outcome = "failed"
	NotRun Outcome = "not run" // the program does not offer what the story asks for
)

// The exit codes of a command that runs scripts.
const (
	ExitPassed = 0
	ExitFailed = 1
	ExitScript = 2 // a script is wrong; nothing was run
)

// Result is how one run of a story went. Its texts show no secret.
type Result struct {
	Story    *Story
	Outcome  Outcome
	Reason   string // why it was not run
	Failures []Failure
	Said     []Said
	Took     time.Duration

	walked []Transition
	came   []cameIn // by turn, as far as it went: only for fixing
}

// cameIn is what came in a turn, and what names had kept before.
type cameIn struct {
	messages []Message
	matcher  matcher
}

// Failure is one thing that was not as the story says.
type Failure struct {
	File     string
	Line     int
	Problem  string // "another reply came"
	Expected string // may be empty, as Came
	Came     string
	State    string // of the conversation; "" where the program can't tell
	Before   []Said // the last three turns
}

// Speaker is who said or did something.
type Speaker string

// The speakers of a story.
const (
	TheCustomer Speaker = "customer"
	TheProgram  Speaker = "program"
	TheScript   Speaker = "event"
)

// Said is one message or event of a story.
type Said struct {
	By      Speaker
	Line    int // of the script
	Text    string
	Keys    []string // the prompts of a program's message
	Buttons []string

	turn int
}

// Report is how a run of scripts went.
type Report struct {
	Results []Result // in the order of the stories
	Took    time.Duration
}

// Count tells how many stories ended so.
func (r *Report) Count(o Outcome) int {
	n := 0
	for i := range r.Results {
		if r.Results[i].Outcome == o {
			n++
		}
	}
	return n
}

// ExitCode is ExitPassed or ExitFailed. A story that was not run has not failed.
func (r *Report) ExitCode() int {
	if r.Count(Failed) > 0 {
		return ExitFailed
	}
	return ExitPassed
}
