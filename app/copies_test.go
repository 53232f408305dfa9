package app

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/app/core"
	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
)

// get asks a server, and returns its answer and the status.
func (r *running) get(path string) (string, int) {
	r.t.Helper()
	response, err := http.Get(r.server.URL + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text := make([]byte, 1<<10)
	n, _ := response.Body.Read(text)
	return string(text[:n]), response.StatusCode
}

// A copy that hung while the others began to write with a key that it does not have: it judges what it can, counts nothing
// against customers whose PINs and codes it can't read, and says what it lacks.
func TestACopyThatHungLearnsThatItLacksAKey(t *testing.T) {
	var first config.Config
	both := map[string]string{"PULSA_PIN_PEPPER": apptest.Key, "PULSA_PIN_PEPPER_2": apptest.Key + "2", "PULSA_CARD_KEY": apptest.Key, "PULSA_CARD_KEY_2": apptest.Key + "2"}
	r := runDemo(t, both, func(c *config.Config) { first = *c })
	r.customer(apptest.Number)
	lacking := first
	lacking.Peppers = map[int]prepaid.Secret{1: first.Peppers[1]}
	lacking.CardKeys = map[int]prepaid.Secret{1: first.CardKeys[1]}
	p, err := Wire(t.Context(), lacking, Wiring{Clock: r.Clock, Log: r.Program.Log, sims: r.Sims, Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	hung := &running{Program: p, t: t, server: httptest.NewServer(p.Routes()), log: r.log, sent: 100}
	defer hung.server.Close()
	if err := errors.Join(r.sayCopy(t.Context()), hung.sayCopy(t.Context())); err != nil {
		t.Fatal(err)
	}
	if text, status := hung.get("/readyz"); status != http.StatusOK || !strings.Contains(text, "ready, but this copy lacks PULSA_PIN_PEPPER_2") {
		t.Errorf("before anybody writes with it: %d %s", status, text)
	}
	keys := operators.Keys{Store: r.DB.MasterKeys, Ours: r.Keys.CheckValues(), Clock: prepaid.SystemClock{}}
	use := func(key operators.MasterKey) error {
		_, err := keys.Use(t.Context(), key, 2, prepaid.By{Who: "ann", Why: "yearly"})
		return err
	}
	var lacked *operators.KeyLackedError
	if err := use(operators.PINPepper); !errors.As(err, &lacked) {
		t.Errorf("while the other runs: %v", err)
	}
	if _, err := r.DB.Writer().ExecContext(t.Context(), `UPDATE copies SET seen_at = seen_at - 60000000 WHERE instance = '`+hung.instance+`'`); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(use(operators.PINPepper), use(operators.CardKey), r.sayCopy(t.Context())); err != nil {
		t.Fatal(err)
	}
	const other = "+31612340002"
	r.customer(other)
	made, err := r.Cards.StartGenerate(t.Context(), cards.GenerateRequest{Brand: "demo", Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}, Quantity: 1, Series: "7",
		Live: true, By: prepaid.By{Who: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	var code string
	if _, err := r.Cards.ResumeGenerate(t.Context(), made, func(_ cards.Card, c prepaid.Secret) error { code = c.Reveal(); return nil }, nil); err != nil {
		t.Fatal(err)
	}
	hung.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "€10 was added")
	for i := range 5 {
		for number, text := range map[string]string{other: "KOOP 10 " + apptest.PIN, fmt.Sprintf("+3161234001%d", i): "REDEEM " + code} {
			if answer, status := hung.text(number, text); status != http.StatusServiceUnavailable {
				t.Errorf("what it can't read is answered %d %q", status, answer)
			}
		}
	}
	var fault *core.KeyError
	if err := hung.sayCopy(t.Context()); !errors.As(err, &fault) || !strings.Contains(fault.Do, "set PULSA_PIN_PEPPER_2") {
		t.Errorf("it says that it runs: %v", err)
	}
	if text, status := hung.get("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "lacks PULSA_PIN_PEPPER_2, which is in use") ||
		!strings.Contains(text, "set PULSA_CARD_KEY_2 there") {
		t.Errorf("it is ready: %d %s", status, text)
	}
	if text, status := r.get("/readyz"); status != http.StatusOK || text != "ready\n" {
		t.Errorf("who has all: %d %s", status, text)
	}
	r.wants(other, "KOOP 10 "+apptest.PIN, "€10 was added")
	r.wants(other, "REDEEM "+code, "€10 was added")
	if _, err := Wire(t.Context(), lacking, Wiring{Clock: r.Clock, Log: r.Program.Log, sims: r.Sims, Volatile: true}); !errors.As(err, &fault) {
		t.Errorf("one more without it starts: %v", err)
	}
}

func TestDoctorShowsCopiesThatDiffer(t *testing.T) {
	r := runDemo(t, nil, nil)
	older := r.self()
	older.Instance, older.Program, older.Settings = "older", "v0.0.1", map[string]int64{"demo": 3}
	newer := r.self()
	newer.Instance, newer.Settings = "newer", map[string]int64{"demo": 4}
	for _, c := range []operators.Copy{older, newer} {
		if _, err := r.DB.Copies.SayCopy(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	var found []string
	for _, f := range r.examineCopies(t.Context()) {
		found = append(found, string(f.Level)+" "+f.Found)
	}
	all := strings.Join(found, "\n")
	for _, want := range []string{"(older) runs v0.0.1 since 2", "warn they run different programs: ", "warn they have different settings of brand demo in force: ", "3 on "} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not found in\n%s", want, all)
		}
	}
}
