package reloadly

import (
	"maps"
	"sync"
	"time"

	"pulsa/prepaid"
)

const (
	// keepFor is how long an operator's offer is believed: numbers are ported and amounts change, by the day.
	keepFor = 10 * time.Minute
	// keepAtMost bounds the memory; who comes above it is asked for again.
	keepAtMost = 10_000
)

// cache keeps answers for a while. Safe for concurrent use.
type cache[K comparable, V any] struct {
	clock   prepaid.Clock
	mu      sync.Mutex
	entries map[K]entry[V]
}

type entry[V any] struct {
	value V
	until time.Time
}

func newCache[K comparable, V any](clock prepaid.Clock) *cache[K, V] {
	return &cache[K, V]{clock: clock, entries: map[K]entry[V]{}}
}

func (c *cache[K, V]) get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !c.clock.Now().Before(e.until) {
		var none V
		return none, false
	}
	return e.value, true
}

func (c *cache[K, V]) put(key K, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if len(c.entries) >= keepAtMost {
		maps.DeleteFunc(c.entries, func(_ K, e entry[V]) bool { return !now.Before(e.until) })
	}
	if len(c.entries) >= keepAtMost {
		clear(c.entries)
	}
	c.entries[key] = entry[V]{value, now.Add(keepFor)}
}

// drop forgets an answer that turned out wrong.
func (c *cache[K, V]) drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}
