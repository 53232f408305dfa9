package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pulsa/prepaid"
)

func TestHangupEndsNeitherServerNorSimulators(t *testing.T) {
	listen, simAt := freePort(t), freePort(t)
	said := map[string]string{"serve": "SIGHUP: credentials, languages and log level are read again", "sim": "SIGHUP is ignored"}
	for _, p := range []*process{
		{t: t, ask: "http://" + listen + "/healthz", args: []string{"serve", "--listen", listen, "--admin-listen", freePort(t), "--data", t.TempDir()}},
		{t: t, ask: "http://" + simAt + "/control/network", args: []string{"sim", "--listen", simAt, "--data", t.TempDir()}},
	} {
		p.start()
		defer p.kill()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			t.Errorf("%s was ended: %v", p.args[0], err)
			continue
		case <-time.After(300 * time.Millisecond):
		}
		response, err := http.Get(p.ask)
		if err != nil {
			t.Fatalf("%s: %v", p.args[0], err)
		}
		_ = response.Body.Close()
		interrupt(t, p)
		err = <-p.ended
		p.ended <- err
		if err != nil || !strings.Contains(p.log.String(), said[p.args[0]]) {
			t.Errorf("%s ended with %v, and logged\n%s", p.args[0], err, p.log.String())
		}
	}
}

// chat says HELP in the terminal.
func (p *process) chat(data string) string {
	p.t.Helper()
	var out bytes.Buffer
	err := run(p.t.Context(), []string{"chat", "--data", data, "--brand", "demo"}, func(string) string { return "" }, strings.NewReader("HELP\n"), &out, io.Discard)
	if err != nil || !strings.Contains(out.String(), "< ") {
		p.t.Errorf("chat: %v: %s", err, out.String())
	}
	return out.String()
}

func TestChatJoinsTheServerOnItsFolder(t *testing.T) {
	data, listen := t.TempDir(), freePort(t)
	p := &process{t: t, ask: "http://" + listen + "/healthz", args: []string{"serve", "--listen", listen, "--admin-listen", freePort(t), "--data", data}}
	p.start()
	defer p.kill()
	if said, want := p.chat(data), "A server runs on "+data+", at http://"+listen; !strings.Contains(said, want) {
		t.Errorf("%q is not in %s", want, said)
	}
	p.kill()
	if said := p.chat(data); strings.Contains(said, "A server runs") { // its address is still there
		t.Errorf("joined a server that was killed: %s", said)
	}
	p.start()
	interrupt(t, p)
	err := <-p.ended
	p.ended <- err
	if _, left := os.Stat(filepath.Join(data, "server.address")); err != nil || !os.IsNotExist(left) {
		t.Errorf("stopped with %v; its address: %v", err, left)
	}
}

func TestACommandIsTheMachinesAndItsUsers(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("USER", "nobody")
	want := prepaid.By{Who: me.Username, Why: "waits", Role: prepaid.Machine, From: prepaid.Machine}
	if got := (deed{" waits "}).by(); got != want {
		t.Errorf("%+v", got)
	}
}

// A container runs as a number that the system has no name for, and with no $USER.
func TestAUserWithoutANameWorksByNumber(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may run as somebody else")
	}
	path := built(t)
	folder, err := os.MkdirTemp("", "pulsa-nameless-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(folder, "pulsa")
	if err := os.WriteFile(own, program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(own, args...)
		cmd.Dir, cmd.Env = folder, []string{}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 352735, Gid: 352735}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v: %s", args, err, out)
		}
		return string(out)
	}
	command("cards", "generate", "--brand", "demo", "--amount", "10", "--quantity", "1", "--series", "101")
	command("channels", "disable", "--brand", "demo", "fake")
	if jobs := command("cards", "jobs", "--brand", "demo"); !strings.Contains(jobs, "uid 352735") {
		t.Errorf("the job is nobody's: %s", jobs)
	}
}
