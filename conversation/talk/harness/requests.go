package harness

import (
	"time"

	"pulsa/conversation/talk"
	"pulsa/prepaid"
)

// Request is the body of every test endpoint; each reads what it needs.
type Request struct {
	Customer talk.Customer
	Language string
	Event    *talk.Event
	Fact     *talk.Fact
	Since    time.Time        // of facts that count: when the story began
	Numbers  []prepaid.MSISDN // of facts that count: whose
	PIN      string           // of a given customer
	Method   string
	Card     *CardRequest
}

// CardRequest is a given card: a talk.GivenCard never shows its code, and this must.
type CardRequest struct {
	Serial, Code, Expires string
	Amount                prepaid.Money
	Generated             bool
}

// TurnAnswer is what a message was made of.
type TurnAnswer struct {
	Parts   []talk.Part
	Choices []talk.Choice
}

// StateAnswer is where a conversation stands.
type StateAnswer struct {
	State  string
	Secret bool
}
