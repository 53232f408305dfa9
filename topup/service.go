package topup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pulsa/prepaid"
)

// Config is what a Service is made of. All fields are needed but Deeds, Reached and Moved.
type Config struct {
	Orders   Orders
	Finder   Finder
	Networks map[string]Network // by the name that brands and orders have
	Fundings map[FundingKind]Funding
	Brands   *prepaid.Brands
	// Patience is how long a customer on a kind of channel waits for the result in the reply. The notice of a result is
	// due after that.
	Patience func(kind string) time.Duration
	Clock    prepaid.Clock
	Log      *slog.Logger
	// Deeds keeps what operators do: Resolve, Refund and Goodwill need it.
	Deeds Deeds
	// Reached is called at the named crash points: "order", "charge", "charged", "delivery", "delivered",
	// "refund". Only tests set it.
	Reached func(point string)
	// Refuses returns an error where nothing of the kind is sold now: ErrNumberBlocked, *PausedError. It may be nil.
	Refuses func(r Request) error
	// Moved is told of every status change, for metrics.
	Moved func(brand string, from, to Status)
}

// Service takes orders and carries them to their end. Safe for concurrent use.
type Service struct {
	c Config

	mu         sync.Mutex
	lastFlight int
	inFlight   map[int]context.CancelFunc // ends each piece of work that is under way
}

// New returns a Service.
func New(c Config) *Service { return &Service{c: c, inFlight: make(map[int]context.CancelFunc)} }

// Request asks for airtime.
type Request struct {
	Brand        string
	Customer     prepaid.CustomerID // empty where a stranger redeems a card
	MSISDN       prepaid.MSISDN
	Email        prepaid.Email // instead of the MSISDN
	Amount       prepaid.Money
	Funding      FundingRef
	OperationKey string
	ReplyTo      ReplyTo
	AuthorisedBy string
	Confirmed    bool          // the customer was asked whether to buy the same again
	Sale         *Sale         // with a funding ByDeveloper
	DebitLater   bool          // with a Sale: the order is stored before its funding is asked, and declined if that refuses
	Patience     time.Duration // how long the caller waits; the order goes on without it
}

// recogniseMax is how long a network may take to recognise a number: a customer waits for it.
const recogniseMax = 5 * time.Second

// Recognise asks the brand's network for the number: nil, ErrUnknownNumber or ErrNetworkDown.
func (s *Service) Recognise(ctx context.Context, brand string, m prepaid.MSISDN) error {
	var network Network = noNetwork{}
	if b := s.c.Brands.Named(brand); b != nil {
		network = s.network(b.Network)
	}
	ctx, cancel := context.WithTimeout(ctx, recogniseMax)
	defer cancel()
	answers := make(chan error, 1)
	inTime := s.c.Clock.Within(recogniseMax, func() {
		err := prepaid.Guard(func() error { return network.Recognise(ctx, m) })
		if errors.As(err, new(*prepaid.PanicError)) {
			s.c.Log.ErrorContext(ctx, "recognise number", "brand", brand, "msisdn", m, "error", err)
			err = ErrNetworkDown
		}
		answers <- err
	})
	if !inTime {
		return ErrNetworkDown
	}
	err := <-answers
	if err == nil || errors.Is(err, ErrUnknownNumber) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNetworkDown, err)
}

func (s *Service) network(name string) Network {
	if n := s.c.Networks[name]; n != nil {
		return n
	}
	return noNetwork{}
}

// noNetwork stands for a network that this program is not configured for: nothing is sent, and nothing can be found out. An order
// keeps the network that it was made for, whatever its brand's settings say since.
type noNetwork struct{}

// CodeNoNetwork is the code of an order whose network is not configured.
const CodeNoNetwork = "no_network"

func (noNetwork) Recognise(context.Context, prepaid.MSISDN) error { return ErrNetworkDown }

func (noNetwork) Credit(context.Context, Credit) Result {
	return Result{Outcome: Passing, Code: CodeNoNetwork}
}

func (noNetwork) LookUp(context.Context, string) Result {
	return Result{Outcome: Unknown, Code: CodeNoNetwork}
}

// Latest returns the newest orders that somebody made or was given, n at most and the newest first.
func (s *Service) Latest(ctx context.Context, brand string, w Whose, n int) ([]Order, error) {
	return s.c.Finder.Latest(ctx, brand, w, n)
}

// PIN returns what the credit of a ByPIN order is used with, for whoever bought it; nil once it was handed on.
func (s *Service) PIN(ctx context.Context, id prepaid.OrderID) (*PINDetail, error) {
	return s.c.Finder.PIN(ctx, id)
}

// Order returns one order with its history; ErrNoOrder.
func (s *Service) Order(ctx context.Context, id prepaid.OrderID) (History, error) {
	return s.c.Orders.Order(ctx, id)
}
