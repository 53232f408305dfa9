package telegram

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"pulsa/channels"
	"pulsa/prepaid"
)

const (
	// patience is how long Telegram waits for our answer.
	patience = 55 * time.Second
	// callbackPrefix begins the id of a tap: "callback:4382bfdwdsb323b2d9:77" names the callback query, which
	// wants an answer, and the message whose buttons were tapped.
	callbackPrefix = "callback:"
	scheme         = "telegram:"
)

// Receive implements channels.Adapter.
func (a *Adapter) Receive(r *http.Request, c channels.Channel) (channels.Received, error) {
	given := r.Header.Get("X-Telegram-Bot-Api-Secret-Token")
	if subtle.ConstantTimeCompare([]byte(given), []byte(webhookSecret(c))) != 1 {
		return channels.Received{}, channels.ErrNotAuthentic
	}
	body, err := channels.ReadBody(r)
	if err != nil {
		return channels.Received{}, err
	}
	_, in, err := a.read(body, c.Brand.Country)
	if err != nil || in == nil {
		return channels.Received{}, err
	}
	return channels.Received{Messages: []channels.Inbound{*in}}, nil
}

// read reads an update. in is nil for one that is not for us: edited messages, groups, channels. It is also nil for an
// update that the library can't read: Telegram would deliver a refused one for ever, and nothing after it. country is the brand's.
func (a *Adapter) read(update []byte, country string) (id int, in *channels.Inbound, err error) {
	var head struct {
		UpdateID *int `json:"update_id"`
	}
	if json.Unmarshal(update, &head) != nil || head.UpdateID == nil {
		return 0, nil, channels.BadRequest("the body is no update")
	}
	var u tgbotapi.Update
	if json.Unmarshal(update, &u) != nil {
		return *head.UpdateID, nil, nil
	}
	switch {
	case u.Message != nil:
		in = fromMessage(u.Message, country)
	case u.CallbackQuery != nil:
		in = fromCallback(u.CallbackQuery)
	case u.MyChatMember != nil:
		in = fromMember(u.MyChatMember)
	}
	if in != nil {
		if in.ID == "" {
			in.ID = strconv.Itoa(u.UpdateID)
		}
		in.ReceivedAt = a.clock.Now()
		in.Deadline = in.ReceivedAt.Add(patience)
		in.Redelivers = true
	}
	return u.UpdateID, in, nil
}

// from begins an inbound message of a private chat; nil for any other.
func from(chat *tgbotapi.Chat, user *tgbotapi.User) *channels.Inbound {
	if chat == nil || !chat.IsPrivate() || chat.ID <= 0 || user == nil {
		return nil
	}
	can, _ := channels.Of(channels.Telegram)
	language, _, _ := strings.Cut(user.LanguageCode, "-") // "nl-NL"
	return &channels.Inbound{
		Address:  prepaid.Address(scheme + strconv.FormatInt(chat.ID, 10)),
		Language: channels.CleanText(language), Can: can,
	}
}

func fromMessage(m *tgbotapi.Message, country string) *channels.Inbound {
	in := from(m.Chat, m.From)
	if in == nil {
		return nil
	}
	in.MessageRef = strconv.Itoa(m.MessageID)
	switch {
	case m.Text != "":
		in.Text = channels.CleanText(withoutSlash(m.Text))
	case m.Contact != nil:
		in.Contact = fromContact(m.Contact, m.From.ID, country)
		in.Attachment = in.Contact == nil
	case m.Caption != "":
		in.Text = channels.CleanText(m.Caption)
	case holdsContent(m):
		in.Attachment = true
	default:
		return nil // Telegram's own notes in a chat are nobody's words
	}
	return in
}

// fromContact reads a contact as it stands in an address book: in full, "+31 6 1234 5678" or "31612345678", or in the national form of
// country, "06 1234 5678". The sender's own is read in full first: Telegram writes it so, and a number of one country may look like
// another's in national form. nil where it is the sender's own and no number; somebody else's need not have one.
func fromContact(c *tgbotapi.Contact, sender int64, country string) *channels.Contact {
	own := c.UserID == sender && sender != 0
	full := func() (prepaid.MSISDN, error) {
		digits, _ := prepaid.PhoneDigits(c.PhoneNumber)
		return prepaid.ParseE164("+" + strings.TrimPrefix(digits, "+"))
	}
	national := func() (prepaid.MSISDN, error) { return prepaid.ParseMSISDN(c.PhoneNumber, country) }
	first, second := national, full
	if own {
		first, second = full, national
	}
	msisdn, err := first()
	if err != nil {
		msisdn, err = second()
	}
	if err != nil && own {
		return nil
	}
	return &channels.Contact{MSISDN: msisdn, Own: own}
}

// holdsContent reports whether a message without text is one that a person sent.
func holdsContent(m *tgbotapi.Message) bool {
	return m.Animation != nil || m.Audio != nil || m.Document != nil || len(m.Photo) > 0 || m.Sticker != nil || m.Video != nil || m.VideoNote != nil ||
		m.Voice != nil || m.Dice != nil || m.Game != nil || m.Poll != nil || m.Venue != nil || m.Location != nil
}

// withoutSlash makes a Telegram command a keyword: "/koop@demo_bot 10" is "koop 10". What a link adds to
// /start is not the customer's.
func withoutSlash(text string) string {
	command, ok := strings.CutPrefix(text, "/")
	if !ok {
		return text
	}
	word, rest, _ := strings.Cut(command, " ")
	word, _, _ = strings.Cut(word, "@")
	switch {
	case word == "":
		return text
	case word == "start" || rest == "":
		return word
	}
	return word + " " + rest
}

func fromCallback(q *tgbotapi.CallbackQuery) *channels.Inbound {
	if q.Message == nil || q.ID == "" || q.From == nil {
		return nil // a button of a message too old for Telegram to know
	}
	in := from(q.Message.Chat, q.From)
	if in == nil {
		return nil
	}
	in.ID = channels.CleanText(callbackPrefix + q.ID + ":" + strconv.Itoa(q.Message.MessageID))
	in.Button = channels.CleanText(q.Data)
	return in
}

// fromMember reads that the customer has blocked the bot, or takes it back.
func fromMember(m *tgbotapi.ChatMemberUpdated) *channels.Inbound {
	in := from(&m.Chat, &m.From)
	if in == nil {
		return nil
	}
	switch m.NewChatMember.Status {
	case "kicked":
		in.Signal = channels.OptedOut
	case "member":
		in.Signal = channels.OptedIn
	default:
		return nil
	}
	return in
}
