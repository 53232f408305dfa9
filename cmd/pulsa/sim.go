package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"pulsa/prepaid"
	"pulsa/topup/reloadly"
	networksim "pulsa/topup/sim"
)

type simCommand struct {
	Listen       string `help:"Address of the simulator." default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
	Data         string `help:"Folder of its book." default:"pulsa-sim" placeholder:"DIR"`
	Currency     string `help:"Currency of the wallet." default:"EUR"`
	ClientID     string `help:"The only client id that is let in (default: any)." placeholder:"ID"`
	ClientSecret string `help:"Its secret (default: any)." env:"PULSA_SIM_CLIENT_SECRET" placeholder:"SECRET"`
	Webhook      string `help:"Where news of deliveries goes, signed." placeholder:"URL"`
	WebhookKey   string `help:"What it is signed with." env:"PULSA_SIM_WEBHOOK_SECRET" placeholder:"SECRET"`
	NonAtomic    bool   `help:"Let requests under one reference that meet all be delivered, as at Reloadly."`
}

// Help implements kong.HelpProvider.
func (simCommand) Help() string {
	return `The network is a simulator with the Reloadly API as its face: nobody's phone is credited.

Example: pulsa sim --listen 127.0.0.1:8090
  reloadly: {base_url: http://127.0.0.1:8090, auth_url: http://127.0.0.1:8090/oauth/token}

Its API is told at http://127.0.0.1:8090/docs.

It is told how credits go from now on, in the words of conversation scripts:
  curl -X PUT --data 'delivers after 40s' http://127.0.0.1:8090/control/network
  curl -X DELETE http://127.0.0.1:8090/control/network     the number's end chooses again
  curl http://127.0.0.1:8090/control/network               what was delivered
  curl -X PUT --data 2m http://127.0.0.1:8090/control/reports    reports come late
  curl -X DELETE http://127.0.0.1:8090/control/tokens      every token becomes invalid`
}

// Run implements the command.
func (s *simCommand) Run(ctx context.Context, e environ) (err error) {
	wallet := prepaid.Currency(s.Currency)
	if !wallet.Valid() {
		return fmt.Errorf("--currency %q: write three capital letters of ISO 4217, such as EUR", s.Currency)
	}
	log, clock := slog.New(slog.NewTextHandler(e.stderr, nil)), prepaid.SystemClock{}
	network, err := networksim.New(networksim.Config{
		Clock: clock, Book: filepath.Join(s.Data, "network.book"), Currency: wallet, NonAtomic: s.NonAtomic, Log: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	life, end := context.WithCancel(ctx)
	defer end()
	face := newSimFace(life, network, clock, wallet)
	face.clientID, face.secret, face.nonAtomic = s.ClientID, prepaid.NewSecret(s.ClientSecret), s.NonAtomic
	if s.Webhook != "" {
		go simNews{face: face, url: s.Webhook, secret: prepaid.NewSecret(s.WebhookKey), log: log}.run(life)
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("%w (choose another with --listen)", err)
	}
	fmt.Fprintf(e.stdout, "SIMULATOR at http://%s: nobody's phone is credited. Its book is %s\n\n%s\n",
		listener.Addr(), filepath.Join(s.Data, "network.book"), s.Help())
	return serveSimulator(ctx, listener, face.routes(clock, log))
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

// routes serves the Reloadly API, and what tests and people tell the simulator.
func (f *simFace) routes(clock prepaid.Clock, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", reloadly.NewServer(f, f, clock, log))
	mux.HandleFunc("PUT /control/network", f.tell)
	mux.HandleFunc("DELETE /control/network", func(w http.ResponseWriter, _ *http.Request) {
		f.set(networksim.Behaviour{})
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /control/network", f.book)
	mux.HandleFunc("PUT /control/reports", f.tellReports)
	mux.HandleFunc("DELETE /control/tokens", func(w http.ResponseWriter, _ *http.Request) {
		f.dropTokens()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// tell sets how credits go: the body is the phrase of a conversation script, or "answers garbage".
func (f *simFace) tell(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
	if err != nil {
		http.Error(w, "the phrase is too long", http.StatusRequestEntityTooLarge)
		return
	}
	phrase := strings.TrimSpace(string(text))
	b := networksim.Behaviour{Kind: networksim.AnswersGarbage}
	if phrase != string(networksim.AnswersGarbage) {
		if b, err = networksim.ParseBehaviour(phrase); err != nil {
			http.Error(w, err.Error()+", "+string(networksim.AnswersGarbage), http.StatusBadRequest)
			return
		}
	}
	f.set(b)
	w.WriteHeader(http.StatusNoContent)
}

// maxLate is how late reports may come: later than a day an order has ended.
const maxLate = 24 * time.Hour

// tellReports sets how long after its delivery a top-up is in the reports: "2m", and "0s" for at once.
func (f *simFace) tellReports(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
	late, wrong := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil || wrong != nil || late < 0 || late > maxLate {
		http.Error(w, "write a duration up to 24h, such as 2m", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	f.late = late
	f.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// book shows what was delivered, to be held against our own SQL.
func (f *simFace) book(w http.ResponseWriter, _ *http.Request) {
	entries := f.network.Delivered(networksim.Filter{})
	if entries == nil {
		entries = []networksim.Entry{}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(entries)
}

// simCountry is the country of a number.
func simCountry(m prepaid.MSISDN) string {
	number, err := phonenumbers.Parse(m.String(), "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(number)
}
