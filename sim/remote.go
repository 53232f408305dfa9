package sim

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

	"pulsa/payments"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
)

const (
	// Hook is where pulsa sim sends its gateway's news, under public_url.
	Hook = "/webhooks/sim"
	// remoteWithin is how long pulsa sim may take to be told, or to show its books.
	remoteWithin = 30 * time.Second
)

// Remote are those of pulsa sim, in another process. Their network is reached as Reloadly.
type Remote struct {
	URL     string
	Gateway *simgateway.Client
}

// NewRemote returns those at an address, which know the secret; nil where there is no address.
func NewRemote(address string, secret prepaid.Secret, log *slog.Logger) *Remote {
	if address == "" {
		return nil
	}
	log.Warn("SIMULATED PAYMENTS, in another process: no money moves", "simulator", address)
	return &Remote{address, &simgateway.Client{BaseURL: address, Secret: secret, Log: log}}
}

// Tell tells pulsa sim a line of a script.
func (r *Remote) Tell(ctx context.Context, text, number string) error {
	subject, phrase, _ := strings.Cut(strings.TrimSpace(text), " ")
	method := http.MethodPut
	if phrase == "" {
		method = http.MethodDelete
	}
	return r.Control(ctx, method, subject+"?number="+url.QueryEscape(number), phrase, nil)
}

// Control asks one of pulsa sim's control endpoints, and decodes its answer into into, unless nil.
func (r *Remote) Control(ctx context.Context, method, path, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, remoteWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, r.URL+"/control/"+path, strings.NewReader(body))
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

// Books is what simulators have done.
type Books struct {
	PaymentBook
	Delivered []simnetwork.Entry
}

// Books is what both have done.
func (s *Simulators) Books() Books {
	return Books{s.paymentBook(), s.Network.Delivered(simnetwork.Filter{})}
}

// Books is what both have done.
func (r *Remote) Books(ctx context.Context) (b Books, err error) {
	if err = r.Control(ctx, http.MethodGet, "payment", "", &b.PaymentBook); err == nil {
		err = r.Control(ctx, http.MethodGet, "network", "", &b.Delivered)
	}
	return b, err
}

// Movements reports what the gateway has moved from one time until before another.
func (r *Remote) Movements(ctx context.Context, from, to time.Time) iter.Seq2[payments.Movement, error] {
	return func(yield func(payments.Movement, error) bool) {
		var b PaymentBook
		if err := r.Control(ctx, http.MethodGet, "payment", "", &b); err != nil {
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
