package talk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// EventKind says what happens. The first seven are the runner's own; a Program is never asked for them.
type EventKind string

// The kinds of events.
const (
	Again           EventKind = "again"
	SameID          EventKind = "same id" // the next message carries the id of the last
	Together        EventKind = "together"
	End             EventKind = "end" // of Together
	AnotherCustomer EventKind = "another customer"
	CustomerIs      EventKind = "customer"
	Wait            EventKind = "wait"

	SetupCompleted        EventKind = "customer completes payment setup"
	SetupAbandoned        EventKind = "customer abandons payment setup"
	CustomerAuthenticates EventKind = "customer authenticates"
	// From now on as Behaviour says; what happens to a charge or delivery of before, such as "payment returns the
	// debit" and "network takes the delivery back", happens at once.
	PaymentBehaves EventKind = "payment"
	NetworkBehaves EventKind = "network"
	WindowCloses   EventKind = "window closes" // nothing can be pushed to the present customer until they write
	ChannelDown    EventKind = "channel down"
	RedisLost      EventKind = "redis lost"
	RedisDown      EventKind = "redis down"
	Restart        EventKind = "restart"
	CrashAfter     EventKind = "crash after"

	tellsBalance EventKind = "balance" // until networks tell balances, a story that says it is wrong
)

// Event is one "!" line.
type Event struct {
	Kind      EventKind
	Behaviour string        // of PaymentBehaves and NetworkBehaves, as written: "times out after delivering", "rejects INVALID_AMOUNT"
	Code      string        // of "network rejects" and "fails with": "INVALID_AMOUNT"
	For       time.Duration // of Wait, ChannelDown, RedisDown and what is "after" a while
	Point     string        // of CrashAfter
	Number    string        // of CustomerIs
}

func eventPhrases() []phrase[EventKind] {
	return []phrase[EventKind]{
		{"again", Again},
		{"another customer", AnotherCustomer},
		{"wait DURATION", Wait},
		{"customer completes payment setup", SetupCompleted},
		{"customer abandons payment setup", SetupAbandoned},
		{"customer authenticates", CustomerAuthenticates},
		{"customer NUMBER", CustomerIs},
		{"payment approves", PaymentBehaves},
		{"payment declines", PaymentBehaves},
		{"payment times out", PaymentBehaves},
		{"payment times out after charging", PaymentBehaves},
		{"payment needs authentication", PaymentBehaves},
		{"payment pends", PaymentBehaves},
		{"payment approves after DURATION", PaymentBehaves},
		{"payment answers garbage", PaymentBehaves},
		{"payment reports after DURATION", PaymentBehaves},
		{"payment is not atomic", PaymentBehaves},
		{"payment is atomic", PaymentBehaves},
		{"payment refunds", PaymentBehaves},
		{"payment refuses to refund", PaymentBehaves},
		{"payment times out refunding", PaymentBehaves},
		{"payment times out after refunding", PaymentBehaves},
		{"payment returns the debit", PaymentBehaves},
		{"payment revokes the mandate", PaymentBehaves},
		{"payment is disputed", PaymentBehaves},
		{"payment settles the debits", PaymentBehaves},
		{"network delivers", NetworkBehaves},
		{"network rejects CODE", NetworkBehaves},
		{"network fails with CODE", NetworkBehaves},
		{"network times out", NetworkBehaves},
		{"network times out after delivering", NetworkBehaves},
		{"network delivers after DURATION", NetworkBehaves},
		{"network is out of funds", NetworkBehaves},
		{"network is unavailable", NetworkBehaves},
		{"network answers garbage", NetworkBehaves},
		{"network reports after DURATION", NetworkBehaves},
		{"network is not atomic", NetworkBehaves},
		{"network is atomic", NetworkBehaves},
		{"network takes the delivery back", NetworkBehaves},
		{"same id", SameID},
		{"together", Together},
		{"end", End},
		{"balance CURRENCY AMOUNT", tellsBalance},
		{"window closes", WindowCloses},
		{"channel down DURATION", ChannelDown},
		{"redis lost", RedisLost},
		{"redis down DURATION", RedisDown},
		{"restart", Restart},
		{"crash after POINT", CrashAfter},
	}
}

// parseEvent reads what stands behind "!". Nil points are not checked.
func parseEvent(text string, points []string) (Event, *wrong) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Event{}, wrongf("write what happens, like ! wait 31m", "an event that says nothing")
	}
	kind, args, ok := matchPhrase(words, eventPhrases())
	if !ok {
		return Event{}, wrongf(likely(words, eventPhrases()), "unknown event %q", text)
	}
	e := Event{Kind: kind, Code: args["CODE"], Point: args["POINT"], Number: args["NUMBER"]}
	if kind == PaymentBehaves || kind == NetworkBehaves {
		e.Behaviour = strings.Join(words[1:], " ")
	}
	if d, has := args["DURATION"]; has {
		var err *wrong
		if e.For, err = parseDuration(d); err != nil {
			return Event{}, err
		}
	}
	if kind == tellsBalance {
		if _, err := parseAmount(args["CURRENCY"], args["AMOUNT"]); err != nil {
			return Event{}, err
		}
		return Event{}, wrongf("take the line out until automatic top-up is there", "! balance is not available yet: no network tells balances")
	}
	switch {
	case e.Number != "" && !e164(e.Number):
		return Event{}, wrongf("write customer +31612345678, another customer, customer completes payment setup, customer abandons payment setup or customer authenticates",
			"%q is not a number in full", e.Number)
	case e.Point != "" && len(points) > 0 && !slices.Contains(points, e.Point):
		return Event{}, wrongf(instead(e.Point, points), "unknown point %q", e.Point)
	case e.Code != "" && strings.Trim(e.Code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "":
		return Event{}, wrongf("write one of the network's codes, like INVALID_RECIPIENT_PHONE", "%q is not a code", e.Code)
	}
	return e, nil
}

func e164(text string) bool {
	_, err := prepaid.ParseE164(text)
	return err == nil
}

// String says the event as a script does.
func (e Event) String() string {
	switch e.Kind {
	case CustomerIs:
		return "customer " + e.Number
	case PaymentBehaves, NetworkBehaves:
		return string(e.Kind) + " " + e.Behaviour
	case Wait, ChannelDown, RedisDown:
		return fmt.Sprintf("%s %s", e.Kind, shortDuration(e.For))
	case CrashAfter:
		return "crash after " + e.Point
	}
	return string(e.Kind)
}

// shortDuration is the inverse of parseDuration: in the largest unit that fits.
func shortDuration(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= unit.of && d%unit.of == 0 {
			return fmt.Sprintf("%d%s", d/unit.of, unit.name)
		}
	}
	return fmt.Sprintf("%ds", d/time.Second)
}
