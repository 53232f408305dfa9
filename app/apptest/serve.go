package apptest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"pulsa/store/scratch"
)

// Program is what Serve needs of an app.Program.
type Program interface {
	Work(ctx context.Context)
	Routes() http.Handler
	Close() error
}

// Serve puts a server in front of a program and has its due work done. When the test ends, the server stops first, then the work; drain
// waits for calls in flight, and the program is closed.
func Serve(t testing.TB, p Program, drain func(context.Context) error) *httptest.Server {
	ctx, stop := context.WithCancel(context.Background())
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		p.Work(ctx)
	}()
	server := httptest.NewServer(p.Routes())
	t.Cleanup(func() {
		server.Close()
		stop()
		<-worked
		_ = drain(context.Background())
		_ = p.Close()
	})
	return server
}

// Servers returns the addresses of a schema of PostgreSQL for the test alone, and of the Redis of CrowdedRedis. It skips the test
// where they are not at hand.
func Servers(t testing.TB) (database, redis string) {
	t.Helper()
	base, redis := os.Getenv("PULSA_TEST_DATABASE_URL"), os.Getenv("PULSA_TEST_REDIS_URL")
	if base == "" || redis == "" {
		t.Skip("PULSA_TEST_DATABASE_URL or PULSA_TEST_REDIS_URL is not set")
	}
	return Schema(t, base), CrowdedRedis(t, redis)
}

// Schema makes a schema of a PostgreSQL for the test alone, and returns its address. It is dropped when the test ends.
func Schema(t testing.TB, base string) string {
	t.Helper()
	address, drop, err := scratch.Schema(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return address
}
