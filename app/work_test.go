package app

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/developers"
	"pulsa/topup"
)

// meeting is a network that is out of funds when it is asked first for a number; asked again, it answers once two are.
type meeting struct {
	topup.Network
	asked *sync.Map
	both  *sync.WaitGroup
}

// Credit implements topup.Network.
func (m meeting) Credit(ctx context.Context, c topup.Credit) topup.Result {
	if _, again := m.asked.LoadOrStore(c.Reference, true); !again {
		return topup.Result{Outcome: topup.Passing, Code: topup.CodeNoFunds}
	}
	m.both.Done()
	m.both.Wait()
	return m.Network.Credit(ctx, c)
}

func TestAnOrderThatTakesLongKeepsNoOtherWaiting(t *testing.T) {
	clock := apptest.NewStillClock()
	network := meeting{asked: &sync.Map{}, both: &sync.WaitGroup{}}
	network.both.Add(2)
	r := runWired(t, nil, nil, Wiring{Clock: clock, network: func(n topup.Network) topup.Network {
		network.Network = n
		return network
	}})
	c := r.caller(developers.Key{Name: "two"})
	for _, number := range []string{"0612345678", "0612345679"} {
		c.wants(http.MethodPost, "/topups", buying(number, number), http.StatusOK, `"status":"PROCESSING"`)
	}
	met := make(chan struct{})
	go func() {
		network.both.Wait()
		close(met)
	}()
	clock.Skip(2 * time.Minute) // both are tried again
	left := 30 * time.Second    // for all to look; a call is left alone after ninety
	apptest.Await(t, "both are asked for at once", func() bool {
		select {
		case <-met:
			return true
		default:
			return false
		}
	}, func() {
		if left -= 10 * time.Millisecond; left > 0 {
			clock.Skip(10 * time.Millisecond)
		}
	})
	apptest.Await(t, "both are delivered", func() bool {
		all := c.transactions().Content
		return len(all) == 2 && all[0].Status == "SUCCESSFUL" && all[1].Status == "SUCCESSFUL"
	}, func() { clock.Skip(time.Second) })
	r.wantClean()
}
