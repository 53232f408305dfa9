package operators

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"pulsa/prepaid"
)

// Done says in a sentence for people what an operation has done.
type Done string

// Text is the sentence.
func (d Done) Text() string { return string(d) }

// ErrNoReason says that an operation needs a reason: the Why of its prepaid.By.
var ErrNoReason = errors.New("say why")

func needsReason(by prepaid.By) error {
	if strings.TrimSpace(by.Why) == "" {
		return ErrNoReason
	}
	return nil
}

// FieldError says what is wrong with a field as somebody filled it in. Value is left out where it is private or says nothing.
type FieldError struct {
	Field string // "created-from"
	Value string
	Err   error
	Known []string // what Value may be, where that is a list
}

func (e *FieldError) Error() string {
	switch {
	case errors.Is(e.Err, errNotPositive):
		return e.Field + " " + errNotPositive.Error()
	case e.Value == "":
		return fmt.Sprintf("%s: %v", e.Field, e.Err)
	}
	return fmt.Sprintf("%s %s: %v", e.Field, e.Value, e.Err)
}

func (e *FieldError) Unwrap() error { return e.Err }

// positiveLimit returns a *FieldError unless n is positive.
func positiveLimit(n int) error {
	if n < 1 {
		return &FieldError{Field: "limit", Err: errNotPositive}
	}
	return nil
}

var errNotPositive = errors.New("must be positive")

// ReadNumber reads a phone number as operators write it, in full: "+31612345678".
func ReadNumber(number string) (prepaid.MSISDN, error) {
	m, err := prepaid.ParseE164(number)
	if err != nil {
		return m, fmt.Errorf("%s: %w; write it like +31612345678", number, err)
	}
	return m, nil
}

// oneLine reports whether a text has at most that many bytes, and no control character.
func oneLine(text string, most int) bool {
	return len(text) <= most && !strings.ContainsFunc(text, unicode.IsControl)
}
