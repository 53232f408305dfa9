package channeltest

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"pulsa/channels"
)

// CheckReceived hands a request to an adapter: it must refuse it with an error of the contract, or read
// messages that are whole. For fuzzing.
func CheckReceived(t testing.TB, a channels.Adapter, c channels.Channel, r *http.Request) channels.Received {
	t.Helper()
	got, err := a.Receive(r, c)
	if err != nil {
		if !errors.Is(err, channels.ErrNotAuthentic) && !errors.Is(err, channels.ErrBadRequest) && !errors.Is(err, channels.ErrTooLarge) {
			t.Errorf("an error that the contract lacks: %v", err)
		}
		return got
	}
	for _, in := range got.Messages {
		if in.ID == "" || in.Can.Kind == "" || in.ReceivedAt.IsZero() || !in.Deadline.After(in.ReceivedAt) {
			t.Errorf("a message that is not whole: %+v", in)
		}
		if scheme, rest, ok := strings.Cut(string(in.Address), ":"); !ok || scheme == "" || rest == "" {
			t.Errorf("address %q", in.Address)
		}
		for _, text := range []string{in.ID, in.Text, in.Button, in.Language, in.MessageRef, string(in.Address)} {
			if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
				t.Errorf("%q can't be stored", text)
			}
		}
	}
	for _, report := range got.Reports {
		if report.Status == "" || report.Outbound == "" && report.ProviderRef == "" {
			t.Errorf("a report of nothing: %+v", report)
		}
	}
	return got
}
