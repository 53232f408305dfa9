package prepaid

import (
	"errors"
	"time"
)

// By says who does something as an operator, in which role, from where, and why: "anna@acme.example", "finance", "192.0.2.7", "ticket
// 4711: the network confirms". Who is never empty, and Why only where an operation says that it needs no reason. Every operation that a
// person may be asked about later takes one, and writes a Deed of it in its transaction.
type By struct {
	Who        string // a person's e-mail address; the operating system's user; or "pulsa", which does it by itself
	Why        string // no number and no name of a customer
	Role       string // in which a person does it; Machine for whoever runs the machine
	From       string // a person's IP address; Machine for a command
	ApprovedBy string // the second person, where one had to agree; "" where none had to
	// Operation is the operation's own key, where it has one. One deed has it, in the transaction of what is done: a second with the same
	// key is refused with ErrDone, and nothing of its transaction is done.
	Operation string
}

// ErrDone says that an operation of this key was carried out before.
var ErrDone = errors.New("it was carried out already")

// Machine is the role of whoever runs the machine, and where their commands come from.
const Machine = "machine"

// ByMachine says that whoever runs the machine does something by a command, as this user of the operating system.
func ByMachine(user, why string) By { return By{Who: user, Why: why, Role: Machine, From: Machine} }

// Kinds of what deeds are done to, by their word in the record.
const (
	OnOrder    = "order"
	OnCustomer = "customer"
	OnKey      = "developer"
	OnCards    = "cards" // a job, or a reseller
	OnChannel  = "channel"
	OnBrand    = "brand"
	OnPerson   = "person"
	OnItem     = "difference"
	OnNotice   = "notice"
	OnBlock    = "block"
	OnHouse    = "house" // master keys, the audit: what belongs to no brand
)

// Begun is the New of a deed whose work takes time: it was begun when the deed was written, and a second deed tells how it ended.
const Begun = "begun"

// Deed is what somebody did as an operator. It is never changed: what came of one that takes time is a second deed, whose Of is the
// first one's ID.
type Deed struct {
	ID     string
	Brand  string // "" for what belongs to no brand
	What   string // "refund", "unlock", "see number"
	Kind   string // of what it was done to: OnOrder and its like
	Object string // its id: an order's, a customer's; never a number of a customer
	Old    string // what was before, where something was changed
	New    string // what is now, or Begun; of a second deed, how it ended
	About  string // what it says of a customer. It can be erased: the record keeps a salted digest of it
	Of     string // the deed that this is the outcome of; "" for none
	By
	At time.Time
}
