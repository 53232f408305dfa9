package payments

import "pulsa/prepaid"

// Digests are what instruments are known by in the books: made with a key, one for each that is still kept, first that of the one in use.
// nil functions make none.
type Digests struct {
	Fingerprint func(brand, gateway string, fingerprint prepaid.Secret) []string
	IBAN        func(brand string, i IBAN) []string
}

// unblocked gives an instrument that is set up its digest, or returns nil where an operator has blocked it.
func (s *Service) unblocked(i *Instrument, fingerprint prepaid.Secret) *Instrument {
	var digests []string
	if s.c.Digests.Fingerprint != nil && !fingerprint.Empty() {
		digests = s.c.Digests.Fingerprint(i.Brand, i.Gateway, fingerprint)
	}
	if len(digests) == 0 && s.blocked(*i) {
		return nil
	}
	for _, digest := range digests {
		i.FingerprintDigest = digest
		if s.blocked(*i) {
			return nil
		}
	}
	if len(digests) > 0 {
		i.FingerprintDigest = digests[0]
	}
	return i
}

func (s *Service) blockedIBAN(brand string, iban IBAN) bool {
	if s.c.Digests.IBAN == nil {
		return false
	}
	for _, digest := range s.c.Digests.IBAN(brand, iban) {
		if s.blocked(Instrument{Brand: brand, IBANDigest: digest}) {
			return true
		}
	}
	return false
}

func (s *Service) blocked(i Instrument) bool { return s.c.Blocked != nil && s.c.Blocked(i) }
