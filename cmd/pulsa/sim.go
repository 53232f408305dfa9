package main

import (
	"context"
	"fmt"
	"time"

	"pulsa/app"
	"pulsa/cmd/pulsa/term"
	"pulsa/prepaid"
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

func (s *simCommand) Run(ctx context.Context, e term.Env) error {
	return app.SimulatorServer{
		Listen: s.Listen, PublicURL: s.PublicURL, Folder: s.Data, TimeOut: s.TimeOut,
		Currency: prepaid.Currency(s.Currency), ClientID: s.ClientID, ClientSecret: prepaid.NewSecret(s.ClientSecret),
		Webhook: s.Webhook, WebhookKey: prepaid.NewSecret(s.WebhookKey), NonAtomic: s.NonAtomic,
		GatewayWebhook: s.GatewayWebhook, GatewaySecret: prepaid.NewSecret(s.GatewaySecret),
	}.Run(ctx, e.Stderr, func(address string) {
		fmt.Fprintf(e.Stdout, "SIMULATORS at http://%s: nobody's phone is credited, no money moves. Their books are in %s\n\n%s\n",
			address, s.Data, helpSections()["sim"])
	})
}
