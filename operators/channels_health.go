package operators

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pulsa/channels"
)

// ChannelFigures count the pushed messages of a channel.
type ChannelFigures struct {
	Waiting      int       // to be sent
	OldestWaits  time.Time // since when the oldest of them waits; zero for none
	Retried      int       // of those waiting, how many were tried in vain
	RetriedSince time.Time // since when the oldest of those waits; zero for none
	LastSent     time.Time // zero for never
	// Messages that ended since the time asked for:
	Sent, Failed, Unknown int
	Undelivered           int // sent, but reported as failed
	// Codes counts, by code, what providers have said since then to messages that were not sent or not delivered, and to those
	// that wait for a retry.
	Codes map[string]int
}

// What a channel's health is judged by.
const (
	healthOf = time.Hour   // failures older than this do not count
	tooLate  = time.Minute // a message that waits longer without a try is late
	tooMany  = 20          // one failure in this many messages degrades the channel
)

// The states of a channel's health.
const (
	ChannelOK       = "ok"       // it works
	ChannelDegraded = "degraded" // some messages do not get through, or late
	ChannelDown     = "down"     // none gets through
)

// ChannelHealth is the health of a channel.
type ChannelHealth struct {
	Channel     string         `json:"channel"`
	State       string         `json:"state"`
	Why         []string       `json:"why,omitempty"`
	Waiting     int            `json:"waiting"`
	OldestWaits time.Time      `json:"oldest_waits_since,omitzero"`
	LastSent    time.Time      `json:"last_sent,omitzero"`
	Sent        int            `json:"sent_last_hour"`
	Failed      int            `json:"failed_last_hour"`
	Unknown     int            `json:"unknown_last_hour"`
	Undelivered int            `json:"undelivered_last_hour"`
	Codes       map[string]int `json:"provider_codes,omitempty"`

	Intended bool `json:"-"` // it is meant to be down
}

// Cells are what people see of the row.
func (h ChannelHealth) Cells() [][2]string {
	return [][2]string{
		{"channel", h.Channel}, {"state", h.State}, {"sent_last_hour", fmt.Sprint(h.Sent)}, {"waiting", fmt.Sprint(h.Waiting)},
		{"why", strings.Join(h.Why, "; ")},
	}
}

// Failing reports whether the channel is down though it should work.
func (h ChannelHealth) Failing() bool { return h.State == ChannelDown && !h.Intended }

// Health judges a channel, or all if name is "".
func (o Channels) Health(ctx context.Context, name string) ([]ChannelHealth, error) {
	list, err := o.named(ctx, name)
	if err != nil {
		return nil, err
	}
	now := o.Clock.Now()
	var names []string
	for _, s := range list {
		names = append(names, s.Channel.Name)
	}
	figures, err := o.Store.ChannelFigures(ctx, o.Brand.Name, names, now.Add(-healthOf))
	if err != nil {
		return nil, err
	}
	switched, err := o.lastSwitches(ctx)
	if err != nil {
		return nil, err
	}
	var rows []ChannelHealth
	for _, s := range list {
		h := judgeChannel(s, figures[s.Channel.Name], now)
		if change, ok := switched[s.Channel.Name]; ok && !s.On && !change.On && s.Problem == "" {
			h.Why[0] = fmt.Sprintf("switched off by %s, %s", change.Who, seconds(change.At).Format(time.RFC3339))
		}
		if explainer, able := o.Registry.Adapter(s.Channel).(channels.Explainer); able {
			h.explain(explainer)
		}
		if _, polled := o.Registry.Adapter(s.Channel).(channels.Poller); polled && s.On && !IsPublic(s.Channel.WebhookURL) {
			until, err := o.Leases.LeaseUntil(ctx, o.BotLease(s.Channel))
			if err != nil {
				return nil, err
			}
			if until.Before(now) {
				h.State, h.Why = ChannelDown, append([]string{"nobody polls the bot: is pulsa serve running?"}, h.Why...)
			}
		}
		rows = append(rows, h)
	}
	return rows, nil
}

// explain says what the provider's codes mean, of a channel that is ok too: what one customer has met, others will.
func (h *ChannelHealth) explain(explainer channels.Explainer) {
	for _, code := range slices.Sorted(maps.Keys(h.Codes)) {
		if meaning := explainer.Explain(code); meaning != "" {
			h.Why = append(h.Why, code+": "+meaning)
		}
	}
}

// judgeChannel judges the health of a channel, and says why.
func judgeChannel(s channels.Status, f ChannelFigures, now time.Time) ChannelHealth {
	h := ChannelHealth{
		Channel: s.Channel.ID(), State: ChannelOK, Waiting: f.Waiting, OldestWaits: seconds(f.OldestWaits), LastSent: seconds(f.LastSent),
		Sent: f.Sent, Failed: f.Failed, Unknown: f.Unknown, Undelivered: f.Undelivered, Codes: f.Codes,
	}
	add := func(state, format string, args ...any) {
		h.Why = append(h.Why, fmt.Sprintf(format, args...))
		if h.State != ChannelDown {
			h.State = state
		}
	}
	switch {
	case s.Problem != "":
		add(ChannelDown, "%s", s.Problem)
		h.Intended = s.Channel.Brand.Test || !DeclaredOn(s.Channel)
	case !s.On:
		add(ChannelDown, "disabled in the configuration")
		h.Intended = true
	case f.Retried > 0 && f.LastSent.Before(f.RetriedSince):
		add(ChannelDown, "none of the %d messages that wait gets through, the oldest since %s", f.Waiting, seconds(f.RetriedSince).Format(time.RFC3339))
	case f.Waiting > 0 && now.Sub(f.OldestWaits) > tooLate:
		add(ChannelDegraded, "%d messages wait, the oldest since %s", f.Waiting, seconds(f.OldestWaits).Format(time.RFC3339))
	}
	if s.RepliesOnly {
		h.Why = append(h.Why, "replies only: there is nothing to send news from (from or messaging_service_sid)")
	}
	if bad := f.Failed + f.Unknown + f.Undelivered; bad > 0 && bad*tooMany >= f.Sent+f.Failed+f.Unknown {
		add(ChannelDegraded, "in the last hour %d were refused, %d are unclear, %d were not delivered", f.Failed, f.Unknown, f.Undelivered)
	}
	if h.State != ChannelOK && len(f.Codes) > 0 {
		var codes []string
		for _, code := range slices.Sorted(maps.Keys(f.Codes)) {
			codes = append(codes, fmt.Sprintf("%s (%d)", code, f.Codes[code]))
		}
		add(h.State, "the provider said %s", strings.Join(codes, ", "))
	}
	return h
}
