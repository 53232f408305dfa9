package payments

import (
	"context"
	"errors"
	"strings"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// Signer is a Gateway that makes an instrument of an IBAN whose holder has agreed to a mandate by text. What is unclear
// is topup.Unknown, never an error; Done comes with a token.
type Signer interface {
	// Sign makes the instrument. A repeated reference makes one.
	Sign(ctx context.Context, a Agreement) Signed
	// LookUpSigned tells what became of it; the agreement has no IBAN. Absent: there surely is none.
	LookUpSigned(ctx context.Context, a Agreement) Signed
}

// Agreement is what an instrument is made of.
type Agreement struct {
	Reference string // the setup's id
	Mandate   string // the mandate's own reference
	Brand     *prepaid.Brand
	Customer  prepaid.CustomerID
	IBAN      IBAN
	Holder    string
	AgreedAt  time.Time
}

// Signed is what became of it.
type Signed struct {
	topup.Result
	Token   prepaid.Secret
	Display string
}

// Mandate is a SEPA mandate that a customer has agreed to by text, as it is kept for the bank that asks for it.
type Mandate struct {
	Setup     prepaid.SetupID // the setup that it makes an instrument for
	Brand     string
	Customer  prepaid.CustomerID
	Reference string // at most 35 characters
	Creditor  prepaid.Creditor
	Language  string
	Version   string // of the text, before anything was put in
	Text      string // as it was shown, but for {holder} and {iban}
	Holder    string
	IBAN      string        // as shown: "NL** **** 4300"
	From      topup.ReplyTo // where it was agreed to
	AgreedAt  time.Time
	Settings  int // the version of the brand's settings that it was agreed to under; 0 is not known
	// Sealed is the IBAN until the setup has ended; then it is dropped.
	Sealed string
	Tries  int       // look-ups so far
	TellAt time.Time // the customer is not told by a notice before: the turn tells it
	RunAt  time.Time // when it is looked up, while the setup is open
}

// AsShown is the text as its customer has read it; an erased customer's name and account are missing.
func (m Mandate) AsShown() string {
	return strings.NewReplacer("{holder}", m.Holder, "{iban}", m.IBAN).Replace(m.Text)
}

// Mandates keeps mandates. Every method is one transaction. Store.EndSetup ends them too.
type Mandates interface {
	// SaveMandate stores a mandate and its open setup, as Store.SaveSetup does, or returns the setup that the operation key has stored before;
	// topup.ErrKeyReused where that is another customer's.
	SaveMandate(ctx context.Context, s Setup, m Mandate) (Setup, error)
	// ClaimMandates leases up to n mandates that are due, with their setups, until the given time.
	ClaimMandates(ctx context.Context, now, until time.Time, n int) ([]Mandate, error)
	// PutOffMandate says when an open one is looked up next, and counts a try.
	PutOffMandate(ctx context.Context, id prepaid.SetupID, at time.Time) error
	// NextMandate tells when the next one is due or its lease lapses, whichever is later; zero for none.
	NextMandate(ctx context.Context) (time.Time, error)
}

// ErrNoSigner says that the brand's customers can't give an IBAN by text.
var ErrNoSigner = errors.New("the brand takes no IBAN by text")
