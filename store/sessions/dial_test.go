package sessions_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"pulsa/conversation"
	"pulsa/store/sessions"
)

func TestDialRedisReadsURLs(t *testing.T) {
	for _, test := range []struct {
		url, server string
		cluster     []string
		password    string
		readTimeout time.Duration
	}{
		{url: "redis://127.0.0.1:6379", server: "127.0.0.1:6379", readTimeout: 400 * time.Millisecond},
		{url: "redis://u:p,w@h/3?read_timeout=2s", server: "h:6379", password: "p,w", readTimeout: 2 * time.Second},
		{url: "rediss://h:7000", server: "h:7000", readTimeout: 400 * time.Millisecond},
		{url: "redis://a:1?addr=b:2&addr=c:3", cluster: []string{"a:1", "b:2", "c:3"}, readTimeout: 400 * time.Millisecond},
		{url: "redis://a:1,b:2,c:3", cluster: []string{"a:1", "b:2", "c:3"}, readTimeout: 400 * time.Millisecond},
		{url: "redis://u:p,w@a:1,[::1]:2/?read_timeout=2s", cluster: []string{"a:1", "[::1]:2"}, password: "p,w", readTimeout: 2 * time.Second},
	} {
		switch client := dial(t, test.url).(type) {
		case *redis.Client:
			o := client.Options()
			if o.Addr != test.server || o.Password != test.password || o.ReadTimeout != test.readTimeout || !o.ContextTimeoutEnabled {
				t.Errorf("%s: %+v", test.url, o)
			}
			if (o.TLSConfig != nil) != strings.HasPrefix(test.url, "rediss:") {
				t.Errorf("%s: TLS %v", test.url, o.TLSConfig)
			}
		case *redis.ClusterClient:
			o := client.Options()
			if !slices.Equal(slices.Sorted(slices.Values(o.Addrs)), slices.Sorted(slices.Values(test.cluster))) || o.Password != test.password || o.ReadTimeout != test.readTimeout || !o.ContextTimeoutEnabled {
				t.Errorf("%s: %+v", test.url, o)
			}
		}
	}
}

func TestDialRedisRefusesOthersWithoutShowingThem(t *testing.T) {
	for _, url := range []string{
		"", "127.0.0.1:6379", "http://:hush@h", "redis://:hush@h:port", "redis://:hush@a:1?nonsense=1",
		"redis://:hush@a:1,b", "redis://:hush%zz@h", "redis://:hu sh@h",
	} {
		client, err := sessions.DialRedis(url)
		if err == nil {
			t.Errorf("%q gives a client", url)
			_ = client.Close()
			continue
		}
		if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "hu sh") {
			t.Errorf("%q: the error shows the password: %v", url, err)
		}
	}
}

// failsWithin checks that a store which has so long, where not 0, can fail in a time. Where the machine stands still
// meanwhile it takes longer, and is tried again.
func failsWithin(t *testing.T, most, has time.Duration, url string) {
	t.Helper()
	store := sessions.NewRedis(dial(t, url))
	begin := func(ctx context.Context) time.Duration {
		if has > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, has)
			defer cancel()
		}
		started := time.Now()
		_, err := store.Begin(ctx, conversation.Begin{
			Sender: "s", MessageID: "m", Token: "t", Now: noon, LockFor: time.Minute, LineUntil: noon.Add(time.Minute),
		})
		if err == nil {
			t.Fatalf("%s: no error", url)
		}
		return time.Since(started)
	}
	for end := time.Now().Add(time.Minute); ; {
		took := begin(t.Context())
		if took <= most {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: took %v, every time", url, took)
		}
	}
}

func TestARedisThatIsDownIsKnownQuickly(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	_ = listener.Close()
	for _, url := range []string{"redis://" + closed, "redis://" + closed + "?addr=" + closed} {
		failsWithin(t, 500*time.Millisecond, 0, url)
	}
}

func TestARedisThatHangsIsKnownInTime(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	url := "redis://" + listener.Addr().String()
	failsWithin(t, 2*time.Second, 0, url)
	failsWithin(t, 300*time.Millisecond, 100*time.Millisecond, url)
}
