package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulsa/app/apptest"
)

func TestChatSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	r := runDemo(t)
	noEnv := func(string) string { return "" }
	for _, tt := range []struct {
		args   []string
		typed  string
		answer string // shown, or the error
	}{
		{[]string{"--server", r.server.URL, "--as", "telegram"}, "KOOP\n", "What is your mobile number? Tap the button to share it, that is quickest. Or type it, and we send that number a code by SMS.\n  [/contact shares your number]\n"},
		{[]string{"--server", r.server.URL, "--as", "ussd"}, "*123#\n1\n", "Dial *123# to begin. /quit ends.\n< Demo Mobile: what would you like?"},
		{[]string{"--server", r.server.URL, "--as", "ussd"}, "*123#\n9\n", "not one of the answers"},
		{[]string{"--server", r.server.URL}, "/again\n", "Nothing was sent yet.\n"},
		{[]string{"--server", "127.0.0.1:8080"}, "", "--server 127.0.0.1:8080: write a URL, such as http://127.0.0.1:8080"},
		{[]string{"--server", "http://127.0.0.1:1"}, "", "http://127.0.0.1:1/webhooks/demo/fake: dial tcp 127.0.0.1:1: connect: connection refused (is the server running?)"},
		{[]string{"--server", r.server.URL, "--brand", "strange"}, "", "--brand strange: demo.yaml (built in) does not know it, so give your number with --from"},
		{[]string{"--server", r.server.URL, "--brand", "strange", "--from", testNumber}, "", "there is no fake channel of a brand strange"},
	} {
		var out bytes.Buffer
		said := ""
		if err := run(t.Context(), append([]string{"chat"}, tt.args...), noEnv, strings.NewReader(tt.typed), &out, &out); err != nil {
			said = err.Error()
		}
		if said += out.String(); !strings.Contains(said, tt.answer) {
			t.Errorf("%v %q: got %q, want %q", tt.args, tt.typed, said, tt.answer)
		}
	}
}

func TestAChatJoinsAnotherThatRunsOnItsFolder(t *testing.T) {
	data := t.TempDir()
	noEnv := func(string) string { return "" }
	chat := func(ctx context.Context, typed io.Reader, out io.Writer) error {
		return run(ctx, []string{"chat", "--data", data}, noEnv, typed, out, out)
	}
	typed, first := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- chat(t.Context(), typed, io.Discard) }()
	serves := func() bool {
		_, err := os.Stat(filepath.Join(data, "server.address"))
		return err == nil
	}
	apptest.Await(t, "the first chat runs a server", serves, nil)

	var second bytes.Buffer
	err := chat(t.Context(), strings.NewReader("MENU\n"), &second)
	if err != nil || !strings.Contains(second.String(), "A server runs on "+data) || !strings.Contains(second.String(), "what would you like?") {
		t.Errorf("the second chat: %v\n%s", err, second.String())
	}
	first.Close()
	if err := <-ended; err != nil {
		t.Errorf("the first chat: %v", err)
	}
	if serves() {
		t.Error("a server is said to run when the chat has ended")
	}
}
