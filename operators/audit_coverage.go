package operators

import (
	"maps"
	"slices"

	"pulsa/topup"
)

// NotSimulated says why an audit does not see the book of a real provider.
const NotSimulated = "it is no simulator, pulsa reconcile compares it"

// Coverage says which providers' books an audit has seen, and collects what it could not compare with any. Not safe for
// concurrent use.
type Coverage struct {
	// HiddenNetworks and HiddenGateways say, by provider, why its book was not seen; "" or no entry means that it was.
	HiddenNetworks, HiddenGateways map[string]string

	uncompared map[string]string
}

// Uncompared is a group of orders that an audit could not compare.
type Uncompared struct {
	What string // "deliveries of brand demo"
	Why  string
}

// SeenBooks says which of an order's providers have shown their books.
type SeenBooks struct{ Network, Gateway bool }

// Sees reports which providers of an order have shown their books, and remembers what is not compared.
func (c *Coverage) Sees(o topup.History) SeenBooks {
	why := c.HiddenNetworks[o.Network]
	c.note("deliveries of brand "+o.Brand, why)
	if o.Funding.Kind != topup.ByCharge {
		return SeenBooks{Network: why == "", Gateway: true}
	}
	hidden := c.HiddenGateways[o.Funding.Provider]
	c.note("payments of brand "+o.Brand+" by "+o.Funding.Provider, hidden)
	return SeenBooks{Network: why == "", Gateway: hidden == ""}
}

func (c *Coverage) note(what, why string) {
	if why == "" {
		return
	}
	if c.uncompared == nil {
		c.uncompared = map[string]string{}
	}
	c.uncompared[what] = why
}

// Uncompared lists what was not compared, by its name.
func (c *Coverage) Uncompared() []Uncompared {
	var list []Uncompared
	for _, what := range slices.Sorted(maps.Keys(c.uncompared)) {
		list = append(list, Uncompared{what, c.uncompared[what]})
	}
	return list
}

// Incomplete reports whether a simulator's book was missing. Real providers
// have no book to see.
func (c *Coverage) Incomplete() bool {
	for _, why := range c.uncompared {
		if why != NotSimulated {
			return true
		}
	}
	return false
}
