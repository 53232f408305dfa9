package operators

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/prepaid"
)

func TestAChannelSHealthIsJudged(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	brand := &prepaid.Brand{Name: "shop", Channels: []prepaid.ChannelConfig{{Name: "line"}}}
	on := channels.Status{Channel: channels.Channel{Brand: brand, Name: "line"}, On: true}
	for _, test := range []struct {
		name   string
		status channels.Status
		f      ChannelFigures
		state  string
		why    string
	}{
		{"quiet", on, ChannelFigures{}, "ok", ""},
		{"busy", on, ChannelFigures{Sent: 1000, Failed: 3, Waiting: 5, OldestWaits: now.Add(-time.Second), Codes: map[string]int{"30007": 3}}, "ok", ""},
		{"off", channels.Status{Channel: on.Channel}, ChannelFigures{}, "down", "disabled in the configuration"},
		{"without a token", channels.Status{Channel: on.Channel, Problem: "no token"}, ChannelFigures{}, "down", "no token"},
		{"refused", on, ChannelFigures{Waiting: 7, Retried: 2, RetriedSince: now.Add(-time.Hour), OldestWaits: now.Add(-time.Hour), LastSent: now.Add(-2 * time.Hour),
			Codes: map[string]int{"20003": 2}}, "down", "none of the 7 messages that wait gets through, the oldest since 2026-11-21T11:00:00Z; the provider said 20003 (2)"},
		{"one that is tried again, others get through", on, ChannelFigures{Waiting: 1, Retried: 1, RetriedSince: now.Add(-30 * time.Second),
			OldestWaits: now.Add(-30 * time.Second), LastSent: now, Sent: 9}, "ok", ""},
		{"late", on, ChannelFigures{Waiting: 2, OldestWaits: now.Add(-time.Hour), LastSent: now}, "degraded", "2 messages wait, the oldest since 2026-11-21T11:00:00Z"},
		{"many refused", on, ChannelFigures{Sent: 18, Failed: 1, Unknown: 1, Undelivered: 2, Codes: map[string]int{"30007": 1, "no answer": 1}}, "degraded",
			"in the last hour 1 were refused, 1 are unclear, 2 were not delivered; the provider said 30007 (1), no answer (1)"},
	} {
		got := judgeChannel(test.status, test.f, now)
		if diff := cmp.Diff([]string{test.state, test.why}, []string{got.State, strings.Join(got.Why, "; ")}); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}
