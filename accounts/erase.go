package accounts

import (
	"encoding/hex"
	"strconv"

	"pulsa/prepaid"
)

// forErasure is what a pepper is used for here.
const forErasure = "erased number"

// Pseudonym stands for a number of a brand once its customer is erased: what is kept for the books still
// hangs together, and nobody without the pepper learns the number from it. "erased-1-9f86d081884c7d65".
func (s *Service) Pseudonym(brand string, m prepaid.MSISDN) prepaid.MSISDN {
	mac := s.peppers.newMAC(forErasure, brand, string(m))
	return prepaid.MSISDN("erased-" + strconv.Itoa(s.peppers.newest) + "-" + hex.EncodeToString(mac[:8]))
}
