package topup

import (
	"time"

	"pulsa/prepaid"
)

// Delivery is one line of a network's own report of what it has delivered.
type Delivery struct {
	Reference  string // the order's id
	NetworkRef string
	Amount     prepaid.Money // as it was bought
	At         time.Time
}
