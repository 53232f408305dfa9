package main

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

// simNews tells a webhook of what the simulated network delivers, signed as Reloadly signs.
type simNews struct {
	face   *simFace
	url    string
	secret prepaid.Secret
	log    *slog.Logger
}

// known is how everything stands: of what nothing is to be told until it changes.
func (n simNews) known() map[string]reloadly.State {
	known := map[string]reloadly.State{}
	for _, r := range n.face.network.Find(simnetwork.Filter{}) {
		known[r.NetworkRef] = simStatus(r)
	}
	return known
}

// run tells of every delivery and reversal that is not told yet, until ctx ends.
func (n simNews) run(ctx context.Context, told map[string]reloadly.State) {
	for n.face.clock.Sleep(ctx, simNewsEvery) == nil {
		for _, r := range n.face.network.Find(simnetwork.Filter{}) {
			status := simStatus(r)
			if status == reloadly.Processing || !r.Reported || told[r.NetworkRef] == status {
				continue
			}
			told[r.NetworkRef] = status
			if err := n.tell(ctx, n.face.transaction(r)); err != nil {
				n.log.WarnContext(ctx, "simulated news not taken", "reference", r.Reference, "error", err)
			}
		}
	}
}

// tell sends one piece of news until it is taken, a few times.
func (n simNews) tell(ctx context.Context, t reloadly.Transaction) (err error) {
	for try := range simNewsTries {
		if err = n.post(ctx, t); err == nil {
			return nil
		}
		if n.face.clock.Sleep(ctx, time.Duration(try+1)*time.Second) != nil {
			break
		}
	}
	return err
}

func (n simNews) post(ctx context.Context, t reloadly.Transaction) error {
	ctx, cancel := context.WithTimeout(ctx, simNewsWithin)
	defer cancel()
	request, err := reloadly.NewEvent(ctx, n.url, n.secret, t, n.face.clock.Now())
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
