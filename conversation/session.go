package conversation

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Session is what is remembered of a conversation between two messages. It holds no PIN and no card code.
type Session struct {
	State    string `json:"state"`
	At       int64  `json:"at"` // microseconds: when the last message was answered
	Language string `json:"lang,omitempty"`
	Wish     int64  `json:"wish,omitempty"` // what a stranger asked for, minor units: asked about once they are registered
	// Question numbers the question that was asked last, which its buttons carry. One that is put again, because
	// the answer was not understood or news came in between, keeps its number.
	Question uint32 `json:"question,omitempty"`
	Failures int16  `json:"failures,omitempty"` // answers in a row that the state could not use
	Expired  bool   `json:"expired,omitempty"`  // the customer was asked whether to go on
	Guessed  bool   `json:"guessed,omitempty"`  // the language: from a word or a number, or the brand's first
	// Told are the last orders that the customer was told of, each with what was told: "BKTRMWQXZD:order.delivered".
	Told []string `json:"told,omitempty"`
	// Dial is the provider's session (USSD) that the last message came in.
	Dial string `json:"dial,omitempty"`
	// Screen is what the dialled phone shows, where its provider sends only what was typed last.
	Screen Screen `json:"screen,omitzero"`
	// Texted is that session, and the link that was sent by SMS in it.
	Texted string `json:"texted,omitempty"`
	Answers
}

// Answers are what the customer has said in the present flow. They are forgotten when it ends.
type Answers struct {
	Key      string             `json:"key,omitempty"` // the message that started the flow
	MSISDN   prepaid.MSISDN     `json:"msisdn,omitempty"`
	PINKey   string             `json:"pinkey,omitempty"` // the first PIN, only comparable
	Customer prepaid.CustomerID `json:"customer,omitempty"`
	Holder   int                `json:"holder,omitempty"` // the number's when the flow began
	Amount   int64              `json:"amount,omitempty"` // minor units of the brand's currency
	Either   []int64            `json:"either,omitempty"` // amounts that the one typed may be
	Meant    Action             `json:"meant,omitempty"`  // by a slip of its word
	Word     string             `json:"word,omitempty"`   // that word
	Card     string             `json:"card,omitempty"`   // the serial of a card whose code was right
	Other    prepaid.MSISDN     `json:"other,omitempty"`  // whom the card is to top up, where not the sender
	Method   string             `json:"method,omitempty"`
	Link     string             `json:"link,omitempty"`
	Setup    prepaid.SetupID    `json:"setup,omitempty"` // the last one that the flow has opened
	// What the flows about the account itself want to know.
	Instrument prepaid.InstrumentID `json:"instrument,omitempty"` // to be removed
	Display    string               `json:"display,omitempty"`    // as it is shown
	Number     prepaid.MSISDN       `json:"number,omitempty"`     // that the account is to have
	Present    Linked               `json:"present,omitzero"`     // where the customer writes from
	Linked     []Linked             `json:"linked,omitempty"`     // their other addresses
	Unlink     Linked               `json:"unlink,omitzero"`
	Mandate    Mandate              `json:"mandate,omitzero"`
	// Flags stand together: one by one, each would take 8 bytes of every turn.
	Proven     bool `json:"proven,omitempty"`     // that the number is the customer's own
	Recognised bool `json:"recognised,omitempty"` // the network knows it
	Coded      bool `json:"coded,omitempty"`      // by a code that was sent to it in this flow
	Recovers   bool `json:"recovers,omitempty"`   // the PIN is to be set without the old one
	Authorised bool `json:"authorised,omitempty"` // the PIN was right in this flow
	Confirmed  bool `json:"confirmed,omitempty"`  // buy the same again
	OldProven  bool `json:"oldproven,omitempty"`  // by a code on the present number, for this new one
	NewProven  bool `json:"newproven,omitempty"`  // by a code on the new one
}

// toldKept is how many orders a customer may hear of at once: a purchase, and cards in between.
const toldKept = 4

// How long sessions and their parts are kept.
const (
	answersKept = 24 * time.Hour
	memoKept    = 48 * time.Hour
	sessionKept = 90 * 24 * time.Hour // the language; the answers go after a day
)

// decodeSession reads a stored session. What can't be read, or names a state that this program does not have
// (any more), begins anew; lost says so.
func decodeSession(data []byte, tb *table) (s *Session, lost bool) {
	if len(data) == 0 {
		return &Session{State: idle}, false
	}
	s = &Session{}
	if err := json.Unmarshal(data, s); err != nil {
		return &Session{State: idle}, true
	}
	if st := tb.states[s.State]; st == nil || st.Act != nil {
		return &Session{State: idle, Language: s.Language, Guessed: s.Guessed, Told: s.Told, Dial: s.Dial, Screen: s.Screen, Question: s.Question}, true
	}
	return s, false
}

// hears notes what a customer is told of an order, and reports whether they have heard just that before.
func (s *Session) hears(o orderReport) bool {
	key := o.key()
	if slices.Contains(s.Told, key) {
		return true
	}
	s.Told = slices.DeleteFunc(s.Told, func(k string) bool { return strings.HasPrefix(k, string(o.ID)+":") })
	s.Told = append(s.Told, key)
	if len(s.Told) > toldKept {
		s.Told = slices.Delete(s.Told, 0, len(s.Told)-toldKept)
	}
	return false
}

func (s *Session) encode() ([]byte, error) { return json.Marshal(s) }

// newQuestion numbers the next question. The number is a random distance from the last one: a session that was lost
// begins anew, and must not give out the numbers of the buttons that are still on the customer's screen.
func (s *Session) newQuestion() { s.Question += 1 + rand.Uint32N(1<<31) }

// endFlow ends the flow and forgets its answers.
func (s *Session) endFlow() {
	s.Answers = Answers{}
	s.Failures = 0
	s.Expired = false
	s.Wish = 0
}

// restsAt reports whether nothing is going on any more: no question stands that its customer may remember.
func (s *Session) restsAt(now time.Time, tb *table) bool {
	if s.State == idle {
		return true
	}
	age := now.Sub(prepaid.FromMicros(s.At))
	return age > answersKept || age > tb.timeoutOf(s.State) && isPassing(s.State)
}

// expire looks how old the question is: it may have expired, or be so old that nobody remembers it.
func (s *Session) expire(now time.Time, tb *table) {
	if s.State == idle {
		return
	}
	state := tb.states[s.State]
	switch {
	case s.restsAt(now, tb):
		s.endFlow()
		s.State = idle
	case now.Sub(prepaid.FromMicros(s.At)) > tb.timeoutOf(s.State) && !s.Expired:
		s.Expired = true
		s.Failures = 0
		if state.Resume != "" {
			s.State = state.Resume
		}
		s.PINKey = ""
		s.Authorised = false
		s.Mandate = Mandate{}
	}
}

// OpenFlow is a conversation in the middle of something, as it is stored.
type OpenFlow struct {
	State  string
	Amount int64 // that is being bought, in minor units of the brand's currency; 0: none yet
}

// ReadOpenFlow reads a stored session; ok is false where it waits for nothing, or has waited for so long that nobody goes on with it.
func ReadOpenFlow(session []byte, now time.Time) (f OpenFlow, ok bool) {
	var s Session
	if json.Unmarshal(session, &s) != nil || s.State == "" || s.State == idle || now.Sub(prepaid.FromMicros(s.At)) > answersKept {
		return OpenFlow{}, false
	}
	return OpenFlow{s.State, s.Amount}, true
}
