package sessions

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/conversation"
	"pulsa/prepaid"
)

// SQLite is conversation.Sessions on the embedded database: each script of Redis is a transaction here.
// It is safe for concurrent use.
type SQLite struct{ db *sqlx.DB }

// NewSQLite returns the conversations kept in the tables session_* of db: the handle that writes, of one
// connection, whose transactions are immediate.
func NewSQLite(db *sqlx.DB) *SQLite { return &SQLite{db} }

// Begin implements conversation.Sessions in one transaction. One that is only told to wait on, or that the
// message has been seen, writes nothing.
func (s *SQLite) Begin(ctx context.Context, b conversation.Begin) (conversation.Begun, error) {
	var begun conversation.Begun
	if b.Token == "" {
		return begun, fmt.Errorf("take session: %w", errNoToken)
	}
	err := s.transact(ctx, func(tx *sqlx.Tx) (err error) {
		begun, err = begin(ctx, tx, b)
		return err
	})
	if err != nil {
		return conversation.Begun{}, fmt.Errorf("take session: %w", err)
	}
	return begun, nil
}

func begin(ctx context.Context, tx *sqlx.Tx, b conversation.Begin) (conversation.Begun, error) {
	now := prepaid.Micros(b.Now)
	memo, seen, err := remembered(ctx, tx, b.Sender, b.MessageID, now)
	if err != nil {
		return conversation.Begun{}, err
	}
	if seen {
		return conversation.Begun{Status: conversation.Seen, Memo: memo}, leave(ctx, tx, b.Sender, b.Token)
	}
	sender, err := loadSender(ctx, tx, b.Sender)
	if err != nil {
		return conversation.Begun{}, err
	}
	line, err := loadLine(ctx, tx, b.Sender, now)
	if err != nil {
		return conversation.Begun{}, err
	}
	free := sender.LockToken == "" || sender.LockUntil <= now
	first := len(line) == 0 || line[0].Token == b.Token
	if sender.LockToken != b.Token && !(free && first) {
		return conversation.Begun{Status: conversation.InLine}, standInLine(ctx, tx, b, line)
	}
	if len(line) > 0 {
		if err := leaveLine(ctx, tx, b.Sender, b.Token); err != nil {
			return conversation.Begun{}, err
		}
	}
	if sender.KeptUntil <= now {
		sender = senderRow{Sender: b.Sender}
	}
	sender.LockToken, sender.LockUntil = b.Token, prepaid.Micros(b.Now.Add(b.LockFor))
	begun := conversation.Begun{Status: conversation.Yours, Session: sender.Session, Version: sender.Version}
	return begun, saveSender(ctx, tx, sender)
}

// Commit implements conversation.Sessions in one transaction. An empty transcript is not kept.
func (s *SQLite) Commit(ctx context.Context, c conversation.Commit) (conversation.Committed, error) {
	var committed conversation.Committed
	if c.Token == "" {
		return committed, fmt.Errorf("store session: %w", errNoToken)
	}
	err := s.transact(ctx, func(tx *sqlx.Tx) (err error) {
		committed, err = commit(ctx, tx, c)
		return err
	})
	if err != nil {
		return conversation.Committed{}, fmt.Errorf("store session: %w", err)
	}
	return committed, nil
}

func commit(ctx context.Context, tx *sqlx.Tx, c conversation.Commit) (conversation.Committed, error) {
	now := prepaid.Micros(c.Now)
	memo, seen, err := remembered(ctx, tx, c.Sender, c.MessageID, now)
	if err != nil {
		return conversation.Committed{}, err
	}
	if seen {
		status := conversation.CommitStatus(conversation.Seen)
		return conversation.Committed{Status: status, Memo: memo}, leave(ctx, tx, c.Sender, c.Token)
	}
	sender, err := loadSender(ctx, tx, c.Sender)
	if err != nil {
		return conversation.Committed{}, err
	}
	if sender.LockToken != c.Token || sender.Version != c.Version {
		return conversation.Committed{Status: conversation.Lost}, nil
	}
	err = saveSender(ctx, tx, senderRow{
		Sender: c.Sender, Session: c.Session, Version: c.Version + 1, KeptUntil: prepaid.Micros(c.Now.Add(c.SessionFor)),
	})
	if err != nil {
		return conversation.Committed{}, err
	}
	if err := saveMemo(ctx, tx, c); err != nil {
		return conversation.Committed{}, err
	}
	if err := saveTranscript(ctx, tx, c); err != nil {
		return conversation.Committed{}, err
	}
	return conversation.Committed{Status: conversation.Stored}, sweep(ctx, tx, now)
}

// Leave implements conversation.Sessions.
func (s *SQLite) Leave(ctx context.Context, sender, token string) error {
	err := s.transact(ctx, func(tx *sqlx.Tx) error { return leave(ctx, tx, sender, token) })
	if err != nil {
		return fmt.Errorf("leave session: %w", err)
	}
	return nil
}

// Forget drops all sessions, memos, locks and lines. Transcripts stay. It is meant for tests and
// conversation scripts, which play that Redis has lost its memory.
func (s *SQLite) Forget(ctx context.Context) error {
	err := s.transact(ctx, func(tx *sqlx.Tx) error {
		for _, table := range []string{"session_senders", "session_line", "session_memos"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget conversations: %w", err)
	}
	return nil
}

// transact runs work in a transaction that holds the write lock from its start. It waits for the connection and the file
// no longer than the context's time limit.
func (s *SQLite) transact(ctx context.Context, work func(*sqlx.Tx) error) error {
	wait, cancel := prepaid.WhileTimeLeft(ctx)
	conn, err := s.db.Connx(wait)
	cancel()
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}
