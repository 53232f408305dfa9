package payments_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/payments"
	"pulsa/prepaid"
	sim "pulsa/sim/gateway"
	"pulsa/store/scratch"
	"pulsa/topup"
)

const account = "NL91ABNA0417164300"

// agreement is what a customer agrees to in the message of a key.
func (w *world) agreement(key string) payments.SignRequest {
	w.t.Helper()
	iban, _, err := payments.ParseIBAN(account)
	if err != nil {
		w.t.Fatal(err)
	}
	reference := payments.MandateReference("demo", key)
	return payments.SignRequest{Patience: 8 * time.Second, Mandate: payments.Mandate{
		Brand: "demo", Customer: w.customer, Reference: reference, Creditor: prepaid.Creditor{Name: "Demo B.V."}, Language: "en",
		Version: "1", Text: "Mandate of {holder}, {iban}", Holder: "J. Jansen", IBAN: iban.Display(), Sealed: w.SealIBAN(reference, iban),
		From: topup.ReplyTo{Channel: "twilio", Kind: "sms", Address: number.Tel(), Language: "en"},
	}}
}

// kept is the newest mandate; no IBAN is, not in clear.
func (w *world) kept() payments.Mandate {
	w.t.Helper()
	texts, err := scratch.Texts(w.t.Context(), w.store)
	if err != nil {
		w.t.Fatal(err)
	}
	for table, text := range texts {
		if strings.Contains(text, account[4:]) {
			w.t.Errorf("table %s holds the IBAN: %s", table, text)
		}
	}
	mandates, err := w.store.Mandates.MandatesOf(w.t.Context(), w.customer)
	if err != nil || len(mandates) == 0 {
		w.t.Fatalf("%d mandates, %v", len(mandates), err)
	}
	return mandates[0]
}

func TestAMandateSignedByManyAtOnceMakesOneInstrument(t *testing.T) {
	w := newWorld(t)
	request := w.agreement("message:1")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			s, err := w.Sign(context.Background(), request)
			if err != nil || s.Status != payments.SetupCompleted {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	all.Wait()
	if all, err := w.store.Mandates.MandatesOf(t.Context(), w.customer); err != nil || len(all) != 1 {
		t.Errorf("%d mandates, %v", len(all), err)
	}
	if m := w.kept(); m.Sealed != "" || !m.RunAt.IsZero() || m.AsShown() != "Mandate of J. Jansen, NL** **** 4300" || !m.AgreedAt.Equal(start) {
		t.Errorf("kept %+v", m)
	}
	if pays := w.reload().Pays; pays.Method != "sepa" || pays.Display != "NL** **** 4300" {
		t.Errorf("pays by %+v", pays)
	}
	setup, err := w.Setup(t.Context(), w.kept().Setup)
	if err != nil || setup.Status != payments.SetupCompleted {
		t.Errorf("%+v, %v", setup, err)
	}
}

func TestAMandateThatIsUnclearIsFoundOrAskedForAgain(t *testing.T) {
	w := newWorld(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []sim.Kind{sim.TimesOut, sim.TimesOutAfterCharging, sim.AnswersGarbage} {
		before := w.reload().Pays.ID
		must(w.gateway.Set(t.Context(), sim.Behaviour{Kind: kind}))
		must(w.clock.Run(func() {
			s, err := w.Sign(t.Context(), w.agreement("message:"+string(kind)))
			if err != nil || s.Status != payments.SetupOpen {
				t.Errorf("%s: %+v, %v", kind, s, err)
			}
		}))
		if m := w.kept(); m.Sealed == "" || m.Tries != 1 {
			t.Errorf("%s: kept %+v", kind, m)
		}
		must(w.gateway.Set(t.Context(), sim.Behaviour{Kind: sim.Approves}))
		if n, err := w.SignDue(t.Context()); n != 0 || err != nil {
			t.Errorf("%s: %d done before it is due, %v", kind, n, err)
		}
		due, err := w.NextDue(t.Context())
		must(err)
		w.clock.AdvanceTo(due)
		if n, err := w.SignDue(t.Context()); n != 1 || err != nil {
			t.Errorf("%s: %d done, %v", kind, n, err)
		}
		if m := w.kept(); m.Sealed != "" {
			t.Errorf("%s: the IBAN is still kept", kind)
		}
		if pays := w.reload().Pays; pays.Method != "sepa" || pays.ID == before {
			t.Errorf("%s: pays by %+v", kind, pays)
		}
		if due, err := w.NextDue(t.Context()); !due.IsZero() || err != nil {
			t.Errorf("%s: due again at %s, %v", kind, due, err)
		}
	}
}

func TestASealedIBANOpensForItsOwnMandateOnly(t *testing.T) {
	w := newWorld(t)
	request := w.agreement("message:1")
	other := w.agreement("message:2")
	request.Mandate.Sealed = other.Mandate.Sealed
	s, err := w.Sign(t.Context(), request)
	if err != nil || s.Status != payments.SetupAbandoned {
		t.Errorf("%+v, %v", s, err)
	}
	if pays := w.reload().Pays; pays.ID != "" {
		t.Errorf("pays by %+v", pays)
	}
}

func TestWithoutACreditorNoIBANIsTaken(t *testing.T) {
	w := newWorld(t)
	if !w.TakesIBAN("demo") || w.TakesIBAN("other") {
		t.Error("takes an IBAN where it should not")
	}
	w.brand.Creditor = prepaid.Creditor{}
	if w.TakesIBAN("demo") {
		t.Error("without a creditor")
	}
	if _, err := w.Sign(t.Context(), w.agreement("message:1")); err == nil {
		t.Error("signed without a creditor")
	}
}
