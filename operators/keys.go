package operators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// MasterKey names a key outside the database that things in it are hashed or sealed with: "pin-pepper".
type MasterKey string

// The master keys.
const (
	PINPepper MasterKey = "pin-pepper"
	CardKey   MasterKey = "card-key"
)

// MasterKeys are all of them.
func MasterKeys() []MasterKey { return []MasterKey{PINPepper, CardKey} }

// Variable is where a version of the key is given to the program: "PULSA_PIN_PEPPER_2".
func (k MasterKey) Variable(version int) string {
	name := "PULSA_PIN_PEPPER"
	if k == CardKey {
		name = "PULSA_CARD_KEY"
	}
	if version > 1 {
		name = fmt.Sprintf("%s_%d", name, version)
	}
	return name
}

// KeyUse is the version of a key that new things are written with: since when, by whom and why.
type KeyUse struct {
	Key     MasterKey
	Version int
	prepaid.By
	At time.Time
}

// StoredUnder counts what is stored under a version of a key.
type StoredUnder struct {
	What    string `json:"what"` // "PINs"
	Version int    `json:"-"`
	Count   int64  `json:"count"`
}

// KeyStore keeps which version of each key is in use, and which copies of the server run.
type KeyStore interface {
	// KeysInUse returns what is in use of each key; a key that no program was ever started with is missing.
	KeysInUse(ctx context.Context) (map[MasterKey]KeyUse, error)
	// KeyHistory returns every change of what is in use, oldest first.
	KeyHistory(ctx context.Context) ([]KeyUse, error)
	// UseKey puts another version in use. It calls check with the copies that run, none of which can start or change its keys
	// meanwhile, and changes nothing where that fails. ErrKeyMoved where it is not from that is in use.
	UseKey(ctx context.Context, from int, to KeyUse, check func(running []Copy) error) error
	// StoredUnder counts what is stored under the versions of a key, in no order. It reads whole tables.
	StoredUnder(ctx context.Context, key MasterKey, versions []int) ([]StoredUnder, error)
	RunningCopies(ctx context.Context) ([]Copy, error)
}

// Why a version is not put in use.
var (
	ErrKeyMoved  = errors.New("somebody else has put another version in use just now: look at pulsa keys list")
	ErrKeyUnused = errors.New("no server has been started on this database yet: the first start puts a version in use")
)

// KeyLackedError says which copies of the server can't read a version of a key.
type KeyLackedError struct {
	Key     MasterKey
	Version int
	Lack    []string // copies that do not have it
	Other   []string // copies that have another key under that version
}

func (e *KeyLackedError) Error() string {
	variable := e.Key.Variable(e.Version)
	switch {
	case len(e.Lack) > 0:
		return fmt.Sprintf("%s is lacking on %s: set it there, restart what runs there, and try again; nothing was changed", variable, strings.Join(e.Lack, ", "))
	case len(e.Other) > 0:
		return fmt.Sprintf("%s is not the same key on %s: give all the same, restart what runs there, and try again; nothing was changed", variable, strings.Join(e.Other, ", "))
	}
	return fmt.Sprintf("neither a running copy nor this machine has %s: set it everywhere, restart the copies, and try again; nothing was changed", variable)
}

// Keys are the operations on master keys.
type Keys struct {
	Store KeyStore
	Ours  map[MasterKey]map[int]string // the check values of the keys that this machine has: see prepaid.Keyring
	Clock prepaid.Clock
}

// KeyVersion is a version of a key, and who has it.
type KeyVersion struct {
	Key      MasterKey     `json:"key"`
	Version  int           `json:"version"`
	InUse    bool          `json:"in_use"`
	Since    time.Time     `json:"since,omitzero"` // in use
	By       string        `json:"by,omitempty"`
	Why      string        `json:"why,omitempty"`
	Here     bool          `json:"here"`   // this machine has it
	Copies   []string      `json:"copies"` // the running copies that have it
	Lacking  []string      `json:"lacking"`
	Stored   []StoredUnder `json:"stored"`
	Variable string        `json:"variable"`
}

// Cells are what people see of the row.
func (v KeyVersion) Cells() [][2]string {
	state, here := "read only", "no"
	if v.InUse {
		state = "in use"
	}
	if v.Here {
		here = "yes"
	}
	return [][2]string{
		{"key", string(v.Key)}, {"version", fmt.Sprint(v.Version)}, {"state", state}, {"here", here}, {"copies", v.copies()}, {"stored", v.stored()},
	}
}

// copies says which running copies have the version.
func (v KeyVersion) copies() string {
	switch all := len(v.Copies) + len(v.Lacking); {
	case all == 0:
		return "none runs"
	case len(v.Lacking) == 0:
		return fmt.Sprintf("all %d", all)
	default:
		return fmt.Sprintf("%d of %d; not %s", len(v.Copies), all, strings.Join(v.Lacking, ", "))
	}
}

// stored says what is stored under the version: "3 PINs, 1 API keys".
func (v KeyVersion) stored() string {
	var texts []string
	for _, s := range v.Stored {
		texts = append(texts, fmt.Sprintf("%d %s", s.Count, s.What))
	}
	return cmp.Or(strings.Join(texts, ", "), "nothing")
}

// List tells of every version of every key that is in use, given to this machine or a running copy, or that something is stored
// under.
func (k Keys) List(ctx context.Context) ([]KeyVersion, error) {
	inUse, err := k.Store.KeysInUse(ctx)
	if err != nil {
		return nil, err
	}
	running, err := k.Store.RunningCopies(ctx)
	if err != nil {
		return nil, err
	}
	var rows []KeyVersion
	for _, key := range MasterKeys() {
		versions := make([]int, maxKeyVersion)
		for i := range versions {
			versions[i] = i + 1
		}
		stored, err := k.Store.StoredUnder(ctx, key, versions)
		if err != nil {
			return nil, err
		}
		for _, version := range versions {
			v := k.version(key, version, inUse[key], running, stored)
			if v.InUse || v.Here || len(v.Copies) > 0 || len(v.Stored) > 0 {
				rows = append(rows, v)
			}
		}
	}
	return rows, nil
}

// maxKeyVersion is the highest that the program reads.
const maxKeyVersion = 9

func (k Keys) version(key MasterKey, version int, use KeyUse, running []Copy, stored []StoredUnder) KeyVersion {
	v := KeyVersion{Key: key, Version: version, Variable: key.Variable(version), Copies: []string{}, Lacking: []string{}, Stored: []StoredUnder{}}
	if use.Version == version {
		v.InUse, v.Since, v.By, v.Why = true, use.At, use.Who, use.Why
	}
	_, v.Here = k.Ours[key][version]
	for _, c := range running {
		if _, has := c.Keys[key][version]; has {
			v.Copies = append(v.Copies, c.Name())
		} else {
			v.Lacking = append(v.Lacking, c.Name())
		}
	}
	for _, s := range stored {
		if s.Version == version {
			v.Stored = append(v.Stored, s)
		}
	}
	return v
}

// KeyUseRow is one time that a version was put in use.
type KeyUseRow struct {
	At      time.Time `json:"at"`
	Key     MasterKey `json:"key"`
	Version int       `json:"version"`
	By      string    `json:"by"`
	Reason  string    `json:"reason"`
}

// History lists which versions were put in use, oldest first.
func (k Keys) History(ctx context.Context) ([]KeyUseRow, error) {
	changes, err := k.Store.KeyHistory(ctx)
	rows := make([]KeyUseRow, len(changes))
	for i, c := range changes {
		rows[i] = KeyUseRow{At: c.At, Key: c.Key, Version: c.Version, By: c.Who, Reason: c.Why}
	}
	return rows, err
}

// KeyPutInUse is the version of a key that new things are written with from now on.
type KeyPutInUse struct {
	Key     MasterKey
	Version int
	Already bool // it was before
}

// Text describes it for people.
func (p KeyPutInUse) Text() string {
	if p.Already {
		return fmt.Sprintf("Version %d of %s is in use already.", p.Version, p.Key)
	}
	return fmt.Sprintf("Version %d of %s is in use: every running copy writes with it within 5 s. Keep the versions before it:\n"+
		"pulsa keys list tells what is stored under them.", p.Version, p.Key)
}

// Use puts a version of a key in use: every copy that runs writes with it within 5 s. Errors: *KeyLackedError where a running copy could not read what the others write, ErrNoReason, ErrKeyUnused, ErrKeyMoved,
// *FieldError for a key that there is not.
func (k Keys) Use(ctx context.Context, key MasterKey, version int, by prepaid.By) (KeyPutInUse, error) {
	if !slices.Contains(MasterKeys(), key) {
		return KeyPutInUse{}, &FieldError{Field: "key", Value: string(key), Err: errors.New("is no key"), Known: []string{string(PINPepper), string(CardKey)}}
	}
	if version < 1 || version > maxKeyVersion {
		return KeyPutInUse{}, fmt.Errorf("there is no version %d: write 1 to %d", version, maxKeyVersion)
	}
	if err := needsReason(by); err != nil {
		return KeyPutInUse{}, err
	}
	inUse, err := k.Store.KeysInUse(ctx)
	if err != nil {
		return KeyPutInUse{}, err
	}
	now, known := inUse[key]
	switch {
	case !known:
		return KeyPutInUse{}, ErrKeyUnused
	case now.Version == version:
		return KeyPutInUse{key, version, true}, nil
	}
	to := KeyUse{Key: key, Version: version, By: by, At: k.Clock.Now()}
	return KeyPutInUse{key, version, false}, k.Store.UseKey(ctx, now.Version, to, func(running []Copy) error { return k.readable(key, version, running) })
}

// readable returns a *KeyLackedError unless everybody can read what is written with the version.
func (k Keys) readable(key MasterKey, version int, running []Copy) error {
	e := &KeyLackedError{Key: key, Version: version}
	value, here := k.Ours[key][version]
	if here {
		e.Other = []string{"this machine"}
	}
	different := false
	for _, c := range running {
		has, ok := c.Keys[key][version]
		switch {
		case !ok:
			e.Lack = append(e.Lack, c.Name())
			continue
		case value == "":
			value = has
		case value != has:
			different = true
		}
		e.Other = append(e.Other, c.Name())
	}
	if len(e.Lack) > 0 || different || value == "" {
		return e
	}
	return nil
}

// CheckCopyKeys judges the keys of a copy, which findings call by the name, by what is in use and by what the other running copies
// have. It is an error where the copy lacks a version that is in use, or has another key under it, and a warning where that is so
// of any other version.
func CheckCopyKeys(name string, c Copy, running []Copy, inUse map[MasterKey]KeyUse) []Finding {
	var findings []Finding
	for _, key := range MasterKeys() {
		for version := 1; version <= maxKeyVersion; version++ {
			unlike := slices.ContainsFunc(running, func(other Copy) bool {
				theirs, have := other.Keys[key][version]
				return have && theirs != c.Keys[key][version]
			})
			used := inUse[key].Version == version
			_, has := c.Keys[key][version]
			variable := key.Variable(version)
			f := Finding{Level: LevelWarn, What: "keys"}
			if used {
				f.Level = LevelError
			}
			switch {
			case has && unlike:
				f.Found = name + " and another copy have different keys in " + variable
				f.Do = "give all copies the same " + variable + ", and restart those that had another"
			case !has && used:
				f.Found = name + " lacks " + variable + ", which is in use: it can't read what the other copies write"
				f.Do = "set " + variable + " there, to the key that the other copies have, and restart it"
			case !has && unlike:
				f.Found = name + " lacks " + variable + ", which another copy has"
				f.Do = fmt.Sprintf("set %s there and restart it; until then pulsa keys use %d --key %s is refused", variable, version, key)
			default:
				continue
			}
			findings = append(findings, f)
		}
	}
	return findings
}
