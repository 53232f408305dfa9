package main

import (
	"context"
	"fmt"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
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
	return app.RunServer(ctx, c, app.ServerOptions{CrashAt: e.Getenv("PULSA_CRASH_AT"), Out: e.Stdout, Log: e.Stderr})
}

type healthCommand struct {
	Server string `help:"Address of the server." default:"http://127.0.0.1:8080"`
}

// Run implements the command.
func (h *healthCommand) Run(ctx context.Context, e term.Env) error {
	if err := config.CheckServer("--server", h.Server); err != nil {
		return err
	}
	answer, ready, err := app.AskHealth(ctx, h.Server)
	if err != nil {
		return err
	}
	fmt.Fprint(e.Stdout, answer)
	if !ready {
		return exitCode(1)
	}
	return nil
}
