package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/app/core"
	"pulsa/channels"
	"pulsa/channels/fake"
	"pulsa/conversation/talk"
	"pulsa/prepaid"

	simgateway "pulsa/sim/gateway"
)

// scene is a story told in Go: what no script can say is a carrier's own STOP.
type scene struct {
	*Program
	t        *testing.T
	language string
	sent     int
}

var (
	bySMS      = talk.Customer{Number: storyNumber, Kind: talk.SMS}
	byTelegram = talk.Customer{Number: storyNumber, Kind: talk.Telegram}
)

// newScene has a registered customer with a bank card, who texts by SMS.
func newScene(t *testing.T, language string) *scene {
	p := storyProgramForTest(t)
	p.setup.Language = language
	s := &scene{Program: p, t: t, language: language}
	s.ok(p.given(t.Context(), talk.Given{Customer: &talk.GivenCustomer{PIN: prepaid.NewSecret(storyPIN), Method: "card"}}))
	return s
}

func inBothLanguages(t *testing.T, test func(t *testing.T, s *scene)) {
	for _, language := range []string{"en", "nl"} {
		t.Run(language, func(t *testing.T) { test(t, newScene(t, language)) })
	}
}

func (s *scene) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// says sends a text, and returns the prompts of its answer and of all that is pushed next, by address.
func (s *scene) says(who talk.Customer, text string) string {
	s.t.Helper()
	s.sent++
	replies, err := s.Send(s.t.Context(), talk.Inbound{ID: fmt.Sprint("m", s.sent), From: who, Language: s.language, Text: text})
	s.ok(err)
	return strings.TrimSpace(keysOf(replies) + " " + s.hears())
}

// hears returns the prompts of what is pushed, with to whom.
func (s *scene) hears() string {
	s.t.Helper()
	pushed, err := s.Settle(s.t.Context())
	s.ok(err)
	return keysOf(pushed)
}

func keysOf(messages []talk.Message) string {
	var keys []string
	for _, m := range messages {
		if m.To != "" {
			keys = append(keys, "to "+string(m.To)+":")
		}
		for _, p := range m.Parts {
			keys = append(keys, p.Key)
		}
	}
	return strings.Join(keys, " ")
}

func (s *scene) same(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// signals has the carrier of the fake channel act on a word of the customer's itself.
func (s *scene) signals(who talk.Customer, signal channels.OptSignal) {
	s.t.Helper()
	s.sent++
	body, err := json.Marshal(map[string]string{"id": fmt.Sprint("m", s.sent), "from": who.Number, "as": who.Kind, "signal": string(signal)})
	s.ok(err)
	var answer capture
	s.ok(s.run(func() (err error) {
		answer, err = s.deliver(s.t.Context(), body)
		return err
	}))
	if answer.status != http.StatusOK || !bytes.Contains(answer.body.Bytes(), []byte(`"replies":[]`)) {
		s.t.Fatalf("answered %d %s", answer.status, answer.body.String())
	}
}

func (s *scene) after(d time.Duration) string {
	s.t.Helper()
	var heard []string
	for end := s.clock.Now().Add(d); ; {
		if text := s.hears(); text != "" {
			heard = append(heard, text)
		}
		next, ok, err := s.Next(s.t.Context())
		s.ok(err)
		if !ok || next.After(end) {
			s.clock.AdvanceTo(end)
			return strings.Join(heard, " ")
		}
		s.clock.AdvanceTo(next)
	}
}

// links makes another address the customer's.
func (s *scene) links(a prepaid.Address) {
	s.t.Helper()
	c, err := s.p.Accounts.ByAddress(s.t.Context(), "demo", bySMS.Address())
	s.ok(err)
	s.ok(s.p.Accounts.Link(s.t.Context(), c, accounts.Place{Address: a, Channel: "fake", Kind: "telegram"}))
}

func (s *scene) charged(times int) {
	s.t.Helper()
	if n := len(s.sims.Gateway.Charged(simgateway.Filter{})); n != times {
		s.t.Errorf("charged %d times, want %d", n, times)
	}
}

func TestNothingIsBoughtWhereTheCarrierDeliversNoAnswer(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		s.ok(s.given(t.Context(), talk.Given{Card: &talk.GivenCard{Serial: "101-00000042", Code: prepaid.NewSecret("12345678901234"), Amount: euros(10)}}))
		s.signals(bySMS, channels.OptedOut)
		for _, text := range []string{"KOOP 10 " + storyPIN, "REDEEM 12345678901234", "12345678901234", "KOOP", "PIN", storyPIN, "STATUS"} {
			s.same(text, s.says(bySMS, text), "stop.is_out")
		}
		s.charged(0)
		s.same("state", must(s.State(t.Context(), bySMS)), "idle")
		s.same("HELP", s.says(bySMS, "HELP"), "help.idle")
		s.same("by USSD, whose screen answers", s.says(talk.Customer{Number: storyNumber, Kind: talk.USSD}, "KOOP 15 "+storyPIN), "order.delivered")
		s.same("START", s.says(bySMS, "START"), "start.done")
		s.same("KOOP", s.says(bySMS, "KOOP 10 "+storyPIN), "order.delivered")
		s.signals(bySMS, channels.OptedOut)
		s.same("out again", s.says(bySMS, "KOOP 20 "+storyPIN), "stop.is_out")
		s.signals(bySMS, channels.OptedIn)
		s.same("START at the carrier", s.says(bySMS, "KOOP 20 "+storyPIN), "order.delivered")
		s.charged(3)
	})
}

func TestAMessageProvesThatTelegramIsNotBlockedAnyMore(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		s.links(byTelegram.Address())
		for _, again := range []channels.OptSignal{channels.OptedIn, channels.NoSignal} {
			s.signals(byTelegram, channels.OptedOut)
			if again != channels.NoSignal {
				s.signals(byTelegram, again)
			}
			s.same("KOOP", s.says(byTelegram, "KOOP"), "topup.ask_amount")
			out, err := s.p.Accounts.OptedOut(t.Context(), "demo", byTelegram.Address())
			if s.ok(err); !out.None() {
				t.Errorf("%+v", out)
			}
		}
		s.same("STOP by word", s.says(byTelegram, "STOP"), "stop.done")
		s.signals(byTelegram, channels.OptedOut)
		s.signals(byTelegram, channels.OptedIn)
		s.signals(byTelegram, channels.OptedOut)
		s.same("is served", s.says(byTelegram, "KOOP"), "topup.ask_amount")
		out, err := s.p.Accounts.OptedOut(t.Context(), "demo", byTelegram.Address())
		if s.ok(err); !out.ByWord || len(out.AtCarrier) > 0 {
			t.Errorf("our own word goes on: %+v", out)
		}
	})
}

func TestStatusTellsOfAnOptOutAtTheCarrier(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		s.links(byTelegram.Address())
		s.same("STATUS", s.says(byTelegram, "STATUS"), "status.none")
		s.signals(bySMS, channels.OptedOut)
		s.same("elsewhere", s.says(byTelegram, "STATUS"), "status.none status.stopped")
		s.same("by USSD", s.says(talk.Customer{Number: storyNumber, Kind: talk.USSD}, "STATUS"), "status.none status.stopped")
		if log := s.log.String(); strings.Contains(log, "612345678") {
			t.Errorf("the log shows the number: %s", log)
		}
		s.signals(bySMS, channels.OptedIn)
		s.same("in again", s.says(byTelegram, "STATUS"), "status.none")
		s.signals(byTelegram, channels.OptedOut)
		s.sent++
		replies, err := s.Send(t.Context(), talk.Inbound{ID: "status", From: bySMS, Language: s.language, Text: "STATUS"})
		if s.ok(err); keysOf(replies) != "status.none status.stopped" || !strings.Contains(replies[0].Text, " Telegram") {
			t.Errorf("%v", replies)
		}
	})
}

// inFlight has the customer buy what the network takes 40 s to deliver, and stop our SMS at the carrier meanwhile.
func (s *scene) inFlight() {
	s.t.Helper()
	s.ok(s.sims.Tell(s.t.Context(), "network delivers after 40s", ""))
	s.same("KOOP", s.says(bySMS, "KOOP 10 "+storyPIN), "order.working")
	s.signals(bySMS, channels.OptedOut)
}

func TestLateNewsOfWhoIsOutAtTheCarrierGoesToAnotherAddressOfTheirs(t *testing.T) {
	inBothLanguages(t, func(_ *testing.T, s *scene) {
		s.links("telegram:99")
		s.links(byTelegram.Address())
		s.signals(talk.Customer{Number: "+99", Kind: talk.Telegram}, channels.OptedOut)
		s.inFlight()
		s.same("late", s.after(10*time.Minute), "to "+string(byTelegram.Address())+": order.delivered")
		s.same("STATUS", s.says(byTelegram, "STATUS"), "order.delivered status.stopped status.stopped")
		s.untold()
		s.charged(1)
		s.clean()
	})
}

func TestLateNewsThatNobodyCanBeToldIsOnTheOperatorsList(t *testing.T) {
	inBothLanguages(t, func(_ *testing.T, s *scene) {
		s.inFlight()
		s.same("late", s.after(10*time.Minute), "")
		s.untold(string(prepaid.HeldNoWay))
		byUSSD := talk.Customer{Number: storyNumber, Kind: talk.USSD}
		s.same("KOOP by USSD", s.says(byUSSD, "KOOP 15 "+storyPIN), "order.delivered order.working")
		s.untold()
		s.same("late", s.after(10*time.Minute), "")
		s.untold(string(prepaid.HeldNoWay))
		s.same("START", s.says(bySMS, "START"), "start.done to "+string(bySMS.Address())+": order.delivered")
		s.untold()
		s.clean()
	})
}

func TestAnEarlierHoldersNewsIsNotToldToTheNext(t *testing.T) {
	s := newScene(t, "en")
	s.links(byTelegram.Address())
	s.inFlight()
	_, err := s.p.DB.Writer().ExecContext(t.Context(), `UPDATE customers SET holder = holder + 1`)
	s.ok(err)
	c, err := s.p.Accounts.ByMSISDN(t.Context(), "demo", "31612345678")
	s.ok(err)
	_, err = s.p.DB.Writer().ExecContext(t.Context(), `
		INSERT INTO customer_addresses (brand, address, customer, linked_at, holder) VALUES ('demo', 'telegram:77', ?, 1, ?)`, c.ID, c.Holder)
	s.ok(err)
	s.same("late", s.after(10*time.Minute), "")
	s.untold(string(prepaid.HeldNoWay))
}

func TestWhatTheProviderRefusesIsToldElsewhere(t *testing.T) {
	inBothLanguages(t, func(t *testing.T, s *scene) {
		s.ok(s.sims.Tell(t.Context(), "network delivers after 40s", ""))
		s.links(byTelegram.Address())
		s.same("KOOP", s.says(bySMS, "KOOP 10 "+storyPIN), "order.working")
		faked(t, s.p).Fail(s.channelOf(talk.Customer{}), fake.Fault{Class: channels.RecipientOut, Times: 1})
		s.same("late", s.after(10*time.Minute), "to "+string(byTelegram.Address())+": order.delivered")
		s.same("SMS is known to be refused", s.says(bySMS, "KOOP 20 "+storyPIN), "stop.is_out")
		s.untold()
		s.clean()
	})
}

func TestWhatTheProviderNeverTakesIsOnTheOperatorsList(t *testing.T) {
	s := newScene(t, "en")
	s.ok(s.sims.Tell(t.Context(), "network delivers after 40s", ""))
	s.same("KOOP", s.says(bySMS, "KOOP 10 "+storyPIN), "order.working")
	faked(t, s.p).Fail(s.channelOf(talk.Customer{}), fake.Fault{Class: channels.RefusedFor, Times: 1})
	s.same("late", s.after(10*time.Minute), "")
	s.untold(string(prepaid.HeldUndelivered))
	s.same("STATUS", s.says(bySMS, "STATUS"), "order.delivered")
	s.untold()
	s.clean()
}

// faked is the program's fake channel, whose provider can be told to fail.
func faked(t *testing.T, p *core.Program) *fake.Adapter {
	t.Helper()
	c, _ := p.Registry.Declared("demo", "fake")
	return p.Registry.Adapter(c).(*unsteadyFake).Adapter
}

// untold compares the operators' list.
func (s *scene) untold(why ...string) {
	s.t.Helper()
	untold, err := s.p.DB.Notices.Untold(s.t.Context(), "demo", 9)
	s.ok(err)
	var got []string
	for _, n := range untold {
		got = append(got, string(n.Held))
	}
	s.same("the operators' list", strings.Join(got, "; "), strings.Join(why, "; "))
}

func (s *scene) clean() {
	s.t.Helper()
	if violations, err := s.audit(s.t.Context()); err != nil || len(violations) > 0 {
		s.t.Error(violations, err)
	}
}

func must(text string, err error) string {
	if err != nil {
		return err.Error()
	}
	return text
}

func euros(n int64) prepaid.Money { return prepaid.Money{Minor: 100 * n, Currency: "EUR"} }

func TestNoCodeIsSentWhereTheCarrierDeliversNone(t *testing.T) {
	inBothLanguages(t, func(_ *testing.T, s *scene) {
		byUSSD := talk.Customer{Number: storyNumber, Kind: talk.USSD}
		stranger := talk.Customer{Number: "+31699999001", Kind: talk.Telegram}
		register := func() string {
			s.says(stranger, "REGISTER")
			s.says(stranger, storyNumber)
			return s.says(stranger, storyNumber)
		}
		s.links(byTelegram.Address())
		s.signals(bySMS, channels.OptedOut)
		for range 6 { // more than an address may ask for: none is counted
			s.same("FORGOT elsewhere", s.says(byTelegram, "FORGOT"), "code.stopped")
			s.same("FORGOT on a screen", s.says(byUSSD, "FORGOT"), "code.stopped")
		}
		for range 4 { // the number's fifth is its owner's
			s.same("a stranger is not told why", register(), "code.unreachable registration.ask_msisdn")
		}
		s.same("nor of any number of numbers", register(), "code.too_many")
		s.signals(bySMS, channels.OptedIn)
		s.after(61 * time.Minute)
		s.same("in again", s.says(byTelegram, "FORGOT"), "pin.ask_code to "+string(bySMS.Address())+":")
	})
}
