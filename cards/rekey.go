package cards

import (
	"context"
	"fmt"

	"pulsa/prepaid"
)

// StartRekey starts sealing all codes of a brand with the key in use. Done, the other keys are not needed for its cards any more.
func (s *Service) StartRekey(ctx context.Context, brand string, by prepaid.By) (Job, error) {
	if _, err := s.brand(brand); err != nil {
		return Job{}, err
	}
	if err := s.CheckKeys(ctx); err != nil {
		return Job{}, err
	}
	version := s.vault.ring.InUse()
	total, err := s.c.Codes.CountToRekey(ctx, brand, version)
	if err != nil {
		return Job{}, err
	}
	return s.start(ctx, Job{Brand: brand, Kind: KindRekey, Total: total, Spec: Spec{Version: version}}, by)
}

// ResumeRekey seals what is not sealed with the key in use yet.
func (s *Service) ResumeRekey(ctx context.Context, j Job, p Progress) (Job, error) {
	if err := j.underWay(KindRekey); err != nil {
		return j, err
	}
	if version := s.vault.ring.InUse(); j.Spec.Version != version {
		return j, fmt.Errorf("job %s seals with key version %d, but version %d is in use: start another", j.ID, j.Spec.Version, version)
	}
	for j.State == UnderWay {
		old, err := s.c.Codes.CardsToRekey(ctx, j.Brand, j.Spec.Version, j.After.Serial, s.c.Chunk)
		if err != nil {
			return j, fmt.Errorf("find cards of other keys: %w", err)
		}
		step := Chunk{Job: j, Cards: int64(len(old)), Last: j.After, Now: s.c.Clock.Now(), End: len(old) < s.c.Chunk}
		for i, c := range old {
			code, err := s.vault.open(c)
			if err != nil {
				return j, err
			}
			old[i] = s.vault.seal(c.Card, code.Reveal())
		}
		if len(old) > 0 {
			step.First, step.Last = old[0].Serial, *serialKey(old[len(old)-1].Card)
		}
		if err := s.c.Codes.RekeyCards(ctx, step, old); err != nil {
			return j, fmt.Errorf("rekey cards: %w", err)
		}
		j = step.Advanced()
		p.reportJob(j)
	}
	return j, nil
}
