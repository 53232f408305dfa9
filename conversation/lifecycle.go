package conversation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

const (
	lockFor     = 30 * time.Second      // how long a turn may hold its sender's lock
	lookAgain   = 15 * time.Millisecond // how often a turn that waits in line asks for the lock
	maxDeadline = 14 * time.Second      // of a message, from its receipt: a provider gives up after 15 s
	wayBack     = time.Second           // before the deadline, by when the answer is made
)

// turnKind is what differs between a customer's message and a notice.
type turnKind struct {
	// answer makes the reply and moves the session. An error means that nothing of the turn counts.
	answer func(context.Context, *Turn) error
	// withoutSession answers while sessions can't be kept. Where it is nil the turn fails instead, and is tried again later.
	withoutSession func(context.Context, channels.Channel, channels.Inbound) (memo, error)
}

// runTurn takes one message to its reply: it locks the sender's session (Sessions.Begin), has kind answer, and stores session,
// memo and transcript (Sessions.Commit), which frees the lock. Where the lock was lost meanwhile, to a turn that found this one
// too slow, all of it runs again: what the first run has done at services is found there under the message's operation keys.
// ErrBusy after three times.
func (h *Handler) runTurn(ctx context.Context, c channels.Channel, in channels.Inbound, kind turnKind) (memo, error) {
	ctx = prepaid.WithTimeLimit(ctx, h.c.Clock, in.Deadline.Add(-wayBack))
	for range 3 {
		m, done, err := h.tryTurn(ctx, c, in, kind)
		if done || err != nil {
			return m, err
		}
	}
	return memo{}, ErrBusy
}

// tryTurn runs a turn once. done is false where its lock was lost before the commit: nothing was stored, and the caller tries
// again. Whatever else happens, the lock is free when it returns, or the store does not answer and the lock lapses.
func (h *Handler) tryTurn(ctx context.Context, ch channels.Channel, in channels.Inbound, kind turnKind) (m memo, done bool, err error) {
	sender, token := senderOf(ch, in.Address), prepaid.NewToken()
	begun, err := h.begin(ctx, sender, token, in)
	switch {
	case errors.Is(err, ErrBusy):
		return memo{}, false, err
	case err != nil && kind.withoutSession == nil:
		return memo{}, false, fmt.Errorf("begin turn: %w", err)
	case err != nil:
		h.c.Log.Warn("sessions do not answer", "channel", ch.ID(), "error", err)
		m, err := kind.withoutSession(ctx, ch, in)
		return m, true, err
	case begun.Status == Seen:
		m, err := h.readMemo(begun.Memo, ch, in)
		h.recordRepeated(ch, in)
		return m, true, err
	}
	committed := false
	defer func() {
		if !committed {
			h.release(ctx, sender, token)
		}
	}()
	h.c.Reached("begin")
	session, lost := decodeSession(begun.Session, h.engine.table)
	if m, done, err := h.answerFromScreen(ctx, ch, in, session, Commit{Sender: sender, Token: token, Version: begun.Version}); done || err != nil {
		return m, done, err
	}
	t := h.newTurn(ctx, ch, in, session)
	if lost {
		t.Say("session.lost")
	}
	from := session.State
	if err := kind.answer(ctx, t); err != nil { // answer the message again, as one that is taken back
		session, _ = decodeSession(begun.Session, h.engine.table)
		t = h.newTurn(ctx, ch, in, session)
		if !t.takeBack(err) {
			return memo{}, false, err
		}
		h.c.Log.Warn("message not taken", "channel", ch.ID(), "error", err)
	}
	m = h.render(t)
	c, err := h.commitOf(t, m, from)
	if err != nil {
		return memo{}, false, err
	}
	c.Sender, c.Token, c.Version = sender, token, begun.Version
	result, err := h.c.Sessions.Commit(ctx, c)
	switch {
	case err != nil && kind.withoutSession == nil:
		return memo{}, false, fmt.Errorf("commit turn: %w", err)
	case err != nil: // the session was lost after the work was done: say what stands without it
		h.c.Log.Warn("sessions do not answer", "channel", ch.ID(), "error", err)
		if !t.standsAlone() {
			t.tryLater()
			m = h.render(t)
		}
		t.keepNoticesDue()
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

// begin takes the sender's lock, waiting in line for it until the message's deadline: then it is ErrBusy. A message that was
// answered before is Seen instead.
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
			h.release(ctx, sender, token)
			return Begun{}, ErrBusy
		}
		if err := h.c.Clock.Sleep(ctx, lookAgain); err != nil {
			return Begun{}, ErrBusy
		}
	}
}

// release frees the lock or the place in line, which else would lapse; also when the turn's time has run out.
func (h *Handler) release(ctx context.Context, sender, token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := h.c.Sessions.Leave(ctx, sender, token); err != nil {
		h.c.Log.Warn("turn not left, its lock lapses", "error", err)
	}
}

// newTurn reads a message in its session, before anything is looked up: what its text means outside of any state, and which
// button, dialled screen or choice of a menu it is.
func (h *Handler) newTurn(ctx context.Context, c channels.Channel, in channels.Inbound, s *Session) *Turn {
	all := h.promptsOf(c.Brand)
	t := &Turn{brand: c.Brand, channel: c, in: in, now: h.c.Clock.Now(), session: s, all: all, computes: &h.computes, result: "ok"}
	t.prompts = all.ByLanguage[c.Brand.Language(s.Language, in.Language)]
	t.command = all.Words.readTidied(in.Text, t.tidied())
	t.readButton()
	t.readSentence()
	t.readSmallTalk()
	t.readDial()
	t.readMenu()
	if sms := c.Brand.SMSChannel; sms != "" && h.c.Pushes(ctx, c.Brand.Name, sms) {
		t.sms = sms
	}
	return t
}

// commitOf makes the commit of a turn, but for its lock. A commit that the client has sent twice finds its own memo, and is
// told from another turn's by it: the ids of a reply's parts are new in each turn.
func (h *Handler) commitOf(t *Turn, m memo, from string) (Commit, error) {
	t.session.At = prepaid.Micros(t.now)
	t.noteScreen(h.c.Clock.Now())
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

// finish does what follows a committed turn. What its customer was told is written down a little later, with that of other turns
// (MarkTold): after a crash in between they are told twice.
func (h *Handler) finish(t *Turn, from string) {
	h.addTold(t.told)
	h.record(t, from)
}
