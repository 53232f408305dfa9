package wire

// Fault is what is wrong with one setting. Its text says what to write, and quotes no value.
type Fault struct {
	Key  string
	Text string
}

// Error implements error.
func (f *Fault) Error() string { return f.Key + ": " + f.Text }
