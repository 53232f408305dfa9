package sessions

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"pulsa/conversation"
	"pulsa/prepaid"
)

type transcriptRow struct {
	ID        int64  `db:"id"`
	Sender    string `db:"sender"`
	MessageID string `db:"message_id"`
	At        int64  `db:"at"`
	Entry     []byte `db:"entry"`
}

func saveTranscript(ctx context.Context, tx *sqlx.Tx, c conversation.Commit) error {
	if len(c.Transcript) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO session_transcripts (sender, message_id, at, entry) VALUES (?, ?, ?, ?)",
		c.Sender, c.MessageID, prepaid.Micros(c.Now), c.Transcript)
	return err
}

// DrainTranscripts implements conversation.Sessions: all that was stored when it began, in the order of the
// commits. No transaction is open while save runs, for save writes to the same file.
func (s *SQLite) DrainTranscripts(
	ctx context.Context, n int, save func(context.Context, []conversation.Transcript) error,
) (int, error) {
	saved := 0
	var last int64
	if err := s.db.GetContext(ctx, &last, "SELECT COALESCE(MAX(id), 0) FROM session_transcripts"); err != nil {
		return 0, fmt.Errorf("drain transcripts: %w", err)
	}
	for {
		rows, err := oldestTranscripts(ctx, s.db, last, max(n, 1))
		if err != nil {
			return saved, fmt.Errorf("drain transcripts: %w", err)
		}
		if len(rows) == 0 {
			return saved, nil
		}
		entries := make([]conversation.Transcript, len(rows))
		for i, row := range rows {
			entries[i] = conversation.Transcript{
				Sender: row.Sender, MessageID: row.MessageID, At: prepaid.FromMicros(row.At), Entry: row.Entry,
			}
		}
		if err := save(ctx, entries); err != nil {
			return saved, fmt.Errorf("drain transcripts: %w", err)
		}
		_, err = s.db.ExecContext(ctx, "DELETE FROM session_transcripts WHERE id BETWEEN ? AND ?",
			rows[0].ID, rows[len(rows)-1].ID)
		if err != nil {
			return saved, fmt.Errorf("drain transcripts: %w", err)
		}
		saved += len(rows)
	}
}

func oldestTranscripts(ctx context.Context, db *sqlx.DB, last int64, n int) ([]transcriptRow, error) {
	var rows []transcriptRow
	err := db.SelectContext(ctx, &rows, `
		SELECT id, sender, message_id, at, entry FROM session_transcripts WHERE id <= ? ORDER BY id LIMIT ?`, last, n)
	return rows, err
}
