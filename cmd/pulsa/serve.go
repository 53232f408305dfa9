package main

import (
	"context"
	"fmt"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/app/version"
	"pulsa/cmd/pulsa/term"
)

type serveCommand struct {
	settings
	Listen      string `help:"Address of webhooks and pages (default: 127.0.0.1:8080)." placeholder:"HOST:PORT"`
	AdminListen string `help:"Address of metrics and health (default: 127.0.0.1:9090)." placeholder:"HOST:PORT"`
	DeskListen  string `help:"Address of the operators' pages (default: 127.0.0.1:8081)." placeholder:"HOST:PORT"`
}

func (s *serveCommand) Run(ctx context.Context, e term.Env) error {
	flags := map[string]string{"--listen": s.Listen, "--admin-listen": s.AdminListen, "--desk-listen": s.DeskListen}
	c, err := s.load(e, config.AllCredentials, flags)
	if err != nil {
		return err
	}
	again := func() (config.Config, error) { return s.load(e, config.AllCredentials, flags) }
	return app.RunServer(ctx, c, app.ServerOptions{Again: again, CrashAt: e.Getenv("PULSA_CRASH_AT"), Out: e.Stdout, Log: e.Stderr})
}

type healthCommand struct {
	Server string `help:"Address of the server." default:"http://127.0.0.1:8080"`
}

func (h *healthCommand) Run(ctx context.Context, e term.Env) error {
	answer, ready, err := app.AskHealth(ctx, h.Server)
	fmt.Fprint(e.Stdout, answer)
	if err == nil && !ready {
		err = exitCode(1)
	}
	return err
}

type versionCommand struct{}

func (versionCommand) Run(e term.Env) error {
	fmt.Fprintln(e.Stdout, version.Current())
	return nil
}
