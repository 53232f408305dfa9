package accounts

import (
	"context"
	"fmt"
	"time"

	"pulsa/prepaid"
)

// NotMeFor is how long the addresses that a recovery takes a number away from may answer NOT ME.
const NotMeFor = 72 * time.Hour

// Recovery is a PIN that is set without the old one, by somebody who has proven the number with a code by SMS.
type Recovery struct {
	Brand  string
	MSISDN prepaid.MSISDN
	Holder int // of the number when it was proven; 0 is any
	PIN    prepaid.Secret
	// Places are proven to be theirs: where they write from, and the number's own phone.
	Places       []Place
	OperationKey string
}

// Recover sets a PIN without the old one. A number is not an account: whoever sets it becomes the number's next holder, and
// what the earlier one set up (ways to pay, open setups, all other addresses) ends; those addresses are told, and may
// answer NOT ME. Debt, block, limits and opt-outs stay with the number. Repeated with its operation key it changes nothing.
// Errors: ErrNoCustomer, ErrFrozen, ErrRecovered where somebody else has recovered the number since it was proven.
func (s *Service) Recover(ctx context.Context, r Recovery) (Customer, error) {
	c, err := s.ByMSISDN(ctx, r.Brand, r.MSISDN)
	if err != nil {
		return Customer{}, err
	}
	hash, err := s.newPINHash(ctx, c.Brand, c.ID, r.PIN)
	if err != nil {
		return Customer{}, fmt.Errorf("recover customer: %w", err)
	}
	now := s.c.Clock.Now()
	return s.c.Customers.RecoverCustomer(ctx, NewHolder{
		Customer: c.ID, MSISDN: r.MSISDN, Holder: r.Holder, PINHash: hash, Places: r.Places, OperationKey: r.OperationKey, At: now, Until: now.Add(NotMeFor),
	})
}

// TakenFrom returns the customer whose number a recovery took away from an address in the last 72 hours; ErrNothingTaken.
func (s *Service) TakenFrom(ctx context.Context, brand string, a prepaid.Address) (Customer, error) {
	return s.c.Customers.UnlinkedFrom(ctx, brand, a, s.c.Clock.Now())
}

// NotMe freezes the account that a recovery took away from an address in the last 72 hours: nothing is bought or changed
// until an operator has decided. It may be repeated. ErrNothingTaken.
func (s *Service) NotMe(ctx context.Context, brand string, a prepaid.Address) (Customer, error) {
	return s.c.Customers.FreezeCustomer(ctx, brand, a, s.c.Clock.Now())
}
