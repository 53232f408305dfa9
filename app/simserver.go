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
	"strings"
	"sync"
	"time"

	"pulsa/prepaid"
	"pulsa/sim"
	simgateway "pulsa/sim/gateway"
	"pulsa/web/guard"
)

// SimulatorServer serves the simulated network with the Reloadly API as its face, and the simulated gateway if a webhook is set
// for it.
type SimulatorServer struct {
	Listen    string        // host:port
	PublicURL string        // where customers reach the payment pages; "": follows from Listen
	Folder    string        // of the books
	TimeOut   time.Duration // how long a simulated time-out takes

	Currency     prepaid.Currency // of the client's wallet at the network
	ClientID     string           // the only one that the network lets in; "": any
	ClientSecret prepaid.Secret   // its secret; empty: any
	Webhook      string           // where the network's news of deliveries goes; "": nowhere
	WebhookKey   prepaid.Secret   // what that news is signed with
	NonAtomic    bool             // see sim.Options

	GatewayWebhook string // where the gateway's news of payments goes; "": there is no gateway
	GatewaySecret  prepaid.Secret
}

// Run serves until ctx ends. It calls started with its address once it listens. A client that waits in a simulated time-out when
// ctx ends gets no answer. Errors name the flags of pulsa sim.
func (s SimulatorServer) Run(ctx context.Context, logTo io.Writer, started func(address string)) (err error) {
	switch {
	case !s.Currency.Valid():
		return fmt.Errorf("--currency %q: write three capital letters of ISO 4217, such as EUR", s.Currency)
	case s.GatewayWebhook != "" && s.GatewaySecret.Empty():
		return errors.New("--gateway-webhook needs a secret: set PULSA_SIM_GATEWAY_SECRET (openssl rand -hex 32)")
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("%w (choose another with --listen)", err)
	}
	defer func() { _ = listener.Close() }()
	log, clock := slog.New(slog.NewTextHandler(logTo, nil)), prepaid.SystemClock{}
	defer IgnoreHangup(log)()
	sims, err := sim.Open(sim.Options{
		Clock: clock, Log: log, Folder: s.Folder, Currency: s.Currency, NonAtomic: s.NonAtomic, Patience: s.TimeOut,
		BaseURL: cmp.Or(strings.TrimRight(s.PublicURL, "/"), "http://"+listener.Addr().String()),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sims.Close()) }()
	life, end := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer func() { end(); all.Wait() }()
	mux := s.network(life, &all, sims, log)
	sims.ControlRoutes(mux)
	if s.GatewayWebhook != "" {
		s.gateway(life, &all, sims, log, mux)
	}
	started(listener.Addr().String())
	server := &http.Server{Handler: guard.WithoutPanics(mux, log), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// network serves the network's API. Until life ends it notifies the webhook of deliveries, in a goroutine that all counts.
func (s SimulatorServer) network(life context.Context, all *sync.WaitGroup, sims *sim.Simulators, log *slog.Logger) *http.ServeMux {
	clock := prepaid.SystemClock{}
	face := sim.NewFace(life, sims.Network, clock, s.Currency)
	face.ClientID, face.Secret = s.ClientID, s.ClientSecret
	if s.Webhook != "" {
		news := sim.News{Face: face, URL: s.Webhook, Secret: s.WebhookKey, Log: log}
		known := news.Known()
		all.Go(func() { prepaid.KeepGoing(life, clock, log, "news of the network", func() { news.Run(life, known) }) })
	}
	return face.Routes(clock, log)
}

// gateway adds the gateway's routes. Until life ends it notifies its webhook of payments, in a goroutine that all counts.
func (s SimulatorServer) gateway(life context.Context, all *sync.WaitGroup, sims *sim.Simulators, log *slog.Logger, mux *http.ServeMux) {
	clock := prepaid.SystemClock{}
	face := &simgateway.Face{Gateway: sims.Gateway, Secret: s.GatewaySecret, Webhook: s.GatewayWebhook}
	sims.Gateway.Connect(face.Tell)
	face.Routes(mux)
	all.Go(func() {
		prepaid.KeepGoing(life, clock, log, "news of the gateway", func() { sim.RepeatNews(life, sims.Gateway, clock, log) })
	})
}
