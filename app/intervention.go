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
	"pulsa/prepaid"
	"pulsa/sim"
	"pulsa/topup"
	"pulsa/web/guard"
)

// HandRequest asks for a thing to be done to one order by hand.
type HandRequest struct {
	Order    prepaid.OrderID
	Verdict  topup.Verdict // "": refund
	Goodwill bool          // of a refund: though it is delivered
	By       prepaid.By
}

// HandAnswer is how the order then stands.
type HandAnswer struct {
	Order      prepaid.OrderID
	Status     topup.Status
	Reason     string
	NeedsHuman bool
	Charge     topup.ChargeStatus
	Funding    topup.FundingKind
}

// CarryOut does what is asked. The simulators of a running server are its own: it is asked to do it, for test
// brands through its admin listener.
func (r HandRequest) CarryOut(ctx context.Context, c config.Config, log *slog.Logger) (HandAnswer, error) {
	p, err := Wire(ctx, c, Wiring{Clock: prepaid.SystemClock{}, Log: log})
	if errors.Is(err, simbook.ErrInUse) {
		return r.besideServer(ctx, c, log)
	}
	if err != nil {
		return HandAnswer{}, err
	}
	answer, err := p.byHand(ctx, r)
	return answer, errors.Join(err, p.Close())
}

func (r HandRequest) besideServer(ctx context.Context, c config.Config, log *slog.Logger) (HandAnswer, error) {
	sims, err := sim.Open(sim.Options{Clock: prepaid.SystemClock{}, Log: slog.New(slog.DiscardHandler), BaseURL: c.PublicURL})
	if err != nil {
		return HandAnswer{}, err
	}
	defer func() { _ = sims.Close() }()
	p, err := Wire(ctx, c, Wiring{Clock: prepaid.SystemClock{}, Log: log, Sims: sims})
	if err != nil {
		return HandAnswer{}, err
	}
	defer func() { _ = p.Close() }()
	h, err := p.Topups.Order(ctx, r.Order)
	if err != nil {
		return HandAnswer{}, fmt.Errorf("%s: %w", r.Order, err)
	}
	if brand := p.Brands[h.Brand]; brand == nil || !brand.Test {
		return p.byHand(ctx, r)
	}
	return r.AskServer(ctx, c, h.Brand)
}

// AskServer has the running server do it, by its admin listener: it has the simulators of test brands.
func (r HandRequest) AskServer(ctx context.Context, c config.Config, brand string) (HandAnswer, error) {
	var answer HandAnswer
	body, err := json.Marshal(r)
	if err != nil {
		return answer, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.AdminListen+"/test/"+brand+"/by-hand", bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer, fmt.Errorf("ask the running server, which has the simulators: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(text)))
	}
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(text, &answer)
}

// byHand does what an operator asks.
func (p *Program) byHand(ctx context.Context, r HandRequest) (HandAnswer, error) {
	var h topup.History
	var err error
	switch {
	case r.Goodwill:
		h, err = p.Topups.Goodwill(ctx, r.Order, r.By)
	case r.Verdict == "":
		h, err = p.Topups.Refund(ctx, r.Order, r.By)
	default:
		h, err = p.Topups.Resolve(ctx, r.Order, r.Verdict, r.By)
	}
	if err != nil {
		return HandAnswer{}, fmt.Errorf("%s: %w", r.Order, r.NextAfter(h, err))
	}
	return HandAnswer{h.ID, h.Status, h.Reason, h.NeedsHuman, h.Charge.Status, h.Funding.Kind}, nil
}

// handRoutes lets operators reach the simulators of a running server.
func (p *Program) handRoutes(mux *http.ServeMux) {
	mux.Handle("POST /test/{brand}/by-hand", guard.OfType(func(w http.ResponseWriter, r *http.Request) {
		brand := p.Brands[r.PathValue("brand")]
		var request HandRequest
		if brand == nil || !brand.Test || json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10)).Decode(&request) != nil {
			http.Error(w, "no such test brand, or no request", http.StatusBadRequest)
			return
		}
		h, err := p.Topups.Order(r.Context(), request.Order)
		if err == nil && h.Brand != brand.Name {
			err = topup.ErrNoOrder
		}
		var answer HandAnswer
		if err == nil {
			answer, err = p.byHand(r.Context(), request)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		_ = json.NewEncoder(w).Encode(answer) // the client may have gone
	}, "application/json"))
}
