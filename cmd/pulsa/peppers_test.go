package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A right PIN that counts as wrong would lock its customer.
func TestAnotherPepperIsRefused(t *testing.T) {
	o := newOffice(t)
	own := filepath.Join(o.data, "pin-pepper.key")
	refused := func(want string) {
		t.Helper()
		for _, args := range [][]string{
			{"serve", "--listen", "127.0.0.1:0"}, {"chat", "--brand", "demo"}, {"doctor"},
			{"apikeys", "create", "--brand", "demo", "--name", "shop"},
			{"topups", "refund", o.order("held"), "--reason", "x"},
			{"customers", "erase", testNumber, "--brand", "demo", "--reason", "x"},
		} {
			o.fails(want, args...)
		}
	}
	o.env["PULSA_PIN_PEPPER"] = testKey
	refused("PULSA_PIN_PEPPER is not the key that PINs in the database are hashed with")
	refused("set PULSA_PIN_PEPPER to that key, which may be the one in " + own)
	o.env["PULSA_PIN_PEPPER"], o.env["PULSA_PIN_PEPPER_2"] = "", testKey
	refused("PULSA_PIN_PEPPER is not set, but PINs in the database are hashed with it")
	o.env["PULSA_PIN_PEPPER_2"] = ""
	kept, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(own, []byte(testKey), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("the key in " + own + " is not the one that PINs in the database are hashed with")
	o.env["PULSA_PIN_PEPPER"] = strings.TrimSpace(string(kept))
	o.does("refunded", "topups", "refund", o.order("held"), "--reason", "x")
}
