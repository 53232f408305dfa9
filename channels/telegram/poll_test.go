package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
	"pulsa/channels/telegram"
	"pulsa/prepaid"
)

// hasty is a clock whose sleeps are short.
type hasty struct{ prepaid.SystemClock }

func (hasty) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestPollHandsOverUntilTakenInOrder(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	broken := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		offset, _ := strconv.Atoi(r.PostForm.Get("offset"))
		if broken = !broken; broken { // every other answer comes from a proxy
			w.WriteHeader(502)
			return
		}
		var updates []string
		for id := max(offset, 10); id < 15 && len(updates) < 3; id++ {
			if id == 12 {
				updates = append(updates, `{"update_id":12,"message":{"message_id":"new"}}`)
				continue
			}
			updates = append(updates, update(strconv.Itoa(id), fmt.Sprintf(`"text":"t%d"`, id)))
		}
		if offset == 15 {
			stop()
		}
		_, _ = fmt.Fprintf(w, `{"ok":true,"result":[%s]}`, strings.Join(updates, ","))
	}))
	defer server.Close()
	var got []string
	failed := false
	err := telegram.New(hasty{}).Poll(ctx, line(server.URL), func(_ context.Context, in channels.Inbound) error {
		got = append(got, in.ID+" "+in.Text)
		if in.ID == "11" && !failed {
			failed = true
			return errors.New("stores are down")
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff([]string{"10 t10", "11 t11", "11 t11", "13 t13", "14 t14"}, got); diff != "" {
		t.Error(diff)
	}
}

// napping is a clock on which time passes only in sleeps, which it keeps, and in a provider's answers.
type napping struct {
	now  time.Time
	naps []time.Duration
	stop func() // after so many
	most int
}

func (c *napping) Now() time.Time { return c.now }

func (c *napping) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	if c.naps = append(c.naps, d); len(c.naps) == c.most {
		c.stop()
	}
	return ctx.Err()
}

func (*napping) Within(time.Duration, func()) bool { panic("not of polling") }

func TestPollRestsWhereAProviderFailsOrHoldsNoCalls(t *testing.T) {
	const second = time.Second
	news := `{"ok":true,"result":[` + update("10", `"text":"KOOP"`) + `]}` // whatever was confirmed
	for _, test := range []struct {
		name  string
		holds time.Duration
		// answers to one call after the other; the last one to all later ones.
		answers []string
		want    []time.Duration
	}{
		{"answered at once", 0, []string{`{"ok":true,"result":[]}`}, []time.Duration{second, 2 * second, 3 * second, 3 * second, 3 * second}},
		{"with the same again", 0, []string{news}, []time.Duration{second, 2 * second, 3 * second}}, // the first is new
		{"a proxy's page", 0, []string{"<html>"}, []time.Duration{1 * second, 2 * second, 4 * second, 8 * second, 16 * second, 32 * second, 60 * second, 60 * second}},
		{"told how long to wait", 0, []string{`{"ok":false,"error_code":429,"parameters":{"retry_after":9}}`}, []time.Duration{9 * second, 9 * second}},
		{"held after a failure", 20 * second, []string{"<html>", "<html>", `{"ok":true,"result":[]}`, "<html>", "<html>"}, []time.Duration{1 * second, 2 * second, 1 * second, 2 * second}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			clock := &napping{now: noon, stop: stop, most: len(test.want)}
			calls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				clock.now = clock.now.Add(test.holds)
				_, _ = w.Write([]byte(test.answers[min(calls, len(test.answers)-1)]))
				calls++
			}))
			defer server.Close()
			err := telegram.New(clock).Poll(ctx, line(server.URL), func(context.Context, channels.Inbound) error { return nil })
			if diff := cmp.Diff(test.want, clock.naps); diff != "" || !errors.Is(err, context.Canceled) {
				t.Error(err, diff)
			}
			if calls > len(test.want)+1 {
				t.Errorf("%d calls, %d rests", calls, len(test.want))
			}
		})
	}
}

func TestPollEndsWhereItCantWork(t *testing.T) {
	for _, code := range []string{"401", "409"} {
		c, _ := bot(t, map[string]string{"getUpdates": `{"ok":false,"error_code":` + code + `,"description":"no"}`})
		err := telegram.New(hasty{}).Poll(t.Context(), c, func(context.Context, channels.Inbound) error { return nil })
		var failure *channels.SendError
		if !errors.As(err, &failure) || failure.Class != channels.Misconfigured || failure.Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
}
