package channels

// SetTrouble is setTrouble, for tests of what operators see.
func (r *Registry) SetTrouble(c Channel, code string) { r.setTrouble(c, code) }
