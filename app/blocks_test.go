package app

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/conversation/talk"
	"pulsa/conversation/talk/harness"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/sim"
	"pulsa/topup"

	simgateway "pulsa/sim/gateway"
	simnetwork "pulsa/sim/network"
)

const (
	blockedCode = "48215973620418"
	bystander   = "+31612349997"
	noHelp      = "We can't help with this number."
)

// blocksOf blocks something of the customer as their page at the desk does.
func (r *running) blocksOf(k operators.BlockKind) operators.Result {
	r.t.Helper()
	all, err := r.operatorsDesk().BlocksOf(r.t.Context(), "demo", r.idOf("31612345678"), k)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.does(operators.AddBlocks{Brand: "demo", Batch: prepaid.NewToken(), All: all})
}

func (r *running) givesCard() {
	r.t.Helper()
	err := harness.GivenCard(r.t.Context(), r.Program.Program, "demo", talk.GivenCard{Serial: "101-00000042", Code: prepaid.NewSecret(blockedCode), Amount: prepaid.Money{Minor: 1000, Currency: "EUR"}})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) delivers(n int) {
	r.t.Helper()
	if got := len(r.Sims.Network.Delivered(simnetwork.Filter{})); got != n {
		r.t.Errorf("delivered %d times, want %d", got, n)
	}
}

func TestABlockedNumberIsKeptOut(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runWired(t, nil, change, Wiring{Clock: apptest.NewSkipClock(), redisPrefix: prepaid.NewToken()})
		r.customer(apptest.Number)
		r.givesCard()
		shop := r.caller(developers.Key{Name: "shop"})
		const stranger = "+31612349998"
		r.blocks(operators.BlockNumber, stranger[1:])
		lift := r.blocksOf(operators.BlockNumber).Undo

		r.wants(stranger, "REGISTER", "mobile number")
		r.wants(stranger, stranger, "once more")
		r.wants(stranger, stranger, "PIN")
		r.wants(stranger, apptest.PIN, "once more")
		r.wants(stranger, apptest.PIN, noHelp)
		r.wants(stranger, "REDEEM "+blockedCode, noHelp)
		r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, noHelp)
		r.wants(apptest.Number, "REDEEM "+blockedCode, noHelp)
		for _, path := range []string{"/topups", "/topups-async"} {
			shop.wants(http.MethodPost, path, buying("for one who is blocked "+path, "0612345678"), http.StatusBadRequest, `"PHONE_BANNED_BY_OPERATOR"`)
		}
		if balance := shop.balance(); balance != "100" {
			t.Errorf("what was refused has cost the developer: %s", balance)
		}
		r.delivers(0)
		r.wants(bystander, "REDEEM "+blockedCode, "was added") // the card was not spent
		r.does(lift)
		r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "was added")
		shop.wants(http.MethodPost, "/topups", buying("after it was lifted", "0612345678"), http.StatusOK, "SUCCESSFUL")
		r.delivers(3)
		r.wantClean()
	})
}

// The block is the account's: it holds on a messenger, for another's number too, and the number is not changed to be rid of it.
func TestABlockedCustomerBuysNothingOnTelegramEither(t *testing.T) {
	l := newLine(t, "telegram")
	l.r.customer(apptest.Number)
	l.r.links(t, l.address())
	l.r.givesCard()
	lift := l.r.blocksOf(operators.BlockNumber).Undo
	l.wants(l.says("KOOP 10 "+apptest.PIN), noHelp)
	for _, of := range []topup.Request{
		{Funding: topup.FundingRef{Kind: topup.ByCard, Ref: "101-00000042"}, AuthorisedBy: "card"},
		{Funding: topup.FundingRef{Kind: topup.ByCharge, Ref: "an instrument", Provider: "sim"}, AuthorisedBy: "pin"},
	} {
		of.Brand, of.Customer, of.MSISDN, of.Amount = "demo", l.r.idOf("31612345678"), prepaid.MSISDN(bystander[1:]), prepaid.Money{Minor: 1000, Currency: "EUR"}
		of.OperationKey = prepaid.NewToken()
		of.ReplyTo = topup.ReplyTo{Channel: "telegram", Kind: "telegram", Address: "telegram:4711", Language: "en"}
		if _, err := l.r.Topups.Place(t.Context(), of); err == nil || !strings.Contains(err.Error(), topup.ErrNumberBlocked.Error()) {
			t.Errorf("%s for another: %v", of.Funding.Kind, err)
		}
	}
	if _, err := l.r.Accounts.Move(t.Context(), accounts.Move{Brand: "demo", Customer: l.r.idOf("31612345678"), From: "31612345678", To: prepaid.MSISDN(bystander[1:])}); !errors.Is(err, accounts.ErrNumberBlocked) {
		t.Errorf("a change of number: %v", err)
	}
	l.r.delivers(0)
	l.r.does(lift)
	l.wants(l.says("KOOP 10 "+apptest.PIN), "was added")

	lift = l.r.blocks(operators.BlockAddress, string(l.address())).Undo
	l.wants(l.says("KOOP 20 "+apptest.PIN), "We can't help you here.")
	l.r.wants(apptest.Number, "KOOP 20 "+apptest.PIN, "was added") // the phone's own address is another
	l.r.does(lift)
	l.wants(l.says("STATUS"), "€20 was added")
}

func TestABlockedWayToPayIsNotSetUpAgain(t *testing.T) {
	for method, choice := range map[string]string{"card": "2", "paypal": "3"} {
		onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
			r := runWired(t, nil, change, Wiring{Clock: apptest.NewSkipClock(), redisPrefix: prepaid.NewToken()})
			r.registers(apptest.Number)
			sets := func() {
				r.wants(apptest.Number, "PAY", "type your PIN")
				r.wants(apptest.Number, apptest.PIN, "How do you want to pay")
				r.text(apptest.Number, choice)
				if err := r.Sims.Gateway.CompleteSetup(t.Context(), "31612345678"); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Sims.Gateway.CompleteSetup(t.Context(), "31612345678"); err != nil {
				t.Fatal(err)
			}
			r.hears("you are registered")
			sets()
			r.hears("From now on you pay")
			r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "was added")
			lift := r.blocksOf(operators.BlockInstrument).Undo
			r.wants(apptest.Number, "KOOP 20 "+apptest.PIN, "declined")
			sets()
			r.hears("not set up")
			r.customer(bystander) // theirs looks the same: Visa **** 4242
			r.wants(bystander, "KOOP 10 "+apptest.PIN, "was added")
			if charged := len(r.Sims.Gateway.Charged(simgateway.Filter{MSISDN: "31612345678"})); charged != 1 {
				t.Errorf("%s: charged %d times", method, charged)
			}
			r.does(lift)
			r.wants(apptest.Number, "KOOP 20 "+apptest.PIN, "was added")
		})
	}
}

// One card is known whoever sets it up: here everybody's is the same.
func TestABlockedCardOfStripeIsNobodysToSetUp(t *testing.T) {
	race.Skip(t)
	r := runAtStripe(t).registered(payments.Card)
	list := r.operatorsDesk().ReadBlocks(r.Brands.Known("demo"), operators.BlockInstrument, "stripe/Xt5EWLLDS7FJjR1c")
	lift := r.does(operators.AddBlocks{Brand: "demo", Batch: prepaid.NewToken(), All: list.All}).Undo
	r.wants(apptest.Number, buys, "declined")
	page := r.page(r.registers(bystander))
	r.must(r.stripe.Complete(page))
	r.hearsAt("tel:"+bystander, "not set up")
	if stored, err := r.Accounts.ByMSISDN(t.Context(), "demo", prepaid.MSISDN(bystander[1:])); err != nil || stored.Pays.ID != "" {
		t.Errorf("%+v, %v", stored.Pays, err)
	}
	for table, text := range r.stored() {
		if strings.Contains(text, "Xt5EWLLDS7FJjR1c") {
			t.Errorf("%s keeps the fingerprint itself", table)
		}
	}
	r.does(lift)
	r.wants(apptest.Number, buys, "was added")
	r.ends()
}

func TestABlockedIBANIsNotSetUpOrCharged(t *testing.T) {
	race.Skip(t)
	const iban = "NL91ABNA0417164300"
	signs := func(r *charging, word string) {
		r.asks(payments.SEPA)
		r.wants(apptest.Number, iban, "name on the account")
		r.wants(apptest.Number, "J. Jansen", "4300")
		r.wants(apptest.Number, "AGREE", word)
	}
	t.Run("before it is set up", func(t *testing.T) {
		r := runAtStripe(t)
		r.blocks(operators.BlockIBAN, iban)
		signs(r, "How do you want to pay")
		if r.stripe.Latest("setup_intent").Text("status") == "succeeded" {
			t.Error("the gateway was asked all the same")
		}
		r.ends()
	})
	t.Run("afterwards", func(t *testing.T) {
		r := runAtStripe(t)
		signs(r, "you are registered")
		lift := r.blocks(operators.BlockIBAN, iban).Undo
		r.wants(apptest.Number, buys, "declined")
		r.does(lift)
		r.wants(apptest.Number, buys, "was added")
		r.ends()
	})
}

// Two programs over one database: what one's operator does the other knows within five seconds.
func TestAnotherCopyKnowsOfABlockAndItsEndWithinFiveSeconds(t *testing.T) {
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		data, prefix, clock := t.TempDir(), prepaid.NewToken(), prepaid.SystemClock{}
		sims, err := sim.Open(sim.Options{Clock: clock, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		start := func() *running {
			return runWired(t, nil, func(c *config.Config) {
				change(c)
				c.Data = data
				c.Peppers = map[int]prepaid.Secret{1: prepaid.NewSecret(apptest.Key)}
				c.CardKeys = map[int]prepaid.Secret{1: prepaid.NewSecret(apptest.Key)}
			}, Wiring{Clock: clock, sims: sims, redisPrefix: prefix})
		}
		first, second := start(), start()
		knows := func(what string, is func() bool) {
			t.Helper()
			since := time.Now()
			for !is() {
				if time.Since(since) > 5*time.Second {
					t.Fatal("the other copy does not know after 5 seconds: " + what)
				}
				time.Sleep(50 * time.Millisecond)
			}
		}
		blocked := func() bool { return second.Gate.Blocked(operators.BlockNumber, "demo", "31612345678") }
		answers := func(word string) func() bool {
			return func() bool {
				answer, _ := second.text(apptest.Number, "REDEEM 11111111111111")
				return strings.Contains(answer, word)
			}
		}
		done := first.blocks(operators.BlockNumber, "31612345678")
		knows("a block", blocked)
		first.does(done.Undo)
		knows("its end", func() bool { return !blocked() })
		first.does(operators.PauseBrand{Brand: "demo", Texts: map[string]string{"en": "Back at noon."}})
		knows("a pause", answers("Back at noon."))
		first.does(operators.ResumeBrand{Brand: "demo"})
		knows("its end", func() bool { return !answers("Back at noon.")() })
	})
}

func TestAPauseIsToldOnEveryWayAndEndsNothing(t *testing.T) {
	l := newLine(t, "telegram")
	const confirms, joins = "+31612349004", "+31612349996" // the bank asks the first to confirm each charge
	l.r.customer(apptest.Number)
	l.r.customer(confirms)
	l.r.links(t, l.address())
	shop := l.r.caller(developers.Key{Name: "shop"})
	l.r.wants(confirms, "KOOP 10 "+apptest.PIN, "/")
	l.r.registers(joins)
	begun := buying("begun before", "0612345670")
	shop.wants(http.MethodPost, "/topups-async", begun, http.StatusOK, "")

	l.r.does(operators.PauseBrand{Brand: "demo", Texts: map[string]string{"en": "Top-ups are down until 14:00."}})
	l.wants(l.says("KOOP 20 "+apptest.PIN), "Top-ups are down until 14:00.")
	l.r.wants(apptest.Number, "KOOP 20 "+apptest.PIN, "Top-ups are down until 14:00.")
	l.r.wants(bystander, "REGISTER", "Top-ups are down until 14:00.")
	for _, path := range []string{"/topups", "/topups-async"} {
		shop.wants(http.MethodPost, path, buying("while it is paused "+path, "0612345670"), http.StatusServiceUnavailable, `"OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE"`)
	}
	shop.wants(http.MethodPost, "/topups-async", begun, http.StatusOK, "") // repeated, it is the one before

	if err := l.r.Sims.Gateway.Authenticate(t.Context(), prepaid.MSISDN(confirms[1:])); err != nil {
		t.Fatal(err)
	}
	l.r.Clock.(*apptest.SkipClock).Skip(time.Minute)
	l.r.hearsAt("tel:"+confirms, "was added")
	if err := l.r.Sims.Gateway.CompleteSetup(t.Context(), prepaid.MSISDN(joins[1:])); err != nil {
		t.Fatal(err)
	}
	l.r.hearsAt("tel:"+joins, "you are registered")
	apptest.Await(t, "both orders are delivered", func() bool { return len(l.r.Sims.Network.Delivered(simnetwork.Filter{})) == 2 }, nil)
	l.r.wants(joins, "KOOP 10 "+apptest.PIN, "Top-ups are down until 14:00.")
	l.r.does(operators.ResumeBrand{Brand: "demo"})
	l.wants(l.says("KOOP 20 "+apptest.PIN), "was added")
	l.r.wantClean()
}

func TestACustomerIsBlockedFromTheirPage(t *testing.T) {
	r := runDemo(t, nil, nil)
	r.customer(apptest.Number)
	at := "/demo/customers/" + string(r.idOf("31612345678"))
	d := r.deskOf(operators.Fraud)
	d.shows(at, http.StatusOK, `href="`+at+`/block"`)
	page := d.shows(at+"/block", http.StatusOK, "the number: +316****5678", "the way to pay: Visa **** 4242", "the addresses that they write from", "Blocks the number +316****5678.")
	if strings.Contains(page, "612345678") {
		t.Error("the number is shown whole")
	}
	form := url.Values{"what": {"instrument"}, "reason": {"a stolen card"}, "key": {"k"}}
	_, page = d.post(at+"/block", form)
	form.Set("seen", regexp.MustCompile(`name="seen" value="([^"]+)"`).FindStringSubmatch(page)[1])
	if status, to := d.post(at+"/block", form); status != http.StatusSeeOther || !strings.Contains(to, at) {
		t.Fatal(status, to)
	}
	if err := r.Gate.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.shows("/demo/blocks", http.StatusOK, "Visa **** 4242", "a stolen card")
	r.wants(apptest.Number, "KOOP 10 "+apptest.PIN, "declined")
	r.deskOf(operators.Viewer).shows(at+"/block", http.StatusForbidden)
}
