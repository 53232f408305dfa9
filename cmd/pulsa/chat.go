package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/channels/fake"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
)

type chatCommand struct {
	settings
	Brand  string `help:"Whom to talk to (default: the first test brand)."`
	From   string `help:"Your number, as +31612345678 (default: a new one)." placeholder:"+NUMBER"`
	As     string `help:"What you write on: sms, telegram, whatsapp, ussd or web." enum:"sms,telegram,whatsapp,ussd,web" default:"sms"`
	Server string `help:"Talk to this server (default: the one that runs on the data folder, else one of its own in this process)." placeholder:"URL"`
}

// Run implements the command.
func (c *chatCommand) Run(ctx context.Context, e term.Env) error {
	settings, err := c.load(e, nil)
	if err != nil {
		return err
	}
	brand, err := c.brand(settings)
	if err != nil {
		return err
	}
	if c.Server != "" {
		if err := config.CheckServer("--server", c.Server); err != nil {
			return err
		}
	}
	if c.From == "" {
		if brand.Country == "" {
			return fmt.Errorf("--brand %s: %s does not know it, so give your number with --from", brand.Name, settings.File)
		}
		m, err := prepaid.FreshMSISDN(brand.Country, rand.Int())
		if err != nil {
			return fmt.Errorf("make up a number: %w; give one with --from", err)
		}
		c.From = m.String()
	}
	if _, err := prepaid.ParseE164(c.From); err != nil {
		return fmt.Errorf("--from %s: write a number in full, like +31612345678", c.From)
	}
	if c.Server == "" {
		if c.Server = app.RunningServer(ctx, settings.Data); c.Server != "" {
			fmt.Fprintf(e.Stdout, "A server runs on %s, at %s: this is a chat with it.\n", settings.Data, c.Server)
		}
	}
	if c.Server != "" {
		return c.talk(ctx, e, c.client(c.Server, brand.Name))
	}
	return c.alone(ctx, e, settings, brand)
}

func (c *chatCommand) client(server, brand string) *fake.Client {
	return &fake.Client{Server: server, Brand: brand, From: c.From, As: c.As}
}

// brand is whom to talk to. A server may know brands that the configuration here does not: of such a one only the name is
// known.
func (c *chatCommand) brand(config config.Config) (*prepaid.Brand, error) {
	for _, b := range config.Brands {
		if b.Test && (c.Brand == "" || c.Brand == b.Name) {
			return b, nil
		}
	}
	if c.Brand != "" && c.Server != "" {
		return &prepaid.Brand{Name: c.Brand}, nil
	}
	if c.Brand == "" {
		return nil, fmt.Errorf("%s declares no brand marked test, and only those can be chatted with", config.File)
	}
	return config.TestBrand(c.Brand)
}

// alone runs a server of its own, so that the payment page works as well, for as long as the chat lasts. Other chats on the
// data folder join it.
func (c *chatCommand) alone(ctx context.Context, e term.Env, config config.Config, brand *prepaid.Brand) error {
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, public.Close())
	}
	config.PublicURL = "http://" + public.Addr().String()
	p, err := app.Wire(ctx, config, app.Wiring{Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return errors.Join(err, public.Close(), admin.Close())
	}
	remove, err := app.LeaveAddress(config.Data, config.PublicURL, p.Instance)
	if err != nil {
		return errors.Join(err, public.Close(), admin.Close(), p.Close())
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- p.Serve(serving, public, admin) }()
	err = c.talk(ctx, e, c.client(config.PublicURL, brand.Name))
	stop()
	return errors.Join(err, <-served, remove())
}

// talk carries lines from the keyboard to the brand and answers to the screen, until the input ends.
func (c *chatCommand) talk(ctx context.Context, e term.Env, client *fake.Client) error {
	fmt.Fprintf(e.Stdout, "You are %s on %s, talking to %s. /quit ends.\n", c.From, c.As, client.Brand)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	screen := &screen{w: e.Stdout}
	if err := client.SkipOld(ctx); err != nil {
		return err
	}
	var watching sync.WaitGroup
	watching.Go(func() { watchOutbox(ctx, client, screen) })
	err := readLines(ctx, e.Stdin, func(line string) error { return c.line(ctx, client, screen, line) })
	if err == nil {
		time.Sleep(2 * app.LookEvery) // late news on its way still shows
	}
	stop()
	watching.Wait()
	return err
}

var errQuit = errors.New("quit")

func (c *chatCommand) line(ctx context.Context, client *fake.Client, s *screen, line string) error {
	m := fake.Message{Text: line}
	switch strings.TrimSpace(line) {
	case "":
		return nil
	case "/quit":
		return errQuit
	case "/contact":
		m = fake.Message{Contact: "own"}
	case "/photo":
		m = fake.Message{Attachment: true}
	case "/again":
		if m = client.Last(); m.ID == "" {
			s.note("Nothing was sent yet.")
			return nil
		}
	}
	replies, err := client.Send(ctx, m)
	if err != nil {
		return err
	}
	s.show(replies)
	return nil
}

// readLines hands over lines until the input or ctx ends.
func readLines(ctx context.Context, r io.Reader, each func(string) error) error {
	lines := make(chan string)
	go func() { // ends with the input, which nobody can interrupt
		defer close(lines)
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if err := each(line); errors.Is(err, errQuit) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
}

func watchOutbox(ctx context.Context, client *fake.Client, s *screen) {
	for ctx.Err() == nil {
		if messages, err := client.Outbox(ctx); err == nil {
			s.show(messages)
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * app.LookEvery):
		}
	}
}

// screen keeps answers and late news from running into each other.
type screen struct {
	mu sync.Mutex
	w  io.Writer
}

// note shows what the brand did not say.
func (s *screen) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.w, text)
}

func (s *screen) show(messages []fake.Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		fmt.Fprintf(s.w, "< %s\n", strings.ReplaceAll(m.Text, "\n", "\n  "))
		for _, b := range m.Buttons {
			fmt.Fprintf(s.w, "  [%s]\n", b.Label)
		}
		if m.AskContact {
			fmt.Fprintln(s.w, "  [/contact shares your number]")
		}
	}
}
