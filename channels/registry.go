package channels

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pulsa/prepaid"
)

// switchesFor is how long the switches are used before they are read again.
const switchesFor = 2 * time.Second

// Switches stores which channels operators have switched on or off.
type Switches interface {
	// Switches returns the state of each channel that was ever switched, by "brand/channel". The configuration decides
	// about the others.
	Switches(ctx context.Context) (map[string]bool, error)
}

// Registry holds the adapters and the channels of all brands, and knows which channels are on. All adapters are
// registered before its first use; after that it is safe for concurrent use.
type Registry struct {
	adapters map[string]Adapter
	brands   *prepaid.Brands
	public   string // where providers reach us
	switches Switches
	clock    prepaid.Clock

	mu       sync.Mutex
	switched map[string]bool
	readAt   time.Time
	troubles map[string]string // by ID: why the provider refused the last message
}

// NewRegistry returns a Registry of the channels of all known brands, as their settings are at each call. publicURL is where providers reach us:
// "https://topup.example". switches may be nil.
func NewRegistry(brands *prepaid.Brands, publicURL string, switches Switches, clock prepaid.Clock) *Registry {
	return &Registry{
		adapters: map[string]Adapter{}, brands: brands, public: strings.TrimRight(publicURL, "/"),
		switches: switches, clock: clock, troubles: map[string]string{},
	}
}

// Register adds an adapter; an error where its type has one.
func (r *Registry) Register(a Adapter) error {
	if _, ok := r.adapters[a.Type()]; ok {
		return fmt.Errorf("register channel adapter %q: there is one already", a.Type())
	}
	r.adapters[a.Type()] = a
	return nil
}

// Channel returns a channel and the adapter that speaks it; ok is false where there is no such channel or
// it is off: switched or declared so, or lacking what it needs.
func (r *Registry) Channel(ctx context.Context, brand, name string) (c Channel, a Adapter, ok bool) {
	c, ok = r.Declared(brand, name)
	if !ok || r.Problem(c) != "" || !r.isOn(ctx, c) {
		return Channel{}, nil, false
	}
	return c, r.adapters[c.Type], true
}

// Ways lists the channels of a brand that are on and can push to an address: the one that carries its SMS first, then
// in the order of the configuration.
func (r *Registry) Ways(ctx context.Context, brand string, a prepaid.Address) []Way {
	b := r.brands.Known(brand)
	if b == nil {
		return nil
	}
	var ways []Way
	for _, declared := range b.Channels {
		c, adapter, on := r.Channel(ctx, brand, declared.Name)
		reacher, able := adapter.(Reacher)
		if !on || !able || repliesOnly(adapter, c) {
			continue
		}
		can, ok := reacher.Reaches(a)
		switch way := (Way{Channel: c.Name, Can: can}); {
		case ok && c.Name == b.SMSChannel:
			ways = slices.Insert(ways, 0, way)
		case ok:
			ways = append(ways, way)
		}
	}
	return ways
}

// Pushes reports whether a channel is on and can write first.
func (r *Registry) Pushes(ctx context.Context, brand, name string) bool {
	c, adapter, on := r.Channel(ctx, brand, name)
	return on && !repliesOnly(adapter, c)
}

// RepliesOnly reports whether a declared channel can't write first, on or off.
func (r *Registry) RepliesOnly(brand, name string) bool {
	c, ok := r.Declared(brand, name)
	return ok && repliesOnly(r.adapters[c.Type], c)
}

func repliesOnly(a Adapter, c Channel) bool {
	answering, ok := a.(Answering)
	return ok && answering.RepliesOnly(c)
}

// Declared returns a channel that a brand has, on or off.
func (r *Registry) Declared(brand, name string) (c Channel, ok bool) {
	b := r.brands.Known(brand)
	if b == nil {
		return Channel{}, false
	}
	for i := range b.Channels {
		if b.Channels[i].Name == name {
			return r.channelOf(b, &b.Channels[i]), true
		}
	}
	return Channel{}, false
}

func (r *Registry) channelOf(b *prepaid.Brand, c *prepaid.ChannelConfig) Channel {
	return Channel{
		Brand: b, Name: c.Name, Type: c.Type, Settings: c.Settings, Secrets: c.Secrets, Templates: c.Templates,
		WebhookURL: r.public + "/webhooks/" + b.Name + "/" + c.Name,
	}
}

// Adapter returns what speaks a channel; nil where nothing does.
func (r *Registry) Adapter(c Channel) Adapter { return r.adapters[c.Type] }

// Problem says why a channel can't work as configured, "" if it can.
func (r *Registry) Problem(c Channel) string {
	a, ok := r.adapters[c.Type]
	if !ok {
		return fmt.Sprintf("no adapter speaks %q", c.Type)
	}
	if checker, ok := a.(Checker); ok {
		if err := checker.Check(c); err != nil {
			return err.Error()
		}
	}
	return ""
}

// Status is how a channel stands, for operators.
type Status struct {
	Channel     Channel
	On          bool   // answers and sends
	RepliesOnly bool   // it can't write first
	Problem     string // why it can't work as configured
	Trouble     string // why its provider refuses us at the moment: the provider's code
	// ProviderURL is what is configured at the provider.
	ProviderURL string
}

// List tells how every channel of the brands in force stands, sorted by brand and name.
func (r *Registry) List(ctx context.Context) []Status {
	var out []Status
	for _, b := range r.brands.All() {
		for i := range b.Channels {
			c := r.channelOf(b, &b.Channels[i])
			problem := r.Problem(c)
			on := problem == "" && r.isOn(ctx, c)
			r.mu.Lock()
			trouble := r.troubles[c.ID()]
			r.mu.Unlock()
			out = append(out, Status{Channel: c, On: on, Problem: problem, Trouble: trouble,
				RepliesOnly: problem == "" && repliesOnly(r.adapters[c.Type], c), ProviderURL: ProviderURL(r.adapters[c.Type], c)})
		}
	}
	slices.SortFunc(out, func(a, b Status) int { return cmp.Compare(a.Channel.ID(), b.Channel.ID()) })
	return out
}

// setTrouble records why a channel's provider refuses us; "" that it works.
func (r *Registry) setTrouble(c Channel, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if code == "" {
		delete(r.troubles, c.ID())
	} else {
		r.troubles[c.ID()] = code
	}
}

// isOn reports whether a channel is switched on, or declared on where it was never switched.
func (r *Registry) isOn(ctx context.Context, c Channel) bool {
	if on, ok := r.currentSwitches(ctx)[c.ID()]; ok {
		return on
	}
	for _, declared := range c.Brand.Channels {
		if declared.Name == c.Name {
			return !declared.Disabled
		}
	}
	return false
}

// currentSwitches returns the switches as read in the last switchesFor. Where they can't be read, the last known ones
// hold: a database that is down must not change which channels are on. During the very first reading all callers wait,
// because the configuration alone could turn on what an operator has switched off; during later ones they use the
// switches read before.
func (r *Registry) currentSwitches(ctx context.Context) map[string]bool {
	r.mu.Lock()
	now, first := r.clock.Now(), r.readAt.IsZero()
	if r.switches == nil || !first && now.Sub(r.readAt) < switchesFor {
		defer r.mu.Unlock()
		return r.switched
	}
	r.readAt = now
	if first {
		defer r.mu.Unlock()
		r.switched = r.readSwitches(ctx, nil)
		return r.switched
	}
	known := r.switched
	r.mu.Unlock()
	switched := r.readSwitches(ctx, known)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.switched = switched
	return switched
}

// ReadAgain has the switches read at the next look: somebody has changed one in this program.
func (r *Registry) ReadAgain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.readAt.IsZero() {
		r.readAt = r.readAt.Add(-switchesFor)
	}
}

// readSwitches reads the switches, or returns the known ones. It ignores that ctx is cancelled: other requests wait for
// the same answer.
func (r *Registry) readSwitches(ctx context.Context, known map[string]bool) map[string]bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), switchesFor)
	defer cancel()
	if switched, err := r.switches.Switches(ctx); err == nil {
		return switched
	}
	return known
}
