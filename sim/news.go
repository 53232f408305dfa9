package sim

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"pulsa/prepaid"
	simnetwork "pulsa/sim/network"
	"pulsa/topup/reloadly"
)

const (
	// simNewsEvery is how often the book is looked at for deliveries to tell of.
	simNewsEvery = 200 * time.Millisecond
	// simNewsTries is how often one piece of news is sent at most; a receiver answers within simNewsWithin.
	simNewsTries  = 6
	simNewsWithin = 10 * time.Second
)

// News tells a webhook of what the simulated network delivers, signed as Reloadly signs.
type News struct {
	Face   *Face
	URL    string
	Secret prepaid.Secret
	Log    *slog.Logger
}

// Known is how everything stands: of what nothing is to be told until it changes.
func (n News) Known() map[string]reloadly.State {
	known := map[string]reloadly.State{}
	for _, r := range n.Face.network.Find(simnetwork.Filter{}) {
		known[r.NetworkRef] = simStatus(r)
	}
	return known
}

// Run tells of every delivery and reversal that is not told yet, until ctx ends.
func (n News) Run(ctx context.Context, told map[string]reloadly.State) {
	for n.Face.clock.Sleep(ctx, simNewsEvery) == nil {
		for _, r := range n.Face.network.Find(simnetwork.Filter{}) {
			status := simStatus(r)
			if status == reloadly.Processing || !r.Reported || told[r.NetworkRef] == status {
				continue
			}
			told[r.NetworkRef] = status
			if err := n.Tell(ctx, n.Face.Transaction(r)); err != nil {
				n.Log.WarnContext(ctx, "simulated news not taken", "reference", r.Reference, "error", err)
			}
		}
	}
}

// Tell sends one piece of news until it is taken, a few times.
func (n News) Tell(ctx context.Context, t reloadly.Transaction) (err error) {
	for try := range simNewsTries {
		if err = n.post(ctx, t); err == nil {
			return nil
		}
		if n.Face.clock.Sleep(ctx, time.Duration(try+1)*time.Second) != nil {
			break
		}
	}
	return err
}

func (n News) post(ctx context.Context, t reloadly.Transaction) error {
	ctx, cancel := context.WithTimeout(ctx, simNewsWithin)
	defer cancel()
	request, err := reloadly.NewEvent(ctx, n.URL, n.Secret, t, n.Face.clock.Now())
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("webhook answered %d", response.StatusCode)
	}
	return nil
}
