package accounts

import (
	"context"
	"fmt"
	"time"

	"pulsa/prepaid"
)

const (
	// PINTries is how many wrong PINs in a row lock.
	PINTries = 3
	// PINMonthTries is how many wrong PINs in 30 days lock for good.
	PINMonthTries = 10
)

// lockFor tells how long a PIN is locked that was locked so often before.
func lockFor(locks int) time.Duration {
	switch locks {
	case 0:
		return 15 * time.Minute
	case 1:
		return time.Hour
	}
	return 24 * time.Hour
}

// CheckPIN judges a PIN. The try is counted before it is judged, once per operation key; three wrong in a
// row lock for 15 min, 1 h, 24 h; ten in 30 days lock for good. nil means right, but the tries counted stay until
// Forgive or an order placed with FreePIN; the month's wrong ones stay even then. Errors: *WrongPINError, *LockedError (also for the wrong try
// that locks), ErrHardLocked; any other, and nothing is counted, where the PIN can't be judged with our peppers.
func (s *Service) CheckPIN(ctx context.Context, c Customer, pin prepaid.Secret, operationKey string) error {
	if err := s.c.PeppersFit(ctx); err != nil {
		return fmt.Errorf("check PIN: %w", err)
	}
	now := s.c.Clock.Now()
	p, counted, err := s.c.Tries.CountPINTry(ctx, c.ID, operationKey, now)
	if err != nil {
		return fmt.Errorf("count PIN try: %w", err)
	}
	if !counted {
		// A PIN whose tries are used up without a lock was tried last by a turn that is still judging, or
		// that died before it locked. Nobody knows which, so it is locked; a right last try undoes that.
		return s.lock(ctx, c.ID, p, now)
	}
	right, err := s.rightPIN(ctx, p.Hash, c.ID, pin)
	switch {
	case err != nil:
		return fmt.Errorf("check PIN: %w", err)
	case right:
		return nil
	case p.Locked(now) || p.Tries >= PINTries || p.MonthTries >= PINMonthTries:
		return s.lock(ctx, c.ID, p, now)
	}
	return &WrongPINError{Left: min(PINTries-p.Tries, PINMonthTries-p.MonthTries)}
}

// lock locks a PIN whose tries are used up, unless it is locked already, and returns the error that says so.
func (s *Service) lock(ctx context.Context, id prepaid.CustomerID, p PIN, now time.Time) error {
	hard := p.HardLocked || p.MonthTries >= PINMonthTries
	until := p.LockedUntil
	if !p.Locked(now) {
		until = now.Add(lockFor(p.Locks))
		if err := s.c.Tries.LockPIN(ctx, id, until, hard); err != nil {
			return fmt.Errorf("lock PIN: %w", err)
		}
	}
	if hard {
		return ErrHardLocked
	}
	return &LockedError{Until: until}
}

// Forgive sets the counted tries to zero after a right PIN that no order follows.
func (s *Service) Forgive(ctx context.Context, id prepaid.CustomerID) error {
	return s.c.Tries.ForgivePIN(ctx, id)
}
