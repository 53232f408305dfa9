package operators

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Form is a form as a person has sent it.
type Form struct {
	Person PersonID
	Key    string // drawn when its page was made
	Asks   string // a digest of what it asks for
	At     time.Time
}

// maxFormKey is how long a form's key may be, in bytes. Ours are shorter.
const maxFormKey = 100

// Refusals of forms.
var (
	ErrNoForm   = errors.New("the form has no key: open its page again")
	ErrFormUsed = errors.New("this form was sent before with other words: open its page again")
)

// SentForm is a form that was sent before.
type SentForm struct {
	Form
	EndedAt time.Time // zero: it is being carried out, or was cut off
	Result  Result    // what came of it
}

// FormStore remembers the forms that people have sent.
type FormStore interface {
	// Begin claims a form. Where it was claimed before, it returns the form as it was sent then, and true.
	Begin(ctx context.Context, f Form) (SentForm, bool, error)
	// End keeps what came of a form.
	End(ctx context.Context, f Form, r Result, at time.Time) error
	// Release forgets a form that did nothing: it may be sent again.
	Release(ctx context.Context, f Form) error
}

// newForm is the form of a key by which a person asks for an operation.
func newForm(p PersonID, key string, op Operation, why string, at time.Time) (Form, error) {
	stored, err := json.Marshal(op)
	if err != nil {
		return Form{}, fmt.Errorf("operation %s: %w", op.Kind(), err)
	}
	return formOf(p, key, at, op.Kind(), string(stored), why)
}

func formOf(p PersonID, key string, at time.Time, asks ...string) (Form, error) {
	if key == "" || len(key) > maxFormKey {
		return Form{}, ErrNoForm
	}
	sum := sha256.Sum256([]byte(strings.Join(asks, "\n")))
	return Form{p, key, hex.EncodeToString(sum[:]), at}, nil
}

// operation is the key of the operation that the form asks for.
func (f Form) operation() string { return "form/" + string(f.Person) + "/" + f.Key }

// again answers a form that was sent before. What it asked for is never done a second time.
func (d *Desk) again(ctx context.Context, f Form, was SentForm) (Result, error) {
	if f.Asks != was.Asks {
		return Result{}, ErrFormUsed
	}
	if !was.EndedAt.IsZero() {
		return was.Result, nil
	}
	carried, err := d.Deeds.Carried(ctx, f.operation())
	switch {
	case err != nil:
		return Result{}, err
	case carried:
		return Result{Text: "This form was sent before, and its work is begun or done: look before you send another."}, nil
	}
	return Result{Text: "This form is being carried out, or was cut off: look before you send another."}, nil
}

// storedResult is a Result as it is kept.
type storedResult struct {
	Text  string           `json:"text"`
	Undo  *storedOperation `json:"undo,omitempty"`
	Asked ApprovalID       `json:"asked,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (r Result) MarshalJSON() ([]byte, error) {
	kept := storedResult{Text: r.Text, Asked: r.Asked}
	if r.Undo != nil {
		kept.Undo = &storedOperation{Kind: r.Undo.Kind()}
		var err error
		if kept.Undo.Operation, err = json.Marshal(r.Undo); err != nil {
			return nil, err
		}
	}
	return json.Marshal(kept)
}

// UnmarshalJSON implements json.Unmarshaler. An Undo of a kind that this program does not have is left out.
func (r *Result) UnmarshalJSON(text []byte) error {
	var kept storedResult
	if err := json.Unmarshal(text, &kept); err != nil {
		return err
	}
	*r = Result{Text: kept.Text, Asked: kept.Asked}
	if kept.Undo == nil {
		return nil
	}
	op, err := readOperation(kept.Undo.Kind, kept.Undo.Operation)
	if errors.Is(err, errNoKind) {
		return nil
	}
	r.Undo = op
	return err
}
