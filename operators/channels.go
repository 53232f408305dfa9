package operators

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// SwitchKnownWithin is how soon every running copy of the server knows that a channel was turned on or off.
const SwitchKnownWithin = 5 * time.Second

// providerTimeout bounds a call to a provider on behalf of an operator.
const providerTimeout = 20 * time.Second

// SwitchChange is one time that a channel was turned on or off.
type SwitchChange struct {
	Brand, Channel string
	On             bool
	prepaid.By     // Why may be empty
	At             time.Time
}

// ChannelLines is what the operations on channels ask of the registry; *channels.Registry is one.
type ChannelLines interface {
	ChannelRegistry
	Declared(brand, name string) (c channels.Channel, ok bool)
	Problem(c channels.Channel) string
}

// ChannelStore keeps the switches of channels, and what became of their messages.
type ChannelStore interface {
	// SetSwitch stores a change, unless the channel is in that state already.
	SetSwitch(ctx context.Context, c SwitchChange) error
	// LastSwitches returns how each channel of a brand was switched last.
	LastSwitches(ctx context.Context, brand string) ([]SwitchChange, error)
	ChannelFigures(ctx context.Context, brand string, names []string, since time.Time) (map[string]ChannelFigures, error)
}

// ChannelOutbox holds messages that wait to be sent.
type ChannelOutbox interface {
	// WakeOutbound reschedules the messages that wait with a failure code, to be tried at the time given.
	WakeOutbound(ctx context.Context, brand, channel, code string, at time.Time) error
}

// LeaseReader tells until when a lease is held.
type LeaseReader interface {
	LeaseUntil(ctx context.Context, name string) (time.Time, error)
}

// Channels are the operations on one brand's channels. All fields are needed. It is safe for concurrent use.
type Channels struct {
	Brand    *prepaid.Brand
	Registry ChannelLines
	Store    ChannelStore
	Outbox   ChannelOutbox
	Leases   LeaseReader
	BotLease func(channels.Channel) string // names the lease that the poller of a bot holds
	Clock    prepaid.Clock
}

// UnknownChannelError says that a brand has no channel of that name.
type UnknownChannelError struct {
	Brand, Channel string
	Known          []string
}

func (e *UnknownChannelError) Error() string { return e.Brand + " has no channel " + e.Channel }

// ListedChannel is a channel as it is listed.
type ListedChannel struct {
	Channel     string    `json:"channel"`
	Type        string    `json:"type"`
	On          bool      `json:"on"`
	RepliesOnly bool      `json:"replies_only,omitempty"` // it can't write first
	Problem     string    `json:"problem,omitempty"`      // why it can't work as configured
	SwitchedBy  string    `json:"switched_by,omitempty"`
	Why         string    `json:"switched_why,omitempty"`
	SwitchedAt  time.Time `json:"switched_at,omitzero"`
	URL         string    `json:"provider_url"`
}

// State says for people whether the channel is on, and who decided that.
func (c ListedChannel) State() string {
	state := "off"
	switch {
	case c.Problem != "":
		state = "off: " + c.Problem
	case c.On && c.RepliesOnly:
		state = "on, replies only"
	case c.On:
		state = "on"
	}
	if c.SwitchedBy != "" {
		state += " (switched by " + c.SwitchedBy + ", " + stamp(c.SwitchedAt)
		if c.Why != "" {
			state += ": " + c.Why
		}
		state += ")"
	}
	return state
}

// Cells are what people see of the row.
func (c ListedChannel) Cells() [][2]string {
	return [][2]string{{"channel", c.Channel}, {"type", c.Type}, {"state", c.State()}, {"provider_url", c.URL}}
}

// List lists the brand's channels, and the address that the provider of each delivers to.
func (o Channels) List(ctx context.Context) ([]ListedChannel, error) {
	switched, err := o.lastSwitches(ctx)
	if err != nil {
		return nil, err
	}
	var rows []ListedChannel
	for _, s := range o.Registry.List(ctx) {
		row := ListedChannel{Channel: s.Channel.ID(), Type: s.Channel.Type, On: s.On, RepliesOnly: s.RepliesOnly, Problem: s.Problem, URL: s.ProviderURL}
		if change, ok := switched[s.Channel.Name]; ok {
			row.SwitchedBy, row.Why, row.SwitchedAt = change.Who, change.Why, seconds(change.At)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// seconds is a time as operators see it: in UTC, without fractions.
func seconds(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Second)
}

// ProbedChannel is the result of trying a channel's credentials.
type ProbedChannel struct {
	Channel string `json:"channel"`
	Found   string `json:"found"`
	OK      bool   `json:"ok"`
	URL     string `json:"provider_url"`
}

// Probe tries the credentials of a channel, or of all if name is "", with a call that changes nothing.
func (o Channels) Probe(ctx context.Context, name string) ([]ProbedChannel, error) {
	list, err := o.named(ctx, name)
	if err != nil {
		return nil, err
	}
	rows := make([]ProbedChannel, len(list))
	for i, s := range list {
		rows[i] = ProbedChannel{Channel: s.Channel.ID(), URL: s.ProviderURL}
		rows[i].Found, rows[i].OK = o.probe(ctx, s)
	}
	return rows, nil
}

func (o Channels) probe(ctx context.Context, s channels.Status) (found string, ok bool) {
	if s.Problem != "" {
		return s.Problem, false
	}
	prober, able := o.Registry.Adapter(s.Channel).(channels.Prober)
	if !able {
		return "ok, there are no credentials to try", true
	}
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	whose, err := prober.Probe(ctx, s.Channel)
	if err != nil {
		return failed(err), false
	}
	return "ok, " + whose, true
}

// ProviderTold says what a channel's provider knows after a switch.
type ProviderTold string

// What a channel's provider knows after a switch.
const (
	ProviderNone     ProviderTold = ""         // nobody has to be told
	ProviderNotified ProviderTold = "notified" // it was told by a call
	ProviderByHand   ProviderTold = "by hand"  // it has no call for it: an operator has to change it there
	ProviderNotTold  ProviderTold = "not told" // the call failed
)

// Switched is the result of a switch.
type Switched struct {
	Channel  string // "" where nothing was switched
	On       bool
	Provider ProviderTold
	URL      string // where the provider delivers to
}

// Text describes the result for people, one sentence per line; "" where nothing was switched.
func (s Switched) Text() string {
	if s.Channel == "" {
		return ""
	}
	state, told, byHand := "off", "Its provider delivers no more.", "Its provider still delivers to "+s.URL+", in vain, until that is changed there."
	if s.On {
		state, told, byHand = "on", "Its provider delivers to "+s.URL, "Let its provider deliver to "+s.URL
	}
	text := fmt.Sprintf("%s is %s. Running copies know within %.0f seconds.\n", s.Channel, state, SwitchKnownWithin.Seconds())
	switch s.Provider {
	case ProviderNotified:
		text += told + "\n"
	case ProviderByHand:
		text += byHand + "\n"
	}
	return text
}

// Enable turns a channel on, tells its provider to deliver here, and sends the messages that wait for it. If the provider can't be
// told, the channel is on all the same: Provider is then ProviderNotTold, and an error is returned too.
func (o Channels) Enable(ctx context.Context, name string, by prepaid.By) (Switched, error) {
	c, err := o.find(name)
	if err != nil {
		return Switched{}, err
	}
	if problem := o.Registry.Problem(c); problem != "" {
		return Switched{}, fmt.Errorf("%s can't be switched on: %s", c.ID(), problem)
	}
	now := o.Clock.Now()
	if err := o.Store.SetSwitch(ctx, SwitchChange{o.Brand.Name, c.Name, true, by, now}); err != nil {
		return Switched{}, err
	}
	// Not before every copy of the server knows of the switch: one that does not would postpone the messages again.
	if err := o.Outbox.WakeOutbound(ctx, o.Brand.Name, c.Name, channels.CodeOff, now.Add(SwitchKnownWithin)); err != nil {
		return Switched{}, err
	}
	_, polled := o.Registry.Adapter(c).(channels.Poller)
	public := IsPublic(c.WebhookURL)
	if polled && !public {
		return Switched{Channel: c.ID(), On: true}, nil
	}
	result, err := o.notify(ctx, c, func(ctx context.Context, provider channels.Hooked) error {
		if !public {
			return channels.ErrByHand
		}
		return provider.SetWebhook(ctx, c)
	})
	result.On = true
	return result, err
}

// Disable turns a channel off, and tells its provider to stop delivering. Its errors are those of Enable.
func (o Channels) Disable(ctx context.Context, name string, by prepaid.By) (Switched, error) {
	c, err := o.find(name)
	if err != nil {
		return Switched{}, err
	}
	if err := o.Store.SetSwitch(ctx, SwitchChange{o.Brand.Name, c.Name, false, by, o.Clock.Now()}); err != nil {
		return Switched{}, err
	}
	if o.Registry.Problem(c) != "" {
		return Switched{Channel: c.ID()}, nil // without credentials nobody can be told
	}
	return o.notify(ctx, c, func(ctx context.Context, provider channels.Hooked) error { return provider.DeleteWebhook(ctx, c) })
}

// notify makes the call to c's provider, if it is a real one that offers such calls.
func (o Channels) notify(ctx context.Context, c channels.Channel, call func(context.Context, channels.Hooked) error) (Switched, error) {
	a := o.Registry.Adapter(c)
	result := Switched{Channel: c.ID(), URL: channels.ProviderURL(a, c)}
	if _, simulated := a.(channels.Simulator); simulated {
		return result, nil
	}
	err := channels.ErrByHand
	if provider, able := a.(channels.Hooked); able {
		ctx, cancel := context.WithTimeout(ctx, providerTimeout)
		defer cancel()
		err = call(ctx, provider)
	}
	switch {
	case err == nil:
		result.Provider = ProviderNotified
	case errors.Is(err, channels.ErrByHand):
		result.Provider = ProviderByHand
	default:
		result.Provider = ProviderNotTold
		return result, fmt.Errorf("the provider could not be told: %s; run this again, or see to it there: %s", Refusal(err), result.URL)
	}
	return result, nil
}

// find returns one channel of the brand, or an *UnknownChannelError.
func (o Channels) find(name string) (channels.Channel, error) {
	if c, ok := o.Registry.Declared(o.Brand.Name, name); ok {
		return c, nil
	}
	unknown := &UnknownChannelError{Brand: o.Brand.Name, Channel: name}
	for _, c := range o.Brand.Channels {
		unknown.Known = append(unknown.Known, c.Name)
	}
	return channels.Channel{}, unknown
}

// named lists the status of the brand's channels, or only of the one named.
func (o Channels) named(ctx context.Context, name string) ([]channels.Status, error) {
	list := o.Registry.List(ctx)
	if name == "" {
		return list, nil
	}
	if _, err := o.find(name); err != nil {
		return nil, err
	}
	var one []channels.Status
	for _, s := range list {
		if s.Channel.Name == name {
			one = append(one, s)
		}
	}
	return one, nil
}

// lastSwitches returns the last switch of each channel, by channel.
func (o Channels) lastSwitches(ctx context.Context) (map[string]SwitchChange, error) {
	changes, err := o.Store.LastSwitches(ctx, o.Brand.Name)
	last := map[string]SwitchChange{}
	for _, change := range changes {
		last[change.Channel] = change
	}
	return last, err
}

// IsPublic reports whether providers can reach a URL of ours: they deliver to https only.
func IsPublic(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https"
}
