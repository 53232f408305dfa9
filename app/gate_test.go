package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"pulsa/app/apptest"
	"pulsa/operators"
	"pulsa/prepaid"
)

// fraud may block and pause.
func (r *running) fraud() operators.Actor {
	return operators.Actor{Person: "ben", Email: "ben@acme.example", Roles: map[string][]operators.Role{"demo": {operators.Fraud}}, FreshAt: r.Clock.Now()}
}

// does carries out an operation, and has this copy learn of it.
func (r *running) does(op operators.Operation) operators.Result {
	r.t.Helper()
	done, err := r.operatorsDesk().Do(r.t.Context(), r.fraud(), prepaid.NewToken(), op, "ticket 1")
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.Gate.Load(context.WithoutCancel(r.t.Context())); err != nil {
		r.t.Fatal(err)
	}
	return done
}

func (r *running) blocks(k operators.BlockKind, what string) operators.Result {
	r.t.Helper()
	return r.does(operators.AddBlocks{Brand: "demo", Batch: prepaid.NewToken(), All: []operators.Blocked{{Kind: k, Value: r.Accounts.BlockValues(string(k), "demo", what)[0], Shows: "it"}}})
}

// wantsAnswer fails the test unless a text is answered so.
func (r *running) wantsAnswer(text, want string) {
	r.t.Helper()
	answer, _ := r.text(apptest.Number, text)
	if !strings.Contains(answer, want) {
		r.t.Errorf("%s is answered %q; want %q", text, answer, want)
	}
}

func TestWhatIsBlockedIsRefused(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	r.wantsAnswer("KOOP 10 "+apptest.PIN, "was added")
	number, err := prepaid.ParseE164(apptest.Number)
	if err != nil {
		t.Fatal(err)
	}
	done := r.blocks(operators.BlockNumber, string(number))
	r.wantsAnswer("KOOP 20 "+apptest.PIN, "We can't help with this number.")
	r.does(done.Undo)
	r.wantsAnswer("KOOP 20 "+apptest.PIN, "was added")

	done = r.blocks(operators.BlockAddress, "tel:"+apptest.Number)
	r.wantsAnswer("KOOP 30 "+apptest.PIN, "We can't help you here.")
	r.wantsAnswer("STATUS", "We can't help you here.")
	r.does(done.Undo)

	c, err := r.DB.Customers.CustomerByMSISDN(t.Context(), "demo", number)
	if err != nil {
		t.Fatal(err)
	}
	i, err := r.DB.Payments.Instrument(t.Context(), c.Pays.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.blocks(operators.BlockInstrument, operators.InstrumentName(i.Gateway, i.Display))
	r.wantsAnswer("KOOP 30 "+apptest.PIN, "declined")
}

func TestPausedBrandSellsNothingAndAnswersElse(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	r.wantsAnswer("KOOP 10 "+apptest.PIN, "was added")
	r.does(operators.PauseBrand{Brand: "demo", Until: r.Clock.Now().Add(time.Hour), Texts: map[string]string{"en": "Top-ups are down until 14:00"}})
	r.wantsAnswer("KOOP 20 "+apptest.PIN, "Top-ups are down until 14:00")
	r.wantsAnswer("HELP", "KOOP")
	r.wantsAnswer("STATUS", "€10 was added")
	r.does(operators.PauseBrand{Brand: "demo", Until: r.Clock.Now().Add(time.Hour)})
	r.wantsAnswer("KOOP 20 "+apptest.PIN, "Top-ups are down until")
	answer, _ := r.text("+31612349999", "REGISTER")
	if !strings.Contains(answer, "Top-ups are down until") {
		t.Errorf("a stranger is answered %q", answer)
	}
	r.does(operators.PauseBrand{Brand: "demo"})
	r.wantsAnswer("KOOP 20 "+apptest.PIN, "Top-ups are down just now.")
	r.does(operators.ResumeBrand{Brand: "demo"})
	r.wantsAnswer("KOOP 20 "+apptest.PIN, "was added")
	r.does(operators.PauseBrand{Brand: "demo", Until: r.Clock.Now().Add(time.Hour)})
	r.Clock.(*apptest.SkipClock).Skip(time.Hour) // it ends by itself
	r.wantsAnswer("KOOP 30 "+apptest.PIN, "was added")
}
