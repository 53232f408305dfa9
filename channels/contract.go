package channels

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Channel is one configured line of a brand: a Twilio number, a Telegram bot.
type Channel struct {
	Brand    *prepaid.Brand
	Name     string // in the webhook's URL, unique within the brand
	Type     string // the adapter that speaks it
	Settings map[string]string
	Secrets  map[string]prepaid.Secret
	// Templates are those of the configuration, by prompt.
	Templates map[string]prepaid.Template
	// WebhookURL is the public address at which the provider reaches this channel, as configured:
	// "https://topup.example/webhooks/demo/twilio".
	WebhookURL string
}

// ID names the channel across brands: "demo/twilio".
func (c Channel) ID() string { return c.Brand.Name + "/" + c.Name }

// OptSignal is a channel's own word that a customer has opted out or in.
type OptSignal string

// The signals. Silent ones were answered by the provider: we must not answer again.
const (
	NoSignal  OptSignal = ""
	OptedOut  OptSignal = "stop"
	OptedIn   OptSignal = "start"
	AskedHelp OptSignal = "help"
)

// Contact is a phone number that a customer shared by button.
type Contact struct {
	MSISDN prepaid.MSISDN
	Own    bool // the messenger says it is the sender's own
}

// Inbound is one message from a customer.
type Inbound struct {
	ID         string // the provider's, unique within the channel; a repeated delivery has the same
	Address    prepaid.Address
	Sender     string // the address as the provider writes it, where Can.Window: it may keep another form of the number
	Text       string // as typed; "" where something else was sent
	Button     string // what a tapped button brought back: its Choice.Button
	Contact    *Contact
	Attachment bool // a photo, sticker, location, voice message: nothing we can read
	Redelivers bool // the provider delivers again what is answered 503
	Signal     OptSignal
	Language   string // the messenger's hint: "nl"
	Can        Capabilities
	ReceivedAt time.Time
	Deadline   time.Time // the provider has given up by then
	// MessageRef names the message for deleting it (Telegram), if Can.Deletes.
	MessageRef string
	Dial       *Dial // how it came, where a session is dialled; else nil
	// Labels are the words that the adapter puts around the answer itself: they come with it as Outbound.Labels.
	Labels []Label
	// Private is the adapter's own note for Respond. Nobody else reads it, and it is not stored.
	Private any
}

// Dial says how a message stands in a dialled session.
type Dial struct {
	// Session is the provider's: "ATUid_3f2b". A message of another one than the message before opens it. With Single, "" is the one
	// that is open.
	Session string
	Inputs  []string // all that was typed since the code: what is dialled at once if the message opens the session
	// Single: the provider sends what was typed last, and nothing of what came before. Opens then says that the message opens the
	// session, and Inputs is empty where it does not.
	Single, Opens bool
	// Unnumbered, with Single: the provider numbers no message, so that one that comes twice has two ids.
	Unnumbered bool
	// Turn, with Single: the message says nothing, and turns a page of the answer before it; "" if not.
	Turn Label
}

// Label names a word that an adapter shows beside an answer, such as what is typed for its next page.
type Label string

// The labels.
const (
	LabelMore Label = "more" // shows what follows
	LabelBack Label = "back" // shows what came before
)

// Message is one reply or piece of news, before it is rendered for a channel.
type Message struct {
	Text       string
	Choices    []Choice
	AskContact bool // offer a button that shares the sender's contact, where there is one
	// ContactLabel is what that button says, in the customer's language.
	ContactLabel string
	Ends         bool // nothing is asked: a dialled session ends
	AnyLetter    bool // the language can't be written in GSM-7: a plain channel carries the text as it is
}

// Choice is one possible answer.
type Choice struct {
	ID       string // stable: "sepa"
	Label    string // "SEPA direct debit"
	Question uint32 // the number of the question that it answers
}

// Button is what the choice's button carries, and brings back as Inbound.Button: "2871339.sepa". It names the
// question, because a messenger keeps old buttons on the screen.
func (c Choice) Button() string {
	return strconv.FormatUint(uint64(c.Question), 10) + "." + c.ID
}

// ReadButton takes apart what a button brought back; ok is false for what Choice.Button has not made.
func ReadButton(button string) (question uint32, id string, ok bool) {
	number, id, _ := strings.Cut(button, ".")
	n, err := strconv.ParseUint(number, 10, 32)
	return uint32(n), id, err == nil && id != ""
}

// Outbound is one message as it goes to the provider: a rendered part of a Message.
type Outbound struct {
	ID           prepaid.OutboundID
	Seq          int64 // ascending within the store: the N of the fake channel's outbox
	Brand        string
	Channel      string // name within the brand
	Address      prepaid.Address
	To           string // the address as the provider wrote it last (Inbound.Sender); "" where that is not known
	MessageID    string // of the inbound message or notice that it answers; with Part unique
	Part         int    // from 0
	Text         string
	PIN          prepaid.OrderID // the text shows this order's PIN: it is stored sealed, and "" once sent
	Buttons      []Choice
	AskContact   bool
	ContactLabel string // what the button that shares a contact says
	Can          Capabilities
	Repeatable   bool     // may be sent again at once where it is unknown whether it was sent
	Doubt        Doubt    // what follows where that stays unknown, of what is not Repeatable
	AgainMark    string   // what stands before a text that is sent once more after a doubt, in its language: "again:"
	Answer       bool     // answers what the customer just wrote: goes even to who has opted out
	Template     Template // with Can.Window: sent in the place of Text, which says what it comes to
	DeleteRef    string   // a customer's message to be deleted with it (it held a secret)
	// Outdated is the provider's id of the message before it to the address, where that shows buttons of a question that this one
	// answers or asks again.
	Outdated string
	Attempts int // how often it was tried, the present time included
	// Lapsed: it was claimed before and that sending never ended, so it is unknown whether it was sent.
	Lapsed    bool
	Delivery  Delivery // as reported so far; "" until the provider has it
	CreatedAt time.Time
	EndedAt   time.Time // when its sending ended, or was left unclear; zero before

	// For a dialled session alone, which is answered at once: none of it is stored.
	Ends   bool             // nothing is asked: the session ends
	Labels map[Label]string // those of Inbound.Labels, in the customer's language
	Turned []Label          // the pages of it that were turned (Dial.Turn), LabelMore is onward
}

// Doubt says what follows where neither a delivery report nor the provider tells in time whether a message was sent.
type Doubt string

// What may follow.
const (
	DropInDoubt  Doubt = ""      // nothing: a menu or a code is asked for again by whoever misses it
	AgainInDoubt Doubt = "again" // it is sent once more, marked: news about money; held where a template tells it
	HoldInDoubt  Doubt = "hold"  // it is told at the customer's next message, or by an operator: other news
)

// Template is a text that the messenger has approved, with its values: what may be sent where a window is shut. The zero value is none.
type Template struct {
	ID     string
	Values []string // of {{1}}, {{2}} and so on
}

// Way is a channel by which an address can be reached at any time.
type Way struct {
	Channel string // name within the brand
	Can     Capabilities
}

// Received is what one request from a provider held.
type Received struct {
	Messages []Inbound
	Reports  []DeliveryReport
	// Unread says, for each message of a list that can't be read, why: an ErrBadRequest. What else the list holds is handled.
	Unread []error
}

// DeliveryReport says how far a pushed message has come.
type DeliveryReport struct {
	// Brand and Channel say by which channel it came; Webhooks fills them in.
	Brand, Channel string
	Outbound       prepaid.OutboundID // ours, or
	ProviderRef    string             // the provider's, of the channel's last message that has it
	Status         Delivery
	Code           string
	// Refused is, with Failed, who wants nothing from us on this channel, says the provider; else "".
	Refused prepaid.Address
	// Shut: with Failed, the window for our own words is shut there (Capabilities.Window).
	Shut bool
}

// Delivery is how far a message has come. Reports arrive in any order: the furthest counts, and failed or
// delivered are final.
type Delivery string

// The stages of delivery.
const (
	Queued      Delivery = "queued"
	Sent        Delivery = "sent"
	DeliveredTo Delivery = "delivered"
	Read        Delivery = "read"
	Failed      Delivery = "failed"
)

// Adapter speaks one provider's protocol. It keeps no state about customers. Its methods are called at the
// same time for any number of channels.
//
// What only some can do is an optional interface beside it: Responder, Acknowledger, Callee, Checker, Routes,
// BodyLimiter, RateLimited, Hooked, Poller, Simulator, Addressed, Prober, Reacher, Answering, TemplateChecker, Finder,
// Explainer.
type Adapter interface {
	// Type names the adapter in the configuration: "twilio".
	Type() string
	// Receive authenticates and reads a webhook request. The body is limited before it is called. Errors:
	// ErrNotAuthentic (answered 403), ErrBadRequest (400), ErrTooLarge (413).
	Receive(r *http.Request, c Channel) (Received, error)
	// Send hands one message to the provider and returns the provider's id for it, or a *SendError.
	Send(ctx context.Context, c Channel, m Outbound) (ref string, err error)
}

// Responder is an Adapter whose channel answers in the webhook's response.
type Responder interface {
	// Respond writes the answer to one request: no parts means that nothing is said. in is the zero Inbound
	// where the request held no message.
	Respond(w http.ResponseWriter, c Channel, in Inbound, parts []Outbound) error
}

// Acknowledger is an Adapter whose provider waits for words of its own where messages are answered later.
type Acknowledger interface {
	// Acknowledge writes the answer to a request whose messages are all answered by the outbox.
	Acknowledge(w http.ResponseWriter, c Channel) error
}

// Callee is an Adapter whose provider does not only POST to the webhook's own URL.
type Callee interface {
	// Takes reports whether Receive is to read requests of this method at this path below the webhook: "" or "/x".
	Takes(c Channel, method, path string) bool
}

// Checker is an Adapter that needs settings or credentials.
type Checker interface {
	// Check says in words for operators why the channel can't work as configured ("TWILIO_AUTH_TOKEN is
	// not set"); nil if it can. A channel that can't is off.
	Check(c Channel) error
}

// Routes is an Adapter that answers more requests than webhooks.
type Routes interface {
	// Routes serves the paths below the channel's webhook: it sees "/outbox" for
	// "/webhooks/demo/fake/outbox". The body is limited before it is called.
	Routes(c Channel) http.Handler
}

// BodyLimiter is an Adapter whose provider sends larger requests than 64 KiB.
type BodyLimiter interface {
	// BodyLimit is how many bytes a request body may have.
	BodyLimit() int64
}

// RateLimited is an Adapter whose provider takes only so many messages a second.
type RateLimited interface {
	// Rate is how many messages a second are sent where the channel's setting "rate" does not say.
	Rate() float64
}

// Poller is an Adapter whose provider can be asked for messages. It needs nobody to connect it: where the provider
// can reach us its webhook is set at start, else one copy of the program polls.
type Poller interface {
	Hooked
	// Poll fetches messages until ctx ends and hands them over one by one. A message that handle returns an error
	// for is handed over again, after a pause. Poll returns ctx's error, or a *SendError of class Misconfigured.
	Poll(ctx context.Context, c Channel, handle func(context.Context, Inbound) error) error
}

// Simulator is an Adapter that plays its provider: nothing outside need reach it or be told of it. It can
// impersonate anyone, so its Check refuses channels of brands that are not marked test.
type Simulator interface {
	// Simulates does nothing: it tells a simulator from other adapters.
	Simulates()
}

// Hooked is an Adapter whose provider has a call for where it delivers. Errors are *SendError; ErrByHand where
// this channel is one that the call does not reach.
type Hooked interface {
	// SetWebhook makes the provider deliver to us. It may be repeated.
	SetWebhook(ctx context.Context, c Channel) error
	// DeleteWebhook makes the provider deliver no more. It may be repeated.
	DeleteWebhook(ctx context.Context, c Channel) error
}

// ErrByHand says that a webhook can only be set at the provider's own pages.
var ErrByHand = errors.New("the provider has no call for it")

// Addressed is an Adapter whose provider is given more than the webhook's URL.
type Addressed interface {
	// ProviderURL is what is configured at the provider. It holds no secret.
	ProviderURL(c Channel) string
}

// ProviderURL is where a channel's provider is to deliver, as it is configured there.
func ProviderURL(a Adapter, c Channel) string {
	if addressed, ok := a.(Addressed); ok {
		return addressed.ProviderURL(c)
	}
	return c.WebhookURL
}

// Prober is an Adapter that can try its credentials.
type Prober interface {
	// Probe makes a call that changes nothing, and returns whose credentials they are, in words for operators:
	// "bot @demo_bot". Its error is a *SendError.
	Probe(ctx context.Context, c Channel) (whose string, err error)
}

// Finder is an Adapter that can be asked whether a message was sent.
type Finder interface {
	// Find lists what the provider has taken since the message was written and may be it, oldest first: reports with ProviderRef. The caller
	// leaves out what is known to be other messages. Its error is a *SendError.
	Find(ctx context.Context, c Channel, m Outbound) ([]DeliveryReport, error)
}

// Explainer is an Adapter whose provider's codes need words.
type Explainer interface {
	// Explain says in one sentence for operators what a code of the provider means and what to do; "" where it has none.
	Explain(code string) string
}

// Reacher is an Adapter that can write first.
type Reacher interface {
	// Reaches says what can be done in a message pushed to an address; ok is false where none can be.
	Reaches(a prepaid.Address) (can Capabilities, ok bool)
}

// Answering is an Adapter some of whose channels answer and can't write first: they lack something to send from.
type Answering interface {
	// RepliesOnly reports whether a channel is one of them.
	RepliesOnly(c Channel) bool
}

// TemplateChecker is an Adapter whose provider keeps templates.
type TemplateChecker interface {
	// TakesTemplates reports whether its channels send templates at all.
	TakesTemplates() bool
	// CheckTemplate asks the provider, with calls that change nothing, whether a template exists, was approved, and has the language and
	// as many variables. It returns what is wrong, in words for operators. Its error is a *SendError.
	CheckTemplate(ctx context.Context, c Channel, id, language string, variables int) (wrong []string, err error)
}

// What Receive answers.
var (
	ErrNotAuthentic = errors.New("request is not authentic")
	ErrBadRequest   = errors.New("request can't be read")
	ErrTooLarge     = errors.New("request is too large")
)

// Failure classifies why a message could not be sent; the sender decides what follows.
type Failure string

// The classes of failure.
const (
	Retryable     Failure = "retryable"     // definitely not sent; try again later
	Throttled     Failure = "throttled"     // definitely not sent; try again after SendError.After
	RecipientOut  Failure = "opted out"     // the recipient wants nothing from us
	Misconfigured Failure = "misconfigured" // our account or settings: nothing will be sent until mended
	RefusedFor    Failure = "refused"       // this message never will be sent
	WindowShut    Failure = "window shut"   // our own words are too late there: a template, or another channel
	UnknownIfSent Failure = "unknown"       // sent or not? nobody is texted twice
)

// SendError is why Send failed. Its text holds no token and no customer's number.
type SendError struct {
	Class Failure
	Code  string        // the provider's
	After time.Duration // with Throttled
	Err   error         // may be nil
}

// Error implements error.
func (e *SendError) Error() string { return "send: " + string(e.Class) + " (" + e.Code + ")" }

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Outbox keeps pushed messages until the provider has them. Every method is one transaction.
type Outbox interface {
	// PutOutbound stores messages; those whose (address, message id, part) is stored already on the channel
	// are left as they are.
	PutOutbound(ctx context.Context, parts []Outbound) error
	// ClaimOutbound leases up to n messages that are due until the given time: the oldest unsent one of
	// each address, and none of an address whose former message is being sent.
	ClaimOutbound(ctx context.Context, now, until time.Time, n int) ([]Outbound, error)
	// EndOutbound writes what became of a sending, or what was found out about an Uncertain one. What a message has told that was given up
	// is to be told anew, or by an operator.
	EndOutbound(ctx context.Context, id prepaid.OutboundID, e SendEnd) error
	// ReportDelivery ranks a delivery report; one that tells nothing new changes nothing. What has Failed is to be told as after EndOutbound:
	// elsewhere where the recipient has Refused it, by a template or elsewhere where the window is Shut. It ends the doubt about an
	// Uncertain message.
	ReportDelivery(ctx context.Context, r DeliveryReport, now time.Time) error
	// OutboundTo lists the messages to an address on a channel that the provider has taken, after a sequence number,
	// oldest first.
	OutboundTo(ctx context.Context, brand, channel string, a prepaid.Address, after int64, n int) ([]Outbound, error)
}

// Doubts are the Uncertain messages of an Outbox. Every method is one transaction.
type Doubts interface {
	// ClaimDoubtful leases up to n Uncertain messages that are due to be asked after, until the given time.
	ClaimDoubtful(ctx context.Context, now, until time.Time, n int) ([]Outbound, error)
	// AskAgain has an Uncertain message asked after at a later time.
	AskAgain(ctx context.Context, id prepaid.OutboundID, at time.Time) error
	// EndDoubt does with an Uncertain message what its Doubt says, once however often it is called.
	EndDoubt(ctx context.Context, id prepaid.OutboundID, now time.Time) error
	// KnownRefs returns which of the provider's ids are known of messages of a channel.
	KnownRefs(ctx context.Context, brand, channel string, refs []string) ([]string, error)
}

// SendEnd is what became of a sending.
type SendEnd struct {
	Status      SendStatus
	ProviderRef string
	Code        string
	RunAt       time.Time // with Waiting: when to try again; with Uncertain: when to ask after it
	Delivery    Delivery  // with HandedOn: how far it has come, where that is known; "" is Sent
	Untried     bool      // with Waiting: the provider was not asked, so that this was no attempt
	Refused     bool      // with GivenUp: the recipient wants nothing from us there
	Shut        bool      // with GivenUp: the window for our own words is shut there
	Keep        bool      // with HandedOn: keep the sealed text of what shows a PIN
	Now         time.Time
}

// SendStatus is where a pushed message stands.
type SendStatus string

// The statuses of a pushed message.
const (
	Waiting   SendStatus = "waiting"
	HandedOn  SendStatus = "sent"
	GivenUp   SendStatus = "failed"
	Uncertain SendStatus = "unknown" // sent or not: it is asked after
)
