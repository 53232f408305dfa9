package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pulsa/accounts"
	"pulsa/prepaid"
)

// lockedFor tells for how long err says that the PIN is locked; 0 where it says something else.
func (w *world) lockedFor(err error) time.Duration {
	var locked *accounts.LockedError
	if !errors.As(err, &locked) {
		return 0
	}
	return locked.Until.Sub(w.clock.Now())
}

func left(err error) int {
	var wrong *accounts.WrongPINError
	if !errors.As(err, &wrong) {
		return -1
	}
	return wrong.Left
}

func TestThreeWrongPINsLockLongerAndLongerTenForGood(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	n := 0
	try := func() error {
		n++
		return w.CheckPIN(t.Context(), c, wrong, fmt.Sprint("m", n))
	}
	for _, d := range []time.Duration{15 * time.Minute, time.Hour, 24 * time.Hour} {
		for want := 2; want > 0; want-- {
			if err := try(); left(err) != want {
				t.Fatalf("try %d: %v, %d left; want %d", n, err, left(err), want)
			}
		}
		if err := try(); w.lockedFor(err) != d {
			t.Fatalf("try %d: %v, locked for %v; want %v", n, err, w.lockedFor(err), d)
		}
		w.wait(d - time.Second)
		if err := w.CheckPIN(t.Context(), c, right, fmt.Sprint("early", n)); w.lockedFor(err) != time.Second {
			t.Fatalf("the right PIN while locked: %v", err)
		}
		w.wait(time.Second)
	}
	if err := try(); !errors.Is(err, accounts.ErrHardLocked) {
		t.Fatalf("the tenth: %v", err)
	}
	w.wait(365 * 24 * time.Hour)
	if err := w.CheckPIN(t.Context(), c, right, "a year later"); !errors.Is(err, accounts.ErrHardLocked) {
		t.Fatalf("a year later: %v", err)
	}
	if err := w.ChangePIN(t.Context(), c, right); err != nil {
		t.Fatal(err)
	}
	if err := w.CheckPIN(t.Context(), c, right, "proven anew"); err != nil {
		t.Errorf("after a new PIN: %v", err)
	}
}

func TestARightPINForgivesAtOnce(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	ctx := t.Context()
	for round := range 4 {
		for i := range 2 {
			if err := w.CheckPIN(ctx, c, wrong, fmt.Sprint("wrong", round, i)); left(err) != 2-i {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		for range 2 { // a repeated call changes nothing more
			if err := w.CheckPIN(ctx, c, right, fmt.Sprint("right", round)); err != nil {
				t.Fatalf("round %d: right PIN: %v", round, err)
			}
			if p := w.stored(t); p.Tries != 0 || p.MonthTries != 2*(round+1) {
				t.Fatalf("round %d: forgiven: %+v; want the month's wrong ones to stay", round, p)
			}
		}
	}
	if err := w.CheckPIN(ctx, c, wrong, "ninth"); left(err) != 1 {
		t.Errorf("the ninth wrong in a month: %v; want one left", err)
	}
	if err := w.CheckPIN(ctx, c, wrong, "tenth"); !errors.Is(err, accounts.ErrHardLocked) {
		t.Errorf("the tenth wrong in a month: %v", err)
	}
}

func TestManyRightPINsLockNobody(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	for i := range 20 {
		if err := w.CheckPIN(t.Context(), c, right, fmt.Sprint("m", i)); err != nil {
			t.Fatalf("purchase %d: %v", i+1, err)
		}
	}
	if p := w.stored(t); p.Tries != 0 || p.MonthTries != 0 {
		t.Errorf("%d tries counted, %d in the month", p.Tries, p.MonthTries)
	}
}

func TestRightPINsAtOnceLeaveNothingCounted(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	together(3, func(i int) {
		if err := w.CheckPIN(context.Background(), c, right, fmt.Sprint("m", i)); err != nil {
			t.Error(err)
		}
	})
	if p := w.stored(t); p.Tries != 0 || p.MonthTries != 0 || p.Locked(w.clock.Now()) {
		t.Errorf("counted: %+v", p)
	}
}

func TestATryThatIsOutOfTimeIsNotCounted(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	for i := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		free := w.HoldSlots()
		time.AfterFunc(20*time.Millisecond, cancel)
		err := w.CheckPIN(ctx, c, right, fmt.Sprint("waits for a core", i))
		free()
		if !errors.Is(err, accounts.ErrNotJudged) {
			t.Fatalf("%v; want ErrNotJudged", err)
		}
	}
	if p := w.stored(t); p.Tries != 0 || p.MonthTries != 0 {
		t.Errorf("%d tries counted, %d in the month", p.Tries, p.MonthTries)
	}
	if err := w.CheckPIN(t.Context(), c, right, "waits for a core0"); err != nil {
		t.Errorf("its message again: %v", err)
	}
}

func TestATryThatOurPeppersCantJudgeIsNotCounted(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	other := w.withPeppers(t, map[int]prepaid.Secret{2: prepaid.NewSecret(strings.Repeat("q", 32))})
	for i := range 5 {
		if err := other.CheckPIN(t.Context(), c, right, fmt.Sprint("m", i)); err == nil || w.lockedFor(err) > 0 || left(err) >= 0 {
			t.Fatalf("%v; want it said that the pepper is missing", err)
		}
	}
	if p := w.stored(t); p.Tries != 0 || p.MonthTries != 0 {
		t.Errorf("%d tries counted, %d in the month", p.Tries, p.MonthTries)
	}
}

func TestTriesThatDiedNeverLockForGood(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	for i := range 12 { // a process that is killed each time between counting and judging, once a day
		_, counted, err := w.db.PINs.CountPINTry(t.Context(), c.ID, fmt.Sprint("died", i), w.clock.Now())
		if err != nil || !counted {
			t.Fatalf("try %d: counted %v, %v", i, counted, err)
		}
		w.wait(24 * time.Hour)
	}
	if err := w.CheckPIN(t.Context(), c, right, "m1"); err != nil {
		t.Errorf("the right PIN: %v", err)
	}
}

func TestNineWrongAndOneUnjudgedLockForAWhile(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	ctx := t.Context()
	for i := range 9 {
		if i > 0 && i%3 == 0 {
			w.wait(24 * time.Hour)
		}
		_ = w.CheckPIN(ctx, c, wrong, fmt.Sprint("m", i))
	}
	w.wait(24 * time.Hour)
	if _, counted, err := w.db.PINs.CountPINTry(ctx, c.ID, "being judged", w.clock.Now()); err != nil || !counted {
		t.Fatal(counted, err)
	}
	if err := w.CheckPIN(ctx, c, right, "beside it"); w.lockedFor(err) == 0 {
		t.Errorf("%v; want a lock that ends", err)
	}
	if p := w.stored(t); p.HardLocked {
		t.Error("locked for good by a try that may be right")
	}
}

func TestAMonthLaterTriesCountAnew(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	for i := range 9 {
		if i > 0 && i%3 == 0 {
			w.wait(24 * time.Hour)
		}
		_ = w.CheckPIN(t.Context(), c, wrong, fmt.Sprint("m", i))
	}
	w.wait(30*24*time.Hour + time.Second)
	if err := w.CheckPIN(t.Context(), c, wrong, "the tenth"); left(err) != 2 {
		t.Errorf("%v; want two left", err)
	}
}

func TestWrongPINsAtOnceAreJudgedThreeTimes(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	var judged, locked, other atomic.Int32
	together(64, func(i int) {
		err := w.CheckPIN(context.Background(), c, wrong, fmt.Sprint("m", i))
		switch {
		case left(err) > 0:
			judged.Add(1)
		case w.lockedFor(err) == 15*time.Minute:
			locked.Add(1)
		default:
			t.Error(err)
			other.Add(1)
		}
	})
	if judged.Load() > 2 || locked.Load() < 62 { // the third is told that it locks
		t.Errorf("%d judged wrong, %d locked; want 2 at most, and the rest", judged.Load(), locked.Load())
	}
	if p := w.stored(t); p.MonthTries != 3 || p.Locks != 1 {
		t.Errorf("%d tries counted, locked %d times; want 3 and once", p.MonthTries, p.Locks)
	}
}

func TestOneOperationKeyIsCountedOnce(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	together(64, func(int) {
		if err := w.CheckPIN(context.Background(), c, wrong, "m1"); left(err) != 2 {
			t.Errorf("%v; want two left", err)
		}
	})
	if p := w.stored(t); p.Tries != 1 || p.MonthTries != 1 {
		t.Errorf("counted %d and %d times", p.Tries, p.MonthTries)
	}
}

func TestARepeatedCallIsAnsweredAsBefore(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	ctx := t.Context()
	first := []error{}
	for i := range 3 {
		first = append(first, w.CheckPIN(ctx, c, wrong, fmt.Sprint("m", i)))
	}
	locks := w.stored(t).Locks
	again := w.CheckPIN(ctx, c, wrong, "m2")
	if w.lockedFor(again) != w.lockedFor(first[2]) || w.stored(t).Locks != locks {
		t.Errorf("the third: %v, then %v; locked %d times", first[2], again, w.stored(t).Locks)
	}
}

func TestATryThatDiedCountsAtFirstAndLocksNobodyOutForEver(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	ctx := t.Context()
	for i := range 3 { // three turns that died before they judged
		if _, counted, err := w.db.PINs.CountPINTry(ctx, c.ID, fmt.Sprint("died", i), w.clock.Now()); !counted || err != nil {
			t.Fatal(counted, err)
		}
	}
	if err := w.CheckPIN(ctx, c, right, "m1"); w.lockedFor(err) != 15*time.Minute {
		t.Fatalf("the fourth, at once: %v", err)
	}
	w.wait(15 * time.Minute)
	if err := w.CheckPIN(ctx, c, right, "m2"); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

func TestARightLastTryUndoesTheLockOfWhoCameAfterIt(t *testing.T) {
	w := newWorld(t)
	c := w.register(t)
	ctx := t.Context()
	for i := range 2 {
		_ = w.CheckPIN(ctx, c, wrong, fmt.Sprint("m", i))
	}
	if _, counted, err := w.db.PINs.CountPINTry(ctx, c.ID, "third", w.clock.Now()); err != nil || !counted {
		t.Fatal(counted, err)
	}
	if err := w.CheckPIN(ctx, c, right, "fourth, while the third is being judged"); w.lockedFor(err) == 0 {
		t.Fatalf("the fourth: %v", err)
	}
	if err := w.CheckPIN(ctx, c, right, "third"); err != nil {
		t.Fatalf("the third: %v", err)
	}
	if err := w.CheckPIN(ctx, c, right, "fifth"); err != nil {
		t.Errorf("after the third is forgiven: %v", err)
	}
}
