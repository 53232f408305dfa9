package main

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestSimCommandSaysLoudlyWhatItIsAndServesUntilStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"sim", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, func(string) string { return "" },
			strings.NewReader(""), write, io.Discard)
	}()
	first := make([]byte, 200)
	n, err := out.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	line := string(first[:n])
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if !strings.Contains(line, "SIMULATORS at http://127.0.0.1:") || !strings.Contains(line, "nobody's phone is credited") {
		t.Errorf("printed %q", line)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}
