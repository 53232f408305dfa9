package channels

import "time"

// Kind is how a customer experiences a channel.
type Kind string

// The kinds.
const (
	SMS      Kind = "sms"
	WhatsApp Kind = "whatsapp"
	Telegram Kind = "telegram"
	USSD     Kind = "ussd"
	Web      Kind = "web"
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{SMS, WhatsApp, Telegram, USSD, Web} }

// Capabilities are what a kind of channel can do. Code that serves all kinds asks them, never which kind it is.
type Capabilities struct {
	Kind        Kind
	MaxUnits    int  // of one message: UTF-16 units, or septets where Plain; 0: any number, or by segments
	MaxSegments int  // with Segmented
	Buttons     int  // how many choices can be buttons; 0: choices are numbered lines
	Segmented   bool // text is billed and counted in SMS segments
	Plain       bool // GSM-7 text only, where the language can do with it: anything else costs more
	InResponse  bool // the reply travels in the webhook's response
	Push        bool // messages may be sent first
	// Window is how long after a customer's last message our own words may be pushed, and later only a template; 0: at any time.
	Window     time.Duration
	Vouches    bool // the address is a phone number that the channel vouches for
	OwnsOptOut bool // the carrier acts on STOP and START itself
	Contact    bool // a contact can be shared by a button
	Dials      bool // a session is dialled, and what follows is typed in it
	Deletes    bool // a customer's message can be deleted
	// MutualBlock: customers who have blocked us can't write to us, so a message proves that they have not, or no longer.
	MutualBlock bool
	// Patience is how long a customer waits for a result before being told that it is worked on, counted from the
	// receipt of the message.
	Patience time.Duration
}

const (
	window         = 24 * time.Hour  // WhatsApp's, says Twilio
	patience       = 8 * time.Second // Twilio, the least patient provider, waits for 15 s
	patienceDialed = 3 * time.Second // a gateway drops a dialled session after 5 s
)

// Of returns what a kind can do; ok is false for an unknown kind.
func Of(k Kind) (c Capabilities, ok bool) {
	switch k {
	case SMS:
		return Capabilities{
			Kind: SMS, Segmented: true, MaxSegments: 6, Plain: true, InResponse: true, Push: true, Vouches: true,
			OwnsOptOut: true, Patience: patience,
		}, true
	case WhatsApp:
		return Capabilities{Kind: WhatsApp, MaxUnits: 1600, InResponse: true, Push: true, Window: window, Vouches: true, Patience: patience}, true
	case Telegram:
		return Capabilities{
			Kind: Telegram, MaxUnits: 4096, Buttons: 8, Push: true, Contact: true, Deletes: true, MutualBlock: true,
			Patience: patience,
		}, true
	case USSD:
		return Capabilities{Kind: USSD, MaxUnits: 182, Plain: true, Dials: true, InResponse: true, Vouches: true, Patience: patienceDialed}, true
	case Web:
		return Capabilities{Kind: Web, MaxUnits: 4096, Buttons: 8, InResponse: true, Patience: patience}, true
	}
	return Capabilities{}, false
}
