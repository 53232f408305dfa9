package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
)

type channelsCommand struct {
	List    channelsListCommand    `cmd:"" help:"List a brand's channels, and the address that each one's provider delivers to."`
	Status  channelsStatusCommand  `cmd:"" help:"Say which channels are ok, degraded or down, and why."`
	Enable  channelsEnableCommand  `cmd:"" help:"Switch a channel on, here and on every running copy."`
	Disable channelsDisableCommand `cmd:"" help:"Switch a channel off: it answers nothing and sends nothing."`
	Test    channelsTestCommand    `cmd:"" help:"Try the credentials with a call that changes nothing."`
}

// knownWithin is how soon every running copy knows what was switched.
const knownWithin = 5 * time.Second

// providerFor is how long a provider may take for a call of an operator's.
const providerFor = 20 * time.Second

// ofBrand are the flags of every command about one brand's channels.
type ofBrand struct {
	settings
	Brand string `required:"" help:"Whose channels."`
}

// channelDesk is what these commands work with. A running server is not needed.
type channelDesk struct {
	environ
	config   config.Config
	brand    *prepaid.Brand
	db       *store.DB
	registry *channels.Registry
	clock    prepaid.Clock
}

// open opens the store. The caller closes it.
func (o ofBrand) open(ctx context.Context, e environ) (*channelDesk, error) {
	c, err := o.load(e, nil)
	if err != nil {
		return nil, err
	}
	brand, err := c.Brand(o.Brand)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, c.Database(), store.Options{})
	if err != nil {
		return nil, err
	}
	d := &channelDesk{environ: e, config: c, brand: brand, db: db, clock: prepaid.SystemClock{}}
	d.registry = channels.NewRegistry([]*prepaid.Brand{brand}, c.PublicURL, db.Channels, d.clock)
	for _, a := range append(app.Providers(d.clock), fake.New(db.Outbox, d.clock)) {
		if err := d.registry.Register(a); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return d, nil
}

func (d *channelDesk) close() { _ = d.db.Close() }

// find returns one channel of the brand.
func (d *channelDesk) find(name string) (channels.Channel, error) {
	if c, ok := d.registry.Declared(d.brand.Name, name); ok {
		return c, nil
	}
	var names []string
	for _, c := range d.brand.Channels {
		names = append(names, c.Name)
	}
	return channels.Channel{}, fmt.Errorf("%s has no channel %s%s", d.brand.Name, name, config.DidYouMean(name, names))
}

// wanted lists how the brand's channels stand, or only the one that is named.
func (d *channelDesk) wanted(ctx context.Context, name string) ([]channels.Status, error) {
	if name != "" {
		if _, err := d.find(name); err != nil {
			return nil, err
		}
	}
	var list []channels.Status
	for _, s := range d.registry.List(ctx) {
		if name == "" || s.Channel.Name == name {
			list = append(list, s)
		}
	}
	return list, nil
}

// switched tells by channel who has switched it last.
func (d *channelDesk) switched(ctx context.Context) (map[string]store.SwitchChange, error) {
	history, err := d.db.Channels.SwitchHistory(ctx, d.brand.Name)
	last := map[string]store.SwitchChange{}
	for _, change := range history {
		last[change.Channel] = change
	}
	return last, err
}

type channelsListCommand struct {
	ofBrand
	term.Output
}

// Help implements kong.HelpProvider.
func (channelsListCommand) Help() string { return "Example: pulsa channels list --brand demo" }

// listedChannel is a channel as list prints it.
type listedChannel struct {
	Channel    string `json:"channel"`
	Type       string `json:"type"`
	On         bool   `json:"on"`
	Problem    string `json:"problem,omitempty"` // why it can't work as configured
	SwitchedBy string `json:"switched_by,omitempty"`
	SwitchedAt string `json:"switched_at,omitempty"`
	URL        string `json:"provider_url"`
}

// Run implements the command.
func (l *channelsListCommand) Run(ctx context.Context, e environ) error {
	d, err := l.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	list, err := d.wanted(ctx, "")
	if err != nil {
		return err
	}
	switched, err := d.switched(ctx)
	if err != nil {
		return err
	}
	var rows []listedChannel
	for _, s := range list {
		row := listedChannel{Channel: s.Channel.ID(), Type: s.Channel.Type, On: s.On, Problem: s.Problem, URL: s.ProviderURL}
		if change, ok := switched[s.Channel.Name]; ok {
			row.SwitchedBy, row.SwitchedAt = change.Who, term.Stamp(change.At)
		}
		rows = append(rows, row)
	}
	return term.NewTable[listedChannel](e.terminal(), l.Output).Columns("channel", "type", "state", "provider_url").
		Show("state", listedChannel.state).Least("type", "provider_url").Print(rows)
}

// state says for people whether a channel is on, and who decided that.
func (r listedChannel) state() string {
	state := "off"
	switch {
	case r.Problem != "":
		state = "off: " + r.Problem
	case r.On:
		state = "on"
	}
	if r.SwitchedBy != "" {
		state += " (switched by " + r.SwitchedBy + ", " + r.SwitchedAt + ")"
	}
	return state
}

// stamp is term.Stamp.
func stamp(t time.Time) string { return term.Stamp(t) }

// printRows prints a table for people, or one JSON object a line.
func printRows[T any](w io.Writer, asJSON bool, rows []T, head string, line func(T) string) error {
	table, out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), json.NewEncoder(w)
	out.SetEscapeHTML(false)
	if !asJSON {
		fmt.Fprintln(table, head)
	}
	for _, row := range rows {
		if asJSON {
			if err := out.Encode(row); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(table, line(row))
	}
	return table.Flush()
}

type channelsTestCommand struct {
	ofBrand
	Channel string `arg:"" optional:"" help:"Only this one."`
}

// Help implements kong.HelpProvider.
func (channelsTestCommand) Help() string {
	return "Exit code 1 if a channel would not work.\n\nExample: pulsa channels test --brand demo telegram"
}

// Run implements the command.
func (t *channelsTestCommand) Run(ctx context.Context, e environ) error {
	d, err := t.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	list, err := d.wanted(ctx, t.Channel)
	if err != nil {
		return err
	}
	failed := false
	for _, s := range list {
		found, ok := d.probe(ctx, s)
		failed = failed || !ok
		fmt.Fprintf(e.stdout, "%s: %s\n  its provider delivers to %s\n", s.Channel.ID(), found, s.ProviderURL)
	}
	if failed {
		return exitCode(1)
	}
	return nil
}

func (d *channelDesk) probe(ctx context.Context, s channels.Status) (found string, ok bool) {
	if s.Problem != "" {
		return s.Problem, false
	}
	prober, able := d.registry.Adapter(s.Channel).(channels.Prober)
	if !able {
		return "ok, there are no credentials to try", true
	}
	ctx, cancel := context.WithTimeout(ctx, providerFor)
	defer cancel()
	whose, err := prober.Probe(ctx, s.Channel)
	if err != nil {
		return "the provider says no: " + operators.Refusal(err), false
	}
	return "ok, " + whose, true
}

// switchFlags are those of enable and disable.
type switchFlags struct {
	ofBrand
	actor
	Channel string `arg:"" help:"Which one."`
}

type channelsEnableCommand struct{ switchFlags }

// Help implements kong.HelpProvider.
func (channelsEnableCommand) Help() string {
	return "Where the provider has a call for it, it is told to deliver here.\n\nExample: pulsa channels enable --brand demo telegram"
}

// Run implements the command.
func (c *channelsEnableCommand) Run(ctx context.Context, e environ) error {
	return c.turn(ctx, e, true)
}

type channelsDisableCommand struct{ switchFlags }

// Help implements kong.HelpProvider.
func (channelsDisableCommand) Help() string {
	return "Its address answers 404. What waits to be sent waits on, for a day. Where the provider has a call for it, it is " +
		"told to deliver no more.\n\nExample: pulsa channels disable --brand demo telegram"
}

// Run implements the command.
func (c *channelsDisableCommand) Run(ctx context.Context, e environ) error {
	return c.turn(ctx, e, false)
}

func (f switchFlags) turn(ctx context.Context, e environ, on bool) error {
	who := f.who(e)
	d, err := f.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	c, err := d.find(f.Channel)
	if err != nil {
		return err
	}
	problem := d.registry.Problem(c)
	if on && problem != "" {
		return fmt.Errorf("%s can't be switched on: %s", c.ID(), problem)
	}
	now := d.clock.Now()
	if err := d.db.Channels.SetSwitch(ctx, d.brand.Name, c.Name, on, who, now); err != nil {
		return err
	}
	state := "off"
	if on {
		state = "on"
		// Not before every copy knows: one that does not would put it off again.
		if err := d.db.Outbox.WakeOutbound(ctx, d.brand.Name, c.Name, channels.CodeOff, now.Add(knownWithin)); err != nil {
			return err
		}
	}
	fmt.Fprintf(e.stdout, "%s is %s. Running copies know within %.0f seconds.\n", c.ID(), state, knownWithin.Seconds())
	if problem != "" {
		return nil // without credentials nobody can be told
	}
	return d.hook(ctx, c, on)
}

// hook tells the provider, where it has a call for it, and the operator, where it has none.
func (d *channelDesk) hook(ctx context.Context, c channels.Channel, on bool) error {
	a := d.registry.Adapter(c)
	address, public := channels.ProviderURL(a, c), app.IsPublic(c.WebhookURL)
	hooked, able := a.(channels.Hooked)
	_, simulated := a.(channels.Simulator)
	if _, polled := a.(channels.Poller); simulated || on && !public && polled {
		return nil // there is no provider; or the program polls it
	}
	err := channels.ErrByHand
	if able && (public || !on) {
		ctx, cancel := context.WithTimeout(ctx, providerFor)
		defer cancel()
		if on {
			err = hooked.SetWebhook(ctx, c)
		} else {
			err = hooked.DeleteWebhook(ctx, c)
		}
	}
	switch {
	case err == nil && on:
		fmt.Fprintf(d.stdout, "Its provider delivers to %s\n", address)
	case err == nil:
		fmt.Fprintln(d.stdout, "Its provider delivers no more.")
	case errors.Is(err, channels.ErrByHand) && on:
		fmt.Fprintf(d.stdout, "Let its provider deliver to %s\n", address)
	case errors.Is(err, channels.ErrByHand):
		fmt.Fprintf(d.stdout, "Its provider still delivers to %s, in vain, until that is changed there.\n", address)
	default:
		return fmt.Errorf("the provider could not be told: %s; run this again, or see to it there: %s", operators.Refusal(err), address)
	}
	return nil
}
