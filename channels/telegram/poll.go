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
	longPoll = 50 * time.Second // Telegram holds a call that long where there is nothing new
	atOnce   = time.Second      // what answers sooner with nothing new holds no calls

	// Pauses double from firstPause on, until something new comes or a call is held: to shortPause where a server answers at once, for
	// customers wait for their answer; to longPause where it fails.
	firstPause = time.Second
	shortPause = 3 * time.Second
	longPause  = time.Minute
)

// Poll implements channels.Poller. An update counts as seen only after handle has returned nil. Misconfigured means
// that the token is wrong or a webhook is set.
func (a *Adapter) Poll(ctx context.Context, c channels.Channel, handle func(context.Context, channels.Inbound) error) error {
	next, pause := 0, firstPause
	for ctx.Err() == nil {
		from, asked := next, a.clock.Now()
		updates, err := a.fetch(ctx, c, next)
		var failure *channels.SendError
		if errors.As(err, &failure) && failure.Class == channels.Misconfigured {
			return err
		}
		if err == nil {
			next, err = a.handleAll(ctx, c.Brand.Country, updates, next, handle)
		}
		switch {
		case err != nil:
			_ = a.clock.Sleep(ctx, max(pause, retryAfter(failure))) // the loop sees that ctx ended
			pause = min(2*pause, longPause)
		case next == from && a.clock.Now().Sub(asked) < atOnce:
			_ = a.clock.Sleep(ctx, min(pause, shortPause))
			pause = min(2*pause, shortPause)
		default:
			pause = firstPause
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
