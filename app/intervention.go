package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	simbook "pulsa/sim/book"

	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/topup"
	"pulsa/web/guard"
)

// interventionPath is where the admin listener takes interventions in a brand's orders.
const interventionPath = "/test/%s/intervention"

// Intervene carries out an operator's action on an order. A running server has its simulators to itself: for test brands,
// Intervene asks that server through its admin listener.
func Intervene(ctx context.Context, c config.Config, log *slog.Logger, r operators.Intervention) (operators.Intervened, error) {
	if err := r.Check(); err != nil { // a server would answer with text, not with the error
		return operators.Intervened{}, err
	}
	p, err := Wire(ctx, c, Wiring{Clock: prepaid.SystemClock{}, Log: log})
	if errors.Is(err, simbook.ErrInUse) {
		return interveneBesideServer(ctx, c, log, r)
	}
	if err != nil {
		return operators.Intervened{}, err
	}
	done, err := r.CarryOut(ctx, p.Topups)
	return done, errors.Join(err, p.Close())
}

func interveneBesideServer(ctx context.Context, c config.Config, log *slog.Logger, r operators.Intervention) (operators.Intervened, error) {
	sims, err := sim.Open(sim.Options{Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler), BaseURL: c.PublicURL})
	if err != nil {
		return operators.Intervened{}, err
	}
	defer func() { _ = sims.Close() }()
	p, err := Wire(ctx, c, Wiring{Clock: prepaid.SystemClock{}, Log: log, sims: sims})
	if err != nil {
		return operators.Intervened{}, err
	}
	defer func() { _ = p.Close() }()
	h, err := p.Topups.Order(ctx, r.Order)
	if err != nil {
		return operators.Intervened{}, fmt.Errorf("%s: %w", r.Order, err)
	}
	if brand := p.Brands.Known(h.Brand); brand == nil || !brand.Test {
		return r.CarryOut(ctx, p.Topups)
	}
	return askServer(ctx, c.AdminListen, h.Brand, r)
}

// askServer has the server whose admin listener is at an address carry out an action on an order of a test brand.
func askServer(ctx context.Context, address, brand string, r operators.Intervention) (operators.Intervened, error) {
	var done operators.Intervened
	body, err := json.Marshal(r)
	if err != nil {
		return done, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+fmt.Sprintf(interventionPath, brand), bytes.NewReader(body))
	if err != nil {
		return done, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return done, fmt.Errorf("ask the running server, which has the simulators: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(text)))
	}
	if err != nil {
		return done, err
	}
	return done, json.Unmarshal(text, &done)
}

// interventionRoutes lets operators reach the simulators of a running server.
func (p *Program) interventionRoutes(mux *http.ServeMux) {
	mux.Handle("POST "+fmt.Sprintf(interventionPath, "{brand}"), guard.OfType(func(w http.ResponseWriter, r *http.Request) {
		brand := p.Brands.Named(r.PathValue("brand"))
		var asked operators.Intervention
		if brand == nil || !brand.Test || json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10)).Decode(&asked) != nil {
			http.Error(w, "no such test brand, or no request", http.StatusBadRequest)
			return
		}
		h, err := p.Topups.Order(r.Context(), asked.Order)
		if err == nil && h.Brand != brand.Name {
			err = topup.ErrNoOrder
		}
		var done operators.Intervened
		if err == nil {
			done, err = asked.CarryOut(r.Context(), p.Topups)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		_ = json.NewEncoder(w).Encode(done) // the client may have disconnected
	}, "application/json"))
}
