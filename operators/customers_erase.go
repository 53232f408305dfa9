package operators

import (
	"context"
	"errors"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// Erasure removes who a customer is.
type Erasure struct {
	Customer   prepaid.CustomerID
	Pseudonyms accounts.Pseudonyms
	// DespiteDebt erases a customer who owes money: the debt stays in the ledger. Who registers the number again is blocked.
	DespiteDebt bool
	By          prepaid.By
}

// ConversationEraser removes what was said with a sender: "brand/channel/address".
type ConversationEraser interface {
	Erase(ctx context.Context, sender string) error
}

// Pseudonymizer makes what takes the place of a customer's number and addresses.
type Pseudonymizer interface {
	Pseudonyms(brand string, m prepaid.MSISDN) accounts.Pseudonyms
}

// Erase removes who a customer is; orders and ledger stay under a pseudonym. It can't be undone. It returns how many addresses
// were forgotten. Interrupted, it is repeated by another call. Errors: accounts.ErrNoCustomer, *accounts.UnderWayError,
// accounts.ErrInDebt.
func (s Customers) Erase(ctx context.Context, w Whom, by prepaid.By) (int, error) {
	return s.erase(ctx, w, Erasure{By: by})
}

// EraseDespiteDebt is Erase of one who may owe money: nobody can be asked for it any more.
func (s Customers) EraseDespiteDebt(ctx context.Context, w Whom, by prepaid.By) (int, error) {
	return s.erase(ctx, w, Erasure{By: by, DespiteDebt: true})
}

func (s Customers) erase(ctx context.Context, w Whom, e Erasure) (int, error) {
	if s.Conversations == nil || s.Pseudonyms == nil {
		return 0, errors.New("erase customer: the keys and the conversations are not open")
	}
	c, err := s.findFor(ctx, w, e.By)
	if err != nil {
		return 0, err
	}
	e.Customer, e.Pseudonyms = c.ID, s.Pseudonyms.Pseudonyms(c.Brand, c.MSISDN)
	known, err := s.Addresses.AddressesOf(ctx, c.ID)
	if err != nil {
		return 0, err
	}
	addresses := []prepaid.Address{c.MSISDN.Tel()}
	for _, a := range known {
		addresses = append(addresses, a.Address)
	}
	// Conversations first: who is erased can't be found again if this is interrupted.
	if err := s.eraseConversations(ctx, c.Brand, addresses); err != nil {
		return 0, err
	}
	all, err := s.Customers.EraseCustomer(ctx, e, s.Clock.Now())
	if err != nil {
		return 0, w.wrap(err)
	}
	return len(all), s.eraseConversations(ctx, c.Brand, all)
}

// eraseConversations removes what was said with the addresses on every channel of the brand.
func (s Customers) eraseConversations(ctx context.Context, brand string, addresses []prepaid.Address) error {
	for _, channel := range s.Brands[brand].Channels {
		for _, a := range addresses {
			if err := s.Conversations.Erase(ctx, brand+"/"+channel.Name+"/"+string(a)); err != nil {
				return err
			}
		}
	}
	return nil
}
