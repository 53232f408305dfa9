package conversation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// Config is what a Handler is made of. New copies it: changes after that have no effect. All fields are needed but Reached and
// Observe.
type Config struct {
	Brands   *prepaid.Brands
	Prompts  map[string]*BrandPrompts // of the brands at the start, by name, from Languages.ForBrands
	Sessions Sessions
	Services Services
	Outbox   channels.Outbox
	// Channel finds a declared channel, switched on or not: notices go to where the customer wrote from.
	Channel func(brand, name string) (channels.Channel, bool)
	// Pushes reports whether a channel is switched on, can work, and can write first.
	Pushes func(ctx context.Context, brand, name string) bool
	// RepliesOnly reports whether a declared channel can't write first, on or off.
	RepliesOnly func(brand, name string) bool
	// Ways lists the channels that are on and can push to an address, the best first.
	Ways  func(ctx context.Context, brand string, a prepaid.Address) []channels.Way
	Clock prepaid.Clock
	Log   *slog.Logger
	// Vault seals the memos of replies that show a PIN.
	Vault *prepaid.Vault
	// Reached is called at the named crash points "begin" and "commit". Only tests set it.
	Reached func(point string)
	// Blocked reports whether a brand has blocked a sender's address: they are answered with one sentence. nil: nobody is.
	Blocked func(brand string, a prepaid.Address) bool
	// Paused returns a *topup.PausedError while a brand sells nothing. nil: each sells.
	Paused func(brand string) error
	// Observe is told of every turn that was answered, for metrics and scripts.
	Observe func(Record)
}

// Handler answers inbound messages, and tells notices. Safe for concurrent use.
type Handler struct {
	c        Config
	engine   *engine
	computes computes
	prompts  atomic.Pointer[map[*prepaid.Brand]*BrandPrompts] // of the brands in force, and of those before them

	mu   sync.Mutex
	told prepaid.Told // by turns, and not written down yet
}

// noteFor bounds how long a turn waits for the note of when its customer wrote.
const noteFor = 2 * time.Second

// ErrBusy says that earlier messages of the same sender took too long: the provider is to send it again.
var ErrBusy = errors.New("earlier messages of the sender are still being answered")

// New returns a Handler. It checks the flow tables, and reports all that is wrong with them.
func New(c Config) (*Handler, error) {
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	c.Services.clock = c.Clock
	h := &Handler{c: c, engine: e, computes: computes{c.Services.Accounts.PINKey, c.Services.Accounts.SamePIN, c.Services.Payments.SealIBAN, c.Services.Accounts.CheckStrength}}
	err = h.Prepare(c.Brands.AllKnown(), func(b *prepaid.Brand) (*BrandPrompts, error) { return c.Prompts[b.Name], nil })
	if err != nil {
		return nil, err
	}
	if c.Reached == nil {
		h.c.Reached = func(string) {}
	}
	if c.Observe == nil {
		h.c.Observe = func(Record) {}
	}
	return h, nil
}

// Prepare reads the prompts of brands that are to be in force, for before they are. Turns that have begun go on with the prompts
// that they began with. The error tells all that is wrong; then nothing has changed. Calls must not run side by side.
func (h *Handler) Prepare(brands []*prepaid.Brand, read func(*prepaid.Brand) (*BrandPrompts, error)) error {
	var now map[*prepaid.Brand]*BrandPrompts
	if prompts := h.prompts.Load(); prompts != nil {
		now = *prompts
	}
	next := map[*prepaid.Brand]*BrandPrompts{}
	var errs []error
	for _, b := range brands {
		next[b] = now[b]
		if next[b] == nil {
			p, err := read(b)
			next[b], errs = p, append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, b := range h.c.Brands.AllKnown() { // what is in force until then
		if _, stays := next[b]; !stays && now[b] != nil {
			next[b] = now[b]
		}
	}
	h.prompts.Store(&next)
	return nil
}

// Prompts returns the texts of a brand that is known, in force or withdrawn; nil where there is none of that name.
func (h *Handler) Prompts(brand string) *BrandPrompts { return h.promptsOf(h.c.Brands.Known(brand)) }

// promptsOf returns the texts of a brand as it was when a turn took it.
func (h *Handler) promptsOf(b *prepaid.Brand) *BrandPrompts {
	all := *h.prompts.Load()
	if p := all[b]; p != nil || b == nil {
		return p
	}
	return all[h.c.Brands.Known(b.Name)] // its settings have changed twice since
}

// Turn answers one message. It is channels.Webhooks' Turn. The reply has been committed when it returns; a
// repeated message gets the same reply and no other effect. An error means that nothing was answered.
func (h *Handler) Turn(ctx context.Context, c channels.Channel, in channels.Inbound) ([]channels.Outbound, error) {
	started := h.c.Clock.Now()
	if in.ReceivedAt.IsZero() {
		in.ReceivedAt = started
	}
	if latest := in.ReceivedAt.Add(maxDeadline); in.Deadline.IsZero() || in.Deadline.After(latest) {
		in.Deadline = latest
	}
	// A turn that has begun is finished, also when the provider closes the connection.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	h.noteInbound(ctx, c, in)
	m, err := h.runTurn(ctx, c, in, turnKind{answer: h.answerMessage, withoutSession: h.answerWithoutSession})
	if err != nil {
		return nil, err
	}
	if len(m.Texts) > 0 {
		if err := h.c.Outbox.PutOutbound(ctx, m.Texts); err != nil {
			return nil, fmt.Errorf("store message to another phone: %w", err)
		}
	}
	return m.Parts, nil
}

// noteInbound writes down that a customer has written, where that opens a window for our own words. A database that does not answer in time
// only makes news take a template.
func (h *Handler) noteInbound(ctx context.Context, c channels.Channel, in channels.Inbound) {
	if in.Can.Window == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteFor)
	defer cancel()
	if err := h.c.Services.Windows.SawInbound(ctx, c.Brand.Name, c.Name, in.Address, in.Sender, in.ReceivedAt); err != nil {
		h.c.Log.Warn("window not noted", "channel", c.ID(), "from", in.Address, "error", err)
	}
}

// State tells in which state the conversation of an address stands, as its next message will find it: "idle",
// "registration.ask_pin". secret says whether that state reads a secret. It waits for no turn.
func (h *Handler) State(ctx context.Context, c channels.Channel, a prepaid.Address) (state string, secret bool, err error) {
	now, token := h.c.Clock.Now(), prepaid.NewToken()
	sender := senderOf(c, a)
	begun, err := h.c.Sessions.Begin(ctx, Begin{Sender: sender, MessageID: token, Token: token, Now: now, LockFor: time.Second, LineUntil: now})
	if err != nil {
		return "", false, err
	}
	h.release(ctx, sender, token)
	if begun.Status != Yours {
		return "", false, ErrBusy
	}
	s, _ := decodeSession(begun.Session, h.engine.table)
	s.expire(now, h.engine.table)
	return s.State, h.engine.table.states[s.State].Secret, nil
}
