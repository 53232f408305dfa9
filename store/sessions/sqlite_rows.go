package sessions

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"pulsa/conversation"
	"pulsa/prepaid"
)

type senderRow struct {
	Sender    string `db:"sender"`
	Session   []byte `db:"session"`
	Version   int64  `db:"version"`
	KeptUntil int64  `db:"kept_until"`
	LockToken string `db:"lock_token"`
	LockUntil int64  `db:"lock_until"`
}

// loadSender returns an empty row for a sender that has none.
func loadSender(ctx context.Context, tx *sqlx.Tx, sender string) (senderRow, error) {
	row := senderRow{Sender: sender}
	err := tx.GetContext(ctx, &row, `
		SELECT sender, session, version, kept_until, lock_token, lock_until
		FROM session_senders WHERE sender = ?`, sender)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return senderRow{}, err
	}
	return row, nil
}

func saveSender(ctx context.Context, tx *sqlx.Tx, row senderRow) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO session_senders (sender, session, version, kept_until, lock_token, lock_until)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (sender) DO UPDATE SET
			session = excluded.session, version = excluded.version, kept_until = excluded.kept_until,
			lock_token = excluded.lock_token, lock_until = excluded.lock_until`,
		row.Sender, blob(row.Session), row.Version, row.KeptUntil, row.LockToken, row.LockUntil)
	return err
}

type waitingRow struct {
	Token string `db:"token"`
	Until int64  `db:"until"`
}

// loadLine returns the sender's waiting turns, oldest first. Those that have lapsed, anybody's, are deleted
// where it meets one.
func loadLine(ctx context.Context, tx *sqlx.Tx, sender string, now int64) ([]waitingRow, error) {
	var all []waitingRow
	err := tx.SelectContext(ctx, &all, `
		SELECT token, until FROM session_line WHERE sender = ? ORDER BY place`, sender)
	if err != nil {
		return nil, err
	}
	var line []waitingRow
	for _, waiting := range all {
		if waiting.Until > now {
			line = append(line, waiting)
		}
	}
	if len(line) < len(all) {
		if _, err := tx.ExecContext(ctx, "DELETE FROM session_line WHERE until <= ?", now); err != nil {
			return nil, err
		}
	}
	return line, nil
}

// standInLine writes only where something changes: waiting turns ask again many times a second.
func standInLine(ctx context.Context, tx *sqlx.Tx, b conversation.Begin, line []waitingRow) error {
	until := prepaid.Micros(b.LineUntil)
	for _, waiting := range line {
		if waiting.Token != b.Token {
			continue
		}
		if waiting.Until == until {
			return nil
		}
		_, err := tx.ExecContext(ctx, "UPDATE session_line SET until = ? WHERE sender = ? AND token = ?",
			until, b.Sender, b.Token)
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO session_line (sender, token, until) VALUES (?, ?, ?)",
		b.Sender, b.Token, until)
	return err
}

func leaveLine(ctx context.Context, tx *sqlx.Tx, sender, token string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM session_line WHERE sender = ? AND token = ?", sender, token)
	return err
}

// leave frees the lock if token holds it, and gives up its place in line.
func leave(ctx context.Context, tx *sqlx.Tx, sender, token string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE session_senders SET lock_token = '', lock_until = 0 WHERE sender = ? AND lock_token = ?`, sender, token)
	if err != nil {
		return err
	}
	return leaveLine(ctx, tx, sender, token)
}

// remembered returns the memo of a message, unless it has lapsed.
func remembered(ctx context.Context, tx *sqlx.Tx, sender, messageID string, now int64) ([]byte, bool, error) {
	var memo []byte
	err := tx.GetContext(ctx, &memo, `
		SELECT memo FROM session_memos WHERE sender = ? AND message_id = ? AND kept_until > ?`, sender, messageID, now)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return memo, err == nil, err
}

func saveMemo(ctx context.Context, tx *sqlx.Tx, c conversation.Commit) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO session_memos (sender, message_id, memo, kept_until) VALUES (?, ?, ?, ?)
		ON CONFLICT (sender, message_id) DO UPDATE SET memo = excluded.memo, kept_until = excluded.kept_until`,
		c.Sender, c.MessageID, blob(c.Memo), prepaid.Micros(c.Now.Add(c.MemoFor)))
	return err
}

// sweep deletes a few of those that have lapsed. A commit adds one row at most to each table, so two keep
// up without ever making a customer wait. A lock that lapsed may still be committed: its row stays a while.
func sweep(ctx context.Context, tx *sqlx.Tx, now int64) error {
	_, err := tx.ExecContext(ctx, `
		DELETE FROM session_memos WHERE rowid IN (
			SELECT rowid FROM session_memos WHERE kept_until <= ? ORDER BY kept_until LIMIT 2)`, now)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		DELETE FROM session_senders WHERE rowid IN (
			SELECT rowid FROM session_senders WHERE kept_until <= ? AND lock_until <= ? ORDER BY kept_until LIMIT 2)`,
		now, now-sweepSlack.Microseconds())
	return err
}

// blob keeps nothing from becoming NULL.
func blob(bytes []byte) []byte {
	if bytes == nil {
		return []byte{}
	}
	return bytes
}
