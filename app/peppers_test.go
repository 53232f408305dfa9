package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/prepaid"
)

// Copies that start on an empty database, each with a pepper of its own: the first to hash a PIN wins.
func TestACopyWithAnotherPepperJudgesNoPIN(t *testing.T) {
	var first *config.Config
	r := runDemo(t, map[string]string{"PULSA_PIN_PEPPER": apptest.Key}, func(c *config.Config) { first = c })
	other := *first
	other.Peppers = map[int]prepaid.Secret{1: prepaid.NewSecret(apptest.Key + "x")}
	late, err := Wire(t.Context(), other, Wiring{Clock: r.Clock, Log: r.Program.Log, sims: r.Sims, Volatile: true})
	if err != nil {
		t.Fatal("before there are PINs:", err)
	}
	defer late.Close()
	r.customer(apptest.Number)
	second := &running{Program: late, t: t, server: httptest.NewServer(late.Routes()), log: r.log, sent: 100}
	defer second.server.Close()
	puts := func(number, text string) { // to be delivered again, best to the first
		t.Helper()
		if answer, status := second.text(number, text); status != http.StatusServiceUnavailable {
			t.Errorf("%q is answered %d %q", text, status, answer)
		}
	}
	for range 5 {
		puts(apptest.Number, "KOOP 10 "+apptest.PIN)
	}
	second.wants("+31612340002", "KOOP", "What is your mobile number?")
	second.wants("+31612340002", "0612340002", "once more")
	second.wants("+31612340002", "0612340002", "Choose a PIN")
	second.wants("+31612340002", "4821", "once more")
	puts("+31612340002", "4821")
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "€10 was added")
}
