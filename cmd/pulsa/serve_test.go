package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"pulsa/app/apptest"
)

func TestCtrlCTwiceEndsTheServerAtOnce(t *testing.T) {
	for range 3 { // a slow machine may give up the request below before the second Ctrl-C
		listen := freePort(t)
		p := &process{t: t, ask: "http://" + listen + "/healthz", args: []string{"serve", "--listen", listen, "--admin-listen", freePort(t), "--data", t.TempDir()}}
		p.start()
		defer p.kill()
		request, err := net.Dial("tcp", listen)
		if err != nil {
			t.Fatal(err)
		}
		defer request.Close()
		if _, err := io.WriteString(request, "POST /webhooks/demo/fake HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		interrupt(t, p)
		for end := time.Now().Add(apptest.Patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			response, err := http.Get(p.ask)
			if err != nil {
				break // it has begun to stop
			}
			_ = response.Body.Close()
		}
		interrupt(t, p)
		err = <-p.ended
		p.ended <- err
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGINT {
			return
		}
	}
	t.Error("it waited for a request that never ends")
}

func interrupt(t *testing.T, p *process) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}
