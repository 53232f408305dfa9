package sim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"pulsa/prepaid"
	"pulsa/web/guard"

	simgateway "pulsa/sim/gateway"

	simnetwork "pulsa/sim/network"
)

// maxPhrase is far more than any phrase of a script.
const maxPhrase = 1 << 10

// PaymentBook is what the simulated gateway has done, as control shows it.
type PaymentBook struct{ Charged, Refunded, Returned []simgateway.Entry }

// ControlRoutes let tests and people tell the simulators how things go, and show their books.
func (s *Simulators) ControlRoutes(mux *http.ServeMux) {
	for _, subject := range []string{"network", "payment", "customer"} {
		mux.Handle("PUT /control/"+subject, guard.OfType(func(w http.ResponseWriter, r *http.Request) { s.control(w, r, subject) }, phraseTypes...))
	}
	for _, subject := range []string{"network", "payment"} {
		mux.Handle("DELETE /control/"+subject, guard.OwnPages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			controlled(w, s.Tell(r.Context(), subject, ""))
		})))
	}
	mux.Handle("GET /control/network", guard.OwnPages(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		show(w, append([]simnetwork.Entry{}, s.Network.Delivered(simnetwork.Filter{})...))
	})))
	mux.Handle("GET /control/payment", guard.OwnPages(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		show(w, s.paymentBook())
	})))
}

// phraseTypes are what a phrase may be said to be: text, and what curl says where it is told nothing.
var phraseTypes = []string{"text/plain", "application/x-www-form-urlencoded"}

func (s *Simulators) paymentBook() PaymentBook {
	return PaymentBook{
		Charged:  append([]simgateway.Entry{}, s.Gateway.Charged(simgateway.Filter{})...),
		Refunded: append([]simgateway.Entry{}, s.Gateway.Refunded(simgateway.Filter{})...),
		Returned: append([]simgateway.Entry{}, s.Gateway.Returned(simgateway.Filter{})...),
	}
}

func show(w http.ResponseWriter, book any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(book) // the client may have gone
}

// control tells the subject of a script's line the rest of that line, which is the body.
func (s *Simulators) control(w http.ResponseWriter, r *http.Request, subject string) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPhrase))
	phrase := strings.TrimSpace(string(text))
	if err != nil || phrase == "" {
		http.Error(w, "write one phrase of a conversation script", http.StatusBadRequest)
		return
	}
	var m prepaid.MSISDN
	if number := r.URL.Query().Get("number"); number != "" {
		if m, err = prepaid.ParseE164(number); err != nil {
			http.Error(w, "write the number in full, as %2B31612345678", http.StatusBadRequest)
			return
		}
	}
	controlled(w, s.Tell(r.Context(), subject+" "+phrase, m))
}

func controlled(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, simgateway.ErrNoSetup), errors.Is(err, simgateway.ErrNoCharge), errors.Is(err, simnetwork.ErrNoDelivery):
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
