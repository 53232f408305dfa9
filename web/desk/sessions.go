package desk

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
)

// How long a session lasts: without use, and at all.
const (
	sessionIdle  = 30 * time.Minute
	sessionWhole = 12 * time.Hour
	// sessionTouch is how often it is written down that a session is used.
	sessionTouch = time.Minute
)

// What a session holds, by scs's keys. A time is written as time.RFC3339Nano.
const (
	inPerson  = "person"
	inFrom    = "from"
	inAgent   = "agent"
	inWay     = "way"
	inStarted = "started"
	inFresh   = "fresh"
	inSeen    = "seen"
	inNew     = "new" // it is not stored yet
)

// sessionStore is scs's store on ours: a row for each session, by the digest of its token, so that a person's can be listed and ended.
// When a session expires follows from the values in it and from our clock.
type sessionStore struct {
	sessions operators.SessionStore
	clock    prepaid.Clock
}

// FindCtx implements scs.CtxStore.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	kept, found, err := s.sessions.Session(ctx, operators.TokenHash(prepaid.NewSecret(token)), s.clock.Now())
	if err != nil || !found {
		return nil, false, err
	}
	b, err := json.Marshal(map[string]any{
		inPerson: string(kept.Person), inFrom: kept.From, inAgent: kept.Agent, inWay: kept.Way,
		inStarted: timeText(kept.StartedAt), inFresh: timeText(kept.FreshAt), inSeen: timeText(kept.SeenAt),
	})
	return b, true, err
}

// CommitCtx implements scs.CtxStore. A session of nobody is not kept.
func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	var v map[string]string
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	kept := operators.Session{
		Hash: operators.TokenHash(prepaid.NewSecret(token)), Person: operators.PersonID(v[inPerson]), From: v[inFrom], Agent: v[inAgent], Way: v[inWay],
		StartedAt: readTime(v[inStarted]), FreshAt: readTime(v[inFresh]), SeenAt: readTime(v[inSeen]),
	}
	kept.ExpiresAt = kept.SeenAt.Add(sessionIdle)
	if last := kept.StartedAt.Add(sessionWhole); last.Before(kept.ExpiresAt) {
		kept.ExpiresAt = last
	}
	switch {
	case kept.Person == "":
		return nil
	case v[inNew] != "":
		return s.sessions.StartSession(ctx, kept)
	}
	return s.sessions.TouchSession(ctx, kept)
}

// DeleteCtx implements scs.CtxStore.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.sessions.EndSession(ctx, operators.TokenHash(prepaid.NewSecret(token)))
}

// errNoContext is of scs's methods without a context, which it calls on no store that has the others.
var errNoContext = errors.New("sessions are read within a context")

// Find implements scs.Store.
func (sessionStore) Find(string) ([]byte, bool, error) { return nil, false, errNoContext }

// Commit implements scs.Store.
func (sessionStore) Commit(string, []byte, time.Time) error { return errNoContext }

// Delete implements scs.Store.
func (sessionStore) Delete(string) error { return errNoContext }

// sessionCodec writes a session's values as JSON. The deadline follows from them.
type sessionCodec struct{}

// Encode implements scs.Codec.
func (sessionCodec) Encode(_ time.Time, values map[string]any) ([]byte, error) {
	return json.Marshal(values)
}

// Decode implements scs.Codec.
func (sessionCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var values map[string]any
	err := json.Unmarshal(b, &values)
	started, _ := values[inStarted].(string)
	return readTime(started).Add(sessionWhole), values, err
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func readTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil { // it was never
		return time.Time{}
	}
	return t
}
