package sessions

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Each calls visit with the session of each sender whose name begins with prefix, in no order; some may
// come twice, and in a cluster visit is called by several goroutines at once. It walks through
// all of Redis: it is meant for operators who are about to change something, not for turns.
func (r *Redis) Each(ctx context.Context, prefix string, visit func(sender string, session []byte) error) error {
	walk := func(ctx context.Context, node redis.UniversalClient) error {
		keys := node.Scan(ctx, 0, globEscape(r.prefix)+"{*}:session:"+globEscape(prefix)+"*", 1000).Iterator()
		for keys.Next(ctx) {
			session, err := node.HGet(ctx, keys.Val(), "session").Bytes()
			if errors.Is(err, redis.Nil) {
				continue
			}
			if err != nil {
				return err
			}
			_, sender, _ := strings.Cut(keys.Val(), "}:session:")
			if err := visit(sender, session); err != nil {
				return err
			}
		}
		return keys.Err()
	}
	if err := r.onEachNode(ctx, walk); err != nil {
		return fmt.Errorf("walk through conversations: %w", err)
	}
	return nil
}

// Each calls visit with the session of each sender whose name begins with prefix, in no order.
func (s *SQLite) Each(ctx context.Context, prefix string, visit func(sender string, session []byte) error) error {
	var rows []senderRow
	// The end of the range is the first name behind all that begin with prefix.
	err := s.db.SelectContext(ctx, &rows, "SELECT sender, session, version, kept_until, lock_token, lock_until FROM session_senders WHERE sender >= ? AND sender < ?",
		prefix, prefix+"\U0010FFFF")
	if err != nil {
		return fmt.Errorf("walk through conversations: %w", err)
	}
	for _, row := range rows {
		if err := visit(row.Sender, row.Session); err != nil {
			return err
		}
	}
	return nil
}
