package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"pulsa/conversation"
	"pulsa/store/sessions"
)

// drained drains and returns the message ids.
func drained(t *testing.T, store conversation.Sessions) []string {
	t.Helper()
	var got []string
	_, err := store.DrainTranscripts(t.Context(), 100, func(_ context.Context, batch []conversation.Transcript) error {
		for _, entry := range batch {
			got = append(got, entry.MessageID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// die drains as a program that dies with the batch in its hands.
func die(t *testing.T, store conversation.Sessions) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := store.DrainTranscripts(ctx, 100, func(context.Context, []conversation.Transcript) error {
		cancel() // nothing can be given back any more
		return errors.New("died")
	})
	if err == nil {
		t.Fatal("there was nothing to drain")
	}
}

func TestEntriesOfADeadDrainAreHandedOverAMinuteLater(t *testing.T) {
	server := miniredis.RunT(t)
	now := time.Now()
	server.SetTime(now)
	store := sessions.NewRedis(dial(t, patient("redis://"+server.Addr())))
	if err := turnAt(t.Context(), store, noon, "s", "m1"); err != nil {
		t.Fatal(err)
	}
	die(t, store)
	if got := drained(t, store); len(got) != 0 {
		t.Fatalf("%q was taken from a drain that may be alive", got)
	}
	server.SetTime(now.Add(sessions.ClaimAfter + time.Second))
	if got := drained(t, store); len(got) != 1 || got[0] != "m1" {
		t.Fatalf("drained %q, want m1", got)
	}
	if got := drained(t, store); len(got) != 0 {
		t.Fatalf("drained %q again", got)
	}
}

func TestTranscriptsAreCappedWhileNobodyDrains(t *testing.T) {
	store := sessions.NewRedis(miniredisOf(t))
	sessions.KeepTranscripts(store, 10)
	for i := range 50 {
		if err := turnAt(t.Context(), store, noon, "s", fmt.Sprint("m", i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := drained(t, store); len(got) != 10 || got[9] != "m49" {
		t.Fatalf("drained %q, want the last 10", got)
	}
}

func TestEntriesTrimmedInTheHandsOfADeadDrainDoNotStopTheNext(t *testing.T) {
	client := realRedis(t)
	store := sessions.NewRedis(client, sessions.WithPrefix(ownPrefix(t, client)))
	if err := turnAt(t.Context(), store, noon, "s", "m1"); err != nil {
		t.Fatal(err)
	}
	_, err := store.DrainTranscripts(t.Context(), 100, func(ctx context.Context, _ []conversation.Transcript) error {
		for shard := range 256 { // as many newer entries would
			if err := client.XTrimMaxLen(ctx, sessions.TranscriptsKey(store, shard), 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		return errors.New("died")
	})
	if err == nil {
		t.Fatal("there was nothing to drain")
	}
	if err := turnAt(t.Context(), store, noon, "s", "m2"); err != nil {
		t.Fatal(err)
	}
	if got := drained(t, store); len(got) != 1 || got[0] != "m2" {
		t.Fatalf("drained %q, want m2", got)
	}
}
