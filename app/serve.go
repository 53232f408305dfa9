package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"pulsa/app/config"
	"pulsa/app/version"
	"pulsa/conversation"
	"pulsa/prepaid"
)

// drainFor is how long a stopping server waits for turns and provider calls in flight: no call takes longer. Another server takes
// over unfinished work when its lease expires.
const drainFor = 90 * time.Second

// ServerOptions are what a server is run with beside its configuration.
type ServerOptions struct {
	CrashAt string // see crashAt
	// Again reads the configuration again, on SIGHUP, as it was read before. nil: SIGHUP is ignored.
	Again func() (config.Config, error)
	Out   io.Writer // where it says what to try
	Log   io.Writer
}

// RunServer runs a server as the configuration says, until ctx ends. Meanwhile it leaves its address in the data folder.
func RunServer(ctx context.Context, c config.Config, o ServerOptions) error {
	hangups := CatchHangups()
	defer hangups.End()
	level := &slog.LevelVar{}
	level.Set(levelOf(c.Log))
	log := logger(c.Log, level, o.Log)
	b := version.Current()
	log.Info("starting", "version", b.Version, "commit", b.Commit, "date", b.Date, "go", b.Go)
	for _, f := range c.Languages.Files() {
		log.Info("language from a file", "language", f.Language, "file", f.File, "texts", f.Texts)
	}
	for _, note := range c.Notes {
		log.Warn(note)
	}
	crash, err := crashAt(o.CrashAt, c.Brands)
	if err != nil {
		return err
	}
	p, err := Wire(ctx, c, Wiring{Clock: prepaid.SystemClock{}, Log: log, reached: crash})
	if err != nil {
		return err
	}
	public, admin, err := listenBoth(c)
	if err != nil {
		return errors.Join(err, p.Close())
	}
	desk, err := p.listenDesk()
	if err != nil {
		return errors.Join(err, public.Close(), admin.Close(), p.Close())
	}
	p.warnOfClock(ctx)
	remove, err := leaveAddress(c.Data, config.LocalURL(public.Addr().String()), p.instance)
	if err != nil {
		return errors.Join(err, public.Close(), admin.Close(), desk.Close(), p.Close())
	}
	enter, err := p.demoLink(ctx, p.deskURL(desk))
	if err != nil {
		return errors.Join(err, public.Close(), admin.Close(), desk.Close(), remove(), p.Close())
	}
	p.welcome(ctx, o.Out, p.deskURL(desk), enter)
	hangups.Each(func() { p.readAgain(ctx, o.Again, p.reloads(level)) })
	return errors.Join(p.serve(ctx, public, admin, desk), remove())
}

// listenBoth opens the public and the admin listener. An error says which flag to change.
func listenBoth(c config.Config) (public, admin net.Listener, err error) {
	public, err = net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, nil, fmt.Errorf("%w (choose another with --listen)", err)
	}
	admin, err = net.Listen("tcp", c.AdminListen)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%w (choose another with --admin-listen)", err), public.Close())
	}
	return public, admin, nil
}

// listenDesk opens the listener of the operators' pages. Where there are only test brands, a port that is taken does not stop the server.
func (p *Program) listenDesk() (net.Listener, error) {
	l, err := net.Listen("tcp", p.Config.DeskListen)
	if err != nil && p.onlyTestBrands() {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("%w (choose another with --desk-listen)", err)
	}
	return l, nil
}

// deskURL is where people reach the operators' pages that stand at a listener.
func (p *Program) deskURL(l net.Listener) string {
	if p.Config.DeskURL == config.LocalURL(p.Config.DeskListen) {
		return config.LocalURL(l.Addr().String())
	}
	return p.Config.DeskURL
}

// serve answers until ctx ends, and then stops in the reverse order of starting: no new requests, turns in
// flight, due work, foreign calls in flight, stores. desk may be nil: then there are no pages for operators.
func (p *Program) serve(ctx context.Context, public, admin, desk net.Listener) error {
	listeners, servers := []net.Listener{public, admin}, []*http.Server{p.server(p.Routes()), p.server(p.AdminRoutes())}
	var err error
	if desk != nil {
		var pages http.Handler
		pages, err = p.DeskRoutes(p.deskURL(desk))
		listeners, servers = append(listeners, desk), append(servers, p.server(pages))
	}
	if err == nil {
		err = p.sayCopy(ctx)
	}
	if err != nil {
		for _, l := range listeners {
			err = errors.Join(err, l.Close())
		}
		return errors.Join(err, p.forgetCopy(ctx), p.Close())
	}
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		p.Work(working)
	}()
	failed := make(chan error, len(listeners))
	for i, l := range listeners {
		go func() { failed <- servers[i].Serve(l) }()
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
		p.Log.Info("stopping: turns and calls in flight are finished first; Ctrl-C again leaves them to the next start", "at_most", drainFor.String())
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(draining))
	}
	stopWork()
	<-worked
	err = errors.Join(err, p.Topups.Drain(draining), p.Handler.MarkTold(draining), p.forgetCopy(draining), p.Close())
	p.Log.Info("stopped")
	return err
}

// server returns an HTTP server with timeouts for slow clients: a webhook's body is small, and a turn takes 15 s at most.
func (p *Program) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 100 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
}

// welcome prints where the server is, where the desk, how to enter it where that is a demo, and what to try next.
func (p *Program) welcome(ctx context.Context, w io.Writer, desk, enter string) {
	fmt.Fprintf(w, "Pulsa is at %s (%s, data in %s)\n", p.Config.PublicURL, p.Config.File, p.Config.Data)
	if here := config.LocalURL(p.Config.Listen); here != p.Config.PublicURL {
		fmt.Fprintf(w, "On this machine: %s\n", here)
	}
	fmt.Fprintf(w, "The desk is at %s\n", desk)
	if enter != "" {
		fmt.Fprintf(w, "Look around there as its admin, once, within an hour: %s\n", enter)
	}
	fmt.Fprintln(w)
	for _, s := range p.Registry.List(ctx) {
		state := "on   " + s.ProviderURL
		switch {
		case s.Problem != "":
			state = "off  " + s.Problem
		case !s.On:
			state = "off  switched off"
		}
		fmt.Fprintf(w, "  %-16s %s\n", s.Channel.ID(), state)
	}
	for _, b := range p.Brands.All() {
		if b.Test {
			p.suggest(w, b)
			return
		}
	}
}

func (p *Program) suggest(w io.Writer, b *prepaid.Brand) {
	self, folder := calledAs(os.Args[0]), p.Config.SameFlags()
	words := p.Handler.Prompts(b.Name).ByLanguage[b.Languages[0]]
	keyword, example, here := words.Word(conversation.ActTopUp), b.Amounts.Min.Typed(), config.LocalURL(p.Config.Listen)
	fmt.Fprintf(w, "\nBrand %s is a test brand. SIMULATED: %s. Try it:\n\n", b.Name, cmp.Or(config.Simulated(b), "nothing"))
	fmt.Fprintf(w, "  %s    is a phone in the browser\n\nor, in another terminal:\n\n", here)
	fmt.Fprintf(w, "  %s chat --server %s --brand %s%s\n", self, here, b.Name, folder)
	fmt.Fprintf(w, "  > %-22s registers: follow the questions and open the link\n", keyword)
	if b.TestCode != "" {
		fmt.Fprintf(w, "  > %-22s answers a question for a code by SMS, of any number\n", b.TestCode)
	}
	fmt.Fprintf(w, "  > %-22s buys, with the PIN you have chosen\n\n", keyword+" "+example+" 4821")
	if redeem := words.Word(conversation.ActRedeem); redeem != "" {
		fmt.Fprintf(w, "  %s cards generate --brand %s --amount %s --quantity 5 --series 101%s\n", self, b.Name, example, folder)
		fmt.Fprintf(w, "  > %-22s spends a card\n\n", redeem+" code")
	}
	if _, sold := p.Settings.Terms(b.Name); sold {
		fmt.Fprintf(w, "  %s apikeys create --brand %s --name shop%s\n", self, b.Name, folder)
		fmt.Fprintf(w, "  %-24s tells how developers top up with that key\n\n", here+"/docs")
	}
	fmt.Fprintln(w, "Ctrl-C stops.")
}
