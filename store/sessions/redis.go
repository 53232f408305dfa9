package sessions

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"pulsa/conversation"
	"pulsa/prepaid"
)

var (
	//go:embed lua/shared.lua
	sharedLua string
	//go:embed lua/begin.lua
	beginLua string
	//go:embed lua/commit.lua
	commitLua string
	//go:embed lua/leave.lua
	leaveLua string
)

const (
	// shards is how many hash tags there are. Changing it loses every conversation.
	shards = 256
	// sweepSlack is how long what has lapsed stays before it is swept, so that the clocks of Redis and of
	// the callers may differ.
	sweepSlack = 24 * time.Hour
	// transcriptsPerShard bounds what is kept while nobody drains: about a million entries in all.
	transcriptsPerShard = 4096
)

// errNoToken refuses a turn that would hold a lock nobody can tell from a free one.
var errNoToken = errors.New("a turn needs a token")

// Redis is conversation.Sessions on Redis. It is safe for concurrent use, by any number of programs.
type Redis struct {
	client              redis.UniversalClient
	prefix              string
	transcriptsPerShard int
	beginScript         *redis.Script
	commitScript        *redis.Script
	leaveScript         *redis.Script
}

// RedisOption changes how NewRedis sets up.
type RedisOption func(*Redis)

// WithPrefix has all keys begin with prefix, which must not contain an opening brace, instead of "pulsa:".
func WithPrefix(prefix string) RedisOption { return func(r *Redis) { r.prefix = prefix } }

// NewRedis returns the conversations kept by client, which the caller closes; see DialRedis.
func NewRedis(client redis.UniversalClient, options ...RedisOption) *Redis {
	r := &Redis{
		client:              client,
		prefix:              "pulsa:",
		transcriptsPerShard: transcriptsPerShard,
		beginScript:         redis.NewScript(sharedLua + beginLua),
		commitScript:        redis.NewScript(sharedLua + commitLua),
		leaveScript:         redis.NewScript(sharedLua + leaveLua),
	}
	for _, option := range options {
		option(r)
	}
	return r
}

// Begin implements conversation.Sessions in one round trip.
func (r *Redis) Begin(ctx context.Context, b conversation.Begin) (conversation.Begun, error) {
	if b.Token == "" {
		return conversation.Begun{}, fmt.Errorf("take session: %w", errNoToken)
	}
	keep := max(b.LockFor, b.LineUntil.Sub(b.Now)) + sweepSlack
	answer, err := r.beginScript.Run(ctx, r.client,
		[]string{r.sessionKey(b.Sender), r.memoKey(b.Sender, b.MessageID)},
		b.Token, prepaid.Micros(b.Now), prepaid.Micros(b.Now.Add(b.LockFor)), prepaid.Micros(b.LineUntil),
		keep.Milliseconds(),
	).StringSlice()
	if err != nil {
		return conversation.Begun{}, fmt.Errorf("take session: %w", err)
	}
	version, err := strconv.ParseInt(answer[2], 10, 64)
	if err != nil {
		return conversation.Begun{}, fmt.Errorf("take session: stored version: %w", err)
	}
	begun := conversation.Begun{Status: conversation.BeginStatus(answer[0]), Version: version}
	switch begun.Status {
	case conversation.Seen:
		begun.Memo = []byte(answer[1])
	case conversation.Yours:
		begun.Session = []byte(answer[1])
	}
	return begun, nil
}

// Commit implements conversation.Sessions in one round trip. An empty transcript is not kept.
func (r *Redis) Commit(ctx context.Context, c conversation.Commit) (conversation.Committed, error) {
	if c.Token == "" {
		return conversation.Committed{}, fmt.Errorf("store session: %w", errNoToken)
	}
	answer, err := r.commitScript.Run(ctx, r.client,
		[]string{r.sessionKey(c.Sender), r.memoKey(c.Sender, c.MessageID), r.transcriptsKey(shardOf(c.Sender))},
		c.Token, prepaid.Micros(c.Now), c.Version, c.Version+1,
		c.Session, prepaid.Micros(c.Now.Add(c.SessionFor)), (c.SessionFor + sweepSlack).Milliseconds(),
		c.Memo, prepaid.Micros(c.Now.Add(c.MemoFor)), (c.MemoFor + sweepSlack).Milliseconds(),
		c.Transcript, c.Sender, c.MessageID, r.transcriptsPerShard,
	).StringSlice()
	if err != nil {
		return conversation.Committed{}, fmt.Errorf("store session: %w", err)
	}
	committed := conversation.Committed{Status: conversation.CommitStatus(answer[0])}
	if committed.Status == conversation.CommitStatus(conversation.Seen) {
		committed.Memo = []byte(answer[1])
	}
	return committed, nil
}

// Leave implements conversation.Sessions.
func (r *Redis) Leave(ctx context.Context, sender, token string) error {
	if err := r.leaveScript.Run(ctx, r.client, []string{r.sessionKey(sender)}, token).Err(); err != nil {
		return fmt.Errorf("leave session: %w", err)
	}
	return nil
}

// Forget drops all sessions, memos, locks and lines, as a Redis that lost its memory would. Transcripts stay.
// Like Drop it walks through all of Redis: both are meant for tests and conversation scripts.
func (r *Redis) Forget(ctx context.Context) error {
	return r.unlink(ctx, "{*}:session:*", "{*}:memo:*")
}

// Drop drops all that is kept under the prefix, transcripts included.
func (r *Redis) Drop(ctx context.Context) error { return r.unlink(ctx, "*") }

// unlink deletes the keys that match a pattern behind the prefix.
func (r *Redis) unlink(ctx context.Context, patterns ...string) error {
	unlink := func(ctx context.Context, node redis.UniversalClient) error {
		for _, pattern := range patterns {
			keys := node.Scan(ctx, 0, globEscape(r.prefix)+pattern, 1000).Iterator()
			for keys.Next(ctx) {
				if err := node.Unlink(ctx, keys.Val()).Err(); err != nil {
					return err
				}
			}
			if err := keys.Err(); err != nil {
				return err
			}
		}
		return nil
	}
	if err := r.onEachNode(ctx, unlink); err != nil {
		return fmt.Errorf("forget conversations: %w", err)
	}
	return nil
}

// onEachNode calls do with each node that holds keys, at once in a cluster.
func (r *Redis) onEachNode(ctx context.Context, do func(ctx context.Context, node redis.UniversalClient) error) error {
	if cluster, ok := r.client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return do(ctx, node) })
	}
	return do(ctx, r.client)
}

// globEscape makes a SCAN pattern match text as it stands.
func globEscape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}

// shardOf is the FNV-1a hash of the sender, modulo the number of shards.
func shardOf(sender string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(sender)) // a hash never fails
	return int(h.Sum32() % shards)
}

func (r *Redis) key(shard int, rest string) string {
	return r.prefix + "{" + strconv.Itoa(shard) + "}:" + rest
}

func (r *Redis) sessionKey(sender string) string {
	return r.key(shardOf(sender), "session:"+sender)
}

// memoKey says how long the sender is: "a" with message "b:c" is not "a:b" with message "c".
func (r *Redis) memoKey(sender, messageID string) string {
	return r.key(shardOf(sender), "memo:"+strconv.Itoa(len(sender))+":"+sender+":"+messageID)
}

func (r *Redis) transcriptsKey(shard int) string { return r.key(shard, "transcripts") }
