package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/topup"
)

// bareTurn is a turn at a state, without services.
func bareTurn(t testing.TB, b *prepaid.Brand, all *BrandPrompts, s *Session, text string) *Turn {
	t.Helper()
	can, _ := channels.Of(channels.SMS)
	c := channels.Channel{Brand: b, Name: "fake", Type: "fake"}
	in := channels.Inbound{ID: "m", Address: "tel:+31612345678", Text: text, Can: can}
	turn := &Turn{
		brand: b, channel: c, in: in, session: s, all: all, prompts: all.ByLanguage["en"],
		now: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC), result: "ok",
	}
	turn.command = all.Words.readTidied(text, turn.tidied())
	turn.computes = &bareComputes
	return turn
}

var bareComputes = computes{
	pinKey:  func(_ string, pin prepaid.Secret) string { return "key of " + pin.Reveal() },
	samePIN: func(key, _ string, pin prepaid.Secret) bool { return key == "key of "+pin.Reveal() },
	checkStrength: func(_ string, _ prepaid.MSISDN, pin prepaid.Secret) error {
		if pin.Reveal() == "1111" {
			return accounts.ErrWeakPIN
		}
		return nil
	},
}

func TestUnderstanding(t *testing.T) {
	b := demoBrand()
	all, e := mustPrompts(t, b), mustEngine(t)
	tests := []struct {
		state, text string
		event       Event
		said        Key // first key, where there is no event
	}{
		{idle, "KOOP", Event(ActTopUp), ""},
		{idle, "exit", noEvent, "exit.nothing"},
		{idle, "hello", noEvent, "input.not_understood"},
		{idle, "4111 1111 1111 1111", noEvent, "input.card_number"},
		{idle, "", noEvent, "input.not_understood"},
		{"registration.ask_msisdn", "0612345678", "typed", ""},
		{"registration.ask_msisdn", "hello", noEvent, "registration.msisdn_invalid"},
		{"registration.ask_msisdn", "0201234567", noEvent, "registration.msisdn_not_mobile"},
		{"registration.ask_msisdn", "+447400123456", noEvent, "registration.msisdn_other_country"},
		{"registration.ask_msisdn", "EXIT", evExit, ""},
		{"registration.ask_msisdn", "back", noEvent, "back.nothing"},
		{"registration.ask_msisdn", "koop 10 1234", Event(ActTopUp), ""},
		{"registration.ask_msisdn_again", "TERUG", evBack, ""},
		{"registration.ask_pin", "48 21", "typed", ""},
		{"registration.ask_pin", "48212", noEvent, "pin.invalid"},
		{"registration.ask_pin", "1111", noEvent, "pin.weak"},
		{"registration.ask_pin", "KOOP", Event(ActTopUp), ""},
		{"registration.ask_method", "2", "chosen", ""},
		{"registration.ask_method", "paypal", "chosen", ""}, // not PAY
		{"registration.ask_method", "PAY", Event(ActPay), ""},
		{"registration.ask_method", "9", noEvent, "input.not_a_choice"},
		{"registration.ask_method", "lang nl", noEvent, "lang.done"},
		{"registration.await_payment", "hello?", noEvent, "registration.still_waiting"},
		{"topup.ask_amount", "20 4821", "complete", ""},
		{"topup.ask_amount", "€20", "amount", ""},
		{"topup.ask_amount", "21", noEvent, "topup.wrong_step"},
		{"topup.ask_amount", "60", noEvent, "topup.out_of_range"},
		{"topup.ask_amount", "KOOP 10 4821", Event(ActTopUp), ""},
		{"topup.ask_pin", "KOOP 10 4821", Event(ActTopUp), ""},
		{"topup.ask_pin", "4821.", "typed", ""},
		{"redeem.ask_code", "1234 5678 9012 34", "typed", ""},
		{"redeem.ask_code", "no idea", noEvent, "redeem.code_invalid"},
		{"lang.ask", "nederlands", "chosen", ""},
		{"lang.ask", "1", "chosen", ""},
		{"lang.ask", "klingon", noEvent, "lang.unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.state+" "+tt.text, func(t *testing.T) {
			turn := bareTurn(t, b, all, &Session{State: tt.state}, tt.text)
			event := e.understand(turn)
			if event != tt.event {
				t.Errorf("event %q, want %q (said %v)", event, tt.event, turn.said)
			}
			if tt.said != "" && (len(turn.said) == 0 || turn.said[0].Key != tt.said) {
				t.Errorf("said %v, want %s first", turn.said, tt.said)
			}
		})
	}
}

func TestThreeFailuresOfferHelpAndExit(t *testing.T) {
	b := demoBrand()
	all, e := mustPrompts(t, b), mustEngine(t)
	s := &Session{State: "registration.ask_method"}
	for n := 1; n <= 3; n++ {
		turn := bareTurn(t, b, all, s, "nonsense")
		e.understand(turn)
		offered := false
		for _, p := range turn.said {
			offered = offered || p.Key == "input.offer_exit" && strings.Contains(p.Text, "HELP") && strings.Contains(p.Text, "EXIT")
		}
		if offered != (n == 3) {
			t.Errorf("failure %d: offered %v", n, offered)
		}
		if last := turn.said[len(turn.said)-1].Key; last != "registration.ask_method" {
			t.Errorf("failure %d ends with %s", n, last)
		}
	}
}

func TestSessionsSurviveTheirStore(t *testing.T) {
	tb := mustEngine(t).table
	for stored, want := range map[string]struct {
		state string
		lost  bool
	}{
		``:                                       {idle, false},
		`{"state":"idle"}`:                       {idle, false},
		`{"state":"topup.ask_pin"}`:              {"topup.ask_pin", false},
		`{"state":"topup.of_an_older_program"}`:  {idle, true},
		`{"state":"topup.check_pin"}`:            {idle, true}, // an acting state is never rested in
		`not json`:                               {idle, true},
		`{"state":"topup.ask_pin","newer":true}`: {"topup.ask_pin", false},
	} {
		s, lost := decodeSession([]byte(stored), tb)
		if s.State != want.state || lost != want.lost {
			t.Errorf("%q: state %s lost %v, want %s %v", stored, s.State, lost, want.state, want.lost)
		}
	}
}

func TestExpiryForgetsPINsAndThenAnswers(t *testing.T) {
	tb := mustEngine(t).table
	asked := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	session := func() Session {
		return Session{State: "registration.ask_pin_again", At: prepaid.Micros(asked), Answers: Answers{MSISDN: "31612345678", PINKey: "key"}}
	}
	s := session()
	s.expire(asked.Add(pinTimeout), tb)
	if s.Expired || s.PINKey == "" {
		t.Error("expired too early")
	}
	s = session()
	s.expire(asked.Add(pinTimeout+time.Second), tb)
	if !s.Expired || s.PINKey != "" || s.State != "registration.ask_pin" || s.MSISDN == "" {
		t.Errorf("after the time-out: %+v", s)
	}
	s = session()
	s.expire(asked.Add(answersKept+time.Second), tb)
	if s.State != idle || s.MSISDN != "" {
		t.Errorf("after a day: %+v", s)
	}
}

func TestTablesAreChecked(t *testing.T) {
	ask := func(*Turn) (Event, Key) { return noEvent, "" }
	flow := func(states []State, transitions ...Transition) error {
		_, err := newTable([]Flow{{Name: "f", States: states, Transitions: transitions}}, map[Event]string{"go": "f.ask"})
		return err
	}
	good := State{Name: "f.ask", Prompt: "p", Help: "h", Accept: ask}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"good":      {flow([]State{good}), ""},
		"unreached": {flow([]State{good, {Name: "f.other", Prompt: "p", Help: "h", Accept: ask}}), "can't be reached"},
		"dead end":  {flow([]State{good, {Name: "f.act", Act: beginRegistrationForTest}}, Transition{From: "f.ask", Event: "x", To: "f.act"}), "dead end"},
		"ambiguous": {flow([]State{good}, Transition{From: "f.ask", Event: "x", To: idle}, Transition{From: "f.ask", Event: "x", To: "f.ask"}), "two ways"},
		"unknown":   {flow([]State{good}, Transition{From: "f.ask", Event: "x", To: "f.none"}), "no state f.none"},
		"no prompt": {flow([]State{{Name: "f.ask", Accept: ask}}), "no prompt"},
		"no help":   {flow([]State{{Name: "f.ask", Prompt: "p", Accept: ask}}), "no Help"},
		"neither":   {flow([]State{{Name: "f.ask", Prompt: "p"}}), "either ask"},
		"twice":     {flow([]State{good, good}), "there twice"},
	} {
		if got := tt.err; (got == nil) != (tt.want == "") || got != nil && !strings.Contains(got.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, got, tt.want)
		}
	}
}

func beginRegistrationForTest(context.Context, *Services, *Turn) Event { return noEvent }

func TestMachineRefusesWhatTheTableDoesNotKnow(t *testing.T) {
	m := mustEngine(t).machine
	if _, err := m.next(context.Background(), idle, "typed"); err == nil {
		t.Error("an event that is none here was taken")
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.next(cancelled, idle, Event(ActTopUp)); err == nil {
		t.Error("a cancelled turn went on")
	}
	for range 100 { // no instance in the pool was spoilt by the errors
		if to, err := m.next(context.Background(), "topup.ask_pin", "typed"); err != nil || to != "topup.check_pin" {
			t.Fatalf("to %s, %v", to, err)
		}
	}
}

// engineTurns are turns without services, as benchmarked: session decoded, text understood, transition made, reply rendered, session encoded.
func engineTurns(tb testing.TB) map[string]func() {
	brand := demoBrand()
	all, e := mustPrompts(tb, brand), mustEngine(tb)
	turns := map[string]func(){}
	for name, tt := range map[string]struct{ state, text string }{
		"amount":   {"topup.ask_amount", "20"},
		"method":   {"registration.ask_method", "2"},
		"nonsense": {"registration.ask_method", "what is this?"},
		"msisdn":   {"registration.ask_msisdn", "06 12345678"}, // much of it is the phone number library's
	} {
		stored, err := json.Marshal(Session{State: tt.state, At: 1767258000000000, Language: "en", Answers: Answers{Key: "bcdfghjklm", MSISDN: "31612345678", Customer: "bcdfghjklmnpqrstvwxz"}})
		if err != nil {
			tb.Fatal(err)
		}
		turns[name] = func() {
			s, _ := decodeSession(stored, e.table)
			turn := bareTurn(tb, brand, all, s, tt.text)
			if event := e.understand(turn); event != noEvent {
				if _, err := e.fire(context.Background(), turn, event); err != nil {
					tb.Fatal(err)
				}
			}
			channels.Render(turn.message(), turn.in.Can)
			if _, err := s.encode(); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return turns
}

func BenchmarkEngineTurn(b *testing.B) {
	for name, turn := range engineTurns(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				turn()
			}
		})
	}
}

// TestATurnAllocatesFewBytes takes the least of several rounds: the runtime counts the whole program, and a goroutine that
// moves to another processor finds that one's pools empty.
func TestATurnAllocatesFewBytes(t *testing.T) {
	race.Skip(t)
	const most, rounds, turns = 4096, 20, 100
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the pools, which are filled for many turns
	for name, turn := range engineTurns(t) {
		least := uint64(math.MaxUint64)
		for range rounds {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range turns {
				turn()
			}
			runtime.ReadMemStats(&after)
			least = min(least, (after.TotalAlloc-before.TotalAlloc)/turns)
		}
		if least > most {
			t.Errorf("a turn of %s allocates %d bytes, %d at most", name, least, most)
		}
	}
}

func TestDirectDebitsAreOfferedInEurosOnly(t *testing.T) {
	for currency, want := range map[prepaid.Currency]string{"EUR": "sepa", "SRD": "card"} {
		b := demoBrand()
		b.Currency = currency
		s := &Session{State: "registration.ask_method"}
		turn := bareTurn(t, b, mustPrompts(t, b), s, "1")
		e := mustEngine(t)
		e.ask(turn, e.table.states[s.State])
		if event := e.understand(turn); turn.choices[0].ID != want || event != "chosen" || s.Method != want {
			t.Errorf("%s: %v offered, %q chosen by %q", currency, turn.choices, s.Method, event)
		}
	}
}

func TestWhyAnOrderIsRefusedIsSaid(t *testing.T) {
	for key, err := range map[Key]error{
		"topup.blocked":  topup.ErrBlocked,
		"account.frozen": topup.ErrFrozen,
		"pay.ended":      topup.ErrInstrumentEnded,
		"topup.limit":    &topup.LimitError{Name: "day_sum"},
	} {
		turn := Turn{brand: demoBrand(), prompts: mustPrompts(t, demoBrand()).ByLanguage["en"]}
		event := turn.answerError(fmt.Errorf("place order: %w", err))
		if event != "refused" || len(turn.said) != 1 || turn.said[0].Key != key {
			t.Errorf("%v: %s, said %+v; want %s", err, event, turn.said, key)
		}
	}
}

func TestAMandateWhoseTextHasChangedIsShownWholeBeforeItIsGiven(t *testing.T) {
	b := demoBrand()
	all, e := mustPrompts(t, b), mustEngine(t)
	s := &Session{State: "pay.agree", Answers: Answers{Mandate: Mandate{Reference: "R", Holder: "J. Jansen", IBAN: "NL** **** 4300", Shown: "of a program before"}}}
	say := func(text string) (Event, []Key) {
		turn := bareTurn(t, b, all, s, text)
		event := e.understand(turn)
		keys := make([]Key, len(turn.said))
		for i, p := range turn.said {
			keys[i] = p.Key
		}
		return event, keys
	}
	event, keys := say("AGREE")
	if diff := cmp.Diff([]Key{"mandate.agree_only", mandateText}, keys); diff != "" || event != noEvent {
		t.Errorf("event %q, %s", event, diff)
	}
	event, keys = say("yes")
	if diff := cmp.Diff([]Key{"mandate.agree_only"}, keys); diff != "" || event != noEvent {
		t.Errorf("event %q, %s", event, diff)
	}
	if event, _ = say("AGREE"); event != "agreed" {
		t.Errorf("event %q", event)
	}
}

// The number may be changed from another phone while "again?" stands.
func TestAnOrderForAnotherNumberThanTheQuestionNamedIsNotPlaced(t *testing.T) {
	b := demoBrand()
	s := &Session{State: "topup.place", Answers: Answers{Customer: "c", Holder: 1, MSISDN: "31612345678", Amount: 1000, Authorised: true}}
	turn := bareTurn(t, b, mustPrompts(t, b), s, "1")
	turn.customer = &accounts.Customer{ID: "c", Holder: 1, MSISDN: "31687654321"}
	event := placeOrder(context.Background(), &Services{}, turn) // without services: whoever places an order panics
	if event != "refused" || len(turn.said) != 1 || turn.said[0].Key != "session.lost" || turn.err != nil {
		t.Errorf("event %q, said %+v, error %v", event, turn.said, turn.err)
	}
}
