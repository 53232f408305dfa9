package main

import (
	"cmp"
	"os"
	"os/user"
	"strconv"
	"strings"

	"pulsa/cmd/pulsa/term"
)

// operatorName is who works, for the record: as given, else $PULSA_OPERATOR, else the operating system's user, by name
// or number.
func operatorName(e term.Env, given string) string {
	if name := cmp.Or(strings.TrimSpace(given), e.Getenv("PULSA_OPERATOR")); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}
