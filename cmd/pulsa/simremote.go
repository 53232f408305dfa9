package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pulsa/app/config"
	"pulsa/conversation/talk"
	"pulsa/payments"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
)

const (
	// simHook is where pulsa sim sends its gateway's news, under public_url.
	simHook = "/webhooks/sim"
	// remoteWithin is how long pulsa sim may take to be told, or to show its books.
	remoteWithin = 30 * time.Second
)

// remoteSimulators are those of pulsa sim, in another process. Their network is reached as Reloadly.
type remoteSimulators struct {
	url     string
	gateway *simgateway.Client
}

func newRemoteSimulators(c config.Simulator, log *slog.Logger) *remoteSimulators {
	if c.URL == "" {
		return nil
	}
	log.Warn("SIMULATED PAYMENTS, in another process: no money moves", "simulator", c.URL)
	return &remoteSimulators{c.URL, &simgateway.Client{BaseURL: c.URL, Secret: c.Secret, Log: log}}
}

// tellSimulators makes those simulators behave that a brand uses.
func (p *program) tellSimulators(ctx context.Context, brand string, who talk.Customer, e talk.Event) error {
	network := e.Kind == talk.NetworkBehaves
	if p.remote == nil || network && p.config.Networks[brand] == "sim" {
		return p.sims.do(ctx, who, e)
	}
	switch e.Kind {
	case talk.SetupCompleted, talk.SetupAbandoned, talk.CustomerAuthenticates, talk.PaymentBehaves, talk.NetworkBehaves:
		return p.remote.tell(ctx, e.String(), who.Number)
	}
	return talk.ErrNotOffered
}

// completeSetup lets a customer complete the page that was opened for them.
func (p *program) completeSetup(ctx context.Context, m prepaid.MSISDN) error {
	if p.remote == nil {
		return p.sims.gateway.CompleteSetup(ctx, m)
	}
	return p.remote.tell(ctx, string(talk.SetupCompleted), m.String())
}

// tell tells pulsa sim a line of a script.
func (r *remoteSimulators) tell(ctx context.Context, text, number string) error {
	subject, phrase, _ := strings.Cut(strings.TrimSpace(text), " ")
	method := http.MethodPut
	if phrase == "" {
		method = http.MethodDelete
	}
	return r.control(ctx, method, subject+"?number="+url.QueryEscape(number), phrase, nil)
}

func (r *remoteSimulators) control(ctx context.Context, method, path, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, remoteWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, r.url+"/control/"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", phraseTypes[0])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the simulators: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxPhrase))
		return fmt.Errorf("the simulators answer %d: %s", response.StatusCode, strings.TrimSpace(string(text)))
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// simBooks is what simulators have done.
type simBooks struct {
	paymentBook
	Delivered []simnetwork.Entry
}

func (s *simulators) books() simBooks {
	return simBooks{s.paymentBook(), s.network.Delivered(simnetwork.Filter{})}
}

func (r *remoteSimulators) books(ctx context.Context) (b simBooks, err error) {
	if err = r.control(ctx, http.MethodGet, "payment", "", &b.paymentBook); err == nil {
		err = r.control(ctx, http.MethodGet, "network", "", &b.Delivered)
	}
	return b, err
}

// Movements reports what the gateway has moved from one time until before another.
func (r *remoteSimulators) Movements(ctx context.Context, from, to time.Time) iter.Seq2[payments.Movement, error] {
	return func(yield func(payments.Movement, error) bool) {
		var b paymentBook
		if err := r.control(ctx, http.MethodGet, "payment", "", &b); err != nil {
			yield(payments.Movement{}, err)
			return
		}
		for m := range simgateway.MovementsOf(b.Charged, b.Refunded, b.Returned, from, to) {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// books are those of all simulators that brands of the program may use.
func (p *program) books(ctx context.Context) (simBooks, error) {
	ours := p.sims.books()
	if p.remote == nil {
		return ours, nil
	}
	theirs, err := p.remote.books(ctx)
	return ours.with(theirs), err
}
