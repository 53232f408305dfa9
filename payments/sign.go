package payments

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// How long making an instrument may take and be tried.
const (
	signWithin = 30 * time.Second // a gateway's answer
	signLease  = time.Minute      // more than that: then nobody is at it any more
	tellAfter  = 5 * time.Second  // after the customer's patience: by then the turn has told
	// signFor is how long an unclear mandate is looked up; Stripe knows a reference for a day.
	signFor   = 23 * time.Hour
	signBatch = 20
)

// TakesIBAN reports whether a brand's customers may type an IBAN: it says who the creditor is, and its gateway can make an
// instrument of one.
func (s *Service) TakesIBAN(brand string) bool {
	b := s.c.Brands.Named(brand)
	return b != nil && b.Creditor.Identifier != "" && s.signer(b.Gateway) != nil
}

func (s *Service) signer(gateway string) Signer {
	signer, _ := s.c.Gateways[gateway].(Signer)
	return signer
}

// MandateReference is the unique reference of the mandate that a message begins: 20 capitals. A repeated message
// begins the same one.
func MandateReference(brand, operationKey string) string {
	return strings.ToUpper(string(setupID(brand, "mandate "+operationKey)))
}

// MandateSetup is the setup by which a mandate is given.
func MandateSetup(brand, reference string) prepaid.SetupID {
	return setupID(brand, mandateKey(reference))
}

func mandateKey(reference string) string { return "mandate/" + reference }

// SealIBAN seals an IBAN for as long as it waits for its owner's agreement to a mandate, and then for the gateway.
func (s *Service) SealIBAN(mandate string, i IBAN) string {
	return base64.RawStdEncoding.EncodeToString(s.vault.Seal([]byte(i.Reveal()), mandate))
}

func (s *Service) openIBAN(m Mandate) (IBAN, error) {
	sealed, err := base64.RawStdEncoding.DecodeString(m.Sealed)
	if err != nil {
		return IBAN{}, prepaid.ErrSealed
	}
	number, err := s.vault.Open(sealed, m.Reference)
	return IBAN{prepaid.NewSecret(string(number))}, err
}

// SignRequest is a customer's agreement.
type SignRequest struct {
	Mandate Mandate // Setup, AgreedAt, TellAt and RunAt are set by Sign
	Holder  int     // who agrees, of those who have held the customer's number; 0 is whoever holds it
	// Patience is how long the customer waits.
	Patience time.Duration
}

// Sign writes a customer's agreement down and makes an instrument of the IBAN, at most one for each mandate. What
// comes back is the setup: completed, abandoned where the gateway has refused, or open where it is not clear yet: then
// the customer is told later. A notice that need not be told any more once the answer has been has NoticeOf's id.
func (s *Service) Sign(ctx context.Context, r SignRequest) (Setup, error) {
	m, now := r.Mandate, s.c.Clock.Now()
	brand := s.c.Brands.Named(m.Brand)
	if !s.TakesIBAN(m.Brand) {
		return Setup{}, fmt.Errorf("sign mandate: %w", ErrNoSigner)
	}
	m.Settings = brand.Version
	m.Setup, m.AgreedAt = MandateSetup(m.Brand, m.Reference), now
	m.TellAt, m.RunAt = now.Add(r.Patience+tellAfter), now.Add(signLease)
	former, err := s.openSetup(ctx, m.Customer)
	if err != nil {
		return Setup{}, fmt.Errorf("sign mandate: %w", err)
	}
	setup, err := s.c.Mandates.SaveMandate(ctx, Setup{
		ID: m.Setup, OperationKey: mandateKey(m.Reference), Brand: m.Brand, Customer: m.Customer, Gateway: brand.Gateway, Method: SEPA,
		Status: SetupOpen, ReplyTo: m.From, CreatedAt: now, Holder: r.Holder,
	}, m)
	if err != nil {
		return Setup{}, fmt.Errorf("sign mandate: %w", err)
	}
	if setup.Status != SetupOpen {
		return setup, nil
	}
	s.reached("mandate")
	s.closePage(ctx, former, setup)
	m.AgreedAt = setup.CreatedAt
	answer := s.sign(ctx, setup, m, min(r.Patience, signWithin))
	s.reached("signed")
	return s.settle(prepaid.WithoutTimeLimit(ctx), setup, m, answer)
}

// NoticeOf is the notice that tells how a setup has ended.
func NoticeOf(id prepaid.SetupID) prepaid.NoticeID { return prepaid.NoticeID(id) }

func (s *Service) reached(point string) {
	if s.c.Reached != nil {
		s.c.Reached(point)
	}
}

// sign asks the gateway for the instrument.
func (s *Service) sign(ctx context.Context, setup Setup, m Mandate, within time.Duration) Signed {
	iban, err := s.openIBAN(m)
	if err != nil {
		s.c.Log.ErrorContext(ctx, "IBAN of a mandate not read", "setup", m.Setup, "error", err)
		return Signed{Result: topup.Result{Outcome: topup.Refused, Code: "unreadable"}}
	}
	if s.c.BlockedIBAN != nil && s.c.BlockedIBAN(m.Brand, iban) {
		return Signed{Result: topup.Result{Outcome: topup.Refused, Code: CodeBlocked}}
	}
	a := s.agreement(m)
	a.IBAN = iban
	return s.inTime(ctx, setup.Gateway, within, func(ctx context.Context, g Signer) Signed { return g.Sign(ctx, a) })
}

func (s *Service) agreement(m Mandate) Agreement {
	return Agreement{Reference: string(m.Setup), Mandate: m.Reference, Brand: s.c.Brands.Known(m.Brand), Customer: m.Customer,
		Holder: m.Holder, AgreedAt: m.AgreedAt}
}

// inTime asks a gateway. Who takes longer is cut off, and looked up later.
func (s *Service) inTime(ctx context.Context, gateway string, within time.Duration, question func(context.Context, Signer) Signed) Signed {
	signer := s.signer(gateway)
	if signer == nil {
		return Signed{Result: topup.Result{Outcome: topup.Unknown, Code: CodeNoGateway}}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan Signed, 1)
	inTime := s.c.Clock.Within(within, func() {
		a := Signed{Result: topup.Result{Outcome: topup.Unknown, Code: "panic"}}
		err := prepaid.Guard(func() error {
			a = question(ctx, signer)
			return nil
		})
		if err != nil {
			s.c.Log.ErrorContext(ctx, "gateway panicked over a mandate", "gateway", gateway, "error", err)
		}
		answers <- a
	})
	if inTime {
		return <-answers
	}
	return Signed{Result: topup.Result{Outcome: topup.Unknown, Code: "timeout"}}
}

// settle writes down what the gateway has answered, and returns the setup as it then stands.
func (s *Service) settle(ctx context.Context, setup Setup, m Mandate, answer Signed) (Setup, error) {
	now := s.c.Clock.Now()
	var instrument *Instrument
	switch {
	case answer.Outcome == topup.Done && !answer.Token.Empty():
		instrument = &Instrument{
			ID: prepaid.NewID[prepaid.InstrumentID](), Customer: setup.Customer, Brand: setup.Brand,
			Gateway: setup.Gateway, Method: SEPA, Token: answer.Token, Display: m.IBAN, CreatedAt: now,
		}
	case answer.Outcome == topup.Refused:
	case now.Sub(m.AgreedAt) > signFor:
		s.c.Log.ErrorContext(ctx, "mandate given up: its gateway tells nothing of it", "setup", setup.ID, "brand", setup.Brand, "code", answer.Code)
	default:
		s.c.Log.WarnContext(ctx, "mandate unclear, looked up later", "setup", setup.ID, "brand", setup.Brand, "code", answer.Code, "tries", m.Tries)
		return setup, s.c.Mandates.PutOffMandate(ctx, setup.ID, now.Add(lookUpAfter(m.Tries)))
	}
	if s.blocked(instrument) {
		instrument = nil
	}
	if _, err := s.c.Store.EndSetup(ctx, setup.ID, instrument, NoticeOf(setup.ID), now); err != nil {
		return Setup{}, fmt.Errorf("end mandate: %w", err)
	}
	s.c.Log.InfoContext(ctx, "mandate ended", "setup", setup.ID, "brand", setup.Brand, "outcome", answer.Outcome, "code", answer.Code)
	return s.c.Store.Setup(ctx, setup.ID) // news from the gateway may have been faster
}

// lookUpAfter is when an unclear mandate is looked up again.
func lookUpAfter(tries int) time.Duration {
	waits := []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}
	return waits[min(tries, len(waits)-1)]
}

// SignDue looks up the mandates that are due: what is not there is asked for again, under the same reference. It returns
// how many it dealt with.
func (s *Service) SignDue(ctx context.Context) (int, error) {
	now := s.c.Clock.Now()
	due, err := s.c.Mandates.ClaimMandates(ctx, now, now.Add(2*signLease), signBatch)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, m := range due {
		if err := s.lookUpMandate(ctx, m); err != nil {
			errs = append(errs, fmt.Errorf("look up mandate of setup %s: %w", m.Setup, err))
		}
	}
	return len(due), errors.Join(errs...)
}

func (s *Service) lookUpMandate(ctx context.Context, m Mandate) error {
	setup, err := s.c.Store.Setup(ctx, m.Setup)
	if err != nil || setup.Status != SetupOpen {
		return err
	}
	answer := s.inTime(ctx, setup.Gateway, signWithin, func(ctx context.Context, g Signer) Signed {
		return g.LookUpSigned(ctx, s.agreement(m))
	})
	if answer.Outcome == topup.Absent && s.c.Clock.Now().Sub(m.AgreedAt) < signFor {
		answer = s.sign(ctx, setup, m, signWithin)
	}
	_, err = s.settle(ctx, setup, m, answer)
	return err
}

// NextDue tells when SignDue has something to do; zero for never.
func (s *Service) NextDue(ctx context.Context) (time.Time, error) {
	return s.c.Mandates.NextMandate(ctx)
}
