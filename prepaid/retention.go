package prepaid

import "cmp"

// RetentionKind is a kind of what is kept of customers: "transcripts".
type RetentionKind string

// The kinds, as settings name them.
const (
	KeepTranscripts RetentionKind = "transcripts" // of conversations
	KeepMessages    RetentionKind = "messages"    // that were sent, with their texts
	KeepCodes       RetentionKind = "codes"       // one-time codes, requests for them, and short links
	KeepTries       RetentionKind = "tries"       // of PINs and of card codes
	KeepNews        RetentionKind = "news"        // what an order or a payment came to: notices, and developers' webhooks
	KeepOrders      RetentionKind = "orders"      // with their charges, attempts and history
	KeepLedger      RetentionKind = "ledger"      // in the books; then its months are set aside, and never deleted
	KeepMandates    RetentionKind = "mandates"    // of SEPA, after they have ended
	KeepDeeds       RetentionKind = "deeds"       // what operators did by hand
)

// Retention is for how many days a brand keeps what; a kind that is missing is kept for its default.
type Retention map[RetentionKind]int

// Days is for how many days a kind is kept: where the brand says nothing, for its default, and at least as long as what may not outlive it.
func (r Retention) Days(k KindOfRetention) int {
	return cmp.Or(r[k.Kind], max(k.Default, r[k.AsLongAs]))
}

// KindOfRetention says what may be set for a kind.
type KindOfRetention struct {
	Kind    RetentionKind
	Default int    // days
	Least   int    // days
	Why     string // no less
	// AsLongAs is a kind that may not outlive this one: the audit reads both.
	AsLongAs RetentionKind
}

// RetentionKinds lists all kinds. Ten years have 3,653 days at most.
func RetentionKinds() []KindOfRetention {
	const week = "repeated messages are recognised by it for so long"
	const law = "the law wants to see the books of 10 years"
	return []KindOfRetention{
		{KeepTranscripts, 90, 7, week, ""},
		{KeepMessages, 90, 7, week, ""},
		{KeepCodes, 30, 7, week, ""},
		{KeepTries, 30, 7, week, ""},
		{KeepNews, 400, 400, "a debit may come back for 13 months", ""},
		{KeepOrders, 3653, 3653, law, ""},
		{KeepLedger, 3653, 3653, law, KeepOrders},
		{KeepMandates, 3653, 3653, law, KeepOrders},
		{KeepDeeds, 3653, 3653, law, KeepOrders},
	}
}
