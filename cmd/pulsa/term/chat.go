package term

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Partner is whom a chat is with. Its functions return what to show, and may run at the same time.
type Partner struct {
	Say   func(ctx context.Context, line string) ([]string, error)
	News  func(context.Context) ([]string, error) // since the last call; an error is ignored
	Every time.Duration                           // how often News is asked
}

// Chat carries lines from Stdin to the partner, and answers and news to Stdout. It ends with the input, a line "/quit", ctx, or
// an error of Say.
func (e Env) Chat(ctx context.Context, p Partner) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex // keeps answers and news from running into each other
	show := func(messages []string) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range messages {
			fmt.Fprintln(e.Stdout, m)
		}
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		for ctx.Err() == nil {
			if messages, err := p.News(ctx); err == nil {
				show(messages)
			}
			select {
			case <-ctx.Done():
			case <-time.After(p.Every):
			}
		}
	})
	err := e.eachLine(ctx, func(line string) error {
		messages, err := p.Say(ctx, line)
		if err == nil {
			show(messages)
		}
		return err
	})
	if err == nil {
		time.Sleep(p.Every) // news on its way still shows
	}
	stop()
	watching.Wait()
	return err
}

// eachLine calls do with each line of Stdin that is not empty, until "/quit", the input's end, an error, or ctx ends.
func (e Env) eachLine(ctx context.Context, do func(string) error) error {
	lines := e.lines(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			switch word := strings.TrimSpace(line); {
			case !ok || word == "/quit":
				return nil
			case word == "":
			default:
				if err := do(line); err != nil {
					return err
				}
			}
		}
	}
}

// lines carries the lines of Stdin until its end, or ctx's. A read can't be interrupted: it ends with the process.
func (e Env) lines(ctx context.Context) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(e.Stdin)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}
