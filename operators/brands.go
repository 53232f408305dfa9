package operators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// SettingsKnownWithin is how soon every running copy of the server works with a version of settings that was published.
const SettingsKnownWithin = 5 * time.Second

// BrandVersion is one version of a brand's settings. It never changes.
type BrandVersion struct {
	Brand   string
	Version int    // from 1
	Parent  int    // the version that it was made from; 0: none
	Text    string // what it says: a brand's section in YAML
	prepaid.By
	At time.Time
}

// BrandState says which version of a brand is in force.
type BrandState struct {
	Brand     string
	Version   int
	Withdrawn bool // it sells nothing more; the version is the last one that was in force
	Number    int  // of this change, from 1
	prepaid.By
	At time.Time
}

// ErrNoVersion is what a store answers for a version that a brand does not have.
var ErrNoVersion = errors.New("there is no such version")

// ErrOvertaken is what a store answers where the version in force is another than its caller knows.
var ErrOvertaken = errors.New("another version was put in force meanwhile")

// BrandStore keeps the versions of brands' settings, and which of them are in force. Versions and changes are never changed.
type BrandStore interface {
	// BrandStates returns which version of each brand is in force, by name.
	BrandStates(ctx context.Context) ([]BrandState, error)
	// BrandVersion returns a version; ErrNoVersion.
	BrandVersion(ctx context.Context, brand string, version int) (BrandVersion, error)
	// BrandVersions returns all versions of a brand, oldest first.
	BrandVersions(ctx context.Context, brand string) ([]BrandVersion, error)
	// BrandChanges returns what was in force when, oldest first.
	BrandChanges(ctx context.Context, brand string) ([]BrandState, error)
	// AddBrandVersion stores the next version of a brand, and returns its number; v.Version is ignored.
	AddBrandVersion(ctx context.Context, v BrandVersion) (int, error)
	// PutBrandInForce makes s the state of its brand, whose Number it ignores. over is the version that the caller believes to be in
	// force, 0 for none: ErrOvertaken where it is another. Where v is not nil it is stored as well, in the same transaction, and is the
	// version that is put in force.
	PutBrandInForce(ctx context.Context, s BrandState, over int, v *BrandVersion) (BrandState, error)
}

// BrandText is the settings of a brand as somebody has written them, read and checked.
type BrandText struct {
	Brand  *prepaid.Brand
	Text   string            // as it is stored
	Fields map[string]string // values by path: "amounts.max"
	Parent int               // the version that it says it was made from; 0: it does not say
	Notes  []string          // what works less than it could: a channel without its credentials
}

// BrandReader reads settings. file is what errors name; brand is whose the text is where it does not say so, "" for all that it has.
type BrandReader func(file string, text []byte, brand string) ([]BrandText, error)

// Brands are the operations on brands' settings. Where one is not told which brand is meant (""), it is the only one that there is; if
// there are several, that is a *FieldError. All fields are needed. Safe for concurrent use.
type Brands struct {
	Store BrandStore
	Read  BrandReader
	// File makes a version a file that can be read, changed and applied.
	File func(brand string, version int, about, text string) string
	// FileNote says where the next start of a server takes a brand's settings from the configuration file again; "" where it does not.
	FileNote func(brand string) string
	Reach    BrandReach
	Clock    prepaid.Clock
}

// UnknownBrandError says that no brand of that name has settings in the store.
type UnknownBrandError struct {
	Brand string
	Known []string
}

func (e *UnknownBrandError) Error() string {
	return fmt.Sprintf("there is no brand %s: known are %s", e.Brand, cmp.Or(strings.Join(e.Known, ", "), "none"))
}

// FieldChange is a value that two versions of settings differ in. Old is empty where it is new, New where it is not there any more.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

func (c FieldChange) String() string {
	switch {
	case c.Old == "":
		return fmt.Sprintf("%s: %s (new)", c.Field, c.New)
	case c.New == "":
		return fmt.Sprintf("%s: %s (removed)", c.Field, c.Old)
	}
	return fmt.Sprintf("%s: %s -> %s", c.Field, c.Old, c.New)
}

// changesBetween lists what differs, by field.
func changesBetween(old, new map[string]string) []FieldChange {
	var changes []FieldChange
	fields := maps.Clone(old)
	if fields == nil {
		fields = map[string]string{}
	}
	maps.Copy(fields, new)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if old[field] != new[field] {
			changes = append(changes, FieldChange{field, old[field], new[field]})
		}
	}
	return changes
}

// OvertakenError says that a file was made from another version than the one in force.
type OvertakenError struct {
	InForce BrandState
	Parent  int           // what the file was made from; 0: it does not say
	Changes []FieldChange // from there to what is in force
}

func (e *OvertakenError) Error() string {
	from := fmt.Sprintf("was made from version %d", e.Parent)
	if e.Parent == 0 {
		from = "does not say which version it was made from"
	}
	text := fmt.Sprintf("version %d of brand %s is in force (%s), and what you publish %s", e.InForce.Version, e.InForce.Brand, e.InForce.about(), from)
	if len(e.Changes) > 0 {
		text += "; what you have not seen:"
		for _, c := range e.Changes {
			text += "\n  " + c.String()
		}
	}
	return fmt.Sprintf("%s\nPut both together and apply that with --over %d; pulsa brands show --brand %s prints what is in force", text, e.InForce.Version, e.InForce.Brand)
}

// Unwrap makes it an ErrOvertaken.
func (e *OvertakenError) Unwrap() error { return ErrOvertaken }

// about says who put a version in force, when and why.
func (s BrandState) about() string {
	text := "by " + s.Who + ", " + stamp(s.At)
	if s.Why != "" {
		text += ": " + s.Why
	}
	return text
}

// BrandRow is a brand as it is listed.
type BrandRow struct {
	Brand     string    `json:"brand"`
	Version   int       `json:"version"`
	State     string    `json:"state"` // "in force", "withdrawn"
	Drafts    []int     `json:"drafts"`
	ChangedBy string    `json:"changed_by"`
	Why       string    `json:"why,omitempty"`
	ChangedAt time.Time `json:"changed_at"`
}

// Cells are what people see of the row.
func (r BrandRow) Cells() [][2]string {
	drafts := strings.Trim(strings.ReplaceAll(fmt.Sprint(r.Drafts), " ", ", "), "[]")
	return [][2]string{
		{"brand", r.Brand}, {"version", fmt.Sprint(r.Version)}, {"state", r.State}, {"drafts", drafts}, {"changed_by", r.ChangedBy},
		{"changed_at", stamp(r.ChangedAt)}, {"why", r.Why},
	}
}

// List lists the brands that have settings in the store.
func (s Brands) List(ctx context.Context) ([]BrandRow, error) {
	states, err := s.Store.BrandStates(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]BrandRow, len(states))
	for i, state := range states {
		rows[i] = BrandRow{Brand: state.Brand, Version: state.Version, State: "in force", ChangedBy: state.Who, Why: state.Why, ChangedAt: state.At, Drafts: []int{}}
		if state.Withdrawn {
			rows[i].State = "withdrawn"
		}
		versions, err := s.Store.BrandVersions(ctx, state.Brand)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			if v.Version > state.Version {
				rows[i].Drafts = append(rows[i].Drafts, v.Version)
			}
		}
	}
	return rows, nil
}

// VersionRow is a version of a brand's settings as it is listed.
type VersionRow struct {
	Version int       `json:"version"`
	Parent  int       `json:"parent"`
	State   string    `json:"state"` // "in force", "draft", "was in force"
	Who     string    `json:"who"`
	Why     string    `json:"why,omitempty"`
	MadeAt  time.Time `json:"made_at"`
}

// Cells are what people see of the row.
func (r VersionRow) Cells() [][2]string {
	return [][2]string{
		{"version", fmt.Sprint(r.Version)}, {"parent", fmt.Sprint(r.Parent)}, {"state", r.State}, {"who", r.Who}, {"made_at", stamp(r.MadeAt)}, {"why", r.Why},
	}
}

// Versions lists the versions of a brand's settings, newest first; *UnknownBrandError.
func (s Brands) Versions(ctx context.Context, brand string) ([]VersionRow, error) {
	state, err := s.state(ctx, brand)
	if err != nil {
		return nil, err
	}
	versions, err := s.Store.BrandVersions(ctx, state.Brand)
	if err != nil {
		return nil, err
	}
	changes, err := s.Store.BrandChanges(ctx, state.Brand)
	if err != nil {
		return nil, err
	}
	rows := make([]VersionRow, 0, len(versions))
	for _, v := range slices.Backward(versions) {
		row := VersionRow{v.Version, v.Parent, "draft", v.Who, v.Why, v.At}
		switch {
		case v.Version == state.Version && state.Withdrawn:
			row.State = "withdrawn"
		case v.Version == state.Version:
			row.State = "in force"
		case slices.ContainsFunc(changes, func(c BrandState) bool { return c.Version == v.Version }):
			row.State = "was in force"
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// state returns which version of a brand is in force, version 0 where it has drafts alone; "" is the only brand. Errors:
// *UnknownBrandError, *FieldError.
func (s Brands) state(ctx context.Context, brand string) (BrandState, error) {
	states, err := s.Store.BrandStates(ctx)
	if err != nil {
		return BrandState{}, err
	}
	unknown := &UnknownBrandError{Brand: brand}
	for _, state := range states {
		if state.Brand == brand || brand == "" && len(states) == 1 {
			return state, nil
		}
		unknown.Known = append(unknown.Known, state.Brand)
	}
	if brand == "" {
		return BrandState{}, &FieldError{Field: "brand", Err: errors.New("say which one"), Known: unknown.Known}
	}
	drafts, err := s.Store.BrandVersions(ctx, brand)
	if err != nil || len(drafts) > 0 { // nothing was ever put in force
		return BrandState{Brand: brand}, err
	}
	return BrandState{}, unknown
}

// Show returns a version as a file that can be changed and applied; version 0 is the one in force. Errors: *UnknownBrandError,
// ErrNoVersion.
func (s Brands) Show(ctx context.Context, brand string, version int) (string, error) {
	state, err := s.state(ctx, brand)
	if err != nil {
		return "", err
	}
	v, err := s.version(ctx, state.Brand, cmp.Or(version, state.Version))
	if err != nil {
		return "", err
	}
	about := fmt.Sprintf("Settings of brand %s, version %d, made by %s, %s", v.Brand, v.Version, v.Who, stamp(v.At))
	if v.Why != "" {
		about += ": " + strings.Join(strings.Fields(v.Why), " ")
	}
	return s.File(v.Brand, v.Version, about+".", v.Text), nil
}

func (s Brands) version(ctx context.Context, brand string, version int) (BrandVersion, error) {
	v, err := s.Store.BrandVersion(ctx, brand, version)
	if errors.Is(err, ErrNoVersion) {
		return v, fmt.Errorf("brand %s, version %d: %w", brand, version, err)
	}
	return v, err
}

// read reads a stored version. Of one that this program would refuse today it has the values alone.
func (s Brands) read(v BrandVersion) BrandText {
	read, err := s.Read(versionName(v.Brand, v.Version), []byte(v.Text), v.Brand)
	switch {
	case len(read) == 0:
		return BrandText{}
	case err != nil:
		return BrandText{Fields: read[0].Fields}
	}
	return read[0]
}

// inForce reads the version in force; empty where there is none yet.
func (s Brands) inForce(ctx context.Context, state BrandState) (BrandText, error) {
	if state.Version == 0 {
		return BrandText{}, nil
	}
	v, err := s.version(ctx, state.Brand, state.Version)
	return s.read(v), err
}

// versionName is how errors about a stored version's text name it.
func versionName(brand string, version int) string {
	return fmt.Sprintf("brand %s, version %d", brand, version)
}

// Diff lists what changes from one version to another; to 0 is the version in force, and from 0 the parent of to. Errors as Show.
func (s Brands) Diff(ctx context.Context, brand string, from, to int) ([]FieldChange, error) {
	state, err := s.state(ctx, brand)
	if err != nil {
		return nil, err
	}
	new, err := s.version(ctx, state.Brand, cmp.Or(to, state.Version))
	if err != nil {
		return nil, err
	}
	var old BrandVersion
	if from = cmp.Or(from, new.Parent); from != 0 {
		if old, err = s.version(ctx, state.Brand, from); err != nil {
			return nil, err
		}
	}
	return changesBetween(s.read(old).Fields, s.read(new).Fields), nil
}

// DiffFile lists what would change if a file were applied. Errors: *UnknownBrandError, and what the file's reader finds wrong.
func (s Brands) DiffFile(ctx context.Context, file string, text []byte, brand string) ([]FieldChange, error) {
	state, err := s.state(ctx, brand)
	if err != nil {
		return nil, err
	}
	read, err := s.Read(file, text, state.Brand)
	if err != nil {
		return nil, err
	}
	current, err := s.inForce(ctx, state)
	return changesBetween(current.Fields, read[0].Fields), err
}
