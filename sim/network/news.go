package network

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoDelivery says that there is no delivery to take back.
var ErrNoDelivery = errors.New("no such delivery")

// Connect says who hears, by its reference, of a delivery that was taken back: the program that was started last. It
// is called without any lock held, in the goroutine of whoever caused the news.
func (n *Network) Connect(events func(ctx context.Context, reference string) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = events
}

// TakeBack undoes the newest delivery that fits, as a network's staff may, and tells it. ErrNoDelivery where there is none.
func (n *Network) TakeBack(ctx context.Context, f Filter) error {
	c, err := n.takeBack(f)
	if err != nil {
		return fmt.Errorf("take simulated delivery back: %w", err)
	}
	return n.tell(ctx, c)
}

func (n *Network) takeBack(f Filter) (credit, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.ripen(); err != nil {
		return credit{}, err
	}
	for i := len(n.credits) - 1; i >= 0; i-- {
		if c := n.credits[i]; f.fits(c) && c.Delivered && !c.TakenBack {
			c.TakenBack, c.Untold = true, true
			return c, n.write(c)
		}
	}
	return credit{}, ErrNoDelivery
}

// Redeliver tells again what nobody has taken yet. It goes on after an error, and returns them all.
func (n *Network) Redeliver(ctx context.Context) error {
	n.mu.Lock()
	n.ripenAll()
	var untold []credit
	for _, c := range n.credits {
		if c.Untold {
			untold = append(untold, c)
		}
	}
	n.mu.Unlock()
	var failed []error
	for _, c := range untold {
		failed = append(failed, n.tell(ctx, c))
	}
	return errors.Join(failed...)
}

// tell gives the news of a credit that was taken back, and books that it was taken. Nobody may want it.
func (n *Network) tell(ctx context.Context, c credit) error {
	n.mu.Lock()
	events := n.events
	n.mu.Unlock()
	if events == nil {
		return nil
	}
	if err := events(ctx, c.Reference); err != nil {
		return fmt.Errorf("tell news of credit %s: %w", c.Reference, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	c.Untold = false // what was taken back changes no more
	return n.write(c)
}
