package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"pulsa/channels"
)

// Send implements channels.Adapter. The calls that accompany a message (answering a tap, deleting a secret) are made
// once, after it, and their failure is ignored.
func (a *Adapter) Send(ctx context.Context, c channels.Channel, m channels.Outbound) (string, error) {
	chat, ok := strings.CutPrefix(string(m.Address), scheme)
	if id, err := strconv.ParseInt(chat, 10, 64); !ok || err != nil || id <= 0 {
		return "", &channels.SendError{Class: channels.RefusedFor, Code: "no chat"}
	}
	markup, err := json.Marshal(keyboard(m))
	if err != nil {
		return "", &channels.SendError{Class: channels.RefusedFor, Code: "keyboard"}
	}
	answer, err := a.call(ctx, c, "sendMessage", tgbotapi.Params{"chat_id": chat, "text": m.Text, "reply_markup": string(markup)})
	if err == nil || !willBeRetried(err) {
		a.accompany(ctx, c, chat, m)
	}
	if err != nil {
		return "", err
	}
	var sent struct {
		MessageID int `json:"message_id"`
	}
	if json.Unmarshal(answer.Result, &sent) != nil || sent.MessageID == 0 {
		return "", &channels.SendError{Class: channels.UnknownIfSent, Code: "no message_id"}
	}
	return strconv.Itoa(sent.MessageID), nil
}

// willBeRetried reports whether the sender will attempt the message again.
func willBeRetried(err error) bool {
	var failure *channels.SendError
	return errors.As(err, &failure) && (failure.Class == channels.Retryable || failure.Class == channels.Throttled || failure.Class == channels.Misconfigured)
}

// keyboard is what hangs under a message. One without choices takes a number button away that was shown
// before.
func keyboard(m channels.Outbound) any {
	switch {
	case m.AskContact:
		rows := [][]tgbotapi.KeyboardButton{{tgbotapi.NewKeyboardButtonContact(m.ContactLabel)}}
		for _, b := range m.Buttons {
			rows = append(rows, []tgbotapi.KeyboardButton{tgbotapi.NewKeyboardButton(b.Label)})
		}
		return tgbotapi.NewOneTimeReplyKeyboard(rows...)
	case len(m.Buttons) > 0:
		var rows [][]tgbotapi.InlineKeyboardButton
		for _, b := range m.Buttons {
			rows = append(rows, []tgbotapi.InlineKeyboardButton{tgbotapi.NewInlineKeyboardButtonData(b.Label, b.Button())})
		}
		return tgbotapi.NewInlineKeyboardMarkup(rows...)
	}
	return tgbotapi.NewRemoveKeyboard(false)
}

// accompany answers the tap that the message replies to and takes its buttons away, also those of the message before where they are outdated,
// and deletes the customer's message that held a secret.
func (a *Adapter) accompany(ctx context.Context, c channels.Channel, chat string, m channels.Outbound) {
	if m.Part > 0 {
		return
	}
	withoutButtons := func(message string) {
		_, _ = a.call(ctx, c, "editMessageReplyMarkup", tgbotapi.Params{"chat_id": chat, "message_id": message, "reply_markup": `{"inline_keyboard":[]}`})
	}
	tapped := ""
	if tap, ok := strings.CutPrefix(m.MessageID, callbackPrefix); ok {
		var query string
		query, tapped, _ = strings.Cut(tap, ":")
		_, _ = a.call(ctx, c, "answerCallbackQuery", tgbotapi.Params{"callback_query_id": query})
		withoutButtons(tapped)
	}
	if m.Outdated != "" && m.Outdated != tapped {
		withoutButtons(m.Outdated)
	}
	if m.DeleteRef != "" {
		_, _ = a.call(ctx, c, "deleteMessage", tgbotapi.Params{"chat_id": chat, "message_id": m.DeleteRef})
	}
}

// call makes one call of the Bot API; its error is a *channels.SendError.
func (a *Adapter) call(ctx context.Context, c channels.Channel, method string, params tgbotapi.Params) (*tgbotapi.APIResponse, error) {
	carrier := &carrier{ctx: ctx, client: a.client}
	base := c.Settings["base_url"]
	if base == "" {
		base = "https://api.telegram.org"
	}
	// Made by hand: the library's constructor calls Telegram, and could fail for it.
	bot := &tgbotapi.BotAPI{Token: c.Secrets["bot_token"].Reveal(), Client: carrier}
	bot.SetAPIEndpoint(strings.TrimRight(base, "/") + "/bot%s/%s")
	answer, err := bot.MakeRequest(method, params)
	if err == nil {
		return answer, nil
	}
	return nil, classify(err, carrier.status)
}

// carrier gives the library's calls a context, and reads and closes their answers.
type carrier struct {
	ctx    context.Context
	client *http.Client
	status int // of the answer, 0 where there was none
}

// Do implements tgbotapi.HTTPClient.
func (c *carrier) Do(r *http.Request) (*http.Response, error) {
	resp, err := channels.Exchange(c.client, r.WithContext(c.ctx))
	if err == nil {
		c.status = resp.StatusCode
	}
	return resp, err
}

// classify says what a failed call means. Telegram's own words are not kept: they may quote the customer.
func classify(err error, status int) error {
	var before *channels.SendError
	if errors.As(err, &before) {
		return before
	}
	var refusal *tgbotapi.Error
	if !errors.As(err, &refusal) {
		if status == 0 { // the request could not even be made: the token or base_url is no part of a URL
			return &channels.SendError{Class: channels.Misconfigured, Code: "base_url or bot_token"}
		}
		return &channels.SendError{Class: channels.UnknownIfSent, Code: "http " + strconv.Itoa(status)} // a proxy's page
	}
	failure := &channels.SendError{Class: channels.UnknownIfSent, Code: strconv.Itoa(refusal.Code)}
	switch {
	case refusal.Code == http.StatusTooManyRequests:
		failure.Class, failure.After = channels.Throttled, time.Duration(refusal.RetryAfter)*time.Second
	case refusal.Code == http.StatusForbidden: // blocked, or the account is gone
		failure.Class = channels.RecipientOut
	case refusal.Code == http.StatusUnauthorized, refusal.Code == http.StatusNotFound, refusal.Code == http.StatusConflict:
		failure.Class = channels.Misconfigured // the token, or a webhook while polling
	case refusal.Code >= 400 && refusal.Code < 500:
		failure.Class = channels.RefusedFor
	}
	return failure
}
