package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"pulsa/channels"
)

const (
	longPoll  = 50 * time.Second // Telegram holds a call that long
	pollPause = 3 * time.Second  // after a failure
)

// Poll implements channels.Poller. An update counts as seen only after handle has returned nil. Misconfigured means
// that the token is wrong or a webhook is set.
func (a *Adapter) Poll(ctx context.Context, c channels.Channel, handle func(context.Context, channels.Inbound) error) error {
	next := 0
	for ctx.Err() == nil {
		updates, err := a.fetch(ctx, c, next)
		var failure *channels.SendError
		if errors.As(err, &failure) && failure.Class == channels.Misconfigured {
			return err
		}
		if err == nil {
			next, err = a.handleAll(ctx, c.Brand.Country, updates, next, handle)
		}
		if err != nil {
			_ = a.clock.Sleep(ctx, max(pollPause, retryAfter(failure))) // the loop sees that ctx ended
		}
	}
	return ctx.Err()
}

func retryAfter(failure *channels.SendError) time.Duration {
	if failure == nil {
		return 0
	}
	return failure.After
}

func (a *Adapter) fetch(ctx context.Context, c channels.Channel, next int) ([]json.RawMessage, error) {
	params := tgbotapi.Params{"timeout": strconv.Itoa(int(longPoll.Seconds())), "allowed_updates": allowedUpdates}
	params.AddNonZero("offset", next)
	answer, err := a.call(ctx, c, "getUpdates", params)
	if err != nil {
		return nil, err
	}
	var updates []json.RawMessage
	return updates, json.Unmarshal(answer.Result, &updates)
}

// handleAll hands updates over in order and returns the offset after the last one that was handled.
func (a *Adapter) handleAll(ctx context.Context, country string, updates []json.RawMessage, next int, handle func(context.Context, channels.Inbound) error) (int, error) {
	for _, raw := range updates {
		id, in, err := a.read(raw, country)
		if err != nil {
			return next, err
		}
		if in != nil {
			if err := handle(ctx, *in); err != nil {
				return next, err
			}
		}
		next = id + 1
	}
	return next, nil
}
