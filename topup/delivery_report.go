package topup

import (
	"time"

	"pulsa/prepaid"
)

// Delivery is one line of a network's own report of what it was asked for.
type Delivery struct {
	Reference  string // the order's id
	NetworkRef string
	Amount     prepaid.Money // delivered; zero where nothing was
	Asked      prepaid.Money // where the network was asked for an amount in its own currency; else zero
	Status     string        // the network's word for it where nothing was delivered
	At         time.Time
}
