package cards

import (
	"errors"
	"testing"
	"time"
)

func TestWrongCodesLockLongerAndLonger(t *testing.T) {
	want := map[int]time.Duration{
		5: 15 * time.Minute, 10: 30 * time.Minute, 15: time.Hour,
		20: 24 * time.Hour, 25: 24 * time.Hour, 30: 24 * time.Hour,
	}
	for wrong := range 33 {
		if got := lockFor(wrong); got != want[wrong] {
			t.Errorf("%d wrong: %v; want %v", wrong, got, want[wrong])
		}
	}
}

func TestRedeemable(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	future, past := now.Add(time.Second), now
	for _, tt := range []struct {
		state   State
		expires time.Time
		want    error
	}{
		{Live, time.Time{}, nil},
		{Live, future, nil},
		{Live, past, ErrExpired},
		{Generated, future, ErrNotLive},
		{Generated, past, ErrExpired},
		{Reserved, past, ErrInUse},
		{Spent, past, ErrSpent},
		{Locked, future, ErrWithdrawn},
		{Locked, past, ErrExpired},
		{Void, past, ErrWithdrawn},
	} {
		if got := redeemable(Card{State: tt.state, ExpiresAt: tt.expires}, now); !errors.Is(got, tt.want) {
			t.Errorf("%s, expires %v: %v; want %v", tt.state, tt.expires, got, tt.want)
		}
	}
}
