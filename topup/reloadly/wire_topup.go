package reloadly

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"pulsa/prepaid"
)

// TopupRequest is the body of POST /topups and /topups-async.
type TopupRequest struct {
	OperatorID       ID     `json:"operatorId" wire:"always" doc:"The operator of the recipient's number: a number, or digits in a string." example:"1349"`
	Amount           Number `json:"amount" wire:"always" doc:"How much, in your account's currency, or with useLocalAmount in the operator's: a number, or one in a string." example:"10"`
	UseLocalAmount   Flag   `json:"useLocalAmount" doc:"The amount is in the operator's currency, not in your account's. False where it is not told." example:"false"`
	CustomIdentifier Text   `json:"customIdentifier" doc:"Your own reference, 150 characters at most, each for one top-up. Capitals make a difference." example:"order-1"`
	RecipientPhone   *Phone `json:"recipientPhone,omitempty" doc:"Whose credit it is. Needed unless there is recipientEmail."`
	RecipientEmail   Text   `json:"recipientEmail,omitempty" doc:"For Nauta Cuba only: an account of @nauta.com.cu or @nauta.co.cu." example:"-"`
	SenderPhone      *Phone `json:"senderPhone,omitempty" doc:"Who gives it." example:"-"`
}

// UnmarshalJSON implements json.Unmarshaler. An identifier that is neither text nor number makes the request one that
// can't be read: taken for none, it would no longer keep a repeat from buying again.
func (t *TopupRequest) UnmarshalJSON(text []byte) error {
	var told struct {
		CustomIdentifier json.RawMessage `json:"customIdentifier"`
	}
	type fields TopupRequest
	if err := errors.Join(json.Unmarshal(text, &told), json.Unmarshal(text, (*fields)(t))); err != nil {
		return err
	}
	if id := string(told.CustomIdentifier); strings.IndexAny(id, "{[tf") == 0 {
		return &json.UnmarshalTypeError{Value: "value", Type: reflect.TypeFor[Text](), Field: "customIdentifier"} // no text
	}
	return nil
}

// Phone is a number with its country.
type Phone struct {
	CountryCode Text `json:"countryCode" wire:"always" doc:"ISO 3166." example:"NL"` // ISO 3166
	Number      Text `json:"number" wire:"always" doc:"National, or international with or without the plus." example:"0612345678"`
}

// State is where a transaction stands.
type State string

// The states. Old records have none.
const (
	Successful State = "SUCCESSFUL"
	Processing State = "PROCESSING"
	Refunded   State = "REFUNDED" // not delivered; the wallet has its money back
	Failed     State = "FAILED"   // not delivered, nothing was taken
)

// UnmarshalJSON implements json.Unmarshaler. It never fails: what is no text is no state.
func (s *State) UnmarshalJSON(text []byte) error {
	var t Text
	_ = t.UnmarshalJSON(text)
	*s = State(t)
	return nil
}

// Transaction is one top-up: the answer of POST /topups, a row of a report, a part of a status.
type Transaction struct {
	TransactionID         ID           `json:"transactionId" wire:"always" doc:"The top-up's id." example:"26523"`
	Status                State        `json:"status" wire:"always" doc:"SUCCESSFUL: delivered. PROCESSING: not yet known. REFUNDED: not delivered, its cost is back in your balance. FAILED: not delivered, nothing was debited." example:"SUCCESSFUL"`
	OperatorTransactionID Text         `json:"operatorTransactionId" doc:"The operator's own id, where it tells one." example:"7297929551"`
	CustomIdentifier      Text         `json:"customIdentifier" doc:"Your own reference." example:"order-1"`
	RecipientPhone        Text         `json:"recipientPhone" doc:"International, without the plus." example:"31612345678"`
	RecipientEmail        Text         `json:"recipientEmail" doc:"Of Nauta Cuba only."`
	SenderPhone           Text         `json:"senderPhone" example:"-"`
	CountryCode           Text         `json:"countryCode" doc:"The operator's country, ISO 3166." example:"NL"`
	OperatorID            ID           `json:"operatorId" wire:"always" example:"1349"`
	OperatorName          Text         `json:"operatorName" example:"Simulated NL"`
	Discount              Number       `json:"discount" doc:"An amount, not a percentage." example:"0.4"` // an amount, not a percentage
	DiscountCurrencyCode  Text         `json:"discountCurrencyCode" example:"EUR"`
	RequestedAmount       Number       `json:"requestedAmount" doc:"What was asked for, in your account's currency." example:"10"`
	RequestedCurrencyCode Text         `json:"requestedAmountCurrencyCode" example:"EUR"`
	DeliveredAmount       Number       `json:"deliveredAmount" doc:"What the number gets, in the operator's currency." example:"10"`
	DeliveredCurrencyCode Text         `json:"deliveredAmountCurrencyCode" example:"EUR"`
	TransactionDate       Text         `json:"transactionDate" wire:"always" doc:"In UTC." example:"2026-01-26 03:19:16"` // wireTime, UTC
	Fee                   Number       `json:"fee" doc:"What was charged beside the amount." example:"0"`
	PINDetail             *PINDetail   `json:"pinDetail" doc:"What the recipient types, at a PIN operator; else null." example:"-"`
	BalanceInfo           *BalanceInfo `json:"balanceInfo" doc:"What the top-up did to your balance; null in reports, and until your account is debited."` // null in reports
	// Reason is why one was Refunded or Failed, in a word of the API's: not on the wire, but in the answer of its status.
	Reason Text `json:"-"`
}

// wireTime is how times are written, in UTC.
const wireTime = "2006-01-02 15:04:05"

// PINDetail is what the customer of a PIN operator types.
type PINDetail struct {
	Serial   Text `json:"serial" example:"558111"`
	Info1    Text `json:"info1" doc:"How to use it." example:"DIAL *611"`
	Info2    Text `json:"info2" example:"DIAL *611"`
	Info3    Text `json:"info3" example:"Dial *233* and PIN #"`
	Value    Text `json:"value" example:"-"`
	Code     Text `json:"code" doc:"The PIN itself. Secret." example:"773709733097662"` // secret
	IVR      Text `json:"ivr" doc:"The number to call." example:"1-888-888-8888"`
	Validity Text `json:"validity" example:"30 days"`
}

// BalanceInfo is what a top-up did to our wallet.
type BalanceInfo struct {
	OldBalance   Number `json:"oldBalance" wire:"always" doc:"Right before this top-up." example:"100"`
	NewBalance   Number `json:"newBalance" wire:"always" doc:"Right after it." example:"90.4"`
	Cost         Number `json:"cost" wire:"always" doc:"What it took." example:"9.6"`
	CurrencyCode Text   `json:"currencyCode" wire:"always" example:"EUR"`
	CurrencyName Text   `json:"currencyName" wire:"always" example:"Euro"`
	UpdatedAt    Text   `json:"updatedAt" wire:"always" doc:"In UTC." example:"2026-01-26 03:19:16"`
}

// Cost is what the top-up took from our wallet; false where it does not tell.
func (t Transaction) Cost() (prepaid.Money, bool) {
	if b := t.BalanceInfo; b != nil {
		if m, ok := b.Cost.Money(prepaid.Currency(b.CurrencyCode)); ok {
			return m, true
		}
	}
	if !t.RequestedAmount.Valid || !t.Discount.Valid || t.DiscountCurrencyCode != t.RequestedCurrencyCode {
		return prepaid.Money{}, false
	}
	cost := Number{Value: t.RequestedAmount.Value.Sub(t.Discount.Value).Add(t.Fee.Value), Valid: true}
	return cost.Money(prepaid.Currency(t.RequestedCurrencyCode))
}

// Status is the answer of GET /topups/{id}/status. It comes wrapped, and flat in old documents.
type Status struct {
	Code        Text         `json:"code" doc:"Why it was not delivered; else null." example:"-"`
	Message     Text         `json:"message" doc:"The same, for people." example:"-"`
	Status      State        `json:"status" wire:"always" example:"SUCCESSFUL"`
	Transaction *Transaction `json:"transaction" doc:"Null unless SUCCESSFUL."` // null while processing, and of what was refunded
}

// UnmarshalJSON implements json.Unmarshaler: a flat transaction is taken for its wrapper.
func (s *Status) UnmarshalJSON(text []byte) error {
	type wrapped Status
	var w wrapped
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	*s = Status(w)
	if s.Transaction != nil {
		return nil
	}
	var flat Transaction
	if err := json.Unmarshal(text, &flat); err != nil {
		return err
	}
	if flat.TransactionID != 0 {
		s.Transaction = &flat
	}
	return nil
}

// topupAccepted is the answer of POST /topups-async.
type topupAccepted struct {
	TransactionID ID `json:"transactionId" wire:"always" example:"26523"`
}
