package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/app/version"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
)

type serveCommand struct {
	settings
	Listen      string `help:"Address of webhooks and pages (default: 127.0.0.1:8080)." placeholder:"HOST:PORT"`
	AdminListen string `help:"Address of metrics and health (default: 127.0.0.1:9090)." placeholder:"HOST:PORT"`
}

// Run implements the command.
func (s *serveCommand) Run(ctx context.Context, e term.Env) error {
	c, err := s.load(e, map[string]string{"--listen": s.Listen, "--admin-listen": s.AdminListen})
	if err != nil {
		return err
	}
	log := app.Logger(c.Log, e.Stderr)
	defer app.IgnoreHangup(log)()
	b := version.Current()
	log.Info("starting", "version", b.Version, "commit", b.Commit, "date", b.Date, "go", b.Go)
	for _, note := range c.Notes {
		log.Warn(note)
	}
	crash, err := app.CrashAt(e.Getenv("PULSA_CRASH_AT"), c.Brands)
	if err != nil {
		return err
	}
	p, err := app.Wire(ctx, c, app.Wiring{Clock: prepaid.SystemClock{}, Log: log, Reached: crash})
	if err != nil {
		return err
	}
	public, admin, err := app.ListenBoth(c)
	if err != nil {
		return errors.Join(err, p.Close())
	}
	p.WarnOfClock(ctx)
	remove, err := app.LeaveAddress(c.Data, config.LocalURL(public.Addr().String()), p.Instance)
	if err != nil {
		return errors.Join(err, public.Close(), admin.Close(), p.Close())
	}
	p.Welcome(ctx, e.Stdout)
	return errors.Join(p.Serve(ctx, public, admin), remove())
}

type healthCommand struct {
	Server string `help:"Address of the server." default:"http://127.0.0.1:8080"`
}

// Run implements the command.
func (h *healthCommand) Run(ctx context.Context, e term.Env) error {
	if err := config.CheckServer("--server", h.Server); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(h.Server, "/")+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	fmt.Fprint(e.Stdout, string(text))
	if response.StatusCode != http.StatusOK {
		return exitCode(1)
	}
	return nil
}
