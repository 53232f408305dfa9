package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pulsa/app"
	"pulsa/channels"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
	"pulsa/store"
)

type channelsStatusCommand struct {
	ofBrand
	Channel string `arg:"" optional:"" help:"Only this one."`
	term.Output
}

// Help implements kong.HelpProvider.
func (channelsStatusCommand) Help() string {
	return "ok: it works. degraded: some messages do not get through, or late. down: none does. " +
		"Exit code 1 if a channel that should work is down.\n\nExample: pulsa channels status --brand demo"
}

// What a channel's health is judged by.
const (
	healthOf = time.Hour   // how far back failures count
	tooLate  = time.Minute // that a message waits without being tried
	tooMany  = 20          // one failure in so many messages is one too many
)

// The states of health.
const (
	healthOK       = "ok"
	healthDegraded = "degraded"
	healthDown     = "down"
)

// health is how a channel fares, as status prints it.
type health struct {
	Channel     string         `json:"channel"`
	State       string         `json:"state"`
	Why         []string       `json:"why,omitempty"`
	Waiting     int            `json:"waiting"`
	OldestWaits string         `json:"oldest_waits_since,omitempty"`
	LastSent    string         `json:"last_sent,omitempty"`
	Sent        int            `json:"sent_last_hour"`
	Failed      int            `json:"failed_last_hour"`
	Unknown     int            `json:"unknown_last_hour"`
	Undelivered int            `json:"undelivered_last_hour"`
	Codes       map[string]int `json:"provider_codes,omitempty"`

	intended bool // off is what the operator wanted
}

// Run implements the command.
func (s *channelsStatusCommand) Run(ctx context.Context, e environ) error {
	d, err := s.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	rows, err := d.health(ctx, s.Channel)
	if err != nil {
		return err
	}
	err = term.NewTable[health](e.terminal(), s.Output).Columns("channel", "state", "sent_last_hour", "waiting", "why").
		Least("sent_last_hour", "waiting").Print(rows)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(h health) bool { return h.State == healthDown && !h.intended }) {
		return exitCode(1)
	}
	return nil
}

func (d *channelDesk) health(ctx context.Context, name string) ([]health, error) {
	list, err := d.wanted(ctx, name)
	if err != nil {
		return nil, err
	}
	now := d.clock.Now()
	var names []string
	for _, s := range list {
		names = append(names, s.Channel.Name)
	}
	figures, err := d.db.Channels.ChannelFigures(ctx, d.brand.Name, names, now.Add(-healthOf))
	if err != nil {
		return nil, err
	}
	switched, err := d.switched(ctx)
	if err != nil {
		return nil, err
	}
	var rows []health
	for _, s := range list {
		h := judgeChannel(s, figures[s.Channel.Name], now)
		if change, ok := switched[s.Channel.Name]; ok && !s.On && !change.On && s.Problem == "" {
			h.Why[0] = fmt.Sprintf("switched off by %s, %s", change.Who, term.Stamp(change.At))
		}
		if _, polled := d.registry.Adapter(s.Channel).(channels.Poller); polled && s.On && !app.IsPublic(s.Channel.WebhookURL) {
			until, err := d.db.Leases.LeaseUntil(ctx, app.BotLeaseOf(s.Channel))
			if err != nil {
				return nil, err
			}
			if until.Before(now) {
				h.State, h.Why = healthDown, append([]string{"nobody polls the bot: is pulsa serve running?"}, h.Why...)
			}
		}
		rows = append(rows, h)
	}
	return rows, nil
}

// judgeChannel says how a channel fares, and why.
func judgeChannel(s channels.Status, f store.ChannelFigures, now time.Time) health {
	h := health{
		Channel: s.Channel.ID(), State: healthOK, Waiting: f.Waiting, OldestWaits: term.Stamp(f.OldestWaits), LastSent: term.Stamp(f.LastSent),
		Sent: f.Sent, Failed: f.Failed, Unknown: f.Unknown, Undelivered: f.Undelivered, Codes: f.Codes,
	}
	say := func(state, format string, args ...any) {
		h.Why = append(h.Why, fmt.Sprintf(format, args...))
		if h.State != healthDown {
			h.State = state
		}
	}
	switch {
	case s.Problem != "":
		say(healthDown, "%s", s.Problem)
		h.intended = s.Channel.Brand.Test || !operators.DeclaredOn(s.Channel)
	case !s.On:
		say(healthDown, "disabled in the configuration")
		h.intended = true
	case f.Retried > 0 && f.LastSent.Before(f.RetriedSince):
		say(healthDown, "none of the %d messages that wait gets through, the oldest since %s", f.Waiting, term.Stamp(f.RetriedSince))
	case f.Waiting > 0 && now.Sub(f.OldestWaits) > tooLate:
		say(healthDegraded, "%d messages wait, the oldest since %s", f.Waiting, term.Stamp(f.OldestWaits))
	}
	if bad := f.Failed + f.Unknown + f.Undelivered; bad > 0 && bad*tooMany >= f.Sent+f.Failed+f.Unknown {
		say(healthDegraded, "in the last hour %d were refused, %d are unclear, %d were not delivered", f.Failed, f.Unknown, f.Undelivered)
	}
	if h.State != healthOK && len(f.Codes) > 0 {
		var codes []string
		for _, code := range slices.Sorted(maps.Keys(f.Codes)) {
			codes = append(codes, fmt.Sprintf("%s (%d)", code, f.Codes[code]))
		}
		say(h.State, "the provider said %s", strings.Join(codes, ", "))
	}
	return h
}
