package sim

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/nyaruka/phonenumbers"

	"pulsa/prepaid"
	"pulsa/web/guard"

	simgateway "pulsa/sim/gateway"
	"pulsa/topup/reloadly"
)

// Routes serves the Reloadly API.
func (f *Face) Routes(clock prepaid.Clock, log *slog.Logger) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/", reloadly.NewServer(f, f, clock, log))
	mux.Handle("DELETE /control/tokens", guard.OwnPages(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.dropTokens()
		w.WriteHeader(http.StatusNoContent)
	})))
	return mux
}

// CountryOf is the country of a number.
func CountryOf(m prepaid.MSISDN) string {
	number, err := phonenumbers.Parse(m.String(), "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(number)
}

// RepeatNews tells again what was not taken, until ctx ends.
func RepeatNews(ctx context.Context, g *simgateway.Gateway, clock prepaid.Clock, log *slog.Logger) {
	for clock.Sleep(ctx, simNewsEvery) == nil {
		if err := g.Redeliver(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "simulated news not taken", "error", err)
			_ = clock.Sleep(ctx, time.Second)
		}
	}
}
