package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/channels/fake"
)

// rotation is two copies of the server on one PostgreSQL and Redis, and the machine that commands run on.
type rotation struct {
	*staged
	copies map[string]*process // "A", "B"
	sent   int
}

// newRotation starts both copies with the first version of each key.
func newRotation(t *testing.T) *rotation {
	database, redis := apptest.Servers(t)
	r := &rotation{staged: newStaged(t, map[string]string{"PULSA_DATABASE_URL": database, "PULSA_REDIS_URL": redis,
		"PULSA_PIN_PEPPER": testKey, "PULSA_CARD_KEY": testKey}), copies: map[string]*process{}}
	r.sim.start()
	r.copies["A"] = r.server
	r.copies["B"] = r.another()
	for _, p := range r.copies {
		p.start()
	}
	return r
}

// another is one more copy, with A's environment but for its addresses and its folder.
func (r *rotation) another() *process {
	env := maps.Clone(r.env)
	env["PULSA_DATA"], env["PULSA_LISTEN"], env["PULSA_ADMIN_LISTEN"] = r.TempDir(), freePort(r.T), freePort(r.T)
	p := &process{t: r.T, args: []string{"serve"}, env: env, ask: "http://" + env["PULSA_LISTEN"] + "/readyz"}
	r.Cleanup(p.kill)
	return p
}

// second gives an environment the second version of both keys.
func second(env map[string]string) {
	env["PULSA_PIN_PEPPER_2"], env["PULSA_CARD_KEY_2"] = testKey+"2", testKey+"2"
}

// restart ends a copy in order, and starts it with the second version of both keys.
func (r *rotation) restart(name string) {
	r.Helper()
	p := r.copies[name]
	_ = p.cmd.Process.Signal(os.Interrupt)
	if err := <-p.ended; err != nil {
		r.Fatalf("%s: %v\n%s", name, err, p.log.String())
	}
	second(p.env)
	p.start()
}

// ready is what a copy says of itself, and whether it is ready.
func (r *rotation) ready(name string) (string, bool) {
	r.Helper()
	response, err := http.Get(r.copies[name].ask)
	if err != nil {
		r.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return string(text), response.StatusCode == http.StatusOK
}

// instance begins the name of a copy's run.
func (r *rotation) instance(name string) string {
	r.Helper()
	response, err := http.Get(strings.Replace(r.copies[name].ask, "/readyz", "/healthz", 1))
	if err != nil {
		r.Fatal(err)
	}
	_ = response.Body.Close()
	return response.Header.Get("Pulsa-Instance")[:6]
}

func (r *rotation) customer(name, number string) stagedCustomer {
	return stagedCustomer{r.staged, &fake.Client{Server: strings.TrimSuffix(r.copies[name].ask, "/readyz"), Brand: "demo", From: number, As: "sms",
		HTTP: &http.Client{Timeout: apptest.Patience}}}
}

// registers registers a number with a copy.
func (r *rotation) registers(name, number string) {
	r.Helper()
	c := r.customer(name, number)
	c.says("KOOP", "number")
	c.says(number, "number once more")
	c.says(number, "PIN")
	c.says(testPIN, "once more")
	c.says(testPIN, "pay")
	response, err := http.PostForm(c.opens(c.says("2", "http://")), url.Values{"action": {"complete"}})
	if err != nil {
		r.Fatal(err)
	}
	_ = response.Body.Close()
	c.hears("registered")
}

// buys buys with the PIN from each of the copies.
func (r *rotation) buys(number string, copies ...string) {
	r.Helper()
	for _, name := range copies {
		r.sent++
		c := r.customer(name, number)
		if answer := c.says(fmt.Sprintf("KOOP %d %s", 10+5*(r.sent%9), testPIN), "€"); strings.Contains(answer, "Buy it again?") {
			c.says("1", "was added")
		}
	}
}

// card makes a card, and returns its code.
func (r *rotation) card(series string) string {
	r.Helper()
	out := r.does("cards", "generate", "--brand", "demo", "--amount", "10", "--quantity", "1", "--series", series)
	for _, word := range strings.Fields(strings.ReplaceAll(out, ",", " ")) {
		if len(word) == 14 && strings.Trim(word, "0123456789") == "" {
			return word
		}
	}
	r.Fatalf("no code in %q", out)
	return ""
}

func (r *rotation) does(args ...string) string {
	r.Helper()
	out, err := r.operator(args...)
	if err != nil {
		r.Fatalf("%v: %v", args, err)
	}
	return out
}

// refused runs a command that is to fail, with each of the parts in its error.
func (r *rotation) refused(args []string, parts ...string) {
	r.Helper()
	_, err := r.operator(args...)
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			r.Errorf("%v: %v; want %q", args, err, part)
		}
	}
}

func TestKeysRotateOverTwoCopiesWithoutAnOutage(t *testing.T) {
	r := newRotation(t)
	const old, anew = "+31612345678", "+31612345679"
	r.registers("A", old)
	r.buys(old, "A", "B")
	var cards []string
	for series := 101; series < 105; series++ {
		cards = append(cards, r.card(fmt.Sprint(series)))
	}
	redeems := func(name, code string) {
		t.Helper()
		r.customer(name, old).says("REDEEM "+code, "was added")
	}
	redeems("B", cards[0])

	r.restart("A")
	second(r.env)
	if text, ok := r.ready("B"); !ok || !strings.Contains(text, "ready, but this copy lacks PULSA_PIN_PEPPER_2") || !strings.Contains(text, "PULSA_CARD_KEY_2") {
		t.Errorf("B lacks what A has, and says %q", text)
	}
	use := func(key string) []string {
		return []string{"keys", "use", "2", "--key", key, "--reason", "yearly"}
	}
	for _, key := range []string{"pin-pepper", "card-key"} {
		r.refused(use(key), r.instance("B"))
		if _, err := r.operator(use(key)...); err == nil || strings.Contains(err.Error(), r.instance("A")) {
			t.Errorf("%s: %v; A has it", key, err)
		}
	}
	if out, _ := r.operator("doctor"); !strings.Contains(out, "lacks PULSA_PIN_PEPPER_2, which another copy has") {
		t.Errorf("doctor: %s", out)
	}
	r.buys(old, "A", "B")
	redeems("A", cards[1])

	r.restart("B")
	if text, ok := r.ready("B"); !ok || text != "ready\n" {
		t.Errorf("B has all, and says %q", text)
	}
	r.buys(old, "A", "B")
	for _, key := range []string{"pin-pepper", "card-key"} {
		r.does(use(key)...)
	}
	r.buys(old, "A", "B") // before or after they know
	inUse := func() bool {
		return strings.Count(r.does("keys", "list", "--json"), `"in_use":true`) == 2 && strings.Contains(r.copies["A"].log.String(), "writes with another version")
	}
	began := time.Now()
	apptest.Await(t, "A knows", inUse, nil)
	apptest.Await(t, "B knows", func() bool { return strings.Contains(r.copies["B"].log.String(), "writes with another version") }, nil)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("they knew after %s", took)
	}
	r.registers("B", anew)
	if out := r.does("keys", "list"); !strings.Contains(out, "1 PINs") {
		t.Errorf("nothing is stored under the second pepper: %s", out)
	}
	r.buys(old, "A", "B")
	r.buys(anew, "A", "B")
	redeems("A", cards[2])
	redeems("B", r.card("201"))
	redeems("A", r.card("202"))
	r.does("cards", "rekey", "--brand", "demo")
	redeems("B", cards[3])

	late := r.another()
	delete(late.env, "PULSA_PIN_PEPPER_2")
	late.start("PULSA_ENDS=1") // which it may
	if err := <-late.ended; err == nil || !strings.Contains(late.log.String(), "PULSA_PIN_PEPPER_2 is not set") {
		t.Errorf("a copy without it starts: %v: %s", err, late.log.String())
	}
	late.cmd = nil
	r.does("keys", "use", "1", "--key", "pin-pepper", "--reason", "back")
	if out := r.does("keys", "history"); strings.Count(out, "pin-pepper") != 3 {
		t.Errorf("history: %s", out)
	}
	r.buys(anew, "A", "B")
	if out, err := r.operator("audit", "--books", r.books); err != nil || !strings.Contains(out, "no violation") {
		t.Errorf("audit: %v: %s", err, out)
	}
}
