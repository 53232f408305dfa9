package accounts

import (
	"context"
	"slices"
	"time"

	"pulsa/prepaid"
)

// OptOut is how an address has opted out of our messages. The two ways are told apart: by our own word STOP, which we
// keep ourselves, and at a carrier or messenger, which delivers nothing more of ours on one channel.
type OptOut struct {
	// ByWord: we start nothing with them, on any channel. What they start is served and answered.
	ByWord bool
	// AtCarrier names the brand's channels that reach them no more: nothing can be answered there.
	AtCarrier []string
}

// None reports whether they have not opted out at all.
func (o OptOut) None() bool { return !o.ByWord && len(o.AtCarrier) == 0 }

// At reports whether a channel reaches them no more.
func (o OptOut) At(channel string) bool { return slices.Contains(o.AtCarrier, channel) }

// Wants reports whether we may start something with them on a channel.
func (o OptOut) Wants(channel string) bool { return !o.ByWord && !o.At(channel) }

// KnownAddress is an address that a customer has proven, and how it has opted out.
type KnownAddress struct {
	Address  prepaid.Address
	Kind     string // how the customer writes there: a channels.Kind; empty where it is not known
	LinkedAt time.Time
	Out      OptOut
}

// byWord stands for the name of a channel where STOP was said to us.
const byWord = ""

// OptOut takes a customer's word: we start nothing with the address any more, on any channel.
func (s *Service) OptOut(ctx context.Context, brand string, a prepaid.Address) error {
	return s.optOut(ctx, brand, a, byWord)
}

// OptOutAt notes that the carrier or messenger of a channel delivers nothing more to the address. It may be repeated.
func (s *Service) OptOutAt(ctx context.Context, brand, channel string, a prepaid.Address) error {
	return s.optOut(ctx, brand, a, channel)
}

// optOut is what every STOP comes to, whoever said it: what else a STOP ends, such as automatic top-ups, is ended here.
func (s *Service) optOut(ctx context.Context, brand string, a prepaid.Address, channel string) error {
	return s.c.OptOuts.SetOptOut(ctx, brand, a, []string{channel}, true, s.c.Clock.Now())
}

// OptIn takes a customer's START on a channel: both their own word and the opt-out at its carrier are undone.
func (s *Service) OptIn(ctx context.Context, brand, channel string, a prepaid.Address) error {
	return s.optIn(ctx, brand, a, byWord, channel)
}

// OptInAt notes that a channel reaches the address again. Their own word stands.
func (s *Service) OptInAt(ctx context.Context, brand, channel string, a prepaid.Address) error {
	return s.optIn(ctx, brand, a, channel)
}

func (s *Service) optIn(ctx context.Context, brand string, a prepaid.Address, channels ...string) error {
	if err := s.Remember(ctx, brand, a); err != nil { // what an erased customer said there is taken back, too
		return err
	}
	return s.c.OptOuts.SetOptOut(ctx, brand, a, channels, false, s.c.Clock.Now())
}

// OptedOut tells how an address has opted out.
func (s *Service) OptedOut(ctx context.Context, brand string, a prepaid.Address) (OptOut, error) {
	channels, err := s.c.OptOuts.OptedOut(ctx, brand, a, s.addressPseudonyms(brand, a)...)
	return NewOptOut(channels), err
}

// NewOptOut puts together what is stored of an address: the channels at which it has opted out, "" for our own word.
func NewOptOut(channels []string) OptOut {
	var o OptOut
	for _, channel := range channels {
		if channel == byWord {
			o.ByWord = true
		} else {
			o.AtCarrier = append(o.AtCarrier, channel)
		}
	}
	return o
}

// AddressesOf lists the proven addresses of a customer's present holder, and how each has opted out.
func (s *Service) AddressesOf(ctx context.Context, id prepaid.CustomerID) ([]KnownAddress, error) {
	return s.c.OptOuts.AddressesOf(ctx, id)
}
