package kanneltest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
)

// fakePhone plays the customer by Kannel's own fakesmsc, which is started for each thing that is written, and goes on to print what it
// gets.
type fakePhone struct {
	t     *testing.T
	port  string
	heard chan string
	stop  func()
}

func (p *fakePhone) writes(text string)      { p.start("1", "text "+text) }
func (p *fakePhone) writesTwice(text string) { p.start("2", "text "+text) }

func (p *fakePhone) writesUnicode(text string) {
	units := ""
	for _, unit := range utf16.Encode([]rune(text)) {
		units += fmt.Sprintf("%%%02X%%%02X", unit>>8, unit&0xff)
	}
	p.start("1", "ucs2 "+units)
}

// start lets fakesmsc send a text, of a kind, so many times.
func (p *fakePhone) start(times, text string) {
	p.t.Helper()
	if p.stop != nil {
		p.stop()
	}
	ctx, cancel := context.WithCancel(p.t.Context())
	command := exec.CommandContext(ctx, "/usr/lib/kannel/test/fakesmsc", "-H", "127.0.0.1", "-r", p.port, "-i", "2", "-m", times, number+" "+shortCode+" "+text)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 5 * time.Second
	out, err := command.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.read(bufio.NewReader(out))
	}()
	p.stop = func() {
		cancel()
		<-read
		_ = command.Wait()
		p.stop = nil
	}
	p.t.Cleanup(func() {
		if p.stop != nil {
			p.stop()
		}
	})
}

// read takes the messages out of what fakesmsc logs: "Got message 1: <1234 +31612345678 text Hi>". Long ones come in parts, with a header
// ("udh %05%00%03%03%02%01 data …").
func (p *fakePhone) read(out *bufio.Reader) {
	parts := ""
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			return
		}
		_, message, ok := strings.Cut(line, "Got message ")
		if !ok {
			continue
		}
		words := strings.SplitN(strings.TrimSuffix(message, ">\n"), " ", 5) // number:, <from, to, kind, rest
		if len(words) < 5 || words[1] != "<"+shortCode || words[2] != number {
			continue // a further line of a text: Kannel's protocol for fakesmsc takes it for a message
		}
		switch rest := words[4]; words[3] {
		case "udh":
			header, body, _ := strings.Cut(rest, " ")
			_, body, _ = strings.Cut(body, " ")
			text, _ := url.QueryUnescape(body)
			parts += text
			if place, _ := url.QueryUnescape(header); len(place) == 6 && place[4] == place[5] {
				p.heard <- parts
				parts = ""
			}
		case "data":
			text, _ := url.QueryUnescape(rest)
			p.heard <- text
		default:
			p.heard <- rest
		}
	}
}

func (p *fakePhone) hears(words string) {
	p.t.Helper()
	select {
	case text := <-p.heard:
		if !strings.Contains(text, words) {
			p.t.Fatalf("heard %q, want %q in it", text, words)
		}
	case <-time.After(patience):
		p.t.Fatalf("heard nothing, want %q", words)
	}
}

// submitted is a message of ours at the network.
type submitted struct{ To, Text, ID string }

// network is the SMSC that npm's smpp plays.
type network struct {
	t       *testing.T
	port    string
	in      io.Writer
	orders  sync.Mutex
	bound   chan struct{}
	submits chan submitted

	mu        sync.Mutex
	delivered int
}

func startNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{t: t, port: freePort(t), bound: make(chan struct{}, 1000), submits: make(chan submitted, 100_000)}
	said := &quiet{}
	in, out := run(t, said, nil, "node", "smsc.mjs", n.port)
	n.in = in
	await(t, "the network", func() bool { return listens(n.port) }, said.String)
	go n.read(out)
	return n
}

func (n *network) read(out *bufio.Reader) {
	decoder := json.NewDecoder(out)
	for {
		var event struct {
			Bound     bool
			Delivered string
			Submit    *submitted
		}
		if decoder.Decode(&event) != nil {
			return
		}
		switch {
		case event.Bound:
			n.bound <- struct{}{}
		case event.Submit != nil:
			n.submits <- *event.Submit
		case event.Delivered != "":
			n.mu.Lock()
			n.delivered++
			n.mu.Unlock()
		}
	}
}

// order tells the network to do something.
func (n *network) order(what any) {
	n.t.Helper()
	text, err := json.Marshal(what)
	if err != nil {
		n.t.Fatal(err)
	}
	n.orders.Lock()
	defer n.orders.Unlock()
	if _, err := n.in.Write(append(text, '\n')); err != nil {
		n.t.Fatal(err)
	}
}

func (n *network) deliver(from, text string) {
	n.t.Helper()
	n.order(map[string]any{"deliver": map[string]string{"from": from, "to": shortCode, "text": text}})
}

// smppPhone plays the customer at the network.
type smppPhone struct {
	t *testing.T
	n *network
}

func (p *smppPhone) writes(text string) { p.n.deliver(number, text) }

func (p *smppPhone) writesUnicode(text string) { p.n.deliver(number, text) } // npm's smpp sees that GSM-7 lacks it

func (p *smppPhone) writesTwice(text string) {
	p.n.deliver(number, text)
	time.Sleep(2 * time.Second)
	p.n.deliver(number, text)
}

func (p *smppPhone) hears(words string) {
	p.t.Helper()
	select {
	case m := <-p.n.submits:
		if m.To != number || !strings.Contains(m.Text, words) {
			p.t.Fatalf("%s heard %q, want %q in it", m.To, m.Text, words)
		}
	case <-time.After(patience):
		p.t.Fatalf("heard nothing, want %q", words)
	}
}
