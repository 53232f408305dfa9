package harness

import "strings"

const (
	storyNumber = "+31612345678"
	storyPIN    = "4821"
)

// patient is a Redis address with time-outs that fit a machine with much to do.
func patient(address string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "dial_timeout=1m&read_timeout=1m&write_timeout=1m&pool_timeout=1m"
}
