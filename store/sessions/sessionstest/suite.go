// Package sessionstest holds the one suite that every implementation of conversation.Sessions passes.
package sessionstest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"pulsa/conversation"
)

// Store is what the suite needs: the contract, and a way to lose everything.
type Store interface {
	conversation.Sessions
	// Forget drops all sessions, memos, locks and lines.
	Forget(ctx context.Context) error
	// ForgetSession drops one sender's session and lock.
	ForgetSession(ctx context.Context, sender string) error
}

// Run runs the suite. Every call of open returns an empty store, which open closes when its test ends.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, group := range []map[string]func(*scene){turns, replays, losses, lines, transcripts, crowds} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) { test(&scene{t, open(t), start, sender}) })
		}
	}
}

const (
	sender  = "demo/fake/tel:+31612345678"
	lockFor = 30 * time.Second
	waitFor = 10 * time.Second
	memoFor = 48 * time.Hour
	keepFor = 30 * 24 * time.Hour
)

// start is far from the present, with microseconds: the caller's clock decides, and to the microsecond.
var start = time.Date(2031, 2, 3, 4, 5, 6, 789123000, time.UTC)

// scene is one test: a store, the time and the sender that its turns use.
type scene struct {
	*testing.T
	store  Store
	now    time.Time
	sender string
}

func (s *scene) pass(d time.Duration) { s.now = s.now.Add(d) }

func (s *scene) beginOf(message, token string) conversation.Begin {
	return conversation.Begin{
		Sender: s.sender, MessageID: message, Token: token, Now: s.now, LockFor: lockFor, LineUntil: s.now.Add(waitFor),
	}
}

// begin begins a turn and expects an answer.
func (s *scene) begin(message, token string, want conversation.BeginStatus) conversation.Begun {
	s.Helper()
	begun, err := s.store.Begin(s.Context(), s.beginOf(message, token))
	if err != nil {
		s.Fatalf("begin %s as %s: %v", message, token, err)
	}
	if begun.Status != want {
		s.Fatalf("begin %s as %s: %q, want %q", message, token, begun.Status, want)
	}
	return begun
}

// commitOf is a commit whose session, memo and transcript name its message.
func (s *scene) commitOf(message, token string, version int64) conversation.Commit {
	return conversation.Commit{
		Sender: s.sender, MessageID: message, Token: token, Version: version, Now: s.now,
		Session: []byte("session of " + message), Memo: []byte("memo of " + message),
		Transcript: []byte(`{"message":"` + message + `"}`), MemoFor: memoFor, SessionFor: keepFor,
	}
}

// commit commits a turn and expects an answer.
func (s *scene) commit(message, token string, version int64, want conversation.CommitStatus) conversation.Committed {
	s.Helper()
	return s.send(s.commitOf(message, token, version), want)
}

func (s *scene) send(c conversation.Commit, want conversation.CommitStatus) conversation.Committed {
	s.Helper()
	committed, err := s.store.Commit(s.Context(), c)
	if err != nil {
		s.Fatalf("commit %s as %s: %v", c.MessageID, c.Token, err)
	}
	if committed.Status != want {
		s.Fatalf("commit %s as %s: %q, want %q", c.MessageID, c.Token, committed.Status, want)
	}
	return committed
}

// turn carries out a whole turn that nobody contends.
func (s *scene) turn(message string) {
	s.Helper()
	begun := s.begin(message, "turn-"+message, conversation.Yours)
	s.commit(message, "turn-"+message, begun.Version, conversation.Stored)
}

func (s *scene) leave(token string) {
	s.Helper()
	if err := s.store.Leave(s.Context(), s.sender, token); err != nil {
		s.Fatalf("leave %s: %v", token, err)
	}
}

func (s *scene) forget() {
	s.Helper()
	if err := s.store.Forget(s.Context()); err != nil {
		s.Fatal(err)
	}
}

// holds checks a session and version.
func (s *scene) holds(begun conversation.Begun, session string, version int64) {
	s.Helper()
	if !bytes.Equal(begun.Session, []byte(session)) || begun.Version != version {
		s.Fatalf("session %q version %d, want %q version %d", begun.Session, begun.Version, session, version)
	}
}

func (s *scene) equal(what string, got, want []byte) {
	s.Helper()
	if !bytes.Equal(got, want) {
		s.Fatalf("%s: %d bytes %.40q, want %d bytes %.40q", what, len(got), got, len(want), want)
	}
}

const seen = conversation.CommitStatus(conversation.Seen)
