package talk

import (
	"context"
	"errors"
	"strings"
	"time"

	"pulsa/prepaid"
)

// ErrNotOffered is returned by a Maker or Program that can't do what a story asks for (a server whose
// clock can't be moved). The story is then reported as not run.
var ErrNotOffered = errors.New("not offered here")

// ErrCantHappen is returned by a Program for an event that nothing is there for: an authentication where no charge waits.
// The story fails: it says what the customer could not do.
var ErrCantHappen = errors.New("can't happen now")

// Maker makes the programs that stories talk to. Its methods are called at the same time for many stories.
type Maker interface {
	// New makes a program for one story, or a view of a running server: nothing of another story shows in
	// it. The givens hold when it returns. It returns ErrNotOffered where one can't be had.
	New(ctx context.Context, s Setup) (Program, error)
	// Fresh returns a valid mobile number of the brand's country that no story has used: "+31612345678".
	// The simulators treat it like any other.
	Fresh(brand string) (string, error)
}

// Setup is what a story asks of its program.
type Setup struct {
	Story    string // its name, for logs
	Brand    string
	Language string
	Customer Customer // who texts until the story says otherwise
	Givens   []Given
	Now      time.Time // when the story begins; the zero time: today at 09:00 UTC
}

// Customer is who texts, and on what kind of channel.
type Customer struct {
	Number string // "+31612345678": as the fake channel's "from"
	Kind   string // "sms", "telegram", "ussd", "whatsapp", "web": as its "as"
}

// Address is where messages to the customer go: "tel:+31612345678", "telegram:31612345678", "web:31612345678".
func (c Customer) Address() prepaid.Address {
	if c.Kind == Telegram || c.Kind == Web {
		return prepaid.Address(c.Kind + ":" + strings.TrimPrefix(c.Number, "+"))
	}
	m, err := prepaid.ParseE164(c.Number)
	if err != nil {
		return prepaid.Address("tel:" + c.Number)
	}
	return m.Tel()
}

// Program is what one story talks to. Its methods are called one at a time. What only some programs can
// do is an optional interface beside it: Crowd, TimeTraveller, Stater, Proofreader, Witness, HandsOut, Walker, SecretReader.
type Program interface {
	// Send delivers one message and returns what it was answered: at most one message, however many parts
	// the channel made of it. An id that was sent before is a repeated delivery. Where the turn waits for
	// nothing but time, time passes (prepaid.VirtualClock.Run); prepaid.ErrNeverEnds fails the story.
	//
	// A message that meets an armed CrashAfter may be answered by nothing at all: when Send returns, the
	// new program stands over the same stores. The message is not delivered again, save by "again".
	Send(ctx context.Context, in Inbound) ([]Message, error)
	// Settle finishes all work that is due now and returns the messages pushed to anybody since it was
	// last called, oldest first.
	Settle(ctx context.Context) ([]Message, error)
	// Do makes an event happen. It returns ErrNotOffered for one that it can't bring about, ErrCantHappen where
	// nothing is there for it.
	Do(ctx context.Context, who Customer, e Event) error
	// Check tells whether a fact holds now, or ErrNotOffered. Counts are over the whole story, at the
	// simulators' own books.
	Check(ctx context.Context, who Customer, f Fact) (Finding, error)
	// Close ends the program. It is called once, also after an error.
	Close() error
}

// Crowd is a Program that takes several messages at one instant.
type Crowd interface {
	// SendTogether delivers the messages at the same time, each as Send does, and returns what each was answered.
	SendTogether(ctx context.Context, ins []Inbound) ([][]Message, error)
}

// TimeTraveller is a Program whose clock stands still until it is moved.
type TimeTraveller interface {
	// Now is the story's time.
	Now() time.Time
	// Next tells when the next timer fires or the next work is due, if any does.
	Next(ctx context.Context) (at time.Time, any bool, err error)
	// AdvanceTo moves the clock, and returns when whatever it woke has come to rest.
	AdvanceTo(ctx context.Context, t time.Time) error
}

// Stater is a Program that tells which state a customer's conversation is in, for failure reports.
type Stater interface {
	State(ctx context.Context, who Customer) (string, error)
}

// Proofreader is a Program that finds what is wrong with a message whatever it says: it has too many
// segments, or letters that its channel can't show. Nil is none.
type Proofreader interface {
	Problems(to Customer, m Message) []string
}

// Witness is a Program that shows what it wrote down, so that secrets are found in it: its log, and the
// text columns of its stored rows, transcripts included. Amounts and other plain numbers are left out.
// It is asked once, when the story has ended.
type Witness interface {
	Evidence(ctx context.Context) ([]Evidence, error)
}

// Evidence is text that must hold no secret.
type Evidence struct {
	Where string // "log", "transcripts"
	Text  string
}

// HandsOut is a Program that hands secrets to its customers, such as the codes of operators whose credit is one:
// they may stand in its messages, and nowhere in its evidence. It is asked once, when the story has ended.
type HandsOut interface {
	HandedOut() []string
}

// Walker is a Program that remembers which transitions its conversations took. It is asked once, when the
// story has ended.
type Walker interface {
	Walked() []Transition
}

// SecretReader is a Program that tells whether a customer's next text is a secret, so that a recorded
// story marks it.
type SecretReader interface {
	ReadsSecret(ctx context.Context, who Customer) (bool, error)
}

// Inbound is one message from a customer, as the fake channel takes it.
type Inbound struct {
	ID         string // consonants only, unique; a repeated delivery has the same
	From       Customer
	Language   string // of the story: the messenger's hint
	Text       string
	Session    string // that was dialled and that it is typed in, the dialled text included; "" for none
	Typed      bool   // not dialled, whatever it looks like
	Button     string // Choice.Button of a tapped button
	Contact    string // "own", or the number of a shared contact, in full or in national form: "+31612345678"
	Attachment bool   // a photo: nothing a program can read
}

// Message is one message to a customer.
type Message struct {
	To      prepaid.Address // empty in an answer: whoever sent the message
	Text    string          // as rendered for the channel; the parts of a long one joined
	Parts   []Part          // the prompts it was made of; nil where the program can't tell
	Choices []Choice        // what may be answered; nil where there is none or the program can't tell
	Buttons bool            // the choices are buttons, not numbered lines
	Ends    bool            // a dialled session is over
}

// Part is one prompt of a message, before choices were rendered.
type Part struct {
	Key    string            // "registration.ask_pin"
	Values map[string]string // what was put into it, as shown
	Text   string
}

// Choice is one possible answer.
type Choice struct {
	ID     string // the same in every language: "sepa"
	Label  string
	Button string // as Inbound.Button takes it; empty where the program can't tell: the label is sent as text
}

// Finding is what became of a fact.
type Finding struct {
	Holds  bool
	Actual string // what is so instead, for people: "charged twice"
}
