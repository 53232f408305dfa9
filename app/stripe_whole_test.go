package app

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/payments/paymentstest"
	"pulsa/payments/stripe"
	"pulsa/payments/stripe/stripetest"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/store/scratch"
	"pulsa/topup"

	simnetwork "pulsa/sim/network"
)

const (
	stripeHookOld = "whsec_of_last_year"
	buys          = "KOOP 10 " + apptest.PIN
)

// charging is the whole demo whose brand charges at a played Stripe, and one customer.
type charging struct {
	*running
	clock  *apptest.SkipClock
	stripe *stripetest.Server
	errors int // that the log is to hold in the end
}

// runAtStripe starts it. When the test ends, our books must agree with Stripe's, and the log hold no other error.
func runAtStripe(t *testing.T) *charging {
	t.Helper()
	r := &charging{clock: apptest.NewSkipClock()}
	r.stripe = stripetest.New(t, r.clock)
	r.running = runWired(t, nil, func(c *config.Config) {
		c.Brands[0].Gateway = config.GatewayStripe
		c.Stripe = config.Stripe{Key: prepaid.NewSecret(stripetest.Key), BaseURL: r.stripe.URL,
			WebhookSecrets: []prepaid.Secret{prepaid.NewSecret(stripeHook), prepaid.NewSecret(stripeHookOld)}}
	}, Wiring{Clock: r.clock})
	r.sends(stripetest.WithAnswer)
	return r
}

// sends says when Stripe sends its events, signed with the present secret.
func (r *charging) sends(when stripetest.Timing) {
	r.stripe.SendEvents(r.server.URL+stripe.WebhookPath, when, stripeHook)
}

// skip lets time pass once Stripe has told all: a call that takes longer than its time has no answer.
func (r *charging) skip(d time.Duration) {
	r.stripe.Wait()
	r.clock.Skip(d)
}

// must fails the test on an error.
func (r *charging) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// stored is all that is stored, but the transcripts: a worker moves them meanwhile.
func (r *charging) stored() map[string]string {
	r.t.Helper()
	all, err := scratch.Texts(r.t.Context(), r.DB)
	r.must(err)
	delete(all, "session_transcripts")
	delete(all, "transcripts")
	return all
}

// page follows the short link in a text to the page at Stripe.
func (r *charging) page(text string) string {
	r.t.Helper()
	response, _ := r.open(apptest.Link(r.t, text))
	page := response.Header.Get("Location")
	if !strings.HasPrefix(page, r.stripe.URL) {
		r.t.Fatalf("the link in %q leads to %q", text, page)
	}
	return page
}

// choices are how customers choose a method when they are asked.
var choices = map[payments.Method]string{payments.SEPA: "1", payments.Card: "2", payments.PayPal: "3"}

// asks walks through a registration to the page of a method, and returns its address.
func (r *charging) asks(m payments.Method) string {
	r.t.Helper()
	r.wants(apptest.Number, "REGISTER", "mobile number")
	r.wants(apptest.Number, apptest.Number, "once more")
	r.wants(apptest.Number, apptest.Number, "PIN")
	r.wants(apptest.Number, apptest.PIN, "once more")
	r.wants(apptest.Number, apptest.PIN, "How do you want to pay")
	answer, _ := r.text(apptest.Number, choices[m])
	return r.page(answer)
}

// registered registers the customer, who pays by a method.
func (r *charging) registered(m payments.Method) *charging {
	r.t.Helper()
	r.must(r.stripe.Complete(r.asks(m)))
	r.hears("you are registered")
	return r
}

// bought is the customer's latest order.
func (r *charging) bought() topup.History {
	r.t.Helper()
	h, err := r.DB.Orders.Order(r.t.Context(), r.latest().ID)
	r.must(err)
	return h
}

// stands checks how the latest order and its charge stand, and how often Stripe has charged, refunded and lost it.
func (r *charging) stands(order topup.Status, charge topup.ChargeStatus, charged, refunded, disputed int) {
	r.t.Helper()
	apptest.Await(r.t, "the order is "+string(order)+", its charge "+string(charge), func() bool {
		h := r.bought()
		return h.Status == order && h.Charge.Status == charge
	}, nil)
	id := string(r.bought().Charge.ID)
	got := [3]int{r.stripe.Count("charge", id), r.stripe.Count("refund", id), r.stripe.Count("dispute", id)}
	if want := [3]int{charged, refunded, disputed}; got != want {
		r.t.Errorf("Stripe has charged, refunded and lost %v times, want %v", got, want)
	}
}

// told counts the messages that hold a word.
func (r *charging) told(word string) (n int) {
	r.t.Helper()
	r.awaitSent()
	sent, err := scratch.SentMessages(r.t.Context(), r.DB)
	r.must(err)
	for _, m := range sent {
		if strings.Contains(m.Text, word) {
			n++
		}
	}
	return n
}

// violations are what an audit says that knows Stripe's own book, and open items are what a comparison with its report finds.
func (r *charging) violations() (found []string) {
	r.t.Helper()
	ctx := r.t.Context()
	violations, err := r.Audit().CheckWithBooks(ctx, func(ctx context.Context) (operators.ProviderBooks, error) {
		books, err := r.books(ctx)
		all := books.Provider()
		into := map[string]*[]operators.Moved{"charge": &all.Charged, "refund": &all.Refunded, "dispute": &all.Returned}
		for _, m := range r.stripe.Moved() {
			list := into[m.Kind]
			*list = append(*list, operators.Moved{Charge: prepaid.ChargeID(m.Charge), Setup: prepaid.SetupID(m.Setup), Minor: m.Minor})
		}
		return all, err
	}, nil)
	r.must(err)
	for _, v := range violations {
		found = append(found, v.Text)
	}
	compares := operators.Reconciliation{Ledger: r.DB.Reconciliation, Items: r.DB.Reconciliation, Orders: r.DB.Orders, Clock: r.Clock, Reporters: operators.Reporters{
		Gateways: map[string]operators.MoneyReporter{config.GatewayStripe: r.Program.stripe},
		Networks: map[string]operators.DeliveryReporter{"sim": r.Sims.Network},
	}}
	_, err = compares.Compare(ctx, r.clock.Now().AddDate(0, -3, 0), r.clock.Now().Add(time.Hour), func(int64, int64) {})
	r.must(err)
	items, err := r.DB.Reconciliation.OpenItems(ctx, false)
	r.must(err)
	for _, item := range items {
		found = append(found, fmt.Sprintf("%s: %s %s, ours %d, theirs %d", item.Provider, item.Kind, item.Note, item.Ours, item.Theirs))
	}
	return found
}

// ends checks that our books agree with Stripe's but for what is said, and that the log holds no error but those awaited.
func (r *charging) ends(but ...string) {
	r.t.Helper()
	if diff := cmp.Diff(but, r.violations()); diff != "" {
		r.t.Error(diff)
	}
	if log := r.log.String(); strings.Count(log, "level=ERROR") != r.errors || strings.Contains(log, stripetest.Key) {
		r.t.Errorf("the log:\n%s", log)
	}
}

func TestStripeTakesEveryWayToPay(t *testing.T) {
	race.Skip(t)
	for _, m := range payments.Methods() {
		t.Run(string(m), func(t *testing.T) {
			r := runAtStripe(t).registered(m)
			r.wants(apptest.Number, buys, "was added to")
			charge := map[bool]topup.ChargeStatus{true: topup.ChargePending, false: topup.ChargeCaptured}[m == payments.SEPA]
			r.stands(topup.Delivered, charge, 1, 0, 0)
			r.ends()
		})
	}
}

func TestStripeMakesAMandateOfAnIBAN(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t)
	r.asks(payments.SEPA)
	r.wants(apptest.Number, "NL91ABNA0417164300", "name on the account")
	r.wants(apptest.Number, "J. Jansen", "4300")
	r.wants(apptest.Number, "AGREE", "you are registered")
	r.wants(apptest.Number, buys, "was added to")
	r.stands(topup.Delivered, topup.ChargePending, 1, 0, 0)
	r.must(r.stripe.Settle(string(r.bought().Charge.ID)))
	r.stands(topup.Delivered, topup.ChargeCaptured, 1, 0, 0)
	r.ends()
}

func TestStripesPageThatNobodyCompletes(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t)
	first := r.asks(payments.Card)
	r.must(r.stripe.Abandon(first))
	r.hears("not set up")
	r.wants(apptest.Number, buys, "")
	if len(r.stripe.Moved()) > 0 || r.stripe.Complete(first) == nil {
		t.Error("it was completed after all")
	}
	r.ends()
}

func TestStripeAsksForAuthentication(t *testing.T) {
	race.Skip(t)
	for name, c := range map[string]struct {
		act    func(r *charging, page string) error
		hears  string
		order  topup.Status
		charge topup.ChargeStatus
		times  int
	}{
		"passed":    {func(r *charging, page string) error { return r.stripe.Authenticate(page) }, "was added to", topup.Delivered, topup.ChargeCaptured, 1},
		"failed":    {func(r *charging, page string) error { return r.stripe.FailAuthentication(page) }, "was declined", topup.Declined, topup.ChargeDeclined, 0},
		"abandoned": {func(r *charging, _ string) error { r.skip(31 * time.Minute); return nil }, "was declined", topup.Declined, topup.ChargeDeclined, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := runAtStripe(t).registered(payments.Card)
			r.stripe.Answer(paymentstest.Authentication)
			answer, _ := r.text(apptest.Number, buys)
			page := r.page(answer)
			r.stands(topup.Confirming, topup.ChargeSending, 0, 0, 0)
			r.must(c.act(r, page))
			r.skip(time.Minute) // news of an order waits until its reply should have told it
			r.hears(c.hears)
			r.stands(c.order, c.charge, c.times, 0, 0)
			if r.stripe.Authenticate(page) == nil {
				t.Error("it can be authenticated still")
			}
			r.ends()
		})
	}
}

func TestStripeSettlesADebitAndReturnsItWeeksLater(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t).registered(payments.SEPA)
	r.wants(apptest.Number, buys, "was added to")
	charge := string(r.bought().Charge.ID)
	r.skip(6 * 24 * time.Hour)
	r.must(r.stripe.Settle(charge))
	r.stands(topup.Delivered, topup.ChargeCaptured, 1, 0, 0)
	r.ends()
	r.skip(20 * 24 * time.Hour)
	r.must(r.stripe.Return(charge, "insufficient_funds"))
	r.hears("returned our debit")
	r.stands(topup.Delivered, topup.ChargeReturned, 1, 0, 1)
	r.wants(apptest.Number, buys, "blocked")
	r.ends()
}

func TestStripesNewsThatItCouldNotExplainIsSentAgain(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t).registered(payments.SEPA)
	r.wants(apptest.Number, buys, "was added to")
	r.stripe.Wait()
	r.stripe.FailNext(stripetest.Refusal(http.StatusInternalServerError, "api_error", "", nil))
	r.must(r.stripe.Settle(string(r.bought().Charge.ID)))
	r.stands(topup.Delivered, topup.ChargeCaptured, 1, 0, 0)
	if !strings.Contains(r.log.String(), "stripe event not taken") {
		t.Error("it was read at once")
	}
	r.ends()
}

func TestStripesDebitFailsWhileItIsPending(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t).registered(payments.SEPA)
	r.wants(apptest.Number, buys, "was added to")
	r.skip(6 * 24 * time.Hour)
	r.must(r.stripe.Return(string(r.bought().Charge.ID), "debit_not_authorized"))
	r.hears("returned our debit")
	r.stands(topup.Delivered, topup.ChargeReturned, 0, 0, 0)
	r.wants(apptest.Number, buys, "blocked")
	r.ends()
}

func TestStripeRefundsWhatWasNotDelivered(t *testing.T) {
	race.Skip(t)
	for _, m := range []payments.Method{payments.Card, payments.SEPA} {
		t.Run(string(m), func(t *testing.T) {
			r := runAtStripe(t).registered(m)
			r.must(r.Sims.Network.Set(t.Context(), simnetwork.Behaviour{Kind: simnetwork.Rejects, Code: "TRANSACTION_REFUSED_BY_OPERATOR"}))
			r.wants(apptest.Number, buys, "was paid back")
			r.stands(topup.Refunded, topup.ChargeRefunded, 1, 1, 0)
			r.ends()
		})
	}
}

// The order stays refunded: that the money has come back is for people, whom the log, the audit and the comparison tell.
func TestStripesRefundThatFailsLaterIsToldToPeople(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t).registered(payments.Card)
	r.must(r.Sims.Network.Set(t.Context(), simnetwork.Behaviour{Kind: simnetwork.Rejects, Code: "TRANSACTION_REFUSED_BY_OPERATOR"}))
	r.wants(apptest.Number, buys, "was paid back")
	r.ends()
	r.must(r.stripe.FailRefund(string(r.bought().Charge.ID), "expired_or_canceled_card"))
	r.stands(topup.Refunded, topup.ChargeRefunded, 1, 0, 0)
	r.errors = 1
	r.ends("is refunded, and the gateway keeps 1000 where 0 is right", "psp:stripe: refund failed, ours 1000, theirs 0")
	if !strings.Contains(r.log.String(), "refund failed at stripe") {
		t.Error("the log does not say so")
	}
}

// What a dispute that was won has brought back, and what the customer owes no longer, is settled by people.
func TestStripesPaymentIsDisputed(t *testing.T) {
	race.Skip(t)
	for status, but := range map[string][]string{
		"lost": nil, "won": {"is delivered, and the gateway keeps 1000 where 0 is right", "psp:stripe: return won, ours 1000, theirs 0"},
	} {
		t.Run(status, func(t *testing.T) {
			r := runAtStripe(t).registered(payments.Card)
			r.wants(apptest.Number, buys, "was added to")
			charge := string(r.bought().Charge.ID)
			r.skip(40 * 24 * time.Hour)
			r.must(r.stripe.Dispute(charge, "needs_response"))
			r.hears("still owe us")
			r.stands(topup.Delivered, topup.ChargeReturned, 1, 0, 1)
			r.wants(apptest.Number, buys, "blocked")
			r.ends()
			r.must(r.stripe.CloseDispute(charge, status))
			r.ends(but...)
		})
	}
}

func TestStripesEventsComeBeforeTheAnswerDoubledAndInAnyOrder(t *testing.T) {
	r := runAtStripe(t)
	page := r.asks(payments.SEPA)
	r.sends(stripetest.Held)
	sendAll := func() {
		t.Helper()
		held := r.stripe.Release()
		slices.Reverse(held)
		for _, e := range append(held, held...) {
			if status := r.stripe.Send(e); status != http.StatusOK {
				t.Errorf("%s was answered %d", e.Type, status)
			}
		}
	}
	r.must(r.stripe.Complete(page))
	sendAll()
	r.hears("you are registered")
	r.wants(apptest.Number, buys, "was added to")
	charge := string(r.bought().Charge.ID)
	r.must(r.stripe.Settle(charge))
	sendAll() // that it has succeeded before that it is processed
	r.stands(topup.Delivered, topup.ChargeCaptured, 1, 0, 0)
	r.must(r.stripe.Return(charge, "debit_not_authorized"))
	sendAll()
	r.hears("returned our debit")
	r.stands(topup.Delivered, topup.ChargeReturned, 1, 0, 1)
	if n := r.told("returned our debit"); n != 1 {
		t.Errorf("told %d times", n)
	}
	r.ends()

	early := runAtStripe(t).registered(payments.Card)
	early.sends(stripetest.BeforeAnswer)
	early.wants(apptest.Number, buys, "was added to")
	early.stands(topup.Delivered, topup.ChargeCaptured, 1, 0, 0)
	early.ends()
}

func TestStripesSignatures(t *testing.T) {
	r := runAtStripe(t)
	page, endpoint := r.asks(payments.Card), r.server.URL+stripe.WebhookPath
	r.sends(stripetest.Held)
	r.must(r.stripe.Complete(page))
	held := r.stripe.Release()
	before := r.stored()
	for _, e := range held {
		r.stripe.SendEvents(endpoint, stripetest.Held, "whsec_of_another")
		if status := r.stripe.Send(e); status != http.StatusForbidden {
			t.Errorf("%s, signed by another, was answered %d", e.Type, status)
		}
	}
	after := r.stored()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	for _, secrets := range [][]string{{stripeHookOld}, {stripeHook}, {"whsec_of_next_year", stripeHook}} {
		r.stripe.SendEvents(endpoint, stripetest.WithAnswer, secrets...)
		for _, e := range held {
			if status := r.stripe.Send(e); status != http.StatusOK {
				t.Errorf("%s, signed with %d secrets, was answered %d", e.Type, len(secrets), status)
			}
		}
		r.hears("you are registered")
	}
	r.ends()
}

func TestStripeChargesAndIsNotHeard(t *testing.T) {
	for name, c := range map[string]struct {
		how   func(s *stripetest.Server)
		when  stripetest.Timing
		hears string
		order topup.Status
		moved topup.ChargeStatus
		times int
	}{
		"it charges and hangs up: found":         {func(s *stripetest.Server) { s.Answer(paymentstest.LosesAnswer) }, stripetest.Never, "was added to", topup.Delivered, topup.ChargeCaptured, 1},
		"it charges and hangs up: told":          {func(s *stripetest.Server) { s.Answer(paymentstest.LosesAnswer) }, stripetest.WithAnswer, "was added to", topup.Delivered, topup.ChargeCaptured, 1},
		"it charges and says 500":                {(*stripetest.Server).BreakNext, stripetest.Never, "was added to", topup.Delivered, topup.ChargeCaptured, 1},
		"it hangs up before it has read a thing": {func(s *stripetest.Server) { s.Answer(paymentstest.LosesRequest) }, stripetest.WithAnswer, "was declined", topup.Declined, topup.ChargeDeclined, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := runAtStripe(t).registered(payments.Card)
			r.sends(c.when)
			c.how(r.stripe)
			answer, _ := r.text(apptest.Number, buys)
			if c.when == stripetest.Never && !strings.Contains(answer, "working on your order") {
				t.Errorf("answered %q", answer)
			}
			r.stripe.Answer(paymentstest.Approves) // it would charge, were it asked again
			apptest.Await(t, "it is settled", func() bool { return r.bought().Status == c.order }, func() { r.skip(5 * time.Second) })
			if !strings.Contains(answer, c.hears) {
				r.hears(c.hears)
			}
			r.stands(c.order, c.moved, c.times, 0, 0)
			r.ends()
		})
	}
}

func TestStripeChargesAndNeverAnswers(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t).registered(payments.Card)
	r.sends(stripetest.Never)
	r.stripe.HangNext()
	answered := make(chan string, 1)
	go func() {
		answer, _ := r.text(apptest.Number, buys)
		answered <- answer
	}()
	apptest.Await(t, "Stripe has charged", func() bool { return len(r.stripe.Moved()) == 1 }, nil)
	r.skip(30 * time.Second)
	if answer := <-answered; !strings.Contains(answer, "working on your order") {
		t.Errorf("answered %q", answer)
	}
	apptest.Await(t, "it is found", func() bool { return r.bought().Status == topup.Delivered }, func() { r.skip(5 * time.Second) })
	r.hears("was added to")
	r.stands(topup.Delivered, topup.ChargeCaptured, 1, 0, 0)
	r.ends()
}

func TestStripesNewsOfOthersChangesNothing(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t).registered(payments.Card)
	r.wants(apptest.Number, buys, "was added to")
	r.awaitSent()
	before := r.stored()
	shop := r.stripe.Put("pi", stripetest.Object{"object": "payment_intent", "status": "succeeded", "amount": int64(2500), "currency": "eur", "metadata": map[string]string{"shop": "1"}})
	refund := r.stripe.Put("re", stripetest.Object{"object": "refund", "status": "failed", "amount": int64(2500), "currency": "eur", "payment_intent": shop.ID()})
	events := []stripetest.Event{
		r.stripe.NewEvent("refund.failed", refund), r.stripe.NewEvent("charge.refund.updated", refund), r.stripe.NewEvent("payment_intent.succeeded", shop),
		r.stripe.NewEvent("refund.failed", stripetest.Object{"id": "re_1", "object": "refund", "status": "failed"}),
		r.stripe.NewThinEvent("v1.billing.meter.error_report_triggered", "mtr_1"), r.stripe.NewThinEvent("v2.core.event_destination.ping", "ed_1"),
	}
	for _, e := range events {
		for range 2 {
			if status := r.stripe.Send(e); status != http.StatusOK {
				t.Errorf("%s was answered %d", e.Type, status)
			}
		}
	}
	after := r.stored()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(r.log.String(), "thin events"); n != 2 {
		t.Errorf("the log tells of thin events %d times", n)
	}
	r.ends()
}
