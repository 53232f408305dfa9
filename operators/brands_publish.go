package operators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pulsa/prepaid"
)

// Published is what publishing did or, for a draft, would do.
type Published struct {
	Brand     string        `json:"brand"`
	Version   int           `json:"version"`
	Draft     bool          `json:"draft"`             // it is stored, and not in force
	Nothing   bool          `json:"nothing,omitempty"` // it says what is in force already, and was not stored
	Withdrawn bool          `json:"withdrawn,omitempty"`
	Changes   []FieldChange `json:"changes"`
	Stranded  []Stranded    `json:"affected,omitempty"` // whom it finds in the middle of what it removes
	Notes     []string      `json:"notes,omitempty"`
}

// Text says for people, in lines, what was done, and whom it finds in the middle of something.
func (p Published) Text() string {
	var text strings.Builder
	switch again := fmt.Sprintf("pulsa brands publish %d --brand %s --reason \"why\"", p.Version, p.Brand); {
	case p.Withdrawn && p.Nothing:
		fmt.Fprintf(&text, "Brand %s is withdrawn already.\n", p.Brand)
	case p.Withdrawn:
		fmt.Fprintf(&text, "Brand %s is withdrawn: every running copy knows it within %s. Orders under way are brought to their end.\n", p.Brand, SettingsKnownWithin)
		fmt.Fprintf(&text, "Sell it again: %s\n", again)
	case p.Nothing:
		fmt.Fprintf(&text, "Version %d of brand %s, which is in force, says that already: nothing was changed.\n", p.Version, p.Brand)
	case p.Draft:
		fmt.Fprintf(&text, "Version %d of brand %s is stored, and not in force: %s\n", p.Version, p.Brand, again)
	default:
		fmt.Fprintf(&text, "Version %d of brand %s is in force: every running copy works with it within %s.\n", p.Version, p.Brand, SettingsKnownWithin)
	}
	for _, c := range p.Changes {
		fmt.Fprintf(&text, "  %s\n", c)
	}
	for _, s := range p.Stranded {
		fmt.Fprintf(&text, "%s\n", s)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&text, "note: %s\n", note)
	}
	return text.String()
}

// Application says how a file is applied.
type Application struct {
	File  string // its name, for errors
	Text  []byte
	Brand string // which brand of a whole configuration, or of a file that does not say; "" where the file says it
	Over  int    // the version in force, where the file was made from another or does not say; 0: the file's parent must be in force
	Draft bool   // it is stored, and not put in force
}

// Apply makes a file the next version of its brand's settings, and puts it in force. A brand that is not there yet is added. A withdrawn
// one is sold again. Errors: what the file's reader finds wrong, *OvertakenError, *FixedError, ErrNoReason.
func (s Brands) Apply(ctx context.Context, a Application, by prepaid.By) (Published, error) {
	if err := needsReason(by); err != nil {
		return Published{}, err
	}
	read, err := s.Read(a.File, a.Text, a.Brand)
	if err != nil {
		return Published{}, err
	}
	if len(read) != 1 {
		names := make([]string, len(read))
		for i, r := range read {
			names[i] = r.Brand.Name
		}
		return Published{}, &FieldError{Field: "brand", Err: fmt.Errorf("%s has several: say which one", a.File), Known: names}
	}
	text := read[0]
	brand := text.Brand.Name
	state, err := s.state(ctx, brand)
	if err != nil && !errors.As(err, new(*UnknownBrandError)) {
		return Published{}, err
	}
	current, err := s.inForce(ctx, state)
	if err != nil {
		return Published{}, err
	}
	if state.Version != 0 && !state.Withdrawn && maps.Equal(current.Fields, text.Fields) {
		return Published{Brand: brand, Version: state.Version, Nothing: true}, nil
	}
	done, err := s.check(ctx, state, current, text, cmp.Or(a.Over, text.Parent))
	if err != nil {
		return Published{}, err
	}
	done.Brand, done.Draft = brand, a.Draft
	v := BrandVersion{Brand: brand, Parent: state.Version, Text: text.Text, By: by, At: s.Clock.Now()}
	if a.Draft {
		done.Version, err = s.Store.AddBrandVersion(ctx, v)
		return done, err
	}
	put, err := s.Store.PutBrandInForce(ctx, BrandState{Brand: brand, By: by, At: v.At}, state.Version, &v)
	if errors.Is(err, ErrOvertaken) {
		return Published{}, s.overtaken(ctx, brand, state.Version)
	}
	return s.inForceNow(done, put), err
}

// inForceNow completes what publishing did.
func (s Brands) inForceNow(done Published, put BrandState) Published {
	done.Version = put.Version
	if note := s.FileNote(put.Brand); note != "" {
		done.Notes = append(done.Notes, note)
	}
	return done
}

// check says what a text changes, and refuses one that may not replace what is in force. over is the version that its author knows.
func (s Brands) check(ctx context.Context, state BrandState, current, next BrandText, over int) (Published, error) {
	if over != state.Version && state.Version != 0 {
		return Published{}, s.overtakenBy(ctx, state, current, next.Parent)
	}
	if err := fixedFields(current.Fields, next.Fields); err != nil {
		return Published{}, err
	}
	notes := slices.DeleteFunc(slices.Clone(next.Notes), func(note string) bool { return slices.Contains(current.Notes, note) })
	stranded, err := s.stranded(ctx, state, current.Brand, next.Brand)
	return Published{Brand: state.Brand, Changes: changesBetween(current.Fields, next.Fields), Notes: notes, Stranded: stranded}, err
}

// overtakenBy is the error for a change to a text that was made from another version than the one in force.
func (s Brands) overtakenBy(ctx context.Context, state BrandState, current BrandText, parent int) error {
	e := &OvertakenError{InForce: state, Parent: parent}
	if parent == 0 {
		return e
	}
	old, err := s.Store.BrandVersion(ctx, state.Brand, parent)
	switch {
	case err == nil:
		e.Changes = changesBetween(s.read(old).Fields, current.Fields)
	case !errors.Is(err, ErrNoVersion):
		return err
	}
	return e
}

// overtaken is the error for a change that lost against another that was made at the same time.
func (s Brands) overtaken(ctx context.Context, brand string, parent int) error {
	state, err := s.state(ctx, brand)
	if err != nil {
		return err
	}
	current, err := s.inForce(ctx, state)
	if err != nil {
		return err
	}
	return s.overtakenBy(ctx, state, current, parent)
}

// FixedError says that a value can't change in the life of a brand.
type FixedError struct{ Change FieldChange }

func (e *FixedError) Error() string {
	return e.Change.String() + ": a brand keeps its " + e.Change.Field + " for life, because its customers, orders and ledger were made with it: make another brand"
}

// fixedFields refuses to change what orders, customers and the ledger of a brand are made with.
func fixedFields(old, new map[string]string) error {
	if old == nil {
		return nil
	}
	for _, c := range changesBetween(old, new) {
		isTest := c.Field == "test" && cmp.Or(c.Old, "false") != cmp.Or(c.New, "false")
		if isTest || c.Field == "currency" || c.Field == "country" {
			return &FixedError{c}
		}
	}
	return nil
}

// Publish puts a version in force that is stored already: a draft. over is the version that is replaced; 0: it must be the version's
// parent. Errors: *UnknownBrandError, ErrNoVersion, *OvertakenError, *FixedError, ErrNoReason, and what its reader finds wrong.
func (s Brands) Publish(ctx context.Context, brand string, version, over int, by prepaid.By) (Published, error) {
	if err := needsReason(by); err != nil {
		return Published{}, err
	}
	state, err := s.state(ctx, brand)
	if err != nil {
		return Published{}, err
	}
	v, err := s.version(ctx, state.Brand, version)
	if err != nil {
		return Published{}, err
	}
	if version == state.Version && !state.Withdrawn {
		return Published{Brand: state.Brand, Version: version, Nothing: true}, nil
	}
	if version == state.Version {
		over = cmp.Or(over, state.Version) // it is sold again as it was
	}
	return s.put(ctx, state, v, cmp.Or(over, v.Parent), nil, by)
}

// put checks a stored text as the program reads it now, and puts it in force: the version itself, or, where next is not nil, a new
// version with its text.
func (s Brands) put(ctx context.Context, state BrandState, v BrandVersion, over int, next *BrandVersion, by prepaid.By) (Published, error) {
	current, err := s.inForce(ctx, state)
	if err != nil {
		return Published{}, err
	}
	read, err := s.Read(versionName(v.Brand, v.Version), []byte(v.Text), v.Brand)
	if err != nil {
		return Published{}, err
	}
	read[0].Parent = v.Parent
	done, err := s.check(ctx, state, current, read[0], over)
	if err != nil {
		return Published{}, err
	}
	put, err := s.Store.PutBrandInForce(ctx, BrandState{Brand: v.Brand, Version: v.Version, By: by, At: s.Clock.Now()}, state.Version, next)
	if errors.Is(err, ErrOvertaken) {
		return Published{}, s.overtaken(ctx, v.Brand, state.Version)
	}
	return s.inForceNow(done, put), err
}

// Revert makes the text of an earlier version the next one, and puts it in force; version 0 is the one that was in force before.
// Errors as Publish.
func (s Brands) Revert(ctx context.Context, brand string, version int, by prepaid.By) (Published, error) {
	if err := needsReason(by); err != nil {
		return Published{}, err
	}
	state, err := s.state(ctx, brand)
	if err != nil {
		return Published{}, err
	}
	if version == 0 {
		if version, err = s.before(ctx, state); err != nil {
			return Published{}, err
		}
	}
	v, err := s.version(ctx, state.Brand, version)
	if err != nil {
		return Published{}, err
	}
	next := &BrandVersion{Brand: state.Brand, Parent: state.Version, Text: v.Text, By: by, At: s.Clock.Now()}
	return s.put(ctx, state, v, state.Version, next, by)
}

// before finds the version that was in force before the present one.
func (s Brands) before(ctx context.Context, state BrandState) (int, error) {
	changes, err := s.Store.BrandChanges(ctx, state.Brand)
	if err != nil {
		return 0, err
	}
	for _, c := range slices.Backward(changes) {
		if c.Version != state.Version {
			return c.Version, nil
		}
	}
	return 0, fmt.Errorf("brand %s has had no version but %d: %w", state.Brand, state.Version, ErrNoVersion)
}

// Withdraw ends the sale of a brand: nothing can be begun with it, and what has begun is brought to its end. Its settings stay.
// Errors: *UnknownBrandError, ErrNoReason.
func (s Brands) Withdraw(ctx context.Context, brand string, by prepaid.By) (Published, error) {
	if err := needsReason(by); err != nil {
		return Published{}, err
	}
	state, err := s.state(ctx, brand)
	if err != nil {
		return Published{}, err
	}
	done := Published{Brand: state.Brand, Version: state.Version, Withdrawn: true, Nothing: state.Withdrawn}
	if state.Withdrawn {
		return done, nil
	}
	current, err := s.inForce(ctx, state)
	if err != nil {
		return Published{}, err
	}
	if done.Stranded, err = s.stranded(ctx, state, current.Brand, nil); err != nil {
		return Published{}, err
	}
	_, err = s.Store.PutBrandInForce(ctx, BrandState{Brand: state.Brand, Version: state.Version, Withdrawn: true, By: by, At: s.Clock.Now()}, state.Version, nil)
	if errors.Is(err, ErrOvertaken) {
		return Published{}, s.overtaken(ctx, state.Brand, state.Version)
	}
	return done, err
}
