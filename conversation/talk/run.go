package talk

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/prepaid"
)

// Options say how stories are run.
type Options struct {
	Workers int           // stories at the same time; 0: one for each processor
	Timeout time.Duration // of real time for one story; 0: two minutes
	// Progress is told of every story that has ended, one at a time.
	Progress func(done, total int, r *Result)
}

// Run plays the stories, each on a program of its own, several at the same time. Stories that had not
// begun when ctx ended are not run.
func Run(ctx context.Context, m Maker, s *Scripts, o Options) *Report {
	return run(ctx, m, s, o, false)
}

func run(ctx context.Context, m Maker, s *Scripts, o Options, fixing bool) *Report {
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	begun := prepaid.SystemClock{}.Now()
	report := &Report{Results: make([]Result, len(s.Stories))}
	var next atomic.Int64
	var mu sync.Mutex
	var wait sync.WaitGroup
	done := 0
	for range min(workers, len(s.Stories)) {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(s.Stories) {
					return
				}
				report.Results[i] = playStory(ctx, m, s, s.Stories[i], o.Timeout, fixing)
				if o.Progress != nil {
					mu.Lock()
					done++
					o.Progress(done, len(s.Stories), &report.Results[i])
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	report.Took = prepaid.SystemClock{}.Now().Sub(begun)
	return report
}

// playStory runs one story from making its program to closing it.
func playStory(ctx context.Context, m Maker, s *Scripts, story *Story, timeout time.Duration, fixing bool) (result Result) {
	begun := prepaid.SystemClock{}.Now()
	p := &player{
		story: story, maker: m, fixing: fixing, timeout: timeout, vocabulary: s.vocabulary,
		hunter: newHunter(story.secrets), secrets: slices.Clone(story.secrets),
		matcher: s.vocabulary.matcher(story.Brand, story.Language),
		result:  Result{Story: story, Outcome: Passed},
	}
	defer func() {
		if r := recover(); r != nil {
			p.fail(p.at, Failure{Problem: "the program panicked: " + p.hunter.hide(fmt.Sprint(r)), Came: string(debug.Stack())})
		}
		result = p.result
		result.Took = prepaid.SystemClock{}.Now().Sub(begun)
	}()
	if err := ctx.Err(); err != nil {
		p.result.Outcome, p.result.Reason = NotRun, err.Error()
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p.play(ctx)
	return
}
