package sessions

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"pulsa/conversation"
	"pulsa/prepaid"
)

const (
	// All programs drain as one consumer of one group: what it has read and not acknowledged for
	// claimAfter belongs to a program that died, and is read again by the next that comes.
	drainGroup    = "drain"
	drainConsumer = "drain"
	claimAfter    = time.Minute
)

// handed is an entry that was read from a stream and is to be acknowledged there.
type handed struct {
	stream string
	id     string
	lost   bool // trimmed from the stream before it was read again; there is nothing left to save
	entry  conversation.Transcript
}

// DrainTranscripts implements conversation.Sessions. It returns after all that was stored when it began, and
// may run in many programs at once. A sender's entries come in their order, except those of a drain that died:
// they come a minute later.
func (r *Redis) DrainTranscripts(
	ctx context.Context, n int, save func(context.Context, []conversation.Transcript) error,
) (int, error) {
	saved, due := 0, int64(-1)
	for {
		streams, waiting, err := r.waitingStreams(ctx)
		if err != nil {
			return saved, fmt.Errorf("drain transcripts: %w", err)
		}
		if due < 0 {
			due = waiting
		}
		if len(streams) == 0 || int64(saved) >= due {
			return saved, nil
		}
		batch, err := r.takeTranscripts(ctx, streams, max(n, 1))
		if err != nil {
			return saved, fmt.Errorf("drain transcripts: %w", err)
		}
		if len(batch) == 0 {
			return saved, nil // the rest is in the hands of another drain
		}
		count, err := r.saveTranscripts(ctx, batch, save)
		saved += count
		if err != nil {
			return saved, fmt.Errorf("drain transcripts: %w", err)
		}
	}
}

// waitingStreams returns the streams that hold entries, and how many they hold together.
func (r *Redis) waitingStreams(ctx context.Context) ([]string, int64, error) {
	lengths, err := r.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for shard := range shards {
			pipe.XLen(ctx, r.transcriptsKey(shard))
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	var streams []string
	var total int64
	for shard, cmd := range lengths {
		if length := cmd.(*redis.IntCmd).Val(); length > 0 {
			streams = append(streams, r.transcriptsKey(shard))
			total += length
		}
	}
	return streams, total, nil
}

// takeTranscripts reads at most n entries from the streams: first those that a dead drain has left, else new ones.
func (r *Redis) takeTranscripts(ctx context.Context, streams []string, n int) ([]handed, error) {
	streams = streams[:min(len(streams), n)]
	each := int64(n / len(streams))
	batch, err := r.claimTranscripts(ctx, streams, each)
	if err != nil || len(batch) > 0 {
		return batch, err
	}
	cmds, err := r.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, stream := range streams {
			pipe.XReadGroup(ctx, &redis.XReadGroupArgs{
				Group: drainGroup, Consumer: drainConsumer, Streams: []string{stream, ">"}, Count: each,
				Block: -1, // a zero would wait for ever
			})
		}
		return nil
	})
	for i, cmd := range cmds {
		read := cmd.(*redis.XStreamSliceCmd)
		if errors.Is(read.Err(), redis.Nil) { // nothing new here
			continue
		}
		if read.Err() != nil {
			return nil, err
		}
		for _, stream := range read.Val() {
			batch = appendHanded(batch, streams[i], stream.Messages)
		}
	}
	return batch, nil
}

// claimTranscripts reads again what was handed over long ago and not acknowledged. It makes the group where
// a stream is new.
func (r *Redis) claimTranscripts(ctx context.Context, streams []string, each int64) ([]handed, error) {
	cmds, err := r.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, stream := range streams {
			pipe.XAutoClaim(ctx, &redis.XAutoClaimArgs{
				Stream: stream, Group: drainGroup, Consumer: drainConsumer, MinIdle: claimAfter, Start: "0-0", Count: each,
			})
		}
		return nil
	})
	var batch []handed
	for i, cmd := range cmds {
		claim := cmd.(*redis.XAutoClaimCmd)
		switch {
		case claim.Err() == nil:
			messages, _ := claim.Val()
			batch = appendHanded(batch, streams[i], messages)
		case redis.HasErrorPrefix(claim.Err(), "NOGROUP"):
			made := r.client.XGroupCreateMkStream(ctx, streams[i], drainGroup, "0").Err()
			if made != nil && !redis.HasErrorPrefix(made, "BUSYGROUP") {
				return nil, made
			}
		default:
			return nil, err
		}
	}
	return batch, nil
}

func appendHanded(batch []handed, stream string, messages []redis.XMessage) []handed {
	for _, message := range messages {
		field := func(name string) string { text, _ := message.Values[name].(string); return text }
		at, err := strconv.ParseInt(field("at"), 10, 64)
		batch = append(batch, handed{stream: stream, id: message.ID, lost: err != nil, entry: conversation.Transcript{
			Sender: field("sender"), MessageID: field("message"), At: prepaid.FromMicros(at), Entry: []byte(field("entry")),
		}})
	}
	return batch
}

// saveTranscripts hands a batch to save and forgets it. What was not saved is left for the next drain at once.
func (r *Redis) saveTranscripts(
	ctx context.Context, batch []handed, save func(context.Context, []conversation.Transcript) error,
) (int, error) {
	entries := make([]conversation.Transcript, 0, len(batch))
	ids := make(map[string][]string)
	for _, h := range batch {
		ids[h.stream] = append(ids[h.stream], h.id)
		if !h.lost {
			entries = append(entries, h.entry)
		}
	}
	var failed error
	if len(entries) > 0 {
		failed = save(ctx, entries)
	}
	_, err := r.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for stream, ids := range ids {
			if failed != nil {
				pipe.Do(ctx, giveBack(stream, ids)...)
				continue
			}
			pipe.XAck(ctx, stream, drainGroup, ids...)
			pipe.XDel(ctx, stream, ids...)
		}
		return nil
	})
	if failed != nil {
		return 0, failed // giving back only saves a minute
	}
	return len(entries), err
}

// giveBack makes entries look as if they had been handed over claimAfter ago.
func giveBack(stream string, ids []string) []any {
	args := []any{"XCLAIM", stream, drainGroup, drainConsumer, 0}
	for _, id := range ids {
		args = append(args, id)
	}
	return append(args, "IDLE", claimAfter.Milliseconds(), "JUSTID")
}
