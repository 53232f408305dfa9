package prepaid

import "sync/atomic"

// Brands are the brands in force and those that were withdrawn. They may be replaced while the program runs; a *Brand itself never
// changes, so whoever has taken one works with the same settings to the end. Safe for concurrent use. The zero value is empty.
type Brands struct{ current atomic.Pointer[brandSet] }

type brandSet struct {
	inForce []*Brand
	known   []*Brand
	byName  map[string]*Brand
}

// NewBrands returns Brands of the given ones.
func NewBrands(all ...*Brand) *Brands {
	b := new(Brands)
	b.Replace(all)
	return b
}

// Replace takes other brands, all at once. They keep their order.
func (b *Brands) Replace(all []*Brand) {
	set := &brandSet{byName: make(map[string]*Brand, len(all))}
	for _, brand := range all {
		set.byName[brand.Name] = brand
		set.known = append(set.known, brand)
		if !brand.Withdrawn {
			set.inForce = append(set.inForce, brand)
		}
	}
	b.current.Store(set)
}

// Named returns the brand of that name; nil where none is in force. What customers begin asks for it.
func (b *Brands) Named(name string) *Brand {
	brand := b.Known(name)
	if brand == nil || brand.Withdrawn {
		return nil
	}
	return brand
}

// Known is Named, and returns a withdrawn brand as it was last: what has begun is brought to its end with it.
func (b *Brands) Known(name string) *Brand {
	if set := b.current.Load(); set != nil {
		return set.byName[name]
	}
	return nil
}

// All lists the brands in force. The caller must not change the slice.
func (b *Brands) All() []*Brand {
	if set := b.current.Load(); set != nil {
		return set.inForce
	}
	return nil
}

// AllKnown lists the brands in force and the withdrawn ones. The caller must not change the slice.
func (b *Brands) AllKnown() []*Brand {
	if set := b.current.Load(); set != nil {
		return set.known
	}
	return nil
}
