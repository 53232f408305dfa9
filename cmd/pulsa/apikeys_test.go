package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulsa/app"
)

func TestKeysAreMadeCreditedListedAndRevoked(t *testing.T) {
	o := office{t, t.TempDir(), map[string]string{}}
	o.env["PULSA_DATA"] = o.data
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	text := o.does("client_secret", "apikeys", "create", "--brand", "demo", "--name", "shop", "--scopes", "send-topups,read-operators", "--json")
	if err := json.Unmarshal([]byte(text), &made); err != nil || len(made.Secret) < 32 || made.ID == "" {
		t.Fatal(text)
	}
	o.does("The secret is shown this once", "apikeys", "create", "--brand", "demo", "--name", "dollars", "--currency", "usd")
	o.fails("--name shop: another key of the brand has this name", "apikeys", "create", "--brand", "demo", "--name", "shop")
	o.fails("did you mean demo?", "apikeys", "create", "--brand", "demi", "--name", "x")
	o.fails("--currency GBP: the brand's api.fx has no rate for the currency; it has [EUR USD]", "apikeys", "create", "--brand", "demo", "--name", "x", "--currency", "GBP")
	o.fails("known are send-topups", "apikeys", "create", "--brand", "demo", "--name", "x", "--scopes", "send-money")
	o.fails("up to 60 characters", "apikeys", "create", "--brand", "demo", "--name", " ")

	o.does("EUR 100.00 booked, the balance is EUR 100.00.", "apikeys", "credit", "--key", made.ID, "--amount", "100", "--reason", "bank")
	o.does("EUR -20.50 booked, the balance is EUR 79.50.", "apikeys", "credit", "--key", made.ID, "--amount=-20.50", "--reason", "typing error")
	o.fails("holds EUR 79.50 only", "apikeys", "credit", "--key", made.ID, "--amount=-79.51", "--reason", "too much")
	paid := []string{"apikeys", "credit", "--key", made.ID, "--amount", "10", "--reference", "statement 7", "--reason", "bank"}
	o.does("the balance is EUR 89.50.", paid...)
	o.fails("--reference statement 7: this reference is booked already, nothing was booked now", paid...)
	o.does("the balance is EUR 79.50.", "apikeys", "credit", "--key", made.ID, "--amount=-10", "--reference", "statement 8", "--reason", "bank")
	o.fails("on one line", append(paid[:6:6], "--reference", "a\nb", "--reason", "bank")...)
	for _, amount := range []string{"0", "1.001", "ten", "--5", "1e3", ""} {
		o.fails("write an amount of EUR", "apikeys", "credit", "--key", made.ID, "--amount="+amount, "--reason", "wrong")
	}
	o.fails("say why", "apikeys", "credit", "--key", made.ID, "--amount", "1")
	o.fails("no such key", "apikeys", "credit", "--key", "nobody", "--amount", "1", "--reason", "x")

	o.does("never used", "apikeys", "list")
	if list := o.does(`"balance":"79.50"`, "apikeys", "list", "--brand", "demo", "--json"); strings.Count(list, "\n") != 2 || !strings.Contains(list, `"currency":"USD"`) {
		t.Errorf("listed %s", list)
	}
	o.does("is suspended", "apikeys", "suspend", "--key", made.ID, "--reason", "odd numbers")
	o.fails("suspended already", "apikeys", "suspend", "--key", made.ID, "--reason", "again")
	o.fails("say why", "apikeys", "resume", "--key", made.ID)
	o.does("suspended 2", "apikeys", "list")
	o.does(`"suspended":true,"suspended_at":"2`, "apikeys", "list", "--json")
	o.does("may buy again", "apikeys", "resume", "--key", made.ID, "--reason", "our own test")
	o.fails("resume key: the key is not suspended", "apikeys", "resume", "--key", made.ID, "--reason", "again")
	o.fails("no such key", "apikeys", "suspend", "--key", "nobody", "--reason", "x")
	o.does("is revoked", "apikeys", "revoke", "--key", made.ID, "--reason", "left")
	o.fails("the key is revoked", "apikeys", "revoke", "--key", made.ID, "--reason", "left again")
	o.fails("the key is revoked", "apikeys", "suspend", "--key", made.ID, "--reason", "left")
	o.fails("no such key", "apikeys", "revoke", "--key", "nobody", "--reason", "x")
	o.fails("money can only be paid back, with -1", "apikeys", "credit", "--key", made.ID, "--amount", "1", "--reason", "late")
	o.does("the balance is EUR 79.00.", "apikeys", "credit", "--key", made.ID, "--amount=-0.50", "--reason", "left")
	show := o.does("by "+app.OSUser(), "apikeys", "show", "--key", made.ID)
	for _, word := range []string{"send-topups read-operators", "EUR 79.00", "revoked", "create", "credit EUR 100.00", "credit EUR 10.00, statement 7", "credit EUR -20.50", "typing error", "suspend", "odd numbers", "resume", "our own test", "left"} {
		if !strings.Contains(show, word) {
			t.Errorf("shown without %q: %s", word, show)
		}
	}
	o.does(`"by_hand":[{`, "apikeys", "show", "--key", made.ID, "--json")
	o.does("no violation", "audit")
	files, err := filepath.Glob(filepath.Join(o.data, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), made.Secret) {
			t.Errorf("%s holds the secret, %v", name, err)
		}
	}
}
