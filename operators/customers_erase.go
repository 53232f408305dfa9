package operators

import (
	"context"
	"errors"
	"fmt"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// Erasure removes who a customer is.
type Erasure struct {
	Customer   prepaid.CustomerID
	Pseudonyms accounts.Pseudonyms
	// DespiteDebt erases a customer who owes money: the debt stays in the ledger. Whoever registers the number again is blocked.
	DespiteDebt bool
	By          prepaid.By
}

// ConversationEraser removes the conversation with a sender: "brand/channel/address".
type ConversationEraser interface {
	Erase(ctx context.Context, sender string) error
}

// Pseudonymizer makes the pseudonyms that replace a customer's number and addresses.
type Pseudonymizer interface {
	Pseudonyms(brand string, m prepaid.MSISDN) accounts.Pseudonyms
}

// Erased says how many addresses of a customer were erased.
type Erased struct {
	Number    string // masked
	Addresses int
}

// Text describes it for people.
func (e Erased) Text() string {
	return fmt.Sprintf("%s is erased: %d addresses are forgotten, orders and ledger stay under a pseudonym", e.Number, e.Addresses)
}

// Erase removes a customer's personal data; orders and ledger stay under a pseudonym. It can't be undone. After an interruption, another call completes it. Errors: accounts.ErrNoCustomer,
// *accounts.UnderWayError, accounts.ErrInDebt.
func (s Customers) Erase(ctx context.Context, w Whom, by prepaid.By) (Erased, error) {
	return s.erase(ctx, w, Erasure{By: by})
}

// EraseDespiteDebt is Erase for a customer who may owe money: the debt can't be collected any more.
func (s Customers) EraseDespiteDebt(ctx context.Context, w Whom, by prepaid.By) (Erased, error) {
	return s.erase(ctx, w, Erasure{By: by, DespiteDebt: true})
}

func (s Customers) erase(ctx context.Context, w Whom, e Erasure) (Erased, error) {
	if s.Conversations == nil || s.Pseudonyms == nil {
		return Erased{}, errors.New("erase customer: the keys and the conversations are not open")
	}
	c, err := s.findFor(ctx, w, e.By)
	if err != nil {
		return Erased{}, err
	}
	e.Customer, e.Pseudonyms = c.ID, s.Pseudonyms.Pseudonyms(c.Brand, c.MSISDN)
	addresses := 0
	err = s.ending(ctx, c, func() ([]prepaid.Address, error) {
		all, err := s.Customers.EraseCustomer(ctx, e, s.Clock.Now())
		addresses = len(all)
		return all, w.wrap(err)
	})
	if err != nil && addresses == 0 {
		return Erased{}, err
	}
	return Erased{c.MSISDN.Masked(), addresses}, err
}

// ending removes a customer's conversations, and who they are by end, which returns the addresses that were theirs.
func (s Customers) ending(ctx context.Context, c accounts.Customer, end func() ([]prepaid.Address, error)) error {
	if s.Conversations == nil || s.Pseudonyms == nil {
		return errors.New("end a customer: the keys and the conversations are not open")
	}
	known, err := s.Addresses.AddressesOf(ctx, c.ID)
	if err != nil {
		return err
	}
	// Conversations first: once the customer is erased, a repeated call could not find them any more.
	if err := s.eraseConversations(ctx, c.Brand, placesOf(c, known)); err != nil {
		return err
	}
	all, err := end()
	if err != nil {
		return err
	}
	return s.eraseConversations(ctx, c.Brand, all)
}

// eraseConversations removes what was said with the addresses on every channel of the brand.
func (s Customers) eraseConversations(ctx context.Context, brand string, addresses []prepaid.Address) error {
	b := s.Brands.Known(brand)
	if b == nil {
		return nil
	}
	for _, channel := range b.Channels {
		for _, a := range addresses {
			if err := s.Conversations.Erase(ctx, brand+"/"+channel.Name+"/"+string(a)); err != nil {
				return err
			}
		}
	}
	return nil
}
