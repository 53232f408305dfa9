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
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/cmd/pulsa/term"
	"pulsa/operators"
)

func TestHangupEndsNeitherServerNorSimulators(t *testing.T) {
	listen, simAt := freePort(t), freePort(t)
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
		if err != nil || !strings.Contains(p.log.String(), "SIGHUP is ignored") {
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
	if _, left := os.Stat(app.AddressFile(data)); err != nil || !os.IsNotExist(left) {
		t.Errorf("stopped with %v; its address: %v", err, left)
	}
}

func TestAnotherServerAtALeftAddressIsNotJoined(t *testing.T) {
	r, data := runDemo(t, nil, nil), t.TempDir()
	former, err := app.LeaveAddress(data, r.server.URL, "another run")
	if err != nil {
		t.Fatal(err)
	}
	if found := app.RunningServer(t.Context(), data); found != "" {
		t.Errorf("joins %s", found)
	}
	remove, err := app.LeaveAddress(data, r.server.URL, r.Instance)
	if err != nil {
		t.Fatal(err)
	}
	if err := former(); err != nil {
		t.Fatal(err)
	}
	if found := app.RunningServer(t.Context(), data); found != r.server.URL {
		t.Errorf("joins %q, want %s", found, r.server.URL)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if found := app.RunningServer(t.Context(), data); found != "" {
		t.Errorf("joins %s when it has gone", found)
	}
}

func TestHintsBeginAsTheProgramWasCalled(t *testing.T) {
	for arg, want := range map[string]string{
		"/tmp/go-build3527/b001/exe/pulsa":                   "go run ./cmd/pulsa",
		"/cache/5d/" + strings.Repeat("5d", 32) + "-d/pulsa": "go run ./cmd/pulsa",
		"./pulsa":                "./pulsa",
		"pulsa":                  "pulsa",
		"/usr/local/bin/pulsa-2": "/usr/local/bin/pulsa-2",
		"":                       "pulsa",
	} {
		if got := app.CalledAs(arg); got != want {
			t.Errorf("%s: %s, want %s", arg, got, want)
		}
	}
	r := runDemo(t, nil, func(c *config.Config) { c.File = "brands.yaml" })
	var welcome strings.Builder
	r.Welcome(t.Context(), &welcome)
	page, err := http.Get(r.server.URL + "/?number=%2B31612345678")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	phone, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	flags := "--config brands.yaml --data " + r.Config.Data
	for _, want := range []string{"go run ./cmd/pulsa chat --server ", "go run ./cmd/pulsa cards generate ", flags} {
		if !strings.Contains(welcome.String(), want) {
			t.Errorf("serve says nothing of %q:\n%s", want, welcome.String())
		}
	}
	for _, want := range []string{"<code>go run ./cmd/pulsa talk run</code>", "<i>go run ./cmd/pulsa cards generate</i>", flags} {
		if !strings.Contains(string(phone), want) {
			t.Errorf("the phone says nothing of %q", want)
		}
	}
}

func TestWhoWorksIsTheOperatingSystemsUserUnlessSaid(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct{ given, env, want string }{
		{"anna", "bert", "anna"}, {" ", "bert", "bert"}, {"", "", me.Username},
	} {
		e := term.Env{Getenv: func(name string) string { return map[string]string{"PULSA_OPERATOR": each.env, "USER": "nobody"}[name] }}
		if got := operatorName(e, each.given); got != each.want {
			t.Errorf("%+v: %s", each, got)
		}
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

func TestAClockThatIsWrongSaysSo(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		clock := stepping{by: &atomic.Int64{}}
		r := runWired(t, nil, change, app.Wiring{Clock: clock})
		ready := func() (int, string) {
			response, err := http.Get(r.server.URL + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			return response.StatusCode, string(text)
		}
		for _, each := range []struct {
			by     time.Duration
			status int
			text   string
			level  operators.Level
		}{
			{0, 200, "ready\n", operators.LevelOK}, {-time.Second, 200, "ready\n", operators.LevelOK},
			{3 * time.Second, 200, "ready, but the clock is ", operators.LevelWarn}, {-time.Minute, 503, "the clock is ", operators.LevelError},
		} {
			clock.by.Store(int64(each.by))
			if r.DB.Dialect() == "sqlite" { // its clock is the program's own
				each.status, each.text = 200, "ready\n"
			}
			logged := strings.Count(r.log.String(), "apart from the database's")
			r.WarnOfClock(t.Context())
			logged = strings.Count(r.log.String(), "apart from the database's") - logged
			status, text := ready()
			if status != each.status || !strings.HasPrefix(text, each.text) || (logged == 1) != (text != "ready\n") {
				t.Errorf("%s off: %d %q, logged %d times", each.by, status, text, logged)
			}
			if f := r.ExamineStores(t.Context())[1]; f.Level != each.level {
				t.Errorf("%s off, doctor: %+v", each.by, f)
			}
		}
	})
}
