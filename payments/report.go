package payments

import (
	"time"

	"pulsa/prepaid"
)

// MovementKind is what happened to a customer's money at a gateway.
type MovementKind string

// The kinds of movement.
const (
	MovedCharge MovementKind = "charge" // also a debit that is still pending
	MovedRefund MovementKind = "refund"
	MovedReturn MovementKind = "return"
)

// Movement is one line of a gateway's own report.
type Movement struct {
	Kind      MovementKind
	Reference string        // the charge's id
	Amount    prepaid.Money // zero where nothing moved
	Status    string        // then: the gateway's word for it
	At        time.Time
}
