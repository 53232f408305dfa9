// Package topup is an order of airtime from the request until it is delivered or refunded: its legal
// transitions, the saga that moves it, its limits and its ledger. Money moves only here. What charges the
// customer is a Funding (payments, cards), what credits the number is a Network.
package topup
