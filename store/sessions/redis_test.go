package sessions_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"pulsa/conversation"
	"pulsa/prepaid"
	"pulsa/store/sessions"
	"pulsa/store/sessions/sessionstest"
)

func TestMiniredisKeepsTheContract(t *testing.T) {
	sessionstest.Run(t, func(t *testing.T) sessionstest.Store {
		return sessions.NewRedis(miniredisOf(t))
	})
}

func TestRedisKeepsTheContract(t *testing.T) {
	client := realRedis(t)
	sessionstest.Run(t, func(t *testing.T) sessionstest.Store {
		prefix := ownPrefix(t, client)
		return sessions.NewRedis(client, sessions.WithPrefix(prefix))
	})
}

// realRedis returns a client of the Redis, alone or a Cluster, that tests may use, or skips.
func realRedis(t testing.TB) redis.UniversalClient {
	t.Helper()
	address := os.Getenv("PULSA_TEST_REDIS_URL")
	if address == "" {
		t.Skip("PULSA_TEST_REDIS_URL is not set")
	}
	return dial(t, patient(address))
}

// patient makes a URL of one with which no machine is too slow.
func patient(address string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "dial_timeout=1m&read_timeout=1m&write_timeout=1m&pool_timeout=1m"
}

func miniredisOf(t testing.TB) redis.UniversalClient {
	t.Helper()
	return dial(t, patient("redis://"+miniredis.RunT(t).Addr()))
}

func dial(t testing.TB, address string) redis.UniversalClient {
	t.Helper()
	client, err := sessions.DialRedis(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// ownPrefix returns a prefix whose keys are deleted after the test.
func ownPrefix(t testing.TB, client redis.UniversalClient) string {
	t.Helper()
	prefix := "test*[?]\\" + prepaid.NewToken() + ":" // what a pattern must not take for wildcards
	t.Cleanup(func() {
		store := sessions.NewRedis(client, sessions.WithPrefix(prefix))
		if err := store.Forget(context.Background()); err != nil {
			t.Error(err)
		}
		_, err := client.Pipelined(context.Background(), func(pipe redis.Pipeliner) error {
			for shard := range 256 {
				pipe.Unlink(context.Background(), sessions.TranscriptsKey(store, shard))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	return prefix
}

var noon = time.Date(2031, 2, 3, 12, 0, 0, 0, time.UTC)

// counter counts what is sent to Redis.
type counter struct{ trips atomic.Int32 }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { c.trips.Add(1); return next(ctx, cmd) }
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { c.trips.Add(1); return next(ctx, cmds) }
}

func TestATurnIsTwoRoundTrips(t *testing.T) {
	client := miniredisOf(t)
	store := sessions.NewRedis(client)
	if err := turnAt(t.Context(), store, noon, "s", "warm up"); err != nil {
		t.Fatal(err)
	}
	trips := &counter{}
	client.AddHook(trips)
	if err := turnAt(t.Context(), store, noon, "s", "m"); err != nil {
		t.Fatal(err)
	}
	if got := trips.trips.Load(); got != 2 {
		t.Errorf("%d round trips, want 2", got)
	}
}

func TestScriptsAreLoadedAgainWhenRedisForgetsThem(t *testing.T) {
	client := miniredisOf(t)
	store := sessions.NewRedis(client)
	for _, message := range []string{"m1", "m2"} {
		if err := turnAt(t.Context(), store, noon, "s", message); err != nil {
			t.Fatal(err)
		}
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeysOfASenderShareOneHashTagAndAreSwept(t *testing.T) {
	server := miniredis.RunT(t)
	store := sessions.NewRedis(dial(t, patient("redis://"+server.Addr())))
	const sender = "demo/{x}/tel:+31612345678"
	if err := turnAt(t.Context(), store, noon, sender, "SM1"); err != nil {
		t.Fatal(err)
	}
	want := []string{ // a change of these strands every conversation that is under way
		"pulsa:{40}:memo:25:demo/{x}/tel:+31612345678:SM1",
		"pulsa:{40}:session:demo/{x}/tel:+31612345678",
		"pulsa:{40}:transcripts",
	}
	got := server.Keys()
	if !slices.Equal(got, want) {
		t.Errorf("keys %q\nwant %q", got, want)
	}
	for _, key := range got {
		ttl := server.TTL(key)
		switch {
		case strings.Contains(key, ":memo:") && (ttl < 48*time.Hour || ttl > 96*time.Hour),
			strings.Contains(key, ":session:") && (ttl < 30*24*time.Hour || ttl > 32*24*time.Hour):
			t.Errorf("%s is swept after %v", key, ttl)
		}
	}
}

func TestATurnThatNeverEndsIsSwept(t *testing.T) {
	server := miniredis.RunT(t)
	store := sessions.NewRedis(dial(t, patient("redis://"+server.Addr())))
	for i, lineUntil := range []time.Time{noon.Add(time.Second), noon.Add(time.Hour)} {
		_, err := store.Begin(t.Context(), conversation.Begin{
			Sender: "s", MessageID: fmt.Sprint("m", i), Token: fmt.Sprint("t", i), Now: noon,
			LockFor: time.Minute, LineUntil: lineUntil,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	server.FastForward(24*time.Hour + 30*time.Minute)
	if len(server.Keys()) == 0 {
		t.Error("swept a day after the lock lapsed, while a turn's place in line had not")
	}
	server.FastForward(2 * time.Hour)
	if keys := server.Keys(); len(keys) != 0 {
		t.Errorf("%q is never swept", keys)
	}
}

// forgetful is a connection whose next answer gets lost once it is told to: the server has done the work.
type forgetful struct {
	net.Conn
	lose *atomic.Bool
}

func (f forgetful) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if n > 0 && f.lose.CompareAndSwap(true, false) {
		_ = f.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

func TestALostAnswerChangesNothing(t *testing.T) {
	server := miniredis.RunT(t)
	var lose atomic.Bool
	var dialled atomic.Int32
	client := redis.NewClient(&redis.Options{
		Addr: server.Addr(),
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled.Add(1)
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return forgetful{conn, &lose}, err
		},
	})
	t.Cleanup(func() { _ = client.Close() })
	store := sessions.NewRedis(client)
	if err := turnAt(t.Context(), store, noon, "s", "warm up"); err != nil {
		t.Fatal(err)
	}
	before := dialled.Load()

	lose.Store(true)
	begun, err := store.Begin(t.Context(), conversation.Begin{
		Sender: "s", MessageID: "m", Token: "t", Now: noon, LockFor: time.Minute, LineUntil: noon.Add(time.Minute),
	})
	if err != nil || begun.Status != conversation.Yours || begun.Version != 1 {
		t.Fatal(begun, err)
	}
	lose.Store(true)
	committed, err := store.Commit(t.Context(), conversation.Commit{
		Sender: "s", MessageID: "m", Token: "t", Version: 1, Now: noon, Memo: []byte("memo"),
		MemoFor: time.Hour, SessionFor: time.Hour,
	})
	if err != nil || committed.Status != conversation.CommitStatus(conversation.Seen) || string(committed.Memo) != "memo" {
		t.Fatal(committed, err)
	}
	if got := dialled.Load() - before; got != 2 {
		t.Errorf("%d answers were lost, want 2", got)
	}
}

func BenchmarkMiniredisTurn(b *testing.B) {
	benchmarkTurn(b, sessions.NewRedis(miniredisOf(b)))
}

func BenchmarkRedisTurn(b *testing.B) {
	client := realRedis(b)
	benchmarkTurn(b, sessions.NewRedis(client, sessions.WithPrefix(ownPrefix(b, client))))
}
