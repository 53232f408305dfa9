package operators

import (
	"context"
	"strings"

	"pulsa/prepaid"
)

// SwitchChannel turns a channel on or off.
type SwitchChannel struct {
	Brand, Channel string
	TurnOn         bool
}

// Kind implements Operation.
func (SwitchChannel) Kind() string { return "switch channel" }

// Act implements Operation.
func (SwitchChannel) Act(Actor) Act { return ActSwitch }

// On implements Operation.
func (o SwitchChannel) On() Object { return Object{o.Brand, prepaid.OnChannel, o.Channel} }

// Plan implements Operation. Errors: *UnknownChannelError.
func (o SwitchChannel) Plan(_ context.Context, d *Desk) (Plan, error) {
	lines, err := d.Channels(o.Brand)
	if err != nil {
		return Plan{}, err
	}
	if _, err := lines.find(o.Channel); err != nil {
		return Plan{}, err
	}
	if o.TurnOn {
		return Plan{Does: "Customers can write on " + o.Channel + " again, and what waits for it is sent. Running copies know within 5 seconds."}, nil
	}
	return Plan{Does: "Customers get no answer on " + o.Channel + ", and what is to be sent there waits. Running copies know within 5 seconds."}, nil
}

// Carry implements Operation.
func (o SwitchChannel) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	lines, err := d.Channels(o.Brand)
	if err != nil {
		return Result{}, err
	}
	change := lines.Disable
	if o.TurnOn {
		change = lines.Enable
	}
	done, err := change(ctx, o.Channel, by)
	text := strings.ReplaceAll(strings.TrimSpace(done.Text()), "\n", " ")
	if err != nil && done.Channel != "" { // it is switched; its provider could not be told
		text, err = text+" "+err.Error(), nil
	}
	return Result{Text: text, Undo: SwitchChannel{o.Brand, o.Channel, !o.TurnOn}}, err
}
