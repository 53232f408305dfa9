package app

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/app/config"
	"pulsa/operators"
)

func TestAnotherServerAtALeftAddressIsNotJoined(t *testing.T) {
	r, data := runDemo(t, nil, nil), t.TempDir()
	former, err := leaveAddress(data, r.server.URL, "another run")
	if err != nil {
		t.Fatal(err)
	}
	if found := runningServer(t.Context(), data); found != "" {
		t.Errorf("joins %s", found)
	}
	remove, err := leaveAddress(data, r.server.URL, r.instance)
	if err != nil {
		t.Fatal(err)
	}
	if err := former(); err != nil {
		t.Fatal(err)
	}
	if found := runningServer(t.Context(), data); found != r.server.URL {
		t.Errorf("joins %q, want %s", found, r.server.URL)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if found := runningServer(t.Context(), data); found != "" {
		t.Errorf("joins %s when it has gone", found)
	}
}

func TestAClockThatIsWrongSaysSo(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		clock := stepping{by: &atomic.Int64{}}
		r := runWired(t, nil, change, Wiring{Clock: clock})
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
			r.warnOfClock(t.Context())
			logged = strings.Count(r.log.String(), "apart from the database's") - logged
			status, text := ready()
			if status != each.status || !strings.HasPrefix(text, each.text) || (logged == 1) != (text != "ready\n") {
				t.Errorf("%s off: %d %q, logged %d times", each.by, status, text, logged)
			}
			if f := r.examineStores(t.Context())[1]; f.Level != each.level {
				t.Errorf("%s off, doctor: %+v", each.by, f)
			}
		}
	})
}
