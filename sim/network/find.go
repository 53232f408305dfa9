package network

// Record is one credit in the book, delivered or still on its way.
type Record struct {
	Entry            // At is when it is delivered, past or to come
	Delivered bool   // false: not yet
	TakenBack bool   // it was delivered once
	Reported  bool   // false: look-ups do not find it yet
	Failed    string // why it never is delivered, "" if it may be
}

// Find lists the credits of the book, oldest request first, those on their way too.
func (n *Network) Find(f Filter) []Record {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ripenAll()
	var found []Record
	for _, c := range n.credits {
		if f.fits(c) {
			found = append(found, Record{c.entry(), c.Delivered, c.TakenBack, n.reported(c), c.Failed})
		}
	}
	return found
}

func (n *Network) ripenAll() {
	if err := n.ripen(); err != nil {
		n.c.Log.Error("simulated credit not booked", "error", err)
	}
}
