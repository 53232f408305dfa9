package accounts

import (
	"context"
	"errors"
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

// settleFor bounds how long a verdict may take to be stored. Its message's time may be over by then.
const settleFor = 5 * time.Second

// CheckPIN judges a PIN. The try is counted before it is judged, once per operation key; three wrong in a
// row lock for 15 min, 1 h, 24 h; ten in 30 days lock for good. nil means right, and then the row is forgiven and its locks
// are undone: only the month's wrong ones stay counted. Errors: *WrongPINError, *LockedError (also for the wrong try
// that locks), ErrHardLocked; after any other the try is not counted: ErrNotJudged where ctx ended before the PIN's turn
// came, or it can't be judged with our peppers.
//
// A process that dies in between leaves its try counted for two minutes. The message's next delivery judges it; if
// there is none, the try lapses.
func (s *Service) CheckPIN(ctx context.Context, c Customer, pin prepaid.Secret, operationKey string) error {
	if err := ctx.Err(); err != nil {
		return notJudged(ctx, err)
	}
	stored := context.WithoutCancel(ctx) // ctx's end is for the hash: it would cut off the database's connection
	if err := s.c.PeppersFit(stored); err != nil {
		return notJudged(ctx, err)
	}
	now := s.c.Clock.Now()
	p, counted, err := s.c.Tries.CountPINTry(stored, c.ID, operationKey, now)
	if err == nil && !counted {
		// A PIN whose tries are used up without a lock was tried last by a turn that is still judging, or
		// that died before it locked. Nobody knows which, so it is locked; a right last try undoes that.
		return s.lock(stored, c.ID, p, now)
	}
	right := false
	if err == nil {
		right, err = s.rightPIN(ctx, p.Hash, c.ID, pin)
	}
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	switch {
	case err != nil:
		// Where this fails the try lapses.
		return errors.Join(notJudged(ctx, err), s.c.Tries.UncountPINTry(settle, c.ID, operationKey))
	case right:
		if err := s.c.Tries.ForgivePIN(settle, c.ID, operationKey); err != nil {
			return fmt.Errorf("forgive PIN: %w", err)
		}
		return nil
	}
	if err := s.c.Tries.KeepPINTry(settle, c.ID, operationKey, now); err != nil {
		return fmt.Errorf("keep PIN try: %w", err)
	}
	if p.Locked(now) || p.Tries >= PINTries || p.MonthTries >= PINMonthTries {
		return s.lock(settle, c.ID, p, now)
	}
	return &WrongPINError{Left: min(PINTries-p.Tries, PINMonthTries-p.MonthTries)}
}

// notJudged says why a PIN was not judged: there was no time, or something is broken.
func notJudged(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("check PIN: %w: %w", ErrNotJudged, err)
	}
	return fmt.Errorf("check PIN: %w", err)
}

// lock locks a PIN whose tries are used up, unless it is locked already, and returns the error that says so. Tries that
// others are judging just now may be right: they don't lock for good.
func (s *Service) lock(ctx context.Context, id prepaid.CustomerID, p PIN, now time.Time) error {
	hard := p.HardLocked || p.MonthTries-p.Unjudged >= PINMonthTries
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
