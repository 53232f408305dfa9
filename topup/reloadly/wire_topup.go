package reloadly

import (
	"encoding/json"

	"pulsa/prepaid"
)

// TopupRequest is the body of POST /topups and /topups-async.
type TopupRequest struct {
	OperatorID       ID     `json:"operatorId"`
	Amount           Number `json:"amount"`
	UseLocalAmount   bool   `json:"useLocalAmount"` // the amount is in the operator's currency, not in the wallet's
	CustomIdentifier Text   `json:"customIdentifier"`
	RecipientPhone   *Phone `json:"recipientPhone,omitempty"` // needed unless there is RecipientEmail
	RecipientEmail   Text   `json:"recipientEmail,omitempty"` // Nauta Cuba only
	SenderPhone      *Phone `json:"senderPhone,omitempty"`
}

// Phone is a number with its country.
type Phone struct {
	CountryCode Text `json:"countryCode"` // ISO 3166
	Number      Text `json:"number"`
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
	TransactionID         ID           `json:"transactionId"`
	Status                State        `json:"status"`
	OperatorTransactionID Text         `json:"operatorTransactionId"`
	CustomIdentifier      Text         `json:"customIdentifier"`
	RecipientPhone        Text         `json:"recipientPhone"` // digits without the plus
	RecipientEmail        Text         `json:"recipientEmail"`
	SenderPhone           Text         `json:"senderPhone"`
	CountryCode           Text         `json:"countryCode"`
	OperatorID            ID           `json:"operatorId"`
	OperatorName          Text         `json:"operatorName"`
	Discount              Number       `json:"discount"` // an amount, not a percentage
	DiscountCurrencyCode  Text         `json:"discountCurrencyCode"`
	RequestedAmount       Number       `json:"requestedAmount"`
	RequestedCurrencyCode Text         `json:"requestedAmountCurrencyCode"`
	DeliveredAmount       Number       `json:"deliveredAmount"`
	DeliveredCurrencyCode Text         `json:"deliveredAmountCurrencyCode"`
	TransactionDate       Text         `json:"transactionDate"` // wireTime, UTC
	Fee                   Number       `json:"fee"`
	PINDetail             *PINDetail   `json:"pinDetail"`
	BalanceInfo           *BalanceInfo `json:"balanceInfo"` // null in reports
}

// wireTime is how times are written, in UTC.
const wireTime = "2006-01-02 15:04:05"

// PINDetail is what the customer of a PIN operator types.
type PINDetail struct {
	Serial   Text `json:"serial"`
	Info1    Text `json:"info1"`
	Info2    Text `json:"info2"`
	Info3    Text `json:"info3"`
	Value    Text `json:"value"`
	Code     Text `json:"code"` // secret
	IVR      Text `json:"ivr"`
	Validity Text `json:"validity"`
}

// BalanceInfo is what a top-up did to our wallet.
type BalanceInfo struct {
	OldBalance   Number `json:"oldBalance"`
	NewBalance   Number `json:"newBalance"`
	Cost         Number `json:"cost"`
	CurrencyCode Text   `json:"currencyCode"`
	CurrencyName Text   `json:"currencyName"`
	UpdatedAt    Text   `json:"updatedAt"`
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
	Code        Text         `json:"code"`
	Message     Text         `json:"message"`
	Status      State        `json:"status"`
	Transaction *Transaction `json:"transaction"` // null while processing, and of what was refunded
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

// accepted is the answer of POST /topups-async.
type accepted struct {
	TransactionID ID `json:"transactionId"`
}
