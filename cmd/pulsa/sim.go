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

// Help implements kong.HelpProvider.
func (simCommand) Help() string {
	return `A network with the Reloadly API as its face, and a payment gateway: SIMULATORS. Nobody's phone is credited, no money moves.

Example: pulsa sim --gateway-webhook http://127.0.0.1:8080/webhooks/sim

PULSA_SIM_GATEWAY_SECRET is in the environment of both, and in the server's configuration stands

  brands: {demo: {network: reloadly, gateway: sim, …}}
  reloadly: {base_url: http://127.0.0.1:8090, auth_url: http://127.0.0.1:8090/oauth/token, …}
  simulator: {url: http://127.0.0.1:8090, secret: ${PULSA_SIM_GATEWAY_SECRET}}

The network's API is told at http://127.0.0.1:8090/docs.

They are told how things go from now on, in the words of conversation scripts:
  curl -X PUT --data 'delivers after 40s' http://127.0.0.1:8090/control/network
  curl -X PUT --data 'needs authentication' http://127.0.0.1:8090/control/payment
  curl -X DELETE http://127.0.0.1:8090/control/network     the number's end chooses again, as before
  curl http://127.0.0.1:8090/control/payment               the books: what was charged, refunded, returned
What happens to a page, charge or delivery happens at once, to the newest of a number or of anybody:
  curl -X PUT --data 'completes payment setup' 'http://127.0.0.1:8090/control/customer?number=%2B31612345678'
  curl -X PUT --data 'is disputed' http://127.0.0.1:8090/control/payment
  curl -X PUT --data 'takes the delivery back' http://127.0.0.1:8090/control/network
  curl -X DELETE http://127.0.0.1:8090/control/tokens      every token of the network becomes invalid
A phrase that is not understood is answered with all that are.

Numbers whose end chooses:
  8001 network rejects TRANSACTION_REFUSED_BY_OPERATOR     9001 payment declines
  8002 times out                                           9002 times out
  8003 times out after delivering                          9003 times out after charging
  8004 delivers after 40s                                  9004 needs authentication
  8005 is out of funds                                     9005 pends
  8006 is unavailable                                      9006 approves after 20s
  8007 rejects PHONE_RECENTLY_RECHARGED                    9007 refuses to refund
  8008 answers garbage                                     9008 is disputed, a minute later
  8009 the same, and reports after 3m                      9009 pends, and returns the debit a minute later
  8010 is not atomic                                       9010 answers garbage
  8011 takes the delivery back, a minute later             9011 the same, and reports after 3m
  8012 fails with TRANSACTION_FAILED_ON_OPERATOR           9012 is not atomic
  8020 delivers a PIN
  8021 the same, then times out
  8022 delivers a PIN after 40s
  9999 is not recognised`
}

// Run implements the command.
func (s *simCommand) Run(ctx context.Context, e environ) (err error) {
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
	log, clock := slog.New(slog.NewTextHandler(e.stderr, nil)), prepaid.SystemClock{}
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
	fmt.Fprintf(e.stdout, "SIMULATORS at http://%s: nobody's phone is credited, no money moves. Their books are in %s\n\n%s\n",
		listener.Addr(), s.Data, s.Help())
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
