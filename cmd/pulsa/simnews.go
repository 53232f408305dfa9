package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"pulsa/prepaid"
	"pulsa/topup/reloadly"
	networksim "pulsa/topup/sim"
)

const (
	// simNewsEvery is how often the book is looked at for deliveries to tell of.
	simNewsEvery = 200 * time.Millisecond
	// simNewsTries is how often one piece of news is sent at most; a receiver answers within simNewsWithin.
	simNewsTries  = 3
	simNewsWithin = 10 * time.Second
)

// simNews tells a webhook of what the simulated network delivers, signed as Reloadly signs.
type simNews struct {
	face   *simFace
	url    string
	secret prepaid.Secret
	log    *slog.Logger
}

// run tells of every delivery and reversal from now on, until ctx ends.
func (n simNews) run(ctx context.Context) {
	told := map[string]reloadly.State{}
	for _, r := range n.face.network.Find(networksim.Filter{}) {
		told[r.NetworkRef] = simStatus(r)
	}
	for n.face.clock.Sleep(ctx, simNewsEvery) == nil {
		for _, r := range n.face.network.Find(networksim.Filter{}) {
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
	body, err := json.Marshal(map[string]any{"type": "airtime_transaction.status", "data": t})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(n.face.clock.Now().UnixMilli(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Reloadly-Request-Timestamp", stamp)
	request.Header.Set("X-Reloadly-Signature", reloadly.Sign(n.secret, body, stamp))
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
