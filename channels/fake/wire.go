package fake

import (
	"pulsa/channels"
	"pulsa/prepaid"
)

// Message is what a customer sends: the JSON body of a POST to the channel's webhook.
type Message struct {
	ID         string `json:"id"`             // unique in the channel; a repeated delivery has the same
	From       string `json:"from"`           // the customer's number: "+31612345678"
	As         string `json:"as,omitempty"`   // the kind of channel that is played: "sms", "telegram"…; "" is SMS
	Text       string `json:"text,omitempty"` // as typed
	Button     string `json:"button,omitempty"`
	Contact    string `json:"contact,omitempty"` // a shared contact: "own", or a number, in full or in national form
	Attachment bool   `json:"attachment,omitempty"`
	Signal     string `json:"signal,omitempty"` // the carrier's own word: "stop", "start" or "help"
	Language   string `json:"language,omitempty"`
	Session    string `json:"session,omitempty"` // the dialled session that the text is typed in
	Typed      bool   `json:"typed,omitempty"`   // typed in a session even if it looks like a dialled code
}

// Reply is one message to the customer.
type Reply struct {
	// N, Outbound and Status are set where the message was pushed: N for asking for what came after it, Outbound for
	// reporting on it, Status as reported so far.
	N        int64              `json:"n,omitempty"`
	Outbound prepaid.OutboundID `json:"outbound,omitempty"`
	Status   channels.Delivery  `json:"status,omitempty"`

	Text       string   `json:"text"`
	Buttons    []Button `json:"buttons"`
	AskContact bool     `json:"ask_contact,omitempty"` // a button that shares the customer's contact is shown
	Ends       bool     `json:"ends,omitempty"`        // the dialled session is over
}

// Button is one button of a Reply. A tap sends its ID as Message.Button.
type Button struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

func replyOf(o channels.Outbound) Reply {
	r := Reply{Text: o.Text, Buttons: []Button{}, AskContact: o.AskContact, Ends: o.Ends}
	for _, b := range o.Buttons {
		r.Buttons = append(r.Buttons, Button{b.Button(), b.Label})
	}
	return r
}
