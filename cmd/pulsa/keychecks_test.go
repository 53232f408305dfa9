package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pulsa/app"
	"pulsa/app/config"
	"pulsa/prepaid"
)

func TestKeysOfTestBrandsAreMadeOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	var group sync.WaitGroup
	keys := make([]config.Config, 16)
	for i := range keys {
		group.Go(func() {
			keys[i].Data = folder
			if err := keys[i].OpenKeys(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, c := range keys {
		if c.Peppers[1].Reveal() != keys[0].Peppers[1].Reveal() || c.CardKeys[1].Reveal() != keys[0].CardKeys[1].Reveal() {
			t.Fatal("copies that start at once have different keys")
		}
	}
	if p, k := keys[0].Peppers[1].Reveal(), keys[0].CardKeys[1].Reveal(); len(p) != 64 || p == k {
		t.Errorf("keys of %d and %d characters", len(p), len(k))
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestKeysOfTheEnvironmentAreNotReplaced(t *testing.T) {
	c := config.Config{Data: t.TempDir(), Peppers: map[int]prepaid.Secret{2: prepaid.NewSecret(testKey)}}
	if err := c.OpenKeys(); err != nil {
		t.Fatal(err)
	}
	if len(c.Peppers) != 1 || c.Peppers[2].Reveal() != testKey || len(c.CardKeys) != 1 {
		t.Errorf("%d peppers, %d card keys", len(c.Peppers), len(c.CardKeys))
	}
}

func TestADamagedKeyFileIsNotReplaced(t *testing.T) {
	c := config.Config{Data: t.TempDir()}
	if err := os.WriteFile(filepath.Join(c.Data, "card.key"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.OpenKeys(); err == nil || !strings.Contains(err.Error(), "restore the file") || strings.Contains(err.Error(), "half") {
		t.Errorf("got %v", err)
	}
}

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

// Copies that start on an empty database, each with a pepper of its own: the first to hash a PIN wins.
func TestACopyWithAnotherPepperJudgesNoPIN(t *testing.T) {
	var first *config.Config
	r := runDemo(t, map[string]string{"PULSA_PIN_PEPPER": testKey}, func(c *config.Config) { first = c })
	other := *first
	other.Peppers = map[int]prepaid.Secret{1: prepaid.NewSecret(testKey + "x")}
	late, err := app.Wire(t.Context(), other, app.Wiring{Clock: r.Clock, Log: r.Program.Log, Sims: r.Sims, Volatile: true})
	if err != nil {
		t.Fatal("before there are PINs:", err)
	}
	defer late.Close()
	r.customer(testNumber)
	second := &running{Program: late, t: t, server: httptest.NewServer(late.Routes()), log: r.log, sent: 100}
	defer second.server.Close()
	puts := func(number, text string) { // to be delivered again, best to the first
		t.Helper()
		if answer, status := second.text(number, text); status != http.StatusServiceUnavailable {
			t.Errorf("%q is answered %d %q", text, status, answer)
		}
	}
	for range 5 {
		puts(testNumber, "KOOP 10 "+testPIN)
	}
	second.wants("+31612340002", "KOOP", "What is your mobile number?")
	second.wants("+31612340002", "0612340002", "once more")
	second.wants("+31612340002", "0612340002", "Choose a PIN")
	second.wants("+31612340002", "4821", "once more")
	puts("+31612340002", "4821")
	r.wants(testNumber, "KOOP 10 "+testPIN, "EUR 10.00 was added")
}
