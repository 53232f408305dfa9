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
