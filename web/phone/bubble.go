package phone

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"pulsa/channels"
	"pulsa/prepaid"
)

// bubble is one message as the page shows it.
type bubble struct {
	Mine    bool   // the customer's
	Who     string // for those who hear the page: "You", "Demo Mobile"
	Via     string // the kind, where it is not the one that the phone shows: "SMS"
	Pieces  []piece
	Deleted bool // the bot has deleted it: it held a secret
	Note    string
	// Segments, Cost and Price are for the page's sum; Cost is Segments times Price, in ten-thousandths.
	Segments int
	Cost     price
	Meta     string // "1 segment, EUR 0.08"
	Choices  []choice
	Contact  bool
	At       string // "18:40"
	Entry    string // a JSON entry, for saving the story
}

// piece is text, or a link.
type piece struct{ Text, Link string }

type choice struct{ Label, Values string }

// sent is the bubble of what the customer sent.
func (u customer) sent(e entry, deleted bool, now time.Time) bubble {
	b := bubble{Mine: true, Who: "You", Deleted: deleted && u.can.Deletes, At: now.Format("15:04"), Entry: e.encode()}
	switch {
	case e.Contact:
		b.Note = "shared the contact " + u.number.String()
	case e.Photo:
		b.Note = "sent a photo"
	default:
		b.Pieces = []piece{{Text: e.Text}}
		b.measure(u, u.can, e.Text)
	}
	if b.Deleted {
		b.Pieces, b.Note = nil, "Deleted by the bot: it held a secret."
	}
	return b
}

// heard is the bubble of one part of a reply, or of late news.
func (u customer) heard(o channels.Outbound, e entry) bubble {
	b := bubble{Who: u.line.Brand.Title, Pieces: linked(o.Text), At: o.CreatedAt.Format("15:04"), Entry: e.encode(), Contact: o.AskContact}
	can := u.can
	if o.Can.Kind != "" && o.Can.Kind != u.can.Kind {
		b.Via, can = kindNames[o.Can.Kind], o.Can
	}
	b.measure(u, can, o.Text)
	for _, c := range o.Buttons {
		values, _ := json.Marshal(map[string]string{"button": c.Button(), "label": c.Label}) // strings always marshal
		b.Choices = append(b.Choices, choice{Label: c.Label, Values: string(values)})
	}
	return b
}

// measure says how long a message is, and what it costs where it is billed by the segment.
func (b *bubble) measure(u customer, can channels.Capabilities, text string) {
	switch {
	case can.Segmented:
		count := channels.Segments(text)
		b.Segments, b.Cost = count.Segments, price(count.Segments)*u.price
		b.Meta = fmt.Sprintf("%s, %s", plural(count.Segments, "segment"), b.Cost.in(u.line.Brand.Currency))
		if count.Encoding == channels.UCS2 {
			b.Meta += ", " + string(count.Encoding)
		}
	case can.Plain:
		b.Meta = fmt.Sprintf("%d of %d characters", channels.Segments(text).Units, can.MaxUnits)
	default:
		b.Meta = plural(len(utf16.Encode([]rune(text))), "character")
	}
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// address finds links as messengers do; what ends a sentence is not theirs.
var address = regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;:!?)']`)

func linked(text string) []piece {
	var pieces []piece
	end := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		if at[0] > end {
			pieces = append(pieces, piece{Text: text[end:at[0]]})
		}
		link := text[at[0]:at[1]]
		pieces = append(pieces, piece{Text: link, Link: link})
		end = at[1]
	}
	if end < len(text) {
		pieces = append(pieces, piece{Text: text[end:]})
	}
	return pieces
}

// lastLink returns the last link of a text, "" for none.
func lastLink(text string) string {
	found := address.FindAllString(text, -1)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

var kindNames = map[channels.Kind]string{
	channels.SMS: "SMS", channels.Telegram: "Telegram", channels.WhatsApp: "WhatsApp", channels.USSD: "USSD", channels.Web: "Web",
}

// entry is what the page keeps of one message for the story.
type entry struct {
	At      int64  `json:"at"` // microseconds
	Mine    bool   `json:"mine,omitempty"`
	Text    string `json:"text,omitempty"`
	Button  bool   `json:"button,omitempty"` // Text is the label of a tapped one
	Contact bool   `json:"contact,omitempty"`
	Photo   bool   `json:"photo,omitempty"`
	Secret  bool   `json:"secret,omitempty"` // the program read a secret in it
	Dialled bool   `json:"dialled,omitempty"`
	Late    bool   `json:"late,omitempty"`  // it came by itself
	Other   bool   `json:"other,omitempty"` // to another address than the customer writes from
}

func (e entry) encode() string {
	text, _ := json.Marshal(e) // strings and numbers always marshal
	return string(text)
}

func newEntry(now time.Time, o channels.Outbound, u customer) entry {
	return entry{At: prepaid.Micros(now), Text: o.Text, Other: o.Address != "" && o.Address != u.address()}
}

// clean makes text that a browser sent one line fit for storing.
func clean(text string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(channels.CleanText(text)))
}
