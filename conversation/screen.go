package conversation

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"pulsa/channels"
	"pulsa/prepaid"
)

// Screen is the answer that a dialled phone shows.
type Screen struct {
	ID     string           `json:"id"` // of the message that was answered: the answer itself is its memo
	Turned []channels.Label `json:"turned,omitempty"`
	At     int64            `json:"at"` // microseconds: when it was answered
}

// noteScreen remembers what the phone shows from now on, where its provider will not say what came before.
func (t *Turn) noteScreen(now time.Time) {
	if d := t.in.Dial; d != nil && d.Single {
		t.session.Screen = Screen{ID: t.in.ID, At: prepaid.Micros(now)}
	}
}

// answerFromScreen answers a message that asks for the last answer once more: it turns a page of it, or is the message itself that
// comes twice. done is false for any other. lock is that of the turn, which a commit frees.
//
// Where a provider numbers no message, one that comes twice is known by time. Nobody types before they see an answer, so what was
// received in the same session before the last answer was made is the message that was answered. What comes later was typed, be
// it the same.
func (h *Handler) answerFromScreen(ctx context.Context, c channels.Channel, in channels.Inbound, s *Session, lock Commit) (m memo, done bool, err error) {
	d := in.Dial
	if d == nil || !d.Single || d.Opens || s.Screen.ID == "" || d.Session != "" && d.Session != s.Dial {
		return memo{}, false, nil
	}
	twice := d.Unnumbered && prepaid.Micros(in.ReceivedAt) < s.Screen.At
	if !twice && d.Turn == "" {
		return memo{}, false, nil
	}
	m, kept, err := h.screenMemo(ctx, c, in, s.Screen.ID)
	if err != nil || !kept { // what was typed is read as any other
		return memo{}, false, err
	}
	if !twice {
		m.Texts = nil // were sent with the answer
		s.Screen.Turned = append(slices.Clone(s.Screen.Turned), d.Turn)
	}
	for i := range m.Parts {
		m.Parts[i].Turned = s.Screen.Turned
	}
	h.recordRepeated(c, in)
	if twice {
		return m, true, nil
	}
	return m, true, h.commitPage(ctx, c, in, s, m, lock)
}

// screenMemo reads the answer to an earlier message of the sender; kept is false where it is kept no longer.
func (h *Handler) screenMemo(ctx context.Context, c channels.Channel, in channels.Inbound, id string) (m memo, kept bool, err error) {
	sender, token, now := senderOf(c, in.Address), prepaid.NewToken(), h.c.Clock.Now()
	begun, err := h.c.Sessions.Begin(ctx, Begin{Sender: sender, MessageID: id, Token: token, Now: now, LockFor: lockFor, LineUntil: now})
	if err != nil || begun.Status != Seen {
		h.release(ctx, sender, token)
		return memo{}, false, err
	}
	in.ID = id
	m, err = h.readMemo(begun.Memo, c, in)
	return m, err == nil, err
}

// commitPage stores that a page was turned. A lock that was lost meanwhile is an error: the provider waits no longer.
func (h *Handler) commitPage(ctx context.Context, c channels.Channel, in channels.Inbound, s *Session, m memo, commit Commit) error {
	now := h.c.Clock.Now()
	s.At, s.Screen.At = prepaid.Micros(now), prepaid.Micros(now)
	session, err := s.encode()
	if err != nil {
		return err
	}
	kept, err := json.Marshal(m)
	if err == nil { // it may show an operator's PIN
		kept, err = json.Marshal(memo{Sealed: h.c.Vault.Seal(kept, memoOwner(c, in))})
	}
	if err != nil {
		return err
	}
	commit.MessageID, commit.Session, commit.Memo = in.ID, session, kept
	commit.Now, commit.MemoFor, commit.SessionFor = now, memoKept, sessionKept
	result, err := h.c.Sessions.Commit(ctx, commit)
	if err == nil && result.Status == Lost {
		return ErrBusy
	}
	return err
}
