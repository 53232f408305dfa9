package wire

import (
	"maps"
	"sync"

	"pulsa/channels"
)

// Lines keeps what the settings of each channel were compiled to. The zero value is ready; safe for concurrent use.
type Lines[L any] struct {
	compiled sync.Map // by channel: compiled[L], the last
}

type compiled[L any] struct {
	settings map[string]string
	line     L
}

// Of returns a channel's line. It is compiled once, and again when the settings have changed. The error is the first *Fault.
func (k *Lines[L]) Of(c channels.Channel, compile func(settings map[string]string) (L, []Fault)) (L, error) {
	if known, ok := k.compiled.Load(c.ID()); ok {
		if last := known.(compiled[L]); maps.Equal(last.settings, c.Settings) {
			return last.line, nil
		}
	}
	l, faults := compile(c.Settings)
	if len(faults) > 0 {
		var none L
		return none, &faults[0]
	}
	k.compiled.Store(c.ID(), compiled[L]{maps.Clone(c.Settings), l})
	return l, nil
}

// Set makes the values of keys part of a line, each as setters says. A key whose value is empty is left out.
func Set[L any](line *L, keys []string, setters map[string]func(*L, string) error, values map[string]string) (faults []Fault) {
	for _, key := range keys {
		if values[key] == "" {
			continue
		}
		if err := setters[key](line, values[key]); err != nil {
			faults = append(faults, Fault{Key: key, Text: err.Error()})
		}
	}
	return faults
}
