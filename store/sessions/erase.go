package sessions

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Erase removes all that is kept of a sender: session, lock, memos and transcript entries. It walks through
// the keys of a Redis node: it is meant for a customer's erasure. It may be repeated.
func (r *Redis) Erase(ctx context.Context, sender string) error {
	erase := func(ctx context.Context, node redis.UniversalClient) error {
		memos := globEscape(r.key(shardOf(sender), "memo:"+strconv.Itoa(len(sender))+":"+sender+":")) + "*"
		keys := node.Scan(ctx, 0, memos, 1000).Iterator()
		for keys.Next(ctx) {
			if err := node.Unlink(ctx, keys.Val()).Err(); err != nil {
				return err
			}
		}
		return keys.Err()
	}
	err := r.onEachNode(ctx, erase)
	if err == nil {
		err = r.client.Unlink(ctx, r.sessionKey(sender)).Err()
	}
	if err == nil {
		err = r.eraseTranscripts(ctx, sender)
	}
	if err != nil {
		return fmt.Errorf("erase conversation: %w", err)
	}
	return nil
}

// ForgetSession drops a sender's session and lock; memos and transcript entries stay. A turn that is under way begins again.
func (r *Redis) ForgetSession(ctx context.Context, sender string) error {
	if err := r.client.Unlink(ctx, r.sessionKey(sender)).Err(); err != nil {
		return fmt.Errorf("forget conversation: %w", err)
	}
	return nil
}

func (r *Redis) eraseTranscripts(ctx context.Context, sender string) error {
	stream := r.transcriptsKey(shardOf(sender))
	entries, err := r.client.XRange(ctx, stream, "-", "+").Result()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Values["sender"] == sender {
			if err := r.client.XDel(ctx, stream, e.ID).Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Erase removes all that is kept of a sender, in one transaction. It may be repeated.
func (s *SQLite) Erase(ctx context.Context, sender string) error {
	err := s.erase(ctx, sender)
	if err != nil {
		return fmt.Errorf("erase conversation: %w", err)
	}
	return nil
}

// ForgetSession drops a sender's session and lock; memos and transcript entries stay. A turn that is under way begins again.
func (s *SQLite) ForgetSession(ctx context.Context, sender string) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM session_senders WHERE sender = ?", sender); err != nil {
		return fmt.Errorf("forget conversation: %w", err)
	}
	return nil
}

func (s *SQLite) erase(ctx context.Context, sender string) error {
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for _, table := range []string{"session_senders", "session_line", "session_memos", "session_transcripts"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE sender = ?", sender); err != nil {
			return err
		}
	}
	return tx.Commit()
}
