package accounts

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"

	"pulsa/prepaid"
)

// What a pepper is used for here.
const (
	forErasure = "erased number"
	forAddress = "erased address"
)

// Pseudonyms take the place of who a customer was: what is kept for the books still hangs together, and what bounds
// whoever comes back is found again; nobody without the pepper learns a number or an address from them.
type Pseudonyms struct {
	Number  prepaid.MSISDN                        // "erased-1-9f86d081884c7d65"
	Address func(prepaid.Address) prepaid.Address // gives "erased:1-2c26b46b68ffc68f"
	Blocks  func(kind, what string) []string      // see Service.BlockValues; nil: nothing is blocked
}

// Pseudonyms of a customer of a brand who has the number, under the pepper in use.
func (s *Service) Pseudonyms(brand string, m prepaid.MSISDN) Pseudonyms {
	return Pseudonyms{
		Number:  s.numberPseudonyms(brand, m)[0],
		Address: func(a prepaid.Address) prepaid.Address { return s.addressPseudonyms(brand, a)[0] },
		Blocks:  func(kind, what string) []string { return s.BlockValues(kind, brand, what) },
	}
}

// numberPseudonyms are all that a number may have: one for each pepper, first that of the one in use.
func (s *Service) numberPseudonyms(brand string, m prepaid.MSISDN) []prepaid.MSISDN {
	var all []prepaid.MSISDN
	for _, p := range s.pseudonyms(forErasure, brand, string(m)) {
		all = append(all, prepaid.MSISDN("erased-"+p))
	}
	return all
}

func (s *Service) addressPseudonyms(brand string, a prepaid.Address) []prepaid.Address {
	var all []prepaid.Address
	for _, p := range s.pseudonyms(forAddress, brand, string(a)) {
		all = append(all, prepaid.Address("erased:"+p))
	}
	return all
}

func (s *Service) pseudonyms(purpose, brand, what string) []string {
	sum, inUse := s.newMAC(purpose, brand, what)
	pseudonym := func(version int, sum []byte) string { return strconv.Itoa(version) + "-" + hex.EncodeToString(sum[:8]) }
	all := []string{pseudonym(inUse, sum)}
	for _, version := range s.c.Peppers.Versions() {
		if version == inUse {
			continue
		}
		sum, err := s.mac(version, purpose, brand, what)
		if err != nil {
			panic(err) // the version is one of the ring's
		}
		all = append(all, pseudonym(version, sum))
	}
	return all
}

// Remember gives back to an address what an erased customer left behind there under its pseudonym: opt-outs, and what was
// counted against whoever writes from it. It may be repeated, and need not be asked for what is a customer's.
func (s *Service) Remember(ctx context.Context, brand string, a prepaid.Address) error {
	left := Left{Addresses: s.addressPseudonyms(brand, a)}
	if m, ok := a.Tel(); ok {
		left.Numbers = s.numberPseudonyms(brand, m)
	}
	if err := s.c.Moves.RememberAddress(ctx, brand, a, left); err != nil {
		return fmt.Errorf("remember address: %w", err)
	}
	return nil
}

// BlockValues are the pseudonyms that something of a brand may be blocked by, one for each pepper, first that of the one in use. Nobody without
// the pepper learns from them what is blocked, also once its customer is erased.
func (s *Service) BlockValues(kind, brand, what string) []string {
	return s.pseudonyms("blocked "+kind, brand, what)
}
