package accounts

// HoldSlots takes every core that PINs are judged on, until the function that it returns is called.
func (s *Service) HoldSlots() func() {
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	return func() {
		for range cap(s.slots) {
			<-s.slots
		}
	}
}
