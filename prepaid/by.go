package prepaid

// By says who does something as an operator, and why: "anna", "ticket 4711: the network confirms". Who is never empty, and Why
// only where an operation says that it needs no reason. Every operation that a person may be asked about later takes one, and
// writes it down with what it has done.
type By struct{ Who, Why string }
