package term

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"
)

// Partner is whom a chat is with. Its functions return what to show.
type Partner struct {
	Say   func(ctx context.Context, line string) ([]string, error)
	News  func(context.Context) ([]string, error) // since the last call; an error is ignored
	Every time.Duration                           // how often News is asked
}

// Chat carries lines from Stdin to the partner, and answers and news to Stdout. It ends with the input, a line "/quit", ctx, or
// an error of Say.
func (e Env) Chat(ctx context.Context, p Partner) error {
	show := func(messages []string, err error) error {
		for _, m := range messages {
			if err == nil {
				fmt.Fprintln(e.Stdout, m)
			}
		}
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	every, lines := time.NewTicker(p.Every), e.lines(ctx)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			_ = show(p.News(ctx))
		case line, ok := <-lines:
			switch word := strings.TrimSpace(line); {
			case !ok || word == "/quit":
				<-every.C // news on its way still shows
				_ = show(p.News(ctx))
				return nil
			case word == "":
			default:
				if err := show(p.Say(ctx, line)); err != nil {
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
