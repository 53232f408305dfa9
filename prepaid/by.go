package prepaid

// By says who does something as an operator, and why: "anna", "ticket 4711: the network confirms". Neither may be empty.
// Every operation that a person may be asked about later takes one, and writes it down with what it has done.
type By struct{ Who, Why string }
