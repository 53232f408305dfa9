package sim

// Record is one credit in the book, delivered or still on its way.
type Record struct {
	Entry          // At is when it is delivered, past or to come
	Delivered bool // false: not yet
}

// Find lists the credits of the book, oldest request first, those on their way too.
func (n *Network) Find(f Filter) []Record {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.ripen(); err != nil {
		n.c.Log.Error("simulated credit not booked", "error", err)
	}
	var found []Record
	for _, c := range n.credits {
		if f.fits(c) {
			found = append(found, Record{c.entry(), c.Delivered})
		}
	}
	return found
}
