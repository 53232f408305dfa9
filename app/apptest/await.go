package apptest

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// Patience is how long a test waits for what must come, on however slow a machine.
const Patience = 2 * time.Minute

// Await waits until something is so, calling meanwhile, if not nil, whenever it looks and it is not.
func Await(t testing.TB, what string, is func() bool, meanwhile func()) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
		if meanwhile != nil {
			meanwhile()
		}
	}
}

// PatientRedis makes a URL of one with which no machine is too slow.
func PatientRedis(address string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "dial_timeout=1m&read_timeout=1m&write_timeout=1m&pool_timeout=1m"
}

// CrowdedRedis is the Redis database that killed and crowded servers share, apart from the stories'.
func CrowdedRedis(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/9"
	return PatientRedis(u.String())
}
