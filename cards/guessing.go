package cards

import (
	"context"
	"fmt"
	"time"
)

// A guessing wave is so many wrong codes in so short a time, at a brand and from whomever: no single address
// need stand out.
const (
	WaveWithin = 10 * time.Minute
	WaveCodes  = 50
)

// Guessing returns how many wrong codes were tried at each brand within the last WaveWithin, by all customers
// and at all copies of the program. WaveCodes or more are a wave.
func (s *Service) Guessing(ctx context.Context) (map[string]int64, error) {
	since := s.c.Clock.Now().Add(-WaveWithin)
	counts := make(map[string]int64, len(s.c.Brands))
	for brand := range s.c.Brands {
		n, err := s.c.Reports.WrongCodes(ctx, brand, since)
		if err != nil {
			return nil, fmt.Errorf("count wrong card codes of %s: %w", brand, err)
		}
		counts[brand] = n
	}
	return counts, nil
}
