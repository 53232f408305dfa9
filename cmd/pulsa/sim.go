package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/web/guard"

	simgateway "pulsa/sim/gateway"
)

type simCommand struct {
	Listen    string        `help:"Address of the simulators." default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
	PublicURL string        `help:"Where customers reach the payment pages (default: http:// and --listen)." placeholder:"URL"`
	Data      string        `help:"Folder of their books." default:"pulsa-sim" placeholder:"DIR"`
	TimeOut   time.Duration `help:"How long a time-out takes." default:"90s" placeholder:"DURATION"`

	Currency     string `help:"Currency of our wallet at the network." default:"EUR"`
	ClientID     string `help:"The only client id that the network lets in (default: any)." placeholder:"ID"`
	ClientSecret string `help:"Its secret (default: any)." env:"PULSA_SIM_CLIENT_SECRET" placeholder:"SECRET"`
	Webhook      string `help:"Where the network's news of deliveries goes, signed." placeholder:"URL"`
	WebhookKey   string `help:"What it is signed with." env:"PULSA_SIM_WEBHOOK_SECRET" placeholder:"SECRET"`
	NonAtomic    bool   `help:"Let the network deliver all requests under one reference that meet, as Reloadly does."`

	GatewayWebhook string `help:"Where the gateway's news of payments goes, signed. Without it there is no gateway." placeholder:"URL"`
	GatewaySecret  string `help:"What it is signed with, and the server is let in by." env:"PULSA_SIM_GATEWAY_SECRET" placeholder:"SECRET"`
}

// Run implements the command.
func (s *simCommand) Run(ctx context.Context, e term.Env) (err error) {
	wallet := prepaid.Currency(s.Currency)
	if !wallet.Valid() {
		return fmt.Errorf("--currency %q: write three capital letters of ISO 4217, such as EUR", s.Currency)
	}
	if s.GatewayWebhook != "" && s.GatewaySecret == "" {
		return errors.New("--gateway-webhook needs a secret: set PULSA_SIM_GATEWAY_SECRET (openssl rand -hex 32)")
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("%w (choose another with --listen)", err)
	}
	defer func() { _ = listener.Close() }()
	public := cmp.Or(strings.TrimRight(s.PublicURL, "/"), "http://"+listener.Addr().String())
	log, clock := slog.New(slog.NewTextHandler(e.Stderr, nil)), prepaid.SystemClock{}
	defer app.IgnoreHangup(log)()
	sims, err := sim.Open(sim.Options{
		Clock: clock, Log: log, Folder: s.Data, BaseURL: public, Currency: wallet, NonAtomic: s.NonAtomic, Patience: s.TimeOut,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sims.Close()) }()
	life, end := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer func() { end(); all.Wait() }()
	face := sim.NewFace(life, sims.Network, clock, wallet)
	face.ClientID, face.Secret = s.ClientID, prepaid.NewSecret(s.ClientSecret)
	if s.Webhook != "" {
		news := sim.News{Face: face, URL: s.Webhook, Secret: prepaid.NewSecret(s.WebhookKey), Log: log}
		known := news.Known()
		all.Go(func() { prepaid.KeepGoing(life, clock, log, "news of the network", func() { news.Run(life, known) }) })
	}
	mux := face.Routes(clock, log)
	sims.ControlRoutes(mux)
	if s.GatewayWebhook != "" {
		gateway := &simgateway.Face{Gateway: sims.Gateway, Secret: prepaid.NewSecret(s.GatewaySecret), Webhook: s.GatewayWebhook}
		sims.Gateway.Connect(gateway.Tell)
		gateway.Routes(mux)
		all.Go(func() {
			prepaid.KeepGoing(life, clock, log, "news of the gateway", func() { sim.RepeatNews(life, sims.Gateway, clock, log) })
		})
	}
	fmt.Fprintf(e.Stdout, "SIMULATORS at http://%s: nobody's phone is credited, no money moves. Their books are in %s\n\n%s\n",
		listener.Addr(), s.Data, helpOf("sim"))
	return serveSimulator(ctx, listener, guard.WithoutPanics(mux, log))
}

// serveSimulator answers until ctx ends; who waits for a simulated time-out then is left without an answer, as
// the time-out meant.
func serveSimulator(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}
