package conversation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// Config is what a Handler is made of. All fields are needed but Reached and Observe.
type Config struct {
	Brands   map[string]*prepaid.Brand
	Sessions Sessions
	Services Services
	Outbox   channels.Outbox
	// Channel finds a declared channel, switched on or not: late news goes to where the customer wrote from.
	Channel func(brand, name string) (channels.Channel, bool)
	// On reports whether a channel is switched on and can work.
	On func(ctx context.Context, brand, name string) bool
	// Ways lists the channels that are on and can push to an address, the best first.
	Ways  func(ctx context.Context, brand string, a prepaid.Address) []channels.Way
	Clock prepaid.Clock
	Log   *slog.Logger
	// Vault seals the memos of replies that show a PIN.
	Vault *prepaid.Vault
	// Reached is called at the named crash points "begin" and "commit". Only tests set it.
	Reached func(point string)
	// Observe is told of every turn that was answered, for metrics and scripts.
	Observe func(Record)
}

// Record is one answered turn. It holds no secret but what the texts to the customer hold.
type Record struct {
	Channel   channels.Channel
	Kind      channels.Kind
	Address   prepaid.Address
	MessageID string
	From, To  string // states
	Path      []Step
	Result    string // "ok", "failed" (nonsense), "over" (a button of an earlier question), "seen", "opted_out", "later", "news"
	Parts     []Part
	Choices   []channels.Choice
	Duration  time.Duration
}

// Handler takes inbound messages and late news to their replies. Safe for concurrent use.
type Handler struct {
	c       Config
	engine  *engine
	prompts map[string]*BrandPrompts

	mu   sync.Mutex
	told []prepaid.NoticeID // by turns, not marked yet
	pins []prepaid.OrderID  // shown by turns, not forgotten yet
}

// ErrBusy says that earlier messages of the same sender took too long: the provider is to send it again.
var ErrBusy = errors.New("earlier messages of the sender are still being answered")

// How long a turn may hold the sender's lock, and how often one that waits in line looks again.
const (
	lockFor     = 30 * time.Second
	lookAgain   = 15 * time.Millisecond
	maxDeadline = 14 * time.Second
	wayBack     = time.Second // of a message's time: its answer is made by then
)

// New returns a Handler. It checks the flow tables and the prompts of every brand, and reports all that is wrong.
func New(c Config) (*Handler, error) {
	e, err := newEngine()
	errs := []error{err}
	h := &Handler{c: c, engine: e, prompts: map[string]*BrandPrompts{}}
	for name, b := range c.Brands {
		p, err := LoadPrompts(b)
		errs = append(errs, err)
		h.prompts[name] = p
		if e != nil && err == nil {
			errs = append(errs, checkPrompts(b, p, e.table))
		}
	}
	if c.Reached == nil {
		h.c.Reached = func(string) {}
	}
	if c.Observe == nil {
		h.c.Observe = func(Record) {}
	}
	return h, errors.Join(errs...)
}

// Prompts returns the texts of a brand.
func (h *Handler) Prompts(brand string) *BrandPrompts { return h.prompts[brand] }

// memo is what is kept of an answered message: its reply, for when the provider sends it again.
type memo struct {
	Parts  []channels.Outbound `json:"parts,omitempty"`
	Texts  []channels.Outbound `json:"texts,omitempty"`
	Sealed []byte              `json:"sealed,omitempty"` // all of it, where it shows a PIN
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
	// The customer's connection may go away; what was begun is ended all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	m, err := h.attempt(ctx, c, in, turnKind{take: h.take, alone: h.degraded})
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

// turnKind is what differs between a customer's message and late news.
type turnKind struct {
	take func(context.Context, *Turn) error
	// alone answers while sessions can't be kept; nil: the turn waits until they can.
	alone func(context.Context, channels.Channel, channels.Inbound) (memo, error)
}

// attempt runs one turn between begin and commit, again where the lock was lost in between.
func (h *Handler) attempt(ctx context.Context, c channels.Channel, in channels.Inbound, kind turnKind) (memo, error) {
	ctx = prepaid.WithTimeLimit(ctx, h.c.Clock, in.Deadline.Add(-wayBack))
	for range 3 {
		m, done, err := h.once(ctx, c, in, kind)
		if done || err != nil {
			return m, err
		}
	}
	return memo{}, ErrBusy
}

func (h *Handler) once(ctx context.Context, ch channels.Channel, in channels.Inbound, kind turnKind) (m memo, done bool, err error) {
	sender, token := senderOf(ch, in.Address), prepaid.NewToken()
	begun, err := h.begin(ctx, sender, token, in)
	switch {
	case errors.Is(err, ErrBusy):
		return memo{}, false, err
	case err != nil && kind.alone == nil:
		return memo{}, false, fmt.Errorf("begin turn: %w", err)
	case err != nil:
		h.c.Log.Warn("sessions do not answer", "channel", ch.ID(), "error", err)
		m, err := kind.alone(ctx, ch, in)
		return m, true, err
	case begun.Status == Seen:
		m, err := h.readMemo(begun.Memo, ch, in)
		h.seen(ch, in)
		return m, true, err
	}
	committed := false
	defer func() {
		if !committed {
			h.leave(ctx, sender, token)
		}
	}()
	h.c.Reached("begin")
	session, lost := decodeSession(begun.Session, h.engine.table)
	t := h.newTurn(ctx, ch, in, &session)
	if lost {
		t.Say("session.lost")
	}
	from := session.State
	if err := kind.take(ctx, t); err != nil {
		session, _ = decodeSession(begun.Session, h.engine.table)
		t = h.newTurn(ctx, ch, in, &session)
		if !t.takeBack(err) {
			return memo{}, false, err
		}
		h.c.Log.Warn("message not taken", "channel", ch.ID(), "error", err)
	}
	m = h.remember(t)
	c, err := h.commitOf(t, m, from)
	if err != nil {
		return memo{}, false, err
	}
	c.Sender, c.Token, c.Version = sender, token, begun.Version
	result, err := h.c.Sessions.Commit(ctx, c)
	switch {
	case err != nil && kind.alone == nil:
		return memo{}, false, fmt.Errorf("commit turn: %w", err)
	case err != nil:
		h.c.Log.Warn("sessions do not answer", "channel", ch.ID(), "error", err)
		if !t.standsAlone() {
			t.tryLater()
			m = h.remember(t)
		}
		t.keepNews()
		h.finish(t, from)
		return m, true, nil
	case result.Status == CommitStatus(Seen) && !bytes.Equal(result.Memo, c.Memo):
		m, err := h.readMemo(result.Memo, ch, in)
		return m, true, err
	case result.Status == Lost:
		return memo{}, false, nil
	}
	committed = true
	h.c.Reached("commit")
	h.finish(t, from)
	return m, true, nil
}

// begin takes the sender's lock, waiting in line for it until the message's deadline.
func (h *Handler) begin(ctx context.Context, sender, token string, in channels.Inbound) (Begun, error) {
	for {
		now := h.c.Clock.Now()
		begun, err := h.c.Sessions.Begin(ctx, Begin{
			Sender: sender, MessageID: in.ID, Token: token, Now: now, LockFor: lockFor, LineUntil: in.Deadline,
		})
		if err != nil || begun.Status != InLine {
			return begun, err
		}
		if !now.Before(in.Deadline) {
			h.leave(ctx, sender, token)
			return Begun{}, ErrBusy
		}
		if err := h.c.Clock.Sleep(ctx, lookAgain); err != nil {
			return Begun{}, ErrBusy
		}
	}
}

// leave frees the lock or the place in line, which else would lapse; also when the turn's time has run out.
func (h *Handler) leave(ctx context.Context, sender, token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := h.c.Sessions.Leave(ctx, sender, token); err != nil {
		h.c.Log.Warn("turn not left, its lock lapses", "error", err)
	}
}

// commitOf writes a turn down. (A commit that was sent twice finds its own memo, which is like no other: its
// parts have new ids.)
func (h *Handler) commitOf(t *Turn, m memo, from string) (Commit, error) {
	t.session.At = prepaid.Micros(t.now)
	session, err := t.session.encode()
	if err != nil {
		return Commit{}, err
	}
	kept, err := h.writeMemo(t, m)
	if err != nil {
		return Commit{}, err
	}
	return Commit{
		MessageID: t.in.ID, Session: session, Memo: kept, Transcript: transcript(t, from),
		Now: h.c.Clock.Now(), MemoFor: memoKept, SessionFor: sessionKept,
	}, nil
}

// writeMemo seals a memo that shows a PIN: it is kept for longer than the PIN.
func (h *Handler) writeMemo(t *Turn, m memo) ([]byte, error) {
	kept, err := json.Marshal(m)
	if err != nil || t.shows == "" {
		return kept, err
	}
	return json.Marshal(memo{Sealed: h.c.Vault.Seal(kept, memoOwner(t.channel, t.in))})
}

// memoOwner is what a sealed memo is bound to.
func memoOwner(c channels.Channel, in channels.Inbound) string {
	return "memo " + senderOf(c, in.Address) + " " + in.ID
}

// readMemo opens the memo of a message. Its reply is the sender's, or it is an error.
func (h *Handler) readMemo(data []byte, c channels.Channel, in channels.Inbound) (memo, error) {
	var m memo
	err := json.Unmarshal(data, &m)
	if err == nil && len(m.Sealed) > 0 {
		if data, err = h.c.Vault.Open(m.Sealed, memoOwner(c, in)); err == nil {
			m = memo{}
			err = json.Unmarshal(data, &m)
		}
	}
	if err == nil && slices.ContainsFunc(m.Parts, func(p channels.Outbound) bool { return p.Address != in.Address }) {
		err = topup.ErrKeyReused
	}
	if err != nil {
		return memo{}, fmt.Errorf("read memo: %w", err)
	}
	return m, nil
}

func (h *Handler) newTurn(ctx context.Context, c channels.Channel, in channels.Inbound, s *Session) *Turn {
	all := h.prompts[c.Brand.Name]
	t := &Turn{brand: c.Brand, channel: c, in: in, now: h.c.Clock.Now(), session: s, all: all, result: "ok"}
	t.prompts = all.ByLanguage[c.Brand.Language(s.Language, in.Language)]
	t.command = all.Words.Read(in.Text)
	t.readButton()
	t.readSentence()
	t.readDial()
	t.readMenu()
	if sms := c.Brand.SMSChannel; sms != "" && h.c.On(ctx, c.Brand.Name, sms) {
		t.sms = sms
	}
	sender := senderOf(c, in.Address)
	t.pinKey = func(pin prepaid.Secret) string { return h.c.Services.Accounts.PINKey(sender, pin) }
	t.sealIBAN = h.c.Services.Payments.SealIBAN
	t.checkStrength = h.c.Services.Accounts.CheckStrength
	return t
}

// remember renders the reply.
func (h *Handler) remember(t *Turn) memo {
	var m memo
	if t.silent {
		return m
	}
	t.textLinks()
	now := h.c.Clock.Now()
	for i, r := range channels.Render(t.message(), t.in.Can) {
		m.Parts = append(m.Parts, channels.Outbound{
			ID: prepaid.NewID[prepaid.OutboundID](), Brand: t.brand.Name, Channel: t.channel.Name, Address: t.in.Address,
			MessageID: t.in.ID, Part: i, Text: r.Text, PIN: t.shows, Buttons: r.Buttons, AskContact: r.AskContact, ContactLabel: r.ContactLabel, Can: t.in.Can,
			Answer: true, Repeatable: true, CreatedAt: now,
		})
	}
	t.dress(m.Parts)
	if len(m.Parts) > 0 && t.holdsSecret() && t.in.Can.Deletes {
		m.Parts[0].DeleteRef = t.in.MessageRef
	}
	if t.pushed {
		m.Parts, m.Texts = nil, m.Parts
	}
	for _, text := range t.texts {
		text.ID, text.Brand, text.CreatedAt = prepaid.NewID[prepaid.OutboundID](), t.brand.Name, now
		m.Texts = append(m.Texts, text)
	}
	return m
}

// holdsSecret reports whether the customer's message should not stay on the screen.
func (t *Turn) holdsSecret() bool {
	return t.secret || !t.pin.Empty() || !t.code.Empty() || mayHoldPIN(t.in.Text, t.brand.Country)
}

// keepNews leaves a PIN that was shown to its notice as well, because no memo answers the message when it comes again.
func (t *Turn) keepNews() {
	if t.shows != "" {
		t.told, t.pins = nil, nil
	}
}

// finish does what follows a committed turn. Notices that it has told are marked together, a little later: a crash
// in between is what a notice is for.
func (h *Handler) finish(t *Turn, from string) {
	if len(t.told)+len(t.pins) > 0 {
		h.mu.Lock()
		h.told, h.pins = append(h.told, t.told...), append(h.pins, t.pins...)
		h.mu.Unlock()
	}
	h.record(t, from)
}

// MarkTold writes down which notices turns have told since it was last called, and which PINs they have shown.
func (h *Handler) MarkTold(ctx context.Context) error {
	h.mu.Lock()
	ids, pins := h.told, h.pins
	h.told, h.pins = nil, nil
	h.mu.Unlock()
	if len(ids)+len(pins) == 0 {
		return nil
	}
	err := h.c.Services.Notices.MarkTold(ctx, ids, pins, h.c.Clock.Now())
	if err != nil {
		h.mu.Lock()
		h.told, h.pins = append(h.told, ids...), append(h.pins, pins...)
		h.mu.Unlock()
	}
	return err
}

func (h *Handler) record(t *Turn, from string) {
	r := Record{
		Channel: t.channel, Kind: t.in.Can.Kind, Address: t.in.Address, MessageID: t.in.ID, From: from, To: t.session.State,
		Path: t.path, Result: t.result, Parts: t.said, Choices: t.choices, Duration: h.c.Clock.Now().Sub(t.in.ReceivedAt),
	}
	if t.silent {
		r.Parts, r.Choices = nil, nil
	}
	attrs := []any{
		"brand", t.brand.Name, "channel", t.channel.Name, "kind", t.in.Can.Kind, "address", t.in.Address,
		"from", from, "to", t.session.State, "result", t.result, "took", r.Duration.Round(time.Millisecond).String(),
	}
	for _, err := range t.notes {
		attrs = append(attrs, "note", err.Error())
	}
	h.c.Log.Info("turn", attrs...)
	h.c.Observe(r)
}

func (h *Handler) seen(c channels.Channel, in channels.Inbound) {
	h.c.Log.Info("turn", "brand", c.Brand.Name, "channel", c.Name, "kind", in.Can.Kind, "address", in.Address, "result", "seen")
	h.c.Observe(Record{Channel: c, Kind: in.Can.Kind, Address: in.Address, MessageID: in.ID, Result: "seen"})
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
	h.leave(ctx, sender, token)
	if begun.Status != Yours {
		return "", false, ErrBusy
	}
	s, _ := decodeSession(begun.Session, h.engine.table)
	s.judge(now, h.engine.table)
	return s.State, h.engine.table.states[s.State].Secret, nil
}
