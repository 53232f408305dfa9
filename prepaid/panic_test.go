package prepaid_test

import (
	"errors"
	"strings"
	"testing"

	"pulsa/prepaid"
)

type talkative struct{ PIN string }

func (t talkative) Error() string { return "wrong pin " + t.PIN }

func TestAPanicIsToldWithoutItsValue(t *testing.T) {
	for _, value := range []any{"pin 4821", errors.New("pin 4821"), talkative{"4821"}, &talkative{"4821"}, []byte("4821"), prepaid.NewSecret("4821")} {
		err := prepaid.Guard(func() error { panic(value) })
		var panicked *prepaid.PanicError
		if !errors.As(err, &panicked) || strings.Contains(err.Error(), "4821") || !strings.Contains(err.Error(), "panic_test.go") {
			t.Errorf("%T is told as %v", value, err)
		}
	}
	want := errors.New("no panic")
	if err := prepaid.Guard(func() error { return want }); err != want {
		t.Errorf("an error becomes %v", err)
	}
	if err := prepaid.Guard(func() error { return nil }); err != nil {
		t.Error(err)
	}
}
