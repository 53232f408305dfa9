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
	Since    time.Time        // for facts that count: when the story began
	Numbers  []prepaid.MSISDN // for facts that count: the numbers to count
	PIN      string           // of a given customer
	Method   string
	Card     *CardRequest
}

// CardRequest is a given card with its code, which a talk.GivenCard never shows.
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
