package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"pulsa/app/config"
	"pulsa/conversation"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/yamlfile"
)

// Settings are the settings of all brands as one program works with them: the versions in force in the store, and, for brands that
// the store does not know yet, what the configuration file says. Safe for concurrent use.
type Settings struct {
	Brands *prepaid.Brands

	config config.Config // what the next Take reads by; guarded by mu
	store  operators.BrandStore
	// prepare is called with the brands that are about to be in force, and with what reads their prompts; an error keeps them from it.
	// nil: nothing is to be prepared.
	prepare func(brands []*prepaid.Brand, read func(*prepaid.Brand) (*conversation.BrandPrompts, error)) error

	mu      sync.Mutex // held while settings are taken
	renewed bool       // config is another than the one that current was read by
	current atomic.Pointer[taken]
}

// taken is what a program works with at a time. It never changes.
type taken struct {
	config   config.Config // what it was read by
	settings []config.Settings
	versions map[string]int    // by brand: what it was read from; a withdrawn brand's is negative
	faults   map[string]string // by brand: why the version in force is not the one that the program works with
}

// ReadSettings reads the settings in force, and changes nothing. A brand whose version can't be read here is missing: see Err.
func ReadSettings(ctx context.Context, c config.Config, db operators.BrandStore) (*Settings, error) {
	s := &Settings{Brands: new(prepaid.Brands), config: c, store: db}
	_, err := s.Take(ctx)
	return s, err
}

// Err returns a *SettingsError where a version in force can't be read here: what starts has none before it to go on with.
func (s *Settings) Err() error {
	if faults := s.Faults(); len(faults) > 0 {
		return &SettingsError{faults}
	}
	return nil
}

// SettingsError says which versions in force a program can't read, and why.
type SettingsError struct{ Faults []string }

func (e *SettingsError) Error() string { return strings.Join(e.Faults, "\n") }

// byTheFile is who makes a version out of the configuration file.
const byTheFile = "the configuration file"

// StoreFile makes what the configuration file says the first version of each brand that the store does not know. Where test brands stand
// on the embedded store the file is in force after every start: whoever edits it and starts again sees it. Otherwise the store wins. It returns
// a line for each brand that the file says something else of.
func StoreFile(ctx context.Context, c config.Config, db *store.DB, clock prepaid.Clock) (notes []string, err error) {
	states, err := db.Brands.BrandStates(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range c.Brands {
		source := c.Sources[b.Name]
		i := slices.IndexFunc(states, func(s operators.BrandState) bool { return s.Brand == b.Name })
		var state operators.BrandState
		if i >= 0 {
			state = states[i]
			v, err := db.Brands.BrandVersion(ctx, b.Name, state.Version)
			if err != nil {
				return nil, err
			}
			same := v.Text == source.Text
			if !same { // it may be written otherwise
				kept, _ := c.ParseSettings(byTheFile, []byte(v.Text), b.Name) // faults are for whoever takes it
				same = len(kept) == 1 && kept[0].Source.Same(source)
			}
			switch {
			case same && state.Withdrawn:
				notes = append(notes, fmt.Sprintf("brand %s was withdrawn, and %s still has it: remove it there, or sell it again: pulsa brands publish %d --brand %s", b.Name, c.File, state.Version, b.Name))
				continue
			case same:
				continue
			case !takesFile(db, b):
				notes = append(notes, fmt.Sprintf("%s says otherwise of brand %s than version %d, which is in force: the file is not taken; see what differs: pulsa brands diff --brand %s --file %s",
					c.File, b.Name, state.Version, b.Name, c.File))
				continue
			}
		}
		by, now := prepaid.By{Who: byTheFile, Why: "read at a start: " + c.File}, clock.Now()
		_, err := db.Brands.PutBrandInForce(ctx, operators.BrandState{Brand: b.Name, By: by, At: now}, state.Version,
			&operators.BrandVersion{Brand: b.Name, Parent: state.Version, Text: source.Text, By: by, At: now})
		if err != nil && !errors.Is(err, operators.ErrOvertaken) { // another copy starts at the same time
			return nil, err
		}
	}
	return notes, nil
}

// takesFile reports whether a start takes a brand's settings from the file, whatever version is in force: so whoever tries things out sees
// what they have edited.
func takesFile(db *store.DB, b *prepaid.Brand) bool {
	return b != nil && b.Test && db.Dialect() == store.SQLite
}

// Take puts the versions in force that the store says are, and reports whether anything changed. A brand whose version can't be read
// here, because a credential is missing say, stays as it was: Faults says so. Prompts are prepared first; turns that have begun go
// on with what they began with.
func (s *Settings) Take(ctx context.Context) (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	states, err := s.store.BrandStates(ctx)
	if err != nil {
		return false, err
	}
	now := s.current.Load()
	if now != nil && !s.renewed && !now.differs(states) {
		return false, nil
	}
	if err := s.take(ctx, now, states); err != nil {
		return false, err
	}
	s.renewed = false
	return true, nil
}

// Renew checks that all settings in force can be read by c, the configuration as it was read again: credentials or languages have
// changed. take, which can't fail, has the next Take read them all by it.
func (s *Settings) Renew(ctx context.Context, c config.Config) (take func(), err error) {
	fresh, err := ReadSettings(ctx, c, s.store)
	if err == nil {
		err = fresh.Err()
	}
	if err == nil {
		_, err = c.Languages.ForBrands(fresh.Brands.AllKnown())
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.config, s.renewed = c, true
	}, err
}

// take reads the versions that now does not have, and puts them in force.
func (s *Settings) take(ctx context.Context, now *taken, states []operators.BrandState) error {
	next := &taken{config: s.config, versions: map[string]int{}, faults: map[string]string{}}
	for _, state := range states {
		set, err := s.read(ctx, now, state)
		switch {
		case errors.As(err, new(*yamlfile.Error)):
			next.faults[state.Brand] = fmt.Sprintf("version %d of brand %s can't be taken here: %s", state.Version, state.Brand, err)
			set, err = now.of(state.Brand), nil
		case err != nil:
			return err
		}
		next.versions[state.Brand] = numbered(state)
		if set.Brand != nil {
			next.settings = append(next.settings, set)
		}
	}
	for _, b := range s.config.Brands { // a command before the first start
		if _, stored := next.versions[b.Name]; !stored {
			next.settings = append(next.settings, s.ofFile(b))
		}
	}
	next.sort(s.config.Brands)
	if s.prepare != nil {
		if err := s.prepare(next.brands(), s.config.Languages.ForBrand); err != nil {
			return err
		}
	}
	s.Brands.Replace(next.brands())
	s.current.Store(next)
	return nil
}

func numbered(state operators.BrandState) int {
	if state.Withdrawn {
		return -state.Version
	}
	return state.Version
}

func (t *taken) differs(states []operators.BrandState) bool {
	for _, state := range states {
		if t.versions[state.Brand] != numbered(state) {
			return true
		}
	}
	return false
}

// of returns the settings of a brand; without a brand where it has none.
func (t *taken) of(brand string) config.Settings {
	if t != nil {
		for _, set := range t.settings {
			if set.Brand.Name == brand {
				return set
			}
		}
	}
	return config.Settings{}
}

func (t *taken) brands() []*prepaid.Brand {
	brands := make([]*prepaid.Brand, len(t.settings))
	for i, set := range t.settings {
		brands[i] = set.Brand
	}
	return brands
}

// sort puts the brands of the file first, in its order.
func (t *taken) sort(file []*prepaid.Brand) {
	place := func(set config.Settings) int {
		if i := slices.IndexFunc(file, func(b *prepaid.Brand) bool { return b.Name == set.Brand.Name }); i >= 0 {
			return i
		}
		return len(file)
	}
	slices.SortStableFunc(t.settings, func(a, b config.Settings) int { return place(a) - place(b) })
}

// ofFile is what the configuration file says of a brand.
func (s *Settings) ofFile(b *prepaid.Brand) config.Settings {
	set := config.Settings{Brand: b, Source: s.config.Sources[b.Name]}
	if terms, ok := s.config.API[b.Name]; ok {
		set.API = &terms
	}
	return set
}

// read returns the settings of a version: those that the program has already, what the file says where that is the same, or what the
// store has.
func (s *Settings) read(ctx context.Context, now *taken, state operators.BrandState) (config.Settings, error) {
	if now != nil && !s.renewed && now.versions[state.Brand] == numbered(state) && now.faults[state.Brand] == "" {
		return now.of(state.Brand), nil
	}
	v, err := s.store.BrandVersion(ctx, state.Brand, state.Version)
	if err != nil {
		return config.Settings{}, err
	}
	var set config.Settings
	i := slices.IndexFunc(s.config.Brands, func(b *prepaid.Brand) bool { return b.Name == state.Brand })
	if i >= 0 && s.config.Sources[state.Brand].Text == v.Text {
		set = s.ofFile(s.config.Brands[i])
	} else {
		all, err := s.config.ParseSettings(fmt.Sprintf("brand %s, version %d", state.Brand, state.Version), []byte(v.Text), state.Brand)
		if err != nil {
			return config.Settings{}, err
		}
		set = all[0]
	}
	b := *set.Brand
	b.Version, b.Withdrawn = state.Version, state.Withdrawn
	set.Brand = &b
	return set, nil
}

// Terms returns on which terms a brand sells to developers; false where it does not.
func (s *Settings) Terms(brand string) (developers.Terms, bool) {
	if s.Brands.Named(brand) == nil {
		return developers.Terms{}, false
	}
	set := s.current.Load().of(brand)
	if set.API == nil {
		return developers.Terms{}, false
	}
	return *set.API, true
}

// Brand returns a brand in force, a *config.NoBrandError, or a *SettingsError where its version can't be read here.
func (s *Settings) Brand(name string) (*prepaid.Brand, error) { return s.among(s.Brands.All(), name) }

// Known is Brand, and returns a withdrawn brand too.
func (s *Settings) Known(name string) (*prepaid.Brand, error) {
	return s.among(s.Brands.AllKnown(), name)
}

func (s *Settings) among(brands []*prepaid.Brand, name string) (*prepaid.Brand, error) {
	now := s.current.Load()
	if fault := now.faults[name]; fault != "" && s.Brands.Known(name) == nil {
		return nil, &SettingsError{[]string{fault}}
	}
	c := now.config
	c.Brands = brands
	return c.Brand(name)
}

// Languages are the texts that the program speaks by now.
func (s *Settings) Languages() *conversation.Languages { return s.current.Load().config.Languages }

// Faults says which versions in force this program can't work with, and why. It works with the versions before them.
func (s *Settings) Faults() []string {
	var faults []string
	for _, fault := range s.current.Load().faults {
		faults = append(faults, fault)
	}
	slices.Sort(faults)
	return faults
}

// Versions is which version of each brand's settings the program works with.
func (s *Settings) Versions() map[string]int64 {
	versions := map[string]int64{}
	for _, b := range s.Brands.AllKnown() {
		versions[b.Name] = int64(b.Version)
	}
	return versions
}

// Simulates reports whether a brand in force meets the simulators in the server itself.
func (s *Settings) Simulates() bool {
	c := s.current.Load().config
	c.Brands = s.Brands.All()
	return c.Simulates()
}

// reach counts whom settings reach: operators.BrandReach.
type reach struct {
	store.Brands
	clock prepaid.Clock
	each  func(ctx context.Context, prefix string, visit func(sender string, session []byte) error) error
}

// OpenConversations implements operators.BrandReach.
func (r reach) OpenConversations(ctx context.Context, brand string) ([]operators.OpenConversation, error) {
	var mu sync.Mutex
	open := map[string]operators.OpenConversation{}
	now := r.clock.Now()
	err := r.each(ctx, brand+"/", func(sender string, session []byte) error {
		flow, ok := conversation.ReadOpenFlow(session, now)
		channel, _, found := strings.Cut(strings.TrimPrefix(sender, brand+"/"), "/")
		if !ok || !found {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		open[sender] = operators.OpenConversation{Channel: channel, Minor: flow.Amount}
		return nil
	})
	all := make([]operators.OpenConversation, 0, len(open))
	for _, o := range open {
		all = append(all, o)
	}
	return all, err
}

// BrandReader reads settings by a configuration.
func BrandReader(c config.Config) operators.BrandReader {
	return func(file string, text []byte, brand string) ([]operators.BrandText, error) {
		all, err := c.ParseSettings(file, text, brand)
		read := make([]operators.BrandText, len(all))
		for i, set := range all {
			read[i] = operators.BrandText{Brand: set.Brand, Text: set.Source.Text, Fields: set.Source.Fields, Parent: set.Parent, Notes: set.Notes}
		}
		return read, err
	}
}
