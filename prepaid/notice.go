package prepaid

// NoticeKind is what a notice tells a customer: "order". A notice is written in the transaction in which that happened, and has
// no words: they are made when the customer is told.
type NoticeKind string

// The kinds of notices.
const (
	NoticeOrder           NoticeKind = "order"            // how an order stands
	NoticeGoodwill        NoticeKind = "goodwill"         // they were given money back, and keep the airtime
	NoticeDebitReturned   NoticeKind = "debit_returned"   // their bank has taken an order's money back
	NoticeGift            NoticeKind = "gift"             // somebody else has topped up their phone
	NoticeRegistered      NoticeKind = "registered"       // their first way to pay is set up
	NoticeSetupCompleted  NoticeKind = "setup_completed"  // another way to pay is set up
	NoticeSetupAbandoned  NoticeKind = "setup_abandoned"  // they have left the payment page
	NoticeSetupOver       NoticeKind = "setup_over"       // they have filled in a page that had been replaced
	NoticeMandateRefused  NoticeKind = "mandate_refused"  // the gateway does not take their mandate
	NoticeInstrumentEnded NoticeKind = "instrument_ended" // their way to pay is no longer valid
	NoticeNumberTaken     NoticeKind = "number_taken"     // a recovery has given their number another holder
	NoticePINReset        NoticeKind = "pin_reset"        // an operator has sent them a code for a new PIN
	NoticeNumberLeft      NoticeKind = "number_left"      // their account has left this number
	NoticeNumberMoved     NoticeKind = "number_moved"     // their account has come to this number
	NoticeAddressUnlinked NoticeKind = "address_unlinked" // they have unlinked this address from another one
	NoticeCallerCode      NoticeKind = "caller_code"      // an operator has sent them a code to read back
)

// HeldFor is why a notice waits.
type HeldFor string

// Why notices are held. Those that no channel can tell are on the operators' list.
const (
	HeldByStop      HeldFor = "stop"        // they want no messages: it is told when they write
	HeldNoWay       HeldFor = "carrier"     // no channel reaches any address of theirs
	HeldUndelivered HeldFor = "undelivered" // the provider did not take it, or it did not arrive
	HeldUnknown     HeldFor = "unknown"     // nobody knows whether it arrived
)

// Told is what customers have been told, and need not be told by a notice any more.
type Told struct {
	Notices []NoticeID // whose news they have heard
	PINs    []OrderID  // of orders delivered as a PIN, which they have now: it may be forgotten
}

// Nothing reports whether t is empty.
func (t Told) Nothing() bool { return len(t.Notices)+len(t.PINs) == 0 }

// And joins what was told.
func (t Told) And(more Told) Told {
	return Told{Notices: append(t.Notices, more.Notices...), PINs: append(t.PINs, more.PINs...)}
}
