// Package telegram speaks to a Telegram bot's private chats, by webhook or by long polling.
//
// Settings: rate; base_url in tests.
// Secrets: bot_token; webhook_secret, derived from the token where it is missing.
package telegram

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"pulsa/channels"
	"pulsa/prepaid"
)

// allowedUpdates are the updates that we ask Telegram for, in its JSON.
const allowedUpdates = `["message","callback_query","my_chat_member"]`

// Adapter speaks the Bot API.
type Adapter struct {
	clock  prepaid.Clock
	client *http.Client
}

// New returns the adapter.
func New(clock prepaid.Clock) *Adapter {
	return &Adapter{clock: clock, client: channels.NewHTTPClient()}
}

// Type implements channels.Adapter.
func (a *Adapter) Type() string { return "telegram" }

// Rate implements channels.RateLimited: Telegram takes 30 calls a second over all chats, and some messages need a second
// call.
func (a *Adapter) Rate() float64 { return 25 }

// BodyLimit implements channels.BodyLimiter.
func (a *Adapter) BodyLimit() int64 { return 1 << 20 }

// Check implements channels.Checker.
func (a *Adapter) Check(c channels.Channel) error {
	if c.Secrets["bot_token"].Empty() {
		return errors.New("bot_token is not set (TELEGRAM_BOT_TOKEN)")
	}
	return nil
}

// SetWebhook implements channels.Hooked. Telegram is also told the secret to deliver with.
func (a *Adapter) SetWebhook(ctx context.Context, c channels.Channel) error {
	_, err := a.call(ctx, c, "setWebhook", tgbotapi.Params{
		"url": c.WebhookURL, "secret_token": webhookSecret(c), "allowed_updates": allowedUpdates,
	})
	return err
}

// DeleteWebhook implements channels.Hooked. It makes room for Poll: Telegram does either.
func (a *Adapter) DeleteWebhook(ctx context.Context, c channels.Channel) error {
	_, err := a.call(ctx, c, "deleteWebhook", nil)
	return err
}

// Probe implements channels.Prober: it asks whose token it is.
func (a *Adapter) Probe(ctx context.Context, c channels.Channel) (string, error) {
	answer, err := a.call(ctx, c, "getMe", nil)
	if err != nil {
		return "", err
	}
	var me tgbotapi.User
	if json.Unmarshal(answer.Result, &me) != nil || me.UserName == "" {
		return "", &channels.SendError{Class: channels.UnknownIfSent, Code: "no bot"}
	}
	return "bot @" + me.UserName, nil
}

// webhookSecret is what Telegram must send with every update. It is fixed by the bot's token, so that
// nobody has to think of one; it says nothing about the token.
func webhookSecret(c channels.Channel) string {
	if s := c.Secrets["webhook_secret"]; !s.Empty() {
		return s.Reveal()
	}
	mac := hmac.New(sha256.New, []byte(c.Secrets["bot_token"].Reveal()))
	mac.Write([]byte("webhook secret of " + c.ID()))
	return hex.EncodeToString(mac.Sum(nil))
}

// Reaches implements channels.Reacher. A bot can't be the first to write: Telegram then refuses, as where it is blocked.
func (a *Adapter) Reaches(to prepaid.Address) (channels.Capabilities, bool) {
	can, _ := channels.Of(channels.Telegram)
	return can, strings.HasPrefix(string(to), scheme)
}
